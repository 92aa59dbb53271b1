/* Recordings of websockets: the venue's session is driven with what was recorded, at the times of
 * the recorder's clock, and what it makes of it goes onto the tape.
 *
 * The session asks for rules and books over REST; it gets the recorded answers, a book not before
 * the time at which it was received. Where a recording has no exchangeInfo the session gets one
 * made from the configuration, so that it goes live; those rules do not go onto the tape. */
#include "base/clock.h"
#include "core/market.h"
#include "io/datafile_parts.h"
#include "io/recording_file.h"
#include "venue/venue.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GAP_NS       (60 * NS_PER_S) /* between two recordings: longer is a lost connection */
#define STEPS_MAX    1000            /* answers in a row that the session may ask for */
#define PROGRESS     4096            /* records between two looks at the user's wish to stop */
#define PATH_BYTES   4096
#define SYMBOL_BYTES SYMBOL_MAX

struct answer {
    char symbol[SYMBOL_BYTES]; /* the venue's spelling */
    char *text;
    size_t len;
};

/* What is known of a book, only to see when it is crossed: the engine will see the same. */
struct shadow {
    struct level *levels; /* NULL: not yet */
    struct book book;
    bool valid;
};

/* One venue's session and its host. */
struct desk {
    const struct session_ops *ops;
    struct session *session;
    void *memory;
    struct loading *l; /* the recording being read */
    int64_t mono_ns, timer_ns;
    bool wants_connection;
    bool live;            /* some feed has been live */
    int64_t subscribe_id; /* of a SUBSCRIBE without an answer; 0: none */
    uint32_t request;     /* without an answer; 0: none */
    char path[PATH_BYTES];
    struct answer rules;
    bool rules_recorded;
    struct answer book[SETUP_INSTRUMENTS_MAX]; /* received, and not asked for yet */
    uint32_t books;
    struct shadow shadow[SETUP_INSTRUMENTS_MAX];
    enum err failed;
};

struct datafile_sessions {
    struct desk *desk[SETUP_VENUES_MAX];
};

enum err datafile_sessions_open(struct datafile_sessions **ret)
{
    struct datafile_sessions *s = calloc(1, sizeof *s);
    if (!s)
        return ERR_NOMEM;
    *ret = s;
    return ERR_OK;
}

static void desk_close(struct desk *d)
{
    if (!d)
        return;
    free(d->rules.text);
    for (uint32_t i = 0; i < d->books; i++)
        free(d->book[i].text);
    for (uint32_t i = 0; i < SETUP_INSTRUMENTS_MAX; i++)
        free(d->shadow[i].levels);
    free(d->memory);
    free(d);
}

void datafile_sessions_close(struct datafile_sessions *s)
{
    if (!s)
        return;
    for (venue_id v = 0; v < SETUP_VENUES_MAX; v++)
        desk_close(s->desk[v]);
    free(s);
}

bool recording_is(const char *line, size_t len)
{
    size_t digits = 0;
    while (digits < len && isdigit((unsigned char)line[digits]))
        digits++;
    return (len > 0 && line[0] == '{') ||
           (digits >= 16 && digits + 1 < len && line[digits] == ' ' && line[digits + 1] == '{');
}

/* ---- what the session asks of its host ---- */

static void on_connect(void *ctx, const char *url)
{
    struct desk *d = ctx;
    (void)url;
    d->wants_connection = true;
}

static void on_disconnect(void *ctx, const char *why)
{
    struct desk *d = ctx;
    (void)why;
    d->wants_connection = false;
    d->subscribe_id = 0;
}

static void on_send(void *ctx, const char *text, size_t len)
{
    struct desk *d = ctx;
    static const char KEY[] = "\"id\":";
    const char *id = memmem(text, len, KEY, sizeof KEY - 1);
    d->subscribe_id = 0;
    for (const char *p = id ? id + sizeof KEY - 1 : text + len;
         p < text + len && isdigit((unsigned char)*p); p++)
        d->subscribe_id = d->subscribe_id * 10 + (*p - '0');
}

static void on_get(void *ctx, uint32_t request, const char *path)
{
    struct desk *d = ctx;
    if (strlen(path) >= sizeof d->path) {
        d->failed = ERR_RANGE;
        return;
    }
    d->request = request;
    memcpy(d->path, path, strlen(path) + 1);
}

static void on_timer(void *ctx, int64_t at_ns)
{
    struct desk *d = ctx;
    d->timer_ns = at_ns;
}

static void on_log(void *ctx, bool bad, const char *text)
{
    /* Of a recording only what ends up on the tape counts, and what was dropped (stats). */
    (void)ctx;
    (void)bad;
    (void)text;
}

/* Keeps the shadow book; tells the session, as the engine would, when it is crossed. */
static enum err follow_book(struct desk *d, const struct event *ev)
{
    struct shadow *s = &d->shadow[ev->instrument];
    if (ev->kind == EVENT_FEED && ev->feed == FEED_INVALID)
        s->valid = false;
    if (ev->kind != EVENT_BOOK || (!ev->book.snapshot && !s->valid))
        return ERR_OK;
    if (!s->levels) {
        s->levels = calloc(2 * MARKET_BOOK_LEVELS, sizeof *s->levels);
        if (!s->levels)
            return ERR_NOMEM;
        book_init(&s->book, s->levels, MARKET_BOOK_LEVELS);
    }
    if (ev->book.snapshot)
        book_clear(&s->book);
    for (uint32_t i = 0; i < ev->book.bids; i++)
        book_side_set(&s->book.bid, ev->book.bid[i].price, ev->book.bid[i].qty);
    for (uint32_t i = 0; i < ev->book.asks; i++)
        book_side_set(&s->book.ask, ev->book.ask[i].price, ev->book.ask[i].qty);
    s->valid = !book_is_crossed(&s->book);
    if (!s->valid)
        d->ops->resync(d->session, ev->instrument, d->mono_ns);
    return ERR_OK;
}

static void on_event(void *ctx, const struct event *ev)
{
    struct desk *d = ctx;
    struct loading *l = d->l;
    if (d->failed)
        return;
    d->failed = follow_book(d, ev);
    d->live |= ev->kind == EVENT_FEED && ev->feed == FEED_LIVE;
    /* Before the first message with a time there is nothing but feeds that are not live. */
    if (d->failed || ev->ts_event_ns == 0 || ev->ts_event_ns >= l->options->to_ns ||
        (ev->kind == EVENT_INSTRUMENT && !d->rules_recorded))
        return;
    if (ev->ts_event_ns < l->options->from_ns) {
        d->failed = ERR_STATE;
        return;
    }
    d->failed = tape_add(l->tape, ev->ts_event_ns, ev);
    l->info.events += !d->failed;
}

/* ---- answering ---- */

/* A copy of [text]; the old one is freed. */
static enum err keep(struct answer *a, const char *text, size_t len)
{
    char *copy = malloc(len + 1);
    if (!copy)
        return ERR_NOMEM;
    memcpy(copy, text, len);
    copy[len] = 0;
    free(a->text);
    a->text = copy;
    a->len = len;
    return ERR_OK;
}

/* The venue's spelling of a symbol. */
static void spell(const char *symbol, char *out)
{
    size_t n = 0;
    for (; *symbol && n + 1 < SYMBOL_BYTES; symbol++)
        if (*symbol != '-')
            out[n++] = *symbol;
    out[n] = 0;
}

/* An exchangeInfo that says of each instrument of the venue that it is traded. */
static enum err make_rules(struct desk *d, venue_id v, int64_t now_ns)
{
    const struct setup *s = d->l->setup;
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    if (!f)
        return ERR_NOMEM;
    fprintf(f, "{\"timezone\":\"UTC\",\"serverTime\":%lld,\"rateLimits\":[],\"symbols\":[",
            (long long)(now_ns / NS_PER_MS));
    const char *separator = "";
    for (uint32_t i = 0; i < s->instruments; i++) {
        const struct instrument *in = &s->instrument[i];
        if (in->venue != v)
            continue;
        char symbol[SYMBOL_BYTES];
        spell(in->symbol, symbol);
        fprintf(f,
                "%s{\"symbol\":\"%s\",\"status\":\"TRADING\",\"baseAsset\":\"%s\","
                "\"baseAssetPrecision\":8,\"quoteAsset\":\"%s\",\"quotePrecision\":8,"
                "\"quoteAssetPrecision\":8,\"baseCommissionPrecision\":8,"
                "\"quoteCommissionPrecision\":8,\"orderTypes\":[\"LIMIT\"],"
                "\"isSpotTradingAllowed\":true,\"filters\":["
                "{\"filterType\":\"PRICE_FILTER\",\"minPrice\":\"0.00000001\","
                "\"maxPrice\":\"1000000.00000000\",\"tickSize\":\"0.00000001\"},"
                "{\"filterType\":\"LOT_SIZE\",\"minQty\":\"0.00000001\","
                "\"maxQty\":\"1000000.00000000\",\"stepSize\":\"0.00000001\"}],"
                "\"permissions\":[]}",
                separator, symbol, s->asset[in->base], s->asset[in->quote]);
        separator = ",";
    }
    fputs("]}", f);
    enum err e = fclose(f) == 0 ? keep(&d->rules, text, len) : ERR_NOMEM;
    free(text);
    return e;
}

/* The book that was asked for, if it was received; it is taken out of the list. */
static bool take_book(struct desk *d, struct answer *ret)
{
    for (uint32_t i = 0; i < d->books; i++) {
        char wanted[SYMBOL_BYTES + 16];
        snprintf(wanted, sizeof wanted, "symbol=%s&", d->book[i].symbol);
        if (!strstr(d->path, wanted))
            continue;
        *ret = d->book[i];
        d->book[i] = d->book[--d->books];
        return true;
    }
    return false;
}

static void answer_request(struct desk *d, const struct answer *a)
{
    uint32_t request = d->request;
    d->request = 0;
    d->ops->http(d->session, request, 200, -1, a->text, a->len, d->mono_ns, d->mono_ns);
}

/* One thing the session waits for; false where there is nothing that could be given. */
static bool answer_one(struct desk *d)
{
    struct answer book;
    if (d->wants_connection) {
        d->wants_connection = false;
        d->ops->connected(d->session, d->mono_ns);
        return true;
    }
    if (d->subscribe_id) {
        char text[64];
        int n = snprintf(text, sizeof text, "{\"result\":null,\"id\":%lld}",
                         (long long)d->subscribe_id);
        d->subscribe_id = 0;
        d->ops->message(d->session, text, (size_t)n, d->mono_ns, d->mono_ns);
        return true;
    }
    if (d->request && strstr(d->path, "/exchangeInfo")) {
        answer_request(d, &d->rules);
        return true;
    }
    if (d->request && strstr(d->path, "/depth?") && take_book(d, &book)) {
        answer_request(d, &book);
        free(book.text);
        return true;
    }
    return false;
}

static enum err answer_all(struct desk *d)
{
    for (int i = 0; i < STEPS_MAX && !d->failed; i++)
        if (!answer_one(d))
            return ERR_OK;
    return d->failed ? d->failed : ERR_FULL;
}

/* ---- time and records ---- */

/* Lets time pass up to [ts_ns]; what the session wanted to do meanwhile happens in order. */
static enum err pass_time(struct desk *d, int64_t ts_ns)
{
    while (d->timer_ns <= ts_ns) {
        if (d->timer_ns > d->mono_ns)
            d->mono_ns = d->timer_ns;
        d->timer_ns = INT64_MAX;
        d->ops->timer(d->session, d->mono_ns);
        enum err e = answer_all(d);
        if (e)
            return e;
    }
    if (ts_ns > d->mono_ns)
        d->mono_ns = ts_ns;
    return ERR_OK;
}

static enum err start(struct desk *d, int64_t ts_ns)
{
    enum err e = d->rules.text ? ERR_OK : make_rules(d, d->l->info.venue, ts_ns);
    if (e)
        return e;
    d->mono_ns = ts_ns;
    d->ops->start(d->session, ts_ns);
    return answer_all(d);
}

/* The first record of a file: start, go on, or go on after a gap. */
static enum err enter(struct desk *d, int64_t ts_ns)
{
    if (d->mono_ns == 0)
        return start(d, ts_ns);
    if (ts_ns < d->mono_ns)
        return ERR_STATE;
    if (ts_ns - d->mono_ns <= GAP_NS)
        return ERR_OK;
    d->ops->closed(d->session, "the recording ended", d->mono_ns);
    /* It connects again just before, without all that it would have tried in between. */
    d->mono_ns = ts_ns - NS_PER_S;
    return pass_time(d, ts_ns);
}

/* The venue's spelling for a book whose line does not tell the symbol: that of the file. */
static enum err symbol_of_file(const struct loading *l, char *out, char *why, size_t cap)
{
    instrument_id i;
    enum err e = datafile_find_instrument(l->setup, &l->argument, &i, why, cap);
    if (!e)
        spell(l->setup->instrument[i].symbol, out);
    return e;
}

static enum err keep_book(struct desk *d, const struct recording *r, char *why, size_t cap)
{
    char symbol[SYMBOL_BYTES];
    memcpy(symbol, r->symbol, sizeof symbol);
    enum err e = symbol[0] ? ERR_OK : symbol_of_file(d->l, symbol, why, cap);
    if (e)
        return e;
    uint32_t i = 0;
    while (i < d->books && strcmp(d->book[i].symbol, symbol) != 0)
        i++;
    if (i == SETUP_INSTRUMENTS_MAX)
        return ERR_OK; /* more symbols than can be configured: nobody will ask for this one */
    if (i == d->books)
        d->book[d->books++] = (struct answer){.text = NULL};
    memcpy(d->book[i].symbol, symbol, sizeof symbol);
    return keep(&d->book[i], r->data, r->data_len);
}

/* A message through the session; what it drops is an error, but for streams nobody asked for. */
static enum err take_message(struct desk *d, const struct recording *r, char *why, size_t cap)
{
    struct session_stats before, after;
    d->ops->stats(d->session, &before);
    d->ops->message(d->session, r->data, r->data_len, d->mono_ns, d->mono_ns);
    d->ops->stats(d->session, &after);
    d->l->info.rows++;
    d->l->info.unused += after.unknown - before.unknown;
    if (after.unsupported != before.unsupported) {
        snprintf(why, cap,
                 "unsupported: not a message of %s, but of another market (futures) or venue",
                 d->ops->kind);
        return ERR_UNSUPPORTED;
    }
    if (after.malformed != before.malformed) {
        snprintf(why, cap, "not a message of %s, or one that cannot be true", d->ops->kind);
        return ERR_SYNTAX;
    }
    return ERR_OK;
}

static enum err take_record(struct desk *d, const struct recording *r, char *why, size_t cap)
{
    enum err e = ERR_OK;
    switch (r->kind) {
    case RECORDING_NOTHING: return ERR_OK;
    case RECORDING_EXCHANGE_INFO:
        d->rules_recorded = true;
        return keep(&d->rules, r->data, r->data_len);
    case RECORDING_BOOK: e = keep_book(d, r, why, cap); break;
    case RECORDING_MESSAGE: e = take_message(d, r, why, cap); break;
    }
    return e ? e : answer_all(d);
}

/* ---- one file ---- */

static enum err open_desk(struct loading *l, struct desk **ret, char *why, size_t cap)
{
    const char *kind = l->setup->venue[l->info.venue].kind;
    struct desk *d = calloc(1, sizeof *d);
    if (!d)
        return ERR_NOMEM;
    d->timer_ns = INT64_MAX;
    d->ops = venue_find(kind);
    const struct session_host host = {.ctx = d,
                                      .connect = on_connect,
                                      .disconnect = on_disconnect,
                                      .send = on_send,
                                      .http_get = on_get,
                                      .set_timer = on_timer,
                                      .event = on_event,
                                      .log = on_log};
    enum err e = d->ops ? ERR_OK : ERR_UNSUPPORTED;
    if (!e) {
        d->memory = calloc(1, d->ops->size(l->setup, l->info.venue));
        e = d->memory ? d->ops->init(&d->session, d->memory, l->setup, l->info.venue, &host,
                                     l->setup->seed)
                      : ERR_NOMEM;
    }
    if (e) {
        snprintf(why, cap, "recordings of venue %s (kind %s) cannot be read: %s",
                 l->setup->venue[l->info.venue].name, kind, err_name(e));
        desk_close(d);
        return e;
    }
    *ret = d;
    return ERR_OK;
}

static enum err read_records(struct desk *d, struct recording_file *f, char *why, size_t cap)
{
    const struct recording *r;
    char *detail = why;
    bool entered = false;
    for (uint64_t n = 0;; n++) {
        enum err e = recording_file_next(f, &r, why);
        if (e || !r)
            return e;
        why[0] = 0;
        /* The rules stand in front; time begins with the messages. */
        if (!entered && r->kind != RECORDING_EXCHANGE_INFO) {
            entered = true;
            e = enter(d, r->ts_ns);
            if (e == ERR_STATE)
                snprintf(detail, cap, "begins before the recording that was given before it ends");
        }
        if (!e && entered)
            e = pass_time(d, r->ts_ns);
        if (!e)
            e = take_record(d, r, detail, cap);
        if (e)
            return e;
        if (n % PROGRESS == 0 && d->l->options->progress &&
            d->l->options->progress(d->l->options->ctx, 0, 1)) {
            snprintf(detail, cap, "interrupted");
            return ERR_STATE;
        }
    }
}

/* What is wrong, for people, where the place that found it had no words. */
static const char *words_for(const struct desk *d, enum err e)
{
    if (d->failed == ERR_STATE)
        return "--from is in the middle of it: the book of a recording begins with the file";
    return err_name(e);
}

enum err recording_load(struct loading *l, char *why)
{
    char detail[RECORDING_FILE_WHY_MAX] = "";
    struct recording_file *f = NULL;
    struct desk **desk = &l->options->sessions->desk[l->info.venue];
    enum err e = *desk ? ERR_OK : open_desk(l, desk, detail, sizeof detail);
    if (e) {
        snprintf(why, DATAFILE_WHY_MAX, "%s: %s", l->argument.path, detail);
        return e;
    }
    (*desk)->l = l;
    e = recording_file_open(&f, l->argument.path, detail);
    bool opened = !e;
    if (!e)
        e = read_records(*desk, f, detail, sizeof detail);
    if (!e && l->info.rows == l->info.unused) {
        snprintf(detail, sizeof detail,
                 "none of its %llu messages is market data of an instrument of venue %s",
                 (unsigned long long)l->info.rows, l->setup->venue[l->info.venue].name);
        e = ERR_UNSUPPORTED;
    }
    if (e && strncmp(detail, l->argument.path, strlen(l->argument.path)) == 0)
        snprintf(why, DATAFILE_WHY_MAX, "%s", detail); /* the reader's own sentence */
    else if (e)
        snprintf(why, DATAFILE_WHY_MAX, "%s: line %llu: %s", l->argument.path,
                 (unsigned long long)(opened ? recording_file_line(f) : 0),
                 detail[0] ? detail : words_for(*desk, e));
    l->info.live = (*desk)->live;
    recording_file_close(f);
    (*desk)->l = NULL;
    return e;
}
