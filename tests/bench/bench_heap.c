/* Calls of the heap from a websocket message to the effects of the engine: none.
 *
 * A session, the paper host, a grid and a million messages, made here: bookTicker, trade and depth
 * of a price that walks. malloc and its kin are counted by standing in for the C library's. */
#include "bench.h"

#include "base/clock.h"
#include "base/rng.h"
#include "sim/paper.h"
#include "strategies/strategy.h"
#include "venue/venue.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#define MESSAGES 1000000
#define WARM_UP  1000
#define BATCH    100 /* made first, then timed */
#define TEXT_MAX 512

/* ---- the hook ---- */

extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t m);
extern void *__libc_realloc(void *p, size_t n);
extern void __libc_free(void *p);

static bool counting;
static uint64_t heap_calls;

void *malloc(size_t n)
{
    heap_calls += counting;
    return __libc_malloc(n);
}
void *calloc(size_t n, size_t m)
{
    heap_calls += counting;
    return __libc_calloc(n, m);
}
void *realloc(void *p, size_t n)
{
    heap_calls += counting;
    return __libc_realloc(p, n);
}
void free(void *p)
{
    heap_calls += counting && p;
    __libc_free(p);
}

/* ---- the host of the session: answers at once, hands events to the paper host ---- */

struct host {
    struct session *session;
    struct paper *paper;
    uint64_t now_ns;
    bool wants_connection, wants_snapshot, wants_rules;
    uint32_t snapshot_request, rules_request;
    uint64_t events, effects, orders;
};

static void on_connect(void *ctx, const char *url)
{
    struct host *h = ctx;
    (void)url;
    h->wants_connection = true;
}
static void on_disconnect(void *ctx, const char *why)
{
    (void)ctx;
    fprintf(stderr, "bench_heap: the session disconnects: %s\n", why);
    exit(1);
}
static void on_send(void *ctx, const char *text, size_t len)
{
    (void)ctx, (void)text, (void)len;
}
static void on_http_get(void *ctx, uint32_t request, const char *path)
{
    struct host *h = ctx;
    if (strstr(path, "exchangeInfo")) {
        h->wants_rules = true;
        h->rules_request = request;
    } else {
        h->wants_snapshot = true;
        h->snapshot_request = request;
    }
}
static void on_set_timer(void *ctx, int64_t at_ns)
{
    (void)ctx, (void)at_ns;
}
static void on_event(void *ctx, const struct event *ev)
{
    struct host *h = ctx;
    enum err e = paper_event(h->paper, ev);
    if (e) {
        fprintf(stderr, "bench_heap: event %" PRIu64 ": %s\n", h->events, err_name(e));
        exit(1);
    }
    h->events++;
}
static void on_log(void *ctx, bool bad, const char *text)
{
    (void)ctx;
    if (bad)
        fprintf(stderr, "bench_heap: %s\n", text);
}
static enum err on_step(void *ctx, const struct event *ev, const struct effects *fx)
{
    struct host *h = ctx;
    (void)ev;
    h->effects += fx->count;
    for (uint32_t i = 0; i < fx->count; i++)
        h->orders += fx->item[i].kind == EFFECT_SUBMIT;
    return ERR_OK;
}

/* ---- the setup: one venue, BTC-USDT, one grid ---- */

static void set_param(struct strategy_setup *s, const char *key, struct param_value v)
{
    const struct param_spec *p = s->ops->params;
    for (uint32_t i = 0; p[i].key; i++)
        if (strcmp(p[i].key, key) == 0) {
            v.present = true;
            s->params.value[i] = v;
            return;
        }
    fprintf(stderr, "bench_heap: the grid has no parameter %s\n", key);
    exit(1);
}

static struct setup *make_setup(void)
{
    struct setup *s = calloc(1, sizeof *s);
    if (!s)
        exit(1);
    snprintf(s->agent_name, sizeof s->agent_name, "bench");
    s->mode = MODE_PAPER;
    s->seed = 1;
    s->assets = 2;
    snprintf(s->asset[0], ASSET_NAME_MAX, "USDT");
    snprintf(s->asset[1], ASSET_NAME_MAX, "BTC");
    s->venues = 1;
    s->venue[0] = (struct venue_setup){.name = "binance",
                                       .kind = "binance-spot",
                                       .ws_url = "wss://localhost:9443",
                                       .rest_url = "https://localhost:9443",
                                       .maker_fee = dec_lit("0.001"),
                                       .taker_fee = dec_lit("0.001"),
                                       .fee_asset = ASSET_NONE,
                                       .stale_after_ns = 10 * NS_PER_S,
                                       .fill_model = FILL_QUEUE,
                                       .order_latency_ns = 50 * NS_PER_MS};
    s->instruments = 1;
    s->instrument[0] = (struct instrument){.symbol = "BTC-USDT", .base = 1, .quote = 0};
    s->balances = 2;
    s->balance[0] = (struct balance_setup){0, 0, dec_lit("100000")};
    s->balance[1] = (struct balance_setup){0, 1, dec_lit("2")};
    s->strategies = 1;
    struct strategy_setup *g = &s->strategy[0];
    snprintf(g->name, sizeof g->name, "grid");
    g->ops = &strategy_grid;
    g->instruments = 1;
    g->budget = dec_lit("100000");
    g->inventory = dec_lit("2");
    while (g->ops->params[g->params.count].key)
        g->params.count++;
    set_param(g, "instrument", (struct param_value){.instrument = 0});
    set_param(g, "lower", (struct param_value){.decimal = dec_lit("59900")});
    set_param(g, "upper", (struct param_value){.decimal = dec_lit("60100")});
    set_param(g, "levels", (struct param_value){.integer = 21});
    set_param(g, "size", (struct param_value){.decimal = dec_lit("0.01")});
    set_param(g, "post_only", (struct param_value){.boolean = true});
    set_param(g, "min_profit", (struct param_value){.decimal = dec_lit("-1")});
    setup_resolve_conversions(s);
    return s;
}

/* ---- the market ---- */

struct market {
    struct rng rng;
    int64_t mid;        /* in cents */
    uint64_t update_id; /* of the book */
    uint64_t trade_id;
    int64_t now_ms;
    int64_t told_bid, told_ask; /* best levels the book was told of */
};

static int cents(char *out, size_t cap, int64_t v)
{
    return snprintf(out, cap, "%" PRId64 ".%02d000000", v / 100, (int)(v % 100));
}

/* The next message; every fourth is depth: the old best levels go, new ones come. */
static size_t next_message(struct market *m, uint64_t n, char out[static TEXT_MAX])
{
    char bid[32], ask[32], old_bid[32], old_ask[32];
    int len;
    m->now_ms += 10;
    m->mid += (int64_t)rng_below(&m->rng, 201) - 100; /* up to a dollar */
    if (m->mid < 5985000)
        m->mid += 200;
    if (m->mid > 6015000)
        m->mid -= 200;
    cents(bid, sizeof bid, m->mid - 1);
    cents(ask, sizeof ask, m->mid + 1);
    if (n % 4 == 0) {
        cents(old_bid, sizeof old_bid, m->told_bid);
        cents(old_ask, sizeof old_ask, m->told_ask);
        m->told_bid = m->mid - 1;
        m->told_ask = m->mid + 1;
        m->update_id++;
        len = snprintf(
            out, TEXT_MAX,
            "{\"stream\":\"btcusdt@depth@100ms\",\"data\":{\"e\":\"depthUpdate\",\"E\":%" PRId64
            ",\"s\":\"BTCUSDT\",\"U\":%" PRIu64 ",\"u\":%" PRIu64
            ",\"b\":[[\"%s\",\"0.00000000\"],[\"%s\",\"1.50000000\"]],"
            "\"a\":[[\"%s\",\"0.00000000\"],[\"%s\",\"1.50000000\"]]}}",
            m->now_ms, m->update_id, m->update_id, old_bid, bid, old_ask, ask);
    } else if (n % 4 == 2) {
        len = snprintf(out, TEXT_MAX,
                       "{\"stream\":\"btcusdt@bookTicker\",\"data\":{\"u\":%" PRIu64
                       ",\"s\":\"BTCUSDT\",\"b\":\"%s\",\"B\":\"1.50000000\",\"a\":\"%s\",\"A\":"
                       "\"1.50000000\"}}",
                       m->update_id, bid, ask);
    } else {
        bool sell = rng_below(&m->rng, 2);
        len = snprintf(out, TEXT_MAX,
                       "{\"stream\":\"btcusdt@trade\",\"data\":{\"e\":\"trade\",\"E\":%" PRId64
                       ",\"s\":\"BTCUSDT\",\"t\":%" PRIu64
                       ",\"p\":\"%s\",\"q\":\"2.00000000\",\"T\":%" PRId64 ",\"m\":%s,\"M\":true}}",
                       m->now_ms, ++m->trade_id, sell ? bid : ask, m->now_ms,
                       sell ? "true" : "false");
    }
    return (size_t)len;
}

static const char RULES[] =
    "{\"timezone\":\"UTC\",\"serverTime\":1704067200000,\"symbols\":[{\"symbol\":\"BTCUSDT\","
    "\"status\":"
    "\"TRADING\",\"baseAsset\":\"BTC\",\"baseAssetPrecision\":8,\"quoteAsset\":\"USDT\","
    "\"quoteAssetPrecision\":8,"
    "\"isSpotTradingAllowed\":true,\"filters\":[{\"filterType\":\"PRICE_FILTER\",\"minPrice\":\"0."
    "01000000\","
    "\"maxPrice\":\"1000000.00000000\",\"tickSize\":\"0.01000000\"},{\"filterType\":\"LOT_SIZE\","
    "\"minQty\":"
    "\"0.00001000\",\"maxQty\":\"9000.00000000\",\"stepSize\":\"0.00001000\"},{\"filterType\":"
    "\"NOTIONAL\","
    "\"minNotional\":\"5.00000000\",\"applyMinToMarket\":true,\"maxNotional\":\"9000000.00000000\","
    "\"applyMaxToMarket\":false,\"avgPriceMins\":5}]}]}";

/* Gives the session what it asked for. */
static void answer(struct host *h, struct market *m, int64_t mono, int64_t wall)
{
    const struct session_ops *ops = &session_binance_spot;
    if (h->wants_connection) {
        h->wants_connection = false;
        ops->connected(h->session, mono);
    }
    if (h->wants_rules) {
        h->wants_rules = false;
        ops->http(h->session, h->rules_request, 200, -1, RULES, strlen(RULES), mono, wall);
    }
    if (h->wants_snapshot) {
        char text[TEXT_MAX], bid[32], ask[32];
        h->wants_snapshot = false;
        cents(bid, sizeof bid, m->told_bid);
        cents(ask, sizeof ask, m->told_ask);
        int n = snprintf(text, sizeof text,
                         "{\"lastUpdateId\":%" PRIu64
                         ",\"bids\":[[\"%s\",\"1.00000000\"]],\"asks\":[[\"%s\",\"1.00000000\"]]}",
                         m->update_id, bid, ask);
        ops->http(h->session, h->snapshot_request, 200, -1, text, (size_t)n, mono, wall);
    }
}

/* Whether the hook is in the way of the library's own calls, too: strdup() allocates inside libc.
 */
static bool hook_counts(void)
{
    counting = true;
    char *copy = strdup("counted");
    __asm__ volatile("" ::"r"(copy) : "memory"); /* not to be optimised away */
    free(copy);
    counting = false;
    return heap_calls == 2;
}

int main(void)
{
    if (!hook_counts()) {
        fprintf(stderr, "bench_heap: the hook does not count\n");
        return 1;
    }
    const struct session_ops *ops = &session_binance_spot;
    struct setup *s = make_setup();
    struct host h = {0};
    struct session_host callbacks = {.ctx = &h,
                                     .connect = on_connect,
                                     .disconnect = on_disconnect,
                                     .send = on_send,
                                     .http_get = on_http_get,
                                     .set_timer = on_set_timer,
                                     .event = on_event,
                                     .log = on_log};
    struct market m = {.mid = 6000000,
                       .update_id = 1000,
                       .now_ms = INT64_C(1704067200000),
                       .told_bid = 5999999,
                       .told_ask = 6000001};
    rng_seed(&m.rng, 1);
    void *mem = calloc(1, ops->size(s, 0));
    if (!mem || paper_open(&h.paper, s, on_step, &h) ||
        ops->init(&h.session, mem, s, 0, &callbacks, 1)) {
        fprintf(stderr, "bench_heap: the setup is refused\n");
        return 1;
    }
    ops->start(h.session, m.now_ms * NS_PER_MS);
    static char text[BATCH][TEXT_MAX];
    static size_t len[BATCH];
    static int64_t at[BATCH];
    uint64_t calls = 0;
    int64_t spent = 0;
    for (uint64_t sent = 0; sent < WARM_UP + MESSAGES; sent += BATCH) {
        for (uint64_t i = 0; i < BATCH; i++) {
            len[i] = next_message(&m, sent + i, text[i]);
            at[i] = m.now_ms * NS_PER_MS;
        }
        if (sent == WARM_UP) { /* connected, rules and book known, grid placed */
            h.events = h.effects = 0;
            spent = 0;
            heap_calls = 0;
        }
        int64_t start = bench_cpu_ns();
        counting = true;
        for (uint64_t i = 0; i < BATCH; i++)
            ops->message(h.session, text[i], len[i], at[i], at[i]);
        counting = false;
        calls = heap_calls;
        spent += bench_cpu_ns() - start;
        int64_t now = at[BATCH - 1];
        answer(&h, &m, now, now);
        ops->timer(h.session, now);
    }
    struct session_stats stats;
    ops->stats(h.session, &stats);
    fprintf(stderr,
            "bench_heap: %" PRIu64 " events, %" PRIu64 " effects, %" PRIu64
            " orders of ours; malformed %" PRIu64 ", gaps %" PRIu64 "\n",
            h.events, h.effects, h.orders, stats.malformed, stats.gaps);
    if (h.events < MESSAGES || h.orders < 100 || stats.malformed || stats.state != SESSION_LIVE) {
        fprintf(stderr, "bench_heap: that was not a run worth counting\n");
        return 1;
    }
    bench_tell("heap calls, 10^6 messages to effects", (double)calls, "calls", "-", 0, "0");
    bench_tell("message to effects, with a 20-slot grid", (double)spent / MESSAGES, "ns", "-", 0,
               "-");
    paper_close(h.paper);
    free(mem);
    free(s);
    return calls != 0;
}
