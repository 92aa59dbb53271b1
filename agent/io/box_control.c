/* What the exchange in a box answers for itself, under /box/. */
#include "base/clock.h"
#include "io/box_server_parts.h"

#include <stdlib.h>
#include <string.h>

static const char *phase_name(enum box_phase p)
{
    switch (p) {
    case PHASE_WAITING: return "waiting";
    case PHASE_RUNNING: return "running";
    case PHASE_STEPPING: return "stepping";
    case PHASE_ENDED: return "ended";
    case PHASE_FAILED: return "failed";
    }
    return "?";
}

static void answer_status(struct box_server *s, const struct box_http_request *q,
                          struct box_answer *a)
{
    struct box_text *t = &a->body;
    (void)q;
    const struct box_counts *n = &s->box->n;
    box_text_add(t, "{\"instance\":");
    box_text_quoted(t, s->setup.name, strlen(s->setup.name));
    box_text_addf(t,
                  ",\"state\":\"%s\",\"time\":%lld,\"events\":%llu,\"published\":%llu,"
                  "\"clients\":%u,\"gaps\":%llu,\"repeated\":%llu,\"symbols\":[",
                  phase_name(s->phase), (long long)s->box->now_ms,
                  (unsigned long long)s->replay->events, (unsigned long long)n->published,
                  s->client_count, (unsigned long long)n->gaps, (unsigned long long)n->repeated);
    for (uint32_t i = 0; i < s->box->symbols; i++)
        box_text_addf(t, "%s\"%s\"", i ? "," : "", s->box->symbol[i]->venue);
    box_text_add(t, "]}");
}

static bool read_count(const char *text, uint64_t max, uint64_t *ret)
{
    if (!text || !*text || strspn(text, "0123456789") != strlen(text) || strlen(text) > 9)
        return false;
    uint64_t v = strtoull(text, NULL, 10);
    if (v == 0 || v > max)
        return false;
    *ret = v;
    return true;
}

static void control_error(struct box_answer *a, int status, const char *msg)
{
    a->status = status;
    box_text_add(&a->body, "{\"error\":");
    box_text_quoted(&a->body, msg, strlen(msg));
    box_text_add(&a->body, "}");
}

static void answer_step(struct box_server *s, const struct box_http_request *q,
                        struct box_answer *a)
{
    uint64_t events = 0, ms = 0, n = 0;
    const char *events_text = box_http_param(q, "events"), *ms_text = box_http_param(q, "ms");
    if (s->phase != PHASE_STEPPING && s->phase != PHASE_ENDED) {
        control_error(a, 409, "this exchange runs by its clock; start it with --step to move it");
        return;
    }
    if (q->r.params != 1 || !(read_count(events_text, BOX_STEP_EVENTS_MAX, &events) ||
                              read_count(ms_text, BOX_STEP_MS_MAX, &ms))) {
        control_error(a, 400, "give events=1..10000 or ms=1..10000");
        return;
    }
    if (s->phase == PHASE_STEPPING) {
        char why[BOX_REPLAY_WHY_MAX];
        int64_t until = events ? INT64_MAX : s->replay->now_ns + (int64_t)ms * NS_PER_MS;
        enum err e = box_replay_until(s->replay, until, events ? events : UINT64_MAX, &n, why);
        if (e) {
            control_error(a, 500, why);
            box_server_fail(s, why);
            return;
        }
        if (box_replay_next_ns(s->replay) == INT64_MAX)
            box_server_end_of_replay(s);
    }
    box_text_addf(&a->body, "{\"applied\":%llu,\"events\":%llu,\"time\":%lld,\"ended\":%s}",
                  (unsigned long long)n, (unsigned long long)s->replay->events,
                  (long long)s->box->now_ms, s->phase == PHASE_ENDED ? "true" : "false");
}

/* ---- the trading side ---- */

static uint64_t number_of(const struct box_http_request *q, const char *name)
{
    const char *text = box_http_param(q, name);
    uint64_t n = 0;
    return read_count(text, 999999999, &n) ? n : 0;
}

static void answer_books(struct box_server *s, const struct box_http_request *q,
                         struct box_answer *a)
{
    box_books_text(s->box->trading, (uint32_t)number_of(q, "fromOrder"),
                   (uint32_t)number_of(q, "fromFill"), &a->body);
}

/* POST /box/deposit?account=NAME&asset=BTC&amount=0.5 (or -0.5) */
static void answer_deposit(struct box_server *s, const struct box_http_request *q,
                           struct box_answer *a)
{
    struct box_trading *t = s->box->trading;
    const char *name = box_http_param(q, "account"), *asset = box_http_param(q, "asset"),
               *text = box_http_param(q, "amount");
    dec amount;
    uint32_t i = 0;
    while (name && i < t->accounts && strcmp(t->account[i].name, name) != 0)
        i++;
    if (!name || i == t->accounts || !asset || !text ||
        dec_parse(text, strlen(text), &amount) != ERR_OK) {
        control_error(a, 400, "give account=NAME, asset=BTC and amount=0.5 or amount=-0.5");
        return;
    }
    int at = box_trading_asset(t, asset, strlen(asset));
    if (at < 0 || !box_deposit(t, i, at, amount))
        control_error(a, 409, "the account has not that much, or there are too many assets");
    else
        box_text_add(&a->body, "{}");
}

/* ---- faults and the like ---- */

static void answer_faults(struct box_server *s, const struct box_http_request *q,
                          struct box_answer *a)
{
    (void)q;
    box_faults_text(&s->box->trading->faults, &a->body);
}

static void answer_fault(struct box_server *s, const struct box_http_request *q,
                         struct box_answer *a)
{
    char why[BOX_FAULT_WHY_MAX];
    uint64_t id;
    enum err e = box_fault_add(&s->box->trading->faults, q->r.param, q->r.params, &id, why);
    if (e)
        control_error(a, e == ERR_FULL ? 409 : 400, why);
    else
        box_text_addf(&a->body, "{\"id\":%llu}", (unsigned long long)id);
}

static void answer_clear(struct box_server *s, const struct box_http_request *q,
                         struct box_answer *a)
{
    (void)q;
    box_faults_clear(&s->box->trading->faults);
    box_text_add(&a->body, "{}");
}

/* POST /box/clock?skewMs=1500 (or -1500) */
static void answer_clock(struct box_server *s, const struct box_http_request *q,
                         struct box_answer *a)
{
    const char *text = box_http_param(q, "skewMs");
    char *end = NULL;
    long ms = text && strlen(text) <= 10 ? strtol(text, &end, 10) : 0;
    if (!end || end == text || *end) {
        control_error(a, 400, "give skewMs=1500 or skewMs=-1500");
        return;
    }
    s->box->trading->skew_us = ms * INT64_C(1000);
    box_text_add(&a->body, "{}");
}

/* POST /box/ban?seconds=30: whoever asks from the requester's address */
static void answer_ban(struct box_server *s, const struct box_http_request *q, struct box_answer *a)
{
    uint64_t seconds = 0;
    const char *text = box_http_param(q, "seconds");
    bool lift = text && strcmp(text, "0") == 0;
    if (!lift && !read_count(text, 259200, &seconds)) {
        control_error(a, 400, "give seconds=0..259200");
        return;
    }
    box_ban(&s->usage, &q->r, (int64_t)seconds * NS_PER_S);
    box_text_add(&a->body, "{}");
}

static void answer_disconnect(struct box_server *s, const struct box_http_request *q,
                              struct box_answer *a)
{
    (void)q;
    box_server_disconnect(s, "disconnected on request");
    box_text_add(&a->body, "{}");
}

/* POST /box/maintenance?on=true */
static void answer_maintenance(struct box_server *s, const struct box_http_request *q,
                               struct box_answer *a)
{
    const char *on = box_http_param(q, "on");
    if (!on || (strcmp(on, "true") != 0 && strcmp(on, "false") != 0)) {
        control_error(a, 400, "give on=true or on=false");
        return;
    }
    s->maintenance = strcmp(on, "true") == 0;
    if (s->maintenance)
        box_server_disconnect(s, "the exchange is under maintenance");
    box_text_add(&a->body, "{}");
}

static bool is_local(const char *client)
{
    return strncmp(client, "127.", 4) == 0 || strcmp(client, "::1") == 0;
}

void box_control_answer(struct box_server *s, const struct box_http_request *q,
                        struct box_answer *a)
{
    static const struct {
        const char *path;
        enum box_method method;
        bool trading;
        void (*answer)(struct box_server *s, const struct box_http_request *q,
                       struct box_answer *a);
    } OWN[] = {
        {"/box/status", BOX_GET, false, answer_status},
        {"/box/step", BOX_POST, false, answer_step},
        {"/box/books", BOX_GET, true, answer_books},
        {"/box/deposit", BOX_POST, true, answer_deposit},
        {"/box/faults", BOX_GET, true, answer_faults},
        {"/box/fault", BOX_POST, true, answer_fault},
        {"/box/faults/clear", BOX_POST, true, answer_clear},
        {"/box/clock", BOX_POST, true, answer_clock},
        {"/box/ban", BOX_POST, true, answer_ban},
        {"/box/disconnect", BOX_POST, true, answer_disconnect},
        {"/box/maintenance", BOX_POST, true, answer_maintenance},
    };
    size_t i = 0, n = sizeof OWN / sizeof OWN[0];
    while (i < n && strcmp(OWN[i].path, q->path) != 0)
        i++;
    if (i == n && s->maintenance) {
        *a = (struct box_answer){0};
        box_rest_error(a, 503, -1016, "This service is no longer available.");
        return;
    }
    if (i == n) {
        box_rest(s->box, &s->usage, &q->r, a);
        return;
    }
    *a = (struct box_answer){.status = 200, .content_type = "application/json;charset=UTF-8"};
    if (OWN[i].method != q->r.method)
        control_error(a, 405, OWN[i].method == BOX_POST ? "use POST" : "use GET");
    else if (OWN[i].trading && !s->box->trading)
        control_error(a, 404, "this exchange has no accounts; start it with --accounts FILE");
    else if (OWN[i].trading && !is_local(q->client))
        control_error(a, 403, "only from the machine the exchange runs on");
    else
        OWN[i].answer(s, q, a);
}
