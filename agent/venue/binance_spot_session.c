/* The websocket half of the Binance Spot session. */
#include "venue/binance_spot_session.h"

#include "base/buf.h"

#include <string.h>

_Static_assert(SETUP_INSTRUMENTS_MAX * 3 <= 1024, "the venue allows 1024 streams per connection");

static const enum binance_stream STREAM[] = {BINANCE_STREAM_TRADE, BINANCE_STREAM_BOOK_TICKER,
                                             BINANCE_STREAM_DEPTH_100MS};
enum { STREAMS = sizeof STREAM / sizeof STREAM[0] };

/* ---- small things both halves use ---- */

void session_wake(struct session *s, int64_t at_ns)
{
    if (at_ns >= s->timer_ns)
        return;
    s->timer_ns = at_ns;
    s->host.set_timer(s->host.ctx, at_ns);
}

static void put(struct bufw *b, const char *text)
{
    bufw_bytes(b, text, strlen(text));
}

void session_log(struct session *s, bool bad, const struct feed *f, const char *const *words)
{
    char text[256];
    struct bufw b = bufw_make(text, sizeof text - 1);
    if (f) {
        put(&b, s->setup->instrument[f->id].symbol);
        put(&b, ": ");
    }
    for (; *words; words++)
        put(&b, *words);
    text[b.len] = 0;
    s->host.log(s->host.ctx, bad, text);
}

const char *session_number(int64_t v, char out[static SESSION_NUMBER_BYTES])
{
    char *p = out + SESSION_NUMBER_BYTES - 1;
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    *p = 0;
    do
        *--p = (char)('0' + u % 10);
    while (u /= 10);
    if (v < 0)
        *--p = '-';
    memmove(out, p, (size_t)(out + SESSION_NUMBER_BYTES - p));
    return out;
}

int64_t session_jitter(struct session *s, int64_t least, int64_t most)
{
    return least + (int64_t)rng_below(&s->rng, (uint64_t)(most - least) + 1);
}

/* Doubling from 0.5 s to 30 s; the delay is anywhere in the upper half, and 0.25 s at least. */
int64_t session_backoff(struct session *s, uint32_t n)
{
    int64_t most = 2 * SESSION_BACKOFF_MIN_NS;
    for (; n > 0 && most < SESSION_BACKOFF_MAX_NS; n--)
        most *= 2;
    if (most > SESSION_BACKOFF_MAX_NS)
        most = SESSION_BACKOFF_MAX_NS;
    return session_jitter(s, most / 2, most);
}

/* ---- time ---- */

int64_t session_venue_now(const struct session *s, int64_t mono_ns)
{
    return s->venue_ns == 0 ? 0 : s->venue_ns + (mono_ns - s->venue_mono_ns);
}

bool session_take_time(struct session *s, int64_t ts_ns)
{
    if (s->venue_ns != 0 && ts_ns > session_venue_now(s, s->mono_ns) + SESSION_TIME_JUMP_NS &&
        ++s->time_jumps < SESSION_TIME_JUMPS)
        return false;
    s->time_jumps = 0;
    if (ts_ns > s->venue_ns || s->venue_time_old) {
        s->venue_time_old = false;
        s->venue_ns = ts_ns;
        s->venue_mono_ns = s->mono_ns;
    }
    return true;
}

/* Our wall clock, as it was told last. */
static int64_t wall_now(const struct session *s)
{
    return s->wall_ns == 0 ? 0 : s->wall_ns + (s->mono_ns - s->wall_mono_ns);
}

/* ---- events ---- */

void session_emit(struct session *s, const struct feed *f, struct event *ev)
{
    ev->venue = s->venue_id;
    ev->instrument = f->id;
    if (ev->ts_recv_ns == 0)
        ev->ts_recv_ns = wall_now(s);
    s->stats.events++;
    s->in_event = true;
    s->host.event(s->host.ctx, ev);
    s->in_event = false;
}

void session_emit_diff(struct session *s, struct feed *f, const struct depth_diff *d)
{
    struct event ev = {.kind = EVENT_BOOK,
                       .ts_event_ns = d->ts_event_ns,
                       .ts_recv_ns = d->ts_recv_ns,
                       .book = {.snapshot = false,
                                .bids = d->bids,
                                .asks = d->asks,
                                .bid = d->bid,
                                .ask = d->ask,
                                .last_update_id = d->last_id}};
    session_emit(s, f, &ev);
}

/* When the feed became, or will become, stale: by the age of its newest payload, and by how long
 * its book has been older than its bookTicker. */
static int64_t stale_at(const struct session *s, const struct feed *f)
{
    int64_t since = f->payload_mono_ns;
    if (f->behind_mono_ns != 0 && f->behind_mono_ns < since)
        since = f->behind_mono_ns;
    return since + s->venue->stale_after_ns;
}

static enum feed_state state_of(const struct session *s, const struct feed *f)
{
    if (!s->connected || !f->rules_known || f->depth.state != DEPTH_SYNCED || f->resync_asked)
        return FEED_INVALID;
    return s->mono_ns >= stale_at(s, f) ? FEED_STALE : FEED_LIVE;
}

void session_tell_feed(struct session *s, struct feed *f)
{
    const enum feed_state now = state_of(s, f);
    if (now == FEED_LIVE)
        session_wake(s, stale_at(s, f));
    if (now == f->told)
        return;
    if (now == FEED_STALE) {
        char age[SESSION_NUMBER_BYTES];
        s->stats.stale++;
        SESSION_LOG(s, true, f, "no ", f->behind_mono_ns ? "depth" : "data", " for ",
                    session_number(s->venue->stale_after_ns / NS_PER_MS, age),
                    " ms: feed is stale");
    }
    f->told = now;
    /* Live: by a payload, whose time it has. Otherwise something did not come: time passed. Stale
     * since its own moment, however late that is noticed: what was due behind it must not be done
     * on the old prices. */
    const int64_t ts = now == FEED_LIVE    ? s->venue_ns
                       : now == FEED_STALE ? session_venue_now(s, stale_at(s, f))
                                           : session_venue_now(s, s->mono_ns);
    struct event ev = {.kind = EVENT_FEED, .ts_event_ns = ts, .feed = now};
    session_emit(s, f, &ev);
}

/* ---- the present ---- */

static void at(struct session *s, int64_t mono_ns)
{
    const bool stood_still = mono_ns - s->mono_ns >= s->venue->stale_after_ns;
    s->mono_ns = mono_ns;
    /* Before anything new is told: the prices had become old meanwhile. */
    for (uint32_t i = 0; stood_still && s->connected && i < s->feeds; i++)
        session_tell_feed(s, &s->feed[i]);
}

static void at_wall(struct session *s, int64_t mono_ns, int64_t wall_ns)
{
    s->wall_mono_ns = mono_ns;
    s->wall_ns = wall_ns;
    at(s, mono_ns);
}

/* The book is not to be trusted any more: say so before anything else happens. */
static void lose_book(struct session *s, struct feed *f)
{
    f->behind_mono_ns = 0;
    session_tell_feed(s, f);
    fetch_pump(s);
}

/* What the engine asked for while it was being told something. */
static void after_events(struct session *s)
{
    while (s->resync_asked) {
        s->resync_asked = false;
        for (uint32_t i = 0; i < s->feeds; i++) {
            struct feed *f = &s->feed[i];
            if (!f->resync_asked)
                continue;
            depth_reset(&f->depth);
            f->resync_asked = false;
            SESSION_LOG(s, true, f, "the book is crossed or broken; fetching it anew");
            lose_book(s, f);
        }
    }
}

/* ---- connecting ---- */

static void connect_now(struct session *s)
{
    char text[SESSION_URL_BYTES];
    struct bufw url = bufw_make(text, sizeof text - 1);
    put(&url, s->venue->ws_url);
    while (url.len > 0 && text[url.len - 1] == '/')
        url.len--;
    put(&url, "/stream?streams=");
    for (s->subscribed = 0; s->subscribed < s->feeds; s->subscribed++) {
        struct bufw before = url;
        for (unsigned k = 0; k < STREAMS; k++) {
            char name[BINANCE_STREAM_MAX];
            (void)binance_spot_stream_name(s->feed[s->subscribed].symbol, STREAM[k], name);
            if (s->subscribed || k)
                put(&url, "/");
            put(&url, name);
        }
        if (url.failed) {
            url = before; /* the rest is subscribed once connected */
            break;
        }
    }
    text[url.len] = 0;
    s->stats.state = SESSION_CONNECTING;
    s->due_ns = s->mono_ns + SESSION_CONNECT_TIMEOUT_NS;
    session_wake(s, s->due_ns);
    s->host.connect(s->host.ctx, text);
}

/* Everything a lost connection takes with it. */
static void connection_gone(struct session *s)
{
    s->connected = false;
    s->subscribe_id = 0;
    for (uint32_t i = 0; i < s->feeds; i++) {
        struct feed *f = &s->feed[i];
        depth_reset(&f->depth);
        f->payload_mono_ns = f->behind_mono_ns = 0;
        f->ticker_id = 0;
        f->resync_asked = false;
        session_tell_feed(s, f);
    }
}

static void connect_later(struct session *s, const char *why)
{
    char wait[SESSION_NUMBER_BYTES];
    if (s->connected && s->mono_ns - s->connected_ns >= SESSION_HEALTHY_NS)
        s->attempts = 0;
    const int64_t delay = session_backoff(s, s->attempts);
    s->attempts++;
    s->stats.reconnects++;
    s->stats.state = SESSION_WAITING;
    s->due_ns = s->mono_ns + delay;
    SESSION_LOG(s, true, NULL, "connection lost: ", why, "; next try in ",
                session_number(delay / NS_PER_MS, wait), " ms");
    connection_gone(s);
    session_wake(s, s->due_ns);
}

static void drop_connection(struct session *s, const char *why)
{
    connect_later(s, why);
    s->host.disconnect(s->host.ctx, why);
}

static void subscribe_some(struct session *s)
{
    char text[64 + SESSION_BATCH * BINANCE_STREAM_MAX], number[SESSION_NUMBER_BYTES];
    struct bufw b = bufw_make(text, sizeof text);
    put(&b, "{\"method\":\"SUBSCRIBE\",\"params\":[");
    for (unsigned n = 0; n < SESSION_BATCH / STREAMS && s->subscribed < s->feeds; n++) {
        for (unsigned k = 0; k < STREAMS; k++) {
            char name[BINANCE_STREAM_MAX];
            (void)binance_spot_stream_name(s->feed[s->subscribed].symbol, STREAM[k], name);
            put(&b, n || k ? ",\"" : "\"");
            put(&b, name);
            put(&b, "\"");
        }
        s->subscribed++;
    }
    s->subscribe_id = s->next_id++;
    put(&b, "],\"id\":");
    put(&b, session_number(s->subscribe_id, number));
    put(&b, "}");
    s->subscribe_at = s->mono_ns + SESSION_ACK_TIMEOUT_NS;
    session_wake(s, s->subscribe_at);
    s->host.send(s->host.ctx, text, b.len);
}

static void take_response(struct session *s, const struct binance_response *r)
{
    if (s->subscribe_id == 0 || !r->has_id || r->id != s->subscribe_id) {
        s->stats.unknown++;
        return;
    }
    if (!r->ok) {
        char code[SESSION_NUMBER_BYTES];
        SESSION_LOG(s, true, NULL, "SUBSCRIBE was refused: code ", session_number(r->code, code));
        drop_connection(s, "SUBSCRIBE was refused");
        return;
    }
    s->subscribe_id = 0;
    s->subscribe_at = s->mono_ns + SESSION_SUBSCRIBE_GAP_NS;
    if (s->subscribed < s->feeds)
        session_wake(s, s->subscribe_at);
}

/* ---- messages ---- */

static uint32_t hash(const char *p, size_t len)
{
    uint32_t h = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < len; i++)
        h = (h ^ (unsigned char)p[i]) * 16777619u;
    return h % SESSION_HASH;
}

static struct feed *find_feed(struct session *s, struct json_text symbol)
{
    for (uint32_t i = s->slot[hash(symbol.p, symbol.len)]; i != 0;) {
        struct feed *f = &s->feed[i - 1];
        if (json_is(symbol, f->symbol))
            return f;
        i = f->hash_next;
    }
    return NULL;
}

static void log_drops(struct session *s)
{
    const uint64_t drops = s->stats.malformed + s->stats.unsupported + s->stats.unknown;
    if (drops == s->logged_drops)
        return;
    if (s->mono_ns < s->log_drops_at) {
        session_wake(s, s->log_drops_at);
        return;
    }
    char number[SESSION_NUMBER_BYTES];
    SESSION_LOG(s, true, NULL, session_number((int64_t)(drops - s->logged_drops), number),
                " message(s) dropped, the last one: ", err_name(s->drop_err),
                s->drop_err == ERR_UNSUPPORTED ? " (not the Spot dialect: check ws_url)" : "");
    s->logged_drops = drops;
    s->log_drops_at = s->mono_ns + SESSION_LOG_EVERY_NS;
}

static void drop(struct session *s, enum err why)
{
    s->drop_err = why;
    if (why == ERR_UNSUPPORTED)
        s->stats.unsupported++;
    else if (why == ERR_UNKNOWN)
        s->stats.unknown++;
    else
        s->stats.malformed++;
    log_drops(s);
}

static void take_depth(struct session *s, struct feed *f, const struct binance_message *m)
{
    const struct depth_diff diff = {.first_id = m->depth.first_id,
                                    .last_id = m->depth.last_id,
                                    .ts_event_ns = m->ts_event_ns,
                                    .ts_recv_ns = s->wall_ns,
                                    .bids = m->depth.bids,
                                    .asks = m->depth.asks,
                                    .bid = m->depth.bid,
                                    .ask = m->depth.ask};
    const uint64_t had = f->depth.last_id;
    char a[SESSION_NUMBER_BYTES], b[SESSION_NUMBER_BYTES];
    switch (depth_take(&f->depth, &diff)) {
    case DEPTH_APPLY:
        f->behind_mono_ns = f->ticker_id > diff.last_id ? s->mono_ns : 0;
        session_emit_diff(s, f, &diff);
        break;
    case DEPTH_KEPT: fetch_pump(s); break;
    case DEPTH_OLD: break;
    case DEPTH_LOST:
        s->stats.gaps++;
        SESSION_LOG(s, true, f, "gap in the depth stream after ", session_number((int64_t)had, a),
                    ", next is ", session_number((int64_t)diff.first_id, b),
                    "; fetching the book anew");
        lose_book(s, f);
        break;
    }
}

static void take_top(struct session *s, struct feed *f, const struct binance_book_ticker *t)
{
    f->ticker_id = t->update_id;
    if (f->behind_mono_ns == 0 && f->depth.state == DEPTH_SYNCED && t->update_id > f->depth.last_id)
        f->behind_mono_ns = s->mono_ns;
    struct event ev = {.kind = EVENT_TOP,
                       .ts_event_ns = s->venue_ns,
                       .top = {.bid_price = t->bid_price,
                               .bid_qty = t->bid_qty,
                               .ask_price = t->ask_price,
                               .ask_qty = t->ask_qty}};
    session_emit(s, f, &ev);
}

static void take_trade(struct session *s, struct feed *f, const struct binance_trade *t)
{
    struct event ev = {
        .kind = EVENT_TRADE,
        .ts_event_ns = t->ts_trade_ns,
        .trade = {.price = t->price, .qty = t->qty, .trade_id = t->id, .aggressor = t->aggressor}};
    session_emit(s, f, &ev);
}

/* A message about one instrument. */
static void take_payload(struct session *s, const struct binance_message *m)
{
    struct feed *f = find_feed(s, m->symbol);
    if (!f) {
        drop(s, ERR_UNKNOWN);
        return;
    }
    if (m->ts_event_ns != 0 && !session_take_time(s, m->ts_event_ns)) {
        drop(s, ERR_RANGE);
        return;
    }
    if (m->kind == BINANCE_TRADE &&
        m->trade.ts_trade_ns > m->ts_event_ns + SESSION_TRADE_AHEAD_NS) {
        drop(s, ERR_RANGE);
        return;
    }
    f->payload_mono_ns = s->since_ns = s->stats.last_payload_mono_ns = s->mono_ns;
    if (s->stats.state == SESSION_SUBSCRIBING && s->subscribed == s->feeds && !s->subscribe_id)
        s->stats.state = SESSION_LIVE;
    if (m->kind == BINANCE_DEPTH)
        take_depth(s, f, m);
    else if (m->kind == BINANCE_TRADE)
        take_trade(s, f, &m->trade);
    else
        take_top(s, f, &m->book_ticker);
    /* Behind the payload: prices are new again before a stale feed is called live. */
    if (f->told != FEED_LIVE)
        session_tell_feed(s, f);
}

static void take_message(struct session *s, const struct binance_message *m)
{
    switch (m->kind) {
    case BINANCE_BOOK_TICKER:
        if (dec_is_pos(m->book_ticker.ask_price) &&
            dec_ge(m->book_ticker.bid_price, m->book_ticker.ask_price)) {
            drop(s, ERR_RANGE);
            return;
        }
        take_payload(s, m);
        return;
    case BINANCE_TRADE:
    case BINANCE_DEPTH: take_payload(s, m); return;
    case BINANCE_SHUTDOWN:
        s->attempts = 0;
        drop_connection(s, "the server says that it shuts down");
        return;
    case BINANCE_RESPONSE: take_response(s, &m->response); return;
    case BINANCE_AGG_TRADE:
    case BINANCE_PARTIAL_DEPTH:
    case BINANCE_KLINE:
    case BINANCE_STATISTICS: drop(s, ERR_UNKNOWN); return; /* nobody asked for it */
    }
}

/* ---- operations ---- */

static size_t count_feeds(const struct setup *setup, venue_id v)
{
    size_t n = 0;
    for (uint32_t i = 0; i < setup->instruments; i++)
        n += setup->instrument[i].venue == v;
    return n;
}

static size_t session_size(const struct setup *setup, venue_id v)
{
    return sizeof(struct session) + count_feeds(setup, v) * sizeof(struct feed);
}

static enum err add_feed(struct session *s, instrument_id id)
{
    struct feed *f = &s->feed[s->feeds];
    enum err e = binance_spot_symbol(s->setup->instrument[id].symbol, f->symbol);
    if (e)
        return e;
    if (find_feed(s, (struct json_text){f->symbol, strlen(f->symbol)}))
        return ERR_EXISTS; /* BT-CUSDT and BTC-USDT: the venue could not tell them apart */
    uint32_t *slot = &s->slot[hash(f->symbol, strlen(f->symbol))];
    f->id = id;
    f->hash_next = *slot;
    *slot = ++s->feeds;
    return ERR_OK;
}

static enum err session_init(struct session **ret, void *mem, const struct setup *setup, venue_id v,
                             const struct session_host *host, uint64_t seed)
{
    struct session *s = mem;
    s->setup = setup;
    s->venue_id = v;
    s->venue = &setup->venue[v];
    s->host = *host;
    s->timer_ns = INT64_MAX;
    s->next_id = 1;
    rng_seed(&s->rng, seed);
    if (s->venue->stale_after_ns <= 0 || strnlen(s->venue->ws_url, URL_MAX_BYTES) == URL_MAX_BYTES)
        return ERR_RANGE;
    for (uint32_t i = 0; i < setup->instruments; i++) {
        enum err e = setup->instrument[i].venue == v ? add_feed(s, i) : ERR_OK;
        if (e)
            return e;
    }
    if (s->feeds == 0)
        return ERR_NOT_FOUND;
    *ret = s;
    return ERR_OK;
}

static void session_start(struct session *s, int64_t mono_ns)
{
    at(s, mono_ns);
    s->attempts = 0;
    connect_now(s);
    for (uint32_t i = 0; i < s->feeds; i++)
        session_tell_feed(s, &s->feed[i]); /* whoever remembers an earlier run must forget it */
    fetch_start(s);
    after_events(s);
}

static void session_stop(struct session *s)
{
    if (s->stats.state == SESSION_STOPPED || s->stats.state == SESSION_IDLE)
        return;
    s->stats.state = SESSION_STOPPED;
    connection_gone(s);
    s->host.disconnect(s->host.ctx, "stopped");
}

static void session_connected(struct session *s, int64_t mono_ns)
{
    at(s, mono_ns);
    if (s->stats.state != SESSION_CONNECTING)
        return;
    s->stats.state = SESSION_SUBSCRIBING;
    s->connected = true;
    s->connection++;
    s->connected_ns = s->since_ns = mono_ns;
    s->venue_time_old = true;
    s->due_ns = mono_ns + SESSION_AGE_MAX_NS + session_jitter(s, 0, SESSION_AGE_JITTER_NS);
    session_wake(s, s->due_ns);
    s->subscribe_at = mono_ns;
    if (s->subscribed < s->feeds)
        subscribe_some(s);
    session_wake(s, mono_ns + SESSION_SILENCE_NS);
}

static void session_message(struct session *s, const char *text, size_t len, int64_t mono_ns,
                            int64_t wall_ns)
{
    at_wall(s, mono_ns, wall_ns);
    if (!s->connected)
        return;
    s->stats.messages++;
    s->stats.bytes += len;
    struct binance_message m;
    enum err e = binance_spot_decode(text, len, s->levels, SESSION_LEVELS_MAX, &m);
    if (e)
        drop(s, e);
    else
        take_message(s, &m);
    after_events(s);
}

static void session_closed(struct session *s, const char *why, int64_t mono_ns)
{
    at(s, mono_ns);
    if (s->connected || s->stats.state == SESSION_CONNECTING)
        connect_later(s, why);
    after_events(s);
}

static void session_http(struct session *s, uint32_t request, int status, int retry_after_s,
                         const char *body, size_t len, int64_t mono_ns, int64_t wall_ns)
{
    at_wall(s, mono_ns, wall_ns);
    if (s->stats.state == SESSION_STOPPED)
        return;
    fetch_answer(s, request, status, retry_after_s, body, len);
    after_events(s);
}

/* Of the connection's own times; one thing at a time, since each may end it. */
static void check_connection(struct session *s)
{
    const int64_t silence = SESSION_SILENCE_NS + 3 * s->venue->stale_after_ns;
    if (s->stats.state == SESSION_WAITING) {
        if (s->mono_ns >= s->due_ns)
            connect_now(s);
        else
            session_wake(s, s->due_ns);
    } else if (s->stats.state == SESSION_CONNECTING) {
        if (s->mono_ns >= s->due_ns)
            drop_connection(s, "no answer to the connection attempt");
        else
            session_wake(s, s->due_ns);
    } else if (s->connected) {
        if (s->mono_ns >= s->due_ns) {
            s->attempts = 0;
            drop_connection(s, "the connection is a day old");
        } else if (s->mono_ns >= s->since_ns + silence) {
            drop_connection(s, "no data at all");
        } else if (s->subscribe_id && s->mono_ns >= s->subscribe_at) {
            drop_connection(s, "no answer to SUBSCRIBE");
        } else {
            if (s->subscribed < s->feeds && !s->subscribe_id && s->mono_ns >= s->subscribe_at)
                subscribe_some(s);
            session_wake(s, s->due_ns);
            session_wake(s, s->since_ns + silence);
            if (s->subscribe_id || s->subscribed < s->feeds)
                session_wake(s, s->subscribe_at);
        }
    }
}

/* A book that stays behind although prices arrive: the depth stream is dead. */
static bool depth_is_dead(const struct session *s, const struct feed *f)
{
    return s->connected && f->behind_mono_ns != 0 &&
           s->mono_ns >= f->behind_mono_ns + SESSION_SILENCE_NS;
}

static void session_timer(struct session *s, int64_t mono_ns)
{
    at(s, mono_ns);
    s->timer_ns = INT64_MAX;
    if (s->stats.state == SESSION_STOPPED || s->stats.state == SESSION_IDLE)
        return;
    check_connection(s);
    for (uint32_t i = 0; i < s->feeds; i++) {
        struct feed *f = &s->feed[i];
        if (depth_is_dead(s, f))
            drop_connection(s, "no depth, although there are prices");
        session_tell_feed(s, f);
        if (f->behind_mono_ns)
            session_wake(s, f->behind_mono_ns + SESSION_SILENCE_NS);
    }
    if (s->fetch.kind != FETCH_NONE && mono_ns >= s->fetch.deadline_ns)
        fetch_answer(s, s->fetch.request, 0, -1, "", 0);
    else if (s->fetch.kind != FETCH_NONE)
        session_wake(s, s->fetch.deadline_ns);
    fetch_pump(s);
    log_drops(s);
    after_events(s);
}

static void session_resync(struct session *s, instrument_id i, int64_t mono_ns)
{
    for (uint32_t n = 0; n < s->feeds; n++) {
        struct feed *f = &s->feed[n];
        if (f->id != i || f->depth.state != DEPTH_SYNCED || f->resync_asked)
            continue;
        s->stats.crossed++;
        f->resync_asked = s->resync_asked = true;
    }
    /* Mostly this comes from within an event: it is dealt with once that is over. */
    if (!s->in_event) {
        at(s, mono_ns);
        after_events(s);
    }
}

static void session_stats(const struct session *s, struct session_stats *ret)
{
    *ret = s->stats;
}

const struct session_ops session_binance_spot = {
    .kind = "binance-spot",
    .size = session_size,
    .init = session_init,
    .start = session_start,
    .stop = session_stop,
    .connected = session_connected,
    .message = session_message,
    .closed = session_closed,
    .http = session_http,
    .timer = session_timer,
    .resync = session_resync,
    .venue_now_ns = session_venue_now,
    .stats = session_stats,
};
