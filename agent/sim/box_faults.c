#include "sim/box_faults.h"

#include "sim/box_trading.h"

#include <stdio.h>
#include <string.h>

#define MS_MAX    3600000
#define TIMES_MAX 1000000000

static const char *const KIND[BOX_FAULT_KINDS] = {
    [BOX_FAULT_LOST] = "lost",
    [BOX_FAULT_DELAY] = "delay",
    [BOX_FAULT_STATUS] = "status",
    [BOX_FAULT_HTML] = "html",
    [BOX_FAULT_TRUNCATE] = "truncate",
    [BOX_FAULT_EVENT_LOST] = "event-lost",
    [BOX_FAULT_EVENT_TWICE] = "event-twice",
    [BOX_FAULT_EVENT_SWAP] = "event-swap",
    [BOX_FAULT_BOOK_GAP] = "book-gap",
    [BOX_FAULT_FREEZE] = "freeze",
};

static bool number(const char *text, int64_t min, int64_t max, int64_t *ret)
{
    int64_t v = 0;
    bool minus = text[0] == '-';
    const char *p = text + minus;
    size_t n = strspn(p, "0123456789");
    if (n < 1 || n > 10 || p[n])
        return false;
    for (; *p; p++)
        v = v * 10 + (*p - '0');
    v = minus ? -v : v;
    if (v < min || v > max)
        return false;
    *ret = v;
    return true;
}

/* One word; false where its value is wrong. *known is false where there is no such word. */
static bool read_word(struct box_fault *f, const char *name, const char *value, bool *has_kind,
                      bool *known)
{
    int64_t v = 0;
    bool ok = true;
    *known = true;
    if (strcmp(name, "kind") == 0) {
        int kind = box_name_find(KIND, BOX_FAULT_KINDS, value);
        *has_kind = ok = kind >= 0;
        f->kind = ok ? (enum box_fault_kind)kind : BOX_FAULT_LOST;
    } else if (strcmp(name, "match") == 0) {
        ok = strlen(value) < sizeof f->match;
        snprintf(f->match, sizeof f->match, "%s", value);
    } else if (strcmp(name, "after") == 0) {
        ok = number(value, 0, TIMES_MAX, &v);
        f->after = (uint64_t)v;
    } else if (strcmp(name, "count") == 0) {
        ok = number(value, 1, TIMES_MAX, &v);
        f->count = (uint64_t)v;
    } else if (strcmp(name, "ms") == 0) {
        ok = number(value, 1, MS_MAX, &v);
        f->ms = (uint32_t)v;
    } else if (strcmp(name, "status") == 0) {
        ok = number(value, 400, 599, &v);
        f->status = (int)v;
    } else if (strcmp(name, "code") == 0) {
        ok = number(value, -99999, -1, &v);
        f->code = (int)v;
    } else if (strcmp(name, "execute") == 0) {
        ok = strcmp(value, "true") == 0 || strcmp(value, "false") == 0;
        f->execute = strcmp(value, "true") == 0;
    } else {
        *known = false;
    }
    return ok;
}

enum err box_fault_add(struct box_faults *f, const struct box_param *p, uint32_t params,
                       uint64_t *ret_id, char *why)
{
    struct box_fault one = {.count = 1, .status = 504, .code = -1007, .execute = true};
    bool has_kind = false, known;
    for (uint32_t i = 0; i < params && i < BOX_PARAMS_MAX; i++)
        if (!read_word(&one, p[i].name, p[i].value, &has_kind, &known) || !known) {
            snprintf(why, BOX_FAULT_WHY_MAX,
                     known ? "%.64s: the value is not one of those docs/exchange.md lists"
                           : "there is no %.64s of a fault; give kind, match, after, count, ms, "
                             "status, code, execute",
                     p[i].name);
            return known ? ERR_RANGE : ERR_UNKNOWN;
        }
    bool timed = one.kind == BOX_FAULT_DELAY || one.kind == BOX_FAULT_FREEZE;
    if (!has_kind || (timed && !one.ms)) {
        snprintf(why, BOX_FAULT_WHY_MAX, "%s",
                 has_kind ? "this kind wants ms=1 or more" : "a fault wants a kind");
        return ERR_RANGE;
    }
    if (f->count == BOX_FAULTS_MAX) {
        snprintf(why, BOX_FAULT_WHY_MAX, "%d faults wait already", BOX_FAULTS_MAX);
        return ERR_FULL;
    }
    one.id = ++f->next_id;
    f->fault[f->count++] = one;
    *ret_id = one.id;
    return ERR_OK;
}

void box_faults_clear(struct box_faults *f)
{
    f->count = 0;
}

static bool matches(const char *match, const char *what)
{
    size_t n = strlen(match);
    if (n && match[n - 1] == '*')
        return strncmp(match, what, n - 1) == 0;
    return n == 0 || strcmp(match, what) == 0;
}

bool box_fault_strikes(struct box_faults *f, enum box_fault_kind first, enum box_fault_kind last,
                       const char *what, struct box_fault *ret)
{
    for (uint32_t i = 0; i < f->count; i++) {
        struct box_fault *k = &f->fault[i];
        if (k->kind < first || k->kind > last || !matches(k->match, what))
            continue;
        if (k->after) {
            k->after--;
            continue;
        }
        *ret = *k;
        f->struck++;
        if (--k->count == 0) {
            memmove(k, k + 1, (f->count - i - 1) * sizeof *k);
            f->count--;
        }
        return true;
    }
    return false;
}

void box_faults_text(const struct box_faults *f, struct box_text *out)
{
    box_text_addf(out, "{\"struck\":%llu,\"faults\":[", (unsigned long long)f->struck);
    for (uint32_t i = 0; i < f->count; i++) {
        const struct box_fault *k = &f->fault[i];
        box_text_addf(out, "%s{\"id\":%llu,\"kind\":\"%s\",\"match\":", i ? "," : "",
                      (unsigned long long)k->id, KIND[k->kind]);
        box_text_quoted(out, k->match, strlen(k->match));
        box_text_addf(out, ",\"after\":%llu,\"count\":%llu}", (unsigned long long)k->after,
                      (unsigned long long)k->count);
    }
    box_text_add(out, "]}");
}

/* The venue's words for errors that leave the sender in doubt, or not. */
static const char *message_of(int code)
{
    switch (code) {
    case -1000: return "An unknown error occurred while processing the request.";
    case -1001: return "Internal error; unable to process your request. Please try again.";
    case -1003: return "Too many requests queued.";
    case -1006:
        return "An unexpected response was received from the message bus. Execution status "
               "unknown.";
    case -1007:
        return "Timeout waiting for response from backend server. Send status unknown; execution "
               "status unknown.";
    case -1008:
        return "Server is currently overloaded with other requests. Please try again in a few "
               "minutes.";
    case -1016: return "This service is no longer available.";
    case -2015: return "Invalid API-key, IP, or permissions for action.";
    default: break;
    }
    return "An error was ordered.";
}

void box_fault_answer(const struct box_fault *f, struct box_answer *a)
{
    switch (f->kind) {
    case BOX_FAULT_STATUS: box_rest_error(a, f->status, f->code, message_of(f->code)); break;
    case BOX_FAULT_HTML:
        box_text_clear(&a->body);
        a->status = f->status;
        a->content_type = "text/html";
        box_text_addf(&a->body,
                      "<html><head><title>%d</title></head><body><h1>The request could not be "
                      "satisfied.</h1></body></html>",
                      f->status);
        break;
    case BOX_FAULT_TRUNCATE:
        a->body.len /= 2;
        if (a->body.p)
            a->body.p[a->body.len] = '\0';
        break;
    case BOX_FAULT_LOST:
    case BOX_FAULT_DELAY:
    case BOX_FAULT_EVENT_LOST:
    case BOX_FAULT_EVENT_TWICE:
    case BOX_FAULT_EVENT_SWAP:
    case BOX_FAULT_BOOK_GAP:
    case BOX_FAULT_FREEZE:
    case BOX_FAULT_KINDS: break;
    }
}
