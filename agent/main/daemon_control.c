/* The control socket's documents and commands. */
#include "main/daemon_parts.h"

#include "base/clock.h"

#include <cJSON.h>
#include <stdlib.h>
#include <unistd.h>

#include "build_id.h"

static dec account(void *ctx, venue_id v, asset_id a)
{
    const struct daemon *d = ctx;
    return matching_balance(paper_matching(run_paper(d->run)), v, a);
}

/* [stats]: SETUP_VENUES_MAX; [books]: 256 bytes. */
static struct status_source source(struct daemon *d, struct session_stats *stats, char *books)
{
    const struct setup *s = d->config->setup;
    struct paper *p = run_paper(d->run);
    venue_id v;
    asset_id a;
    dec ledgers, there;
    struct status_source r = {
        .engine = paper_engine(p),
        .build = TW_BUILD_ID,
        .journal = d->journal_path,
        .journal_records = run_record_number(d->run),
        .journal_bytes = run_journal_bytes(d->run),
        .pid = (uint32_t)getpid(),
        .started_ns = d->started_ns,
        .now_ns = clock_wall_ns(),
        .session = stats,
        .signer = daemon_signer_view(d),
        .books = books,
        .account = account,
        .account_ctx = d,
    };
    for (uint32_t i = 0; i < s->venues; i++) {
        stats[i] = (struct session_stats){.state = SESSION_IDLE};
        if (d->feed[i])
            feed_stats(d->feed[i], &stats[i]);
    }
    r.books_balance = paper_books_balance(p, &v, &a, &ledgers, &there);
    if (r.books_balance)
        snprintf(books, 256, "books balance: sub-ledgers equal the venue account");
    else {
        char one[DEC_TEXT_MAX], other[DEC_TEXT_MAX];
        dec_format(ledgers, one);
        dec_format(there, other);
        snprintf(books, 256, "BOOKS DO NOT BALANCE: %s on %s: sub-ledgers %s, account %s",
                 s->asset[a], s->venue[v].name, one, other);
    }
    return r;
}

typedef char *document_fn(const struct status_source *r);
static const struct {
    const char *path;
    document_fn *make;
} DOCUMENTS[] = {
    {"/v1/status", status_overview},     {"/v1/orders", status_orders},
    {"/v1/positions", status_positions}, {"/v1/balances", status_balances},
    {"/v1/risk", status_risk},           {"/v1/strategies", status_strategies},
    {"/v1/alerts", status_alerts},
};

static void refuse(struct control_answer *a, int status, const char *text)
{
    a->status = status;
    a->json = control_error(text);
}

static void do_command(struct daemon *d, const struct control_request *q, struct control_answer *a)
{
    char why[CONTROL_WHY_MAX];
    const struct setup *s = d->config->setup;
    struct event_command c;
    if (control_parse_command(s, q->body, q->len, q->uid, &c, why) != ERR_OK) {
        refuse(a, 400, why);
        return;
    }
    if (daemon_command(d, &c) != ERR_OK) {
        refuse(a, 500, "the command could not be journaled; the daemon stops");
        return;
    }
    const struct engine *e = paper_engine(run_paper(d->run));
    bool one = c.strategy != STRATEGY_NONE;
    cJSON *o = cJSON_CreateObject();
    cJSON_AddNumberToObject(o, "schema", 1);
    cJSON_AddStringToObject(o, "command", command_kind_name(c.kind));
    cJSON_AddStringToObject(o, "of", one ? s->strategy[c.strategy].name : "agent");
    cJSON_AddStringToObject(o, "state",
                            trading_state_name(engine_state(e, one ? SCOPE_STRATEGY : SCOPE_AGENT,
                                                            one ? c.strategy : 0)));
    a->status = 200;
    a->json = cJSON_PrintUnformatted(o);
    cJSON_Delete(o);
}

void daemon_on_control(void *ctx, const struct control_request *q, struct control_answer *a)
{
    struct daemon *d = ctx;
    struct session_stats stats[SETUP_VENUES_MAX];
    char books[256];
    bool command = strcmp(q->path, "/v1/command") == 0, reload = strcmp(q->path, "/v1/reload") == 0;
    bool fills = strcmp(q->path, "/v1/fills") == 0;
    document_fn *make = NULL;
    for (size_t i = 0; i < sizeof DOCUMENTS / sizeof DOCUMENTS[0]; i++)
        if (strcmp(q->path, DOCUMENTS[i].path) == 0)
            make = DOCUMENTS[i].make;
    if (!make && !command && !reload && !fills) {
        refuse(a, 404, "there is nothing under that path");
    } else if ((command || reload) != q->post) {
        refuse(a, 405, q->post ? "this can only be read: GET" : "commands are POSTed");
    } else if (reload) {
        a->status = 200;
        a->json = daemon_reload(d);
    } else if (command) {
        do_command(d, q, a);
    } else {
        struct status_source r = source(d, stats, books);
        a->status = 200;
        a->json = make ? make(&r) : status_fills(&r, &d->fills, q->limit);
    }
}

void daemon_print_summary(struct daemon *d)
{
    struct session_stats stats[SETUP_VENUES_MAX];
    char books[256];
    struct status_source r = source(d, stats, books);
    static const struct {
        const char *what;
        document_fn *make;
    } PARTS[] = {{"status", status_overview},
                 {"positions", status_positions},
                 {"balances", status_balances}};
    for (size_t i = 0; i < sizeof PARTS / sizeof PARTS[0]; i++) {
        char *json = PARTS[i].make(&r);
        putchar('\n');
        if (!json || status_print(stdout, PARTS[i].what, json) != ERR_OK)
            puts("(no memory for the summary)");
        free(json);
    }
    fflush(stdout);
}
