#include "wallet/audit_show.h"

#include "wallet/audit.h"
#include "wallet/hex.h"

#include <cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WORDS_MAX 320

void audit_time_text(int64_t wall_ms, char out[AUDIT_TIME_MAX])
{
    time_t t = (time_t)(wall_ms / 1000);
    struct tm tm;
    size_t n = 0;
    if (wall_ms >= 0 && wall_ms < INT64_C(253402300800000) && gmtime_r(&t, &tm))
        n = strftime(out, AUDIT_TIME_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
    if (n)
        snprintf(out + n, AUDIT_TIME_MAX - n, ".%03dZ", (int)(wall_ms % 1000));
    else
        snprintf(out, AUDIT_TIME_MAX, "?");
}

/* Texts of a log may be anybody's: nothing that a terminal would act upon. */
static void plain(char *text)
{
    for (char *p = text; *p; p++)
        if (*p < ' ' || *p > '~')
            *p = '?';
}

static const char *asked_name(uint16_t asked)
{
    if (asked > WIRE_POLICY_SET)
        return "request";
    switch ((enum wire_type)asked) {
    case WIRE_HELLO: return "hello";
    case WIRE_STATUS: return "status";
    case WIRE_SIGN_ORDER: return "order";
    case WIRE_SIGN_CANCEL: return "cancel";
    case WIRE_SIGN_CANCEL_REPLACE: return "cancel-replace";
    case WIRE_SIGN_CANCEL_ALL: return "cancel-all";
    case WIRE_SIGN_QUERY: return "query";
    case WIRE_SIGN_STREAM: return "stream";
    case WIRE_GET_SECRET: return "secret";
    case WIRE_UNLOCK: return "unlock";
    case WIRE_SEAL: return "seal";
    case WIRE_LIST: return "list";
    case WIRE_POLICY_SET: return "policy-set";
    }
    return "request";
}

static const char *order_type_name(enum wire_order_type t)
{
    switch (t) {
    case WIRE_LIMIT: return "limit";
    case WIRE_LIMIT_MAKER: return "maker";
    case WIRE_MARKET: return "market";
    case WIRE_STOP_LOSS_LIMIT: return "stop-loss";
    case WIRE_TAKE_PROFIT_LIMIT: return "take-profit";
    }
    return "?";
}

static const char *record_name(enum audit_type t)
{
    switch (t) {
    case AUDIT_START: return "start";
    case AUDIT_DECISION: return "request";
    case AUDIT_MORE: return "more";
    case AUDIT_UNLOCK: return "unlock";
    case AUDIT_SEAL: return "seal";
    case AUDIT_POLICY: return "policy";
    case AUDIT_STOP: return "stop";
    case AUDIT_SLICE: return "slice";
    case AUDIT_SLICE_END: return "slice-end";
    case AUDIT_LOST: return "lost";
    case AUDIT_SNAPSHOT: return "snapshot";
    case AUDIT_ACCEPT: return "accept";
    case AUDIT_REKEY: return "rekey";
    }
    return "?";
}

static const char *reason_name(uint16_t reason)
{
    const char *name = wire_reason_name((enum wire_reason)reason);
    return name ? name : "?";
}

/* ---- what was asked, in words ---- */

static void order_words(const struct wire_order *o, char *out, size_t n)
{
    char qty[DEC_TEXT_MAX], price[DEC_TEXT_MAX];
    dec_format(dec_is_zero(o->qty) ? o->quote_qty : o->qty, qty);
    dec_format(o->price, price);
    snprintf(out, n, "%s %s%s %s %s%s%s #%" PRIu64, o->side == WIRE_BUY ? "buy" : "sell", qty,
             dec_is_zero(o->qty) ? " quote" : "", o->symbol, order_type_name(o->type),
             dec_is_zero(o->price) ? "" : " ", dec_is_zero(o->price) ? "" : price, o->intent.order);
}

static bool decoded(const struct audit_record *r, struct wire_request *q)
{
    return r->type == AUDIT_DECISION && r->kept == r->request_len &&
           wire_decode_request(r->request, r->kept, q) == ERR_OK;
}

static void request_words(const struct audit_record *r, char *out, size_t n)
{
    struct wire_request q;
    char order[WORDS_MAX - 64];
    if (!decoded(r, &q)) {
        snprintf(out, n, "%s", asked_name(r->asked));
        return;
    }
    order_words(&q.order, order, sizeof order);
    switch (q.type) {
    case WIRE_SIGN_ORDER: snprintf(out, n, "%s %s", q.signing.key, order); break;
    case WIRE_SIGN_CANCEL_REPLACE:
        snprintf(out, n, "%s instead of #%" PRIu64 " %s", q.signing.key, q.order.replaces, order);
        break;
    case WIRE_SIGN_CANCEL:
        if (q.cancel.venue_order_id)
            snprintf(out, n, "%s cancel %s %" PRIu64, q.signing.key, q.cancel.symbol,
                     q.cancel.venue_order_id);
        else
            snprintf(out, n, "%s cancel %s %s", q.signing.key, q.cancel.symbol,
                     q.cancel.client_order_id);
        break;
    case WIRE_SIGN_CANCEL_ALL:
        snprintf(out, n, "%s cancel all %s", q.signing.key, q.cancel.symbol);
        break;
    case WIRE_SIGN_QUERY:
        snprintf(out, n, "%s query %d %s", q.signing.key, (int)q.read.query, q.read.symbol);
        break;
    case WIRE_SIGN_STREAM: snprintf(out, n, "%s log-in of a stream", q.signing.key); break;
    case WIRE_GET_SECRET: snprintf(out, n, "secret %s", q.label); break;
    case WIRE_HELLO:
    case WIRE_STATUS:
    case WIRE_UNLOCK:
    case WIRE_SEAL:
    case WIRE_LIST:
    case WIRE_POLICY_SET: snprintf(out, n, "%s", asked_name(r->asked)); break;
    }
}

static void slice_words(const struct audit_record *r, char *out, size_t n)
{
    const struct audit_slice *s = &r->slice;
    char base[DEC_TEXT_MAX], value[DEC_TEXT_MAX];
    dec_format(s->base, base);
    dec_format(s->value, value);
    snprintf(out, n, "%s %s: %u orders #%" PRIu64 " to %" PRIu64 ", base %s, value %s", s->label,
             s->symbol, s->count, s->first, s->last, base, value);
}

static void words(const struct audit_record *r, char *out, size_t n)
{
    char hash[65];
    size_t at = 0;
    out[0] = 0;
    switch (r->type) {
    case AUDIT_START:
        at = (size_t)snprintf(out, n, "build %s, %s", r->build,
                              r->mode == AUDIT_STRICT ? "strict" : "sliced");
        if (r->dropped && at < n)
            snprintf(out + at, n - at, ", dropped %" PRIu64 " bytes of an interrupted write",
                     r->dropped);
        break;
    case AUDIT_DECISION: request_words(r, out, n); break;
    case AUDIT_MORE:
        for (uint16_t i = 0; i < r->mores && at < n; i++)
            at += (size_t)snprintf(out + at, n - at, "%s%u more %s", i ? ", " : "",
                                   r->more[i].count, reason_name(r->more[i].reason));
        break;
    case AUDIT_UNLOCK:
    case AUDIT_POLICY:
        hex_encode(r->policy_hash, 8, hash);
        snprintf(out, n, "store generation %" PRIu64 ", policy %s...", r->generation, hash);
        break;
    case AUDIT_SLICE:
    case AUDIT_SLICE_END:
    case AUDIT_LOST: slice_words(r, out, n); break;
    case AUDIT_SNAPSHOT: snprintf(out, n, "of the counters, part %u", r->part + 1); break;
    case AUDIT_ACCEPT: snprintf(out, n, "%s", r->text); break;
    case AUDIT_SEAL:
    case AUDIT_STOP:
    case AUDIT_REKEY: break;
    }
    plain(out);
}

/* ---- which ---- */

static bool has_reason(const struct audit_record *r, enum wire_reason reason)
{
    if (r->type == AUDIT_DECISION)
        return r->reason == reason;
    for (uint16_t i = 0; r->type == AUDIT_MORE && i < r->mores; i++)
        if (r->more[i].reason == reason)
            return true;
    return false;
}

static bool is_refusal(const struct audit_record *r)
{
    if (r->type == AUDIT_DECISION)
        return r->reason != WIRE_ALLOWED;
    for (uint16_t i = 0; r->type == AUDIT_MORE && i < r->mores; i++)
        if (r->more[i].reason != WIRE_ALLOWED)
            return true;
    return false;
}

static bool of_key(const struct audit_record *r, const char *key)
{
    struct wire_request q;
    if (r->type == AUDIT_SLICE || r->type == AUDIT_SLICE_END || r->type == AUDIT_LOST)
        return strcmp(r->slice.label, key) == 0;
    if (r->order)
        return strcmp(r->decision.label, key) == 0;
    return decoded(r, &q) && (strcmp(q.signing.key, key) == 0 || strcmp(q.label, key) == 0);
}

static bool wanted(const struct audit_args *a, const struct audit_record *r)
{
    return r->wall_ms >= a->since_ms && (!a->has_reason || has_reason(r, a->reason)) &&
           (!a->refused || is_refusal(r)) && (!a->key || of_key(r, a->key));
}

/* ---- lines ---- */

static bool has_who(const struct audit_record *r)
{
    return r->type == AUDIT_DECISION || r->type == AUDIT_UNLOCK || r->type == AUDIT_SEAL ||
           r->type == AUDIT_POLICY;
}

static cJSON *money(cJSON *o, const char *name, dec d)
{
    char text[DEC_TEXT_MAX];
    dec_format(d, text);
    return cJSON_AddStringToObject(o, name, text);
}

static void add_u64(cJSON *o, const char *name, uint64_t n)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, n);
    cJSON_AddRawToObject(o, name, text);
}

static void add_decision(cJSON *o, const struct audit_record *r)
{
    char hex[2 * AUDIT_KEPT_MAX + 1];
    cJSON_AddStringToObject(o, "asked", asked_name(r->asked));
    cJSON_AddStringToObject(o, "reason", reason_name(r->reason));
    money(o, "limit", r->limit);
    money(o, "value", r->value);
    hex_encode(r->request, r->kept, hex);
    cJSON_AddStringToObject(o, "request", hex);
    cJSON_AddNumberToObject(o, "request_bytes", r->request_len);
    if (!r->order)
        return;
    cJSON_AddStringToObject(o, "key", r->decision.label);
    cJSON_AddStringToObject(o, "symbol", r->decision.symbol);
    add_u64(o, "instance", r->decision.intent.instance);
    add_u64(o, "order", r->decision.intent.order);
    add_u64(o, "replaces", r->decision.replaces);
    money(o, "base", r->decision.base);
    money(o, "quote", r->decision.total);
    cJSON_AddNumberToObject(o, "minute_orders", r->after.minute);
    money(o, "hour_base", r->after.hour_base);
    money(o, "hour_value", r->after.hour_value);
    money(o, "day_base", r->after.day_base);
    money(o, "day_value", r->after.day_value);
}

static void show_json(const struct audit_record *r, bool keyed)
{
    char text[WORDS_MAX], time[AUDIT_TIME_MAX];
    cJSON *o = cJSON_CreateObject();
    audit_time_text(r->wall_ms, time);
    words(r, text, sizeof text);
    add_u64(o, "number", r->number);
    cJSON_AddStringToObject(o, "record", record_name(r->type));
    cJSON_AddStringToObject(o, "time", time);
    add_u64(o, "boot_ms", (uint64_t)r->boot_ms);
    cJSON_AddBoolToObject(o, "mac", keyed);
    if (has_who(r)) {
        cJSON_AddNumberToObject(o, "pid", r->who.pid);
        cJSON_AddNumberToObject(o, "uid", r->who.uid);
        cJSON_AddNumberToObject(o, "caps", r->who.caps);
        cJSON_AddNumberToObject(o, "connection", r->who.connection);
    }
    cJSON_AddStringToObject(o, "text", text);
    if (r->type == AUDIT_DECISION)
        add_decision(o, r);
    char *out = cJSON_PrintUnformatted(o);
    if (out)
        puts(out);
    free(out);
    cJSON_Delete(o);
}

static void show_line(const struct audit_record *r)
{
    char text[WORDS_MAX], time[AUDIT_TIME_MAX], who[48] = "-", after[160] = "";
    char limit[DEC_TEXT_MAX] = "", value[DEC_TEXT_MAX] = "";
    audit_time_text(r->wall_ms, time);
    words(r, text, sizeof text);
    if (has_who(r))
        snprintf(who, sizeof who, "uid %u pid %u", r->who.uid, r->who.pid);
    const char *decision =
        r->type == AUDIT_DECISION ? reason_name(r->reason) : record_name(r->type);
    if (r->type == AUDIT_DECISION && (!dec_is_zero(r->limit) || !dec_is_zero(r->value))) {
        dec_format(r->limit, limit);
        dec_format(r->value, value);
        snprintf(after, sizeof after, "  limit %s, asked %s", limit, value);
    }
    if (r->order) {
        dec_format(r->after.day_base, limit);
        dec_format(r->after.day_value, value);
        snprintf(after, sizeof after, "  minute %u, day base %s value %s", r->after.minute, limit,
                 value);
    }
    printf("%-8" PRIu64 " %-24s %-21s %-18s %s%s\n", r->number, time, who, decision, text, after);
}

void audit_show_head(const struct audit_args *a)
{
    if (!a->json)
        printf("%-8s %-24s %-21s %-18s %s\n", "RECORD", "TIME", "WHO", "DECISION", "WHAT");
}

void audit_show(const struct audit_args *a, const struct audit_record *r, bool keyed)
{
    if (!wanted(a, r))
        return;
    if (a->json)
        show_json(r, keyed);
    else
        show_line(r);
}
