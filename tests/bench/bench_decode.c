/* From the bytes of a websocket message to the changed book: bookTicker, trade, and depth updates
 * of about 40 levels, as recorded; beside cJSON doing the same, and a memcpy of the bytes. */
#include "bench.h"

#include "desk.h"

#include "model/book.h"
#include "venue/binance_spot_codec.h"

#include <cjson/cJSON.h>
#include <string.h>

enum { MESSAGES_MAX = 4096, LEVELS = 8192, ROUNDS = 31, WORK = 8 << 20 /* bytes a round */ };

static const char RECORDING[] = "tests/data/binance-spot-btcusdt-20240808.gz";

struct corpus {
    const char *name;
    char *text[MESSAGES_MAX];
    size_t len[MESSAGES_MAX], bytes;
    unsigned count;
};
static struct corpus tickers = {.name = "bookTicker"}, trades = {.name = "trade"},
                     depths = {.name = "depth, 40 levels"};
static struct book book;
static struct event_top top;
static struct event_trade last;
static struct level side_levels[2 * LEVELS], levels[10000];

static void add(struct corpus *c, const char *text, size_t len)
{
    if (c->count == MESSAGES_MAX)
        return;
    char *copy = malloc(len + 1);
    if (!copy)
        abort();
    memcpy(copy, text, len + 1);
    c->text[c->count] = copy;
    c->len[c->count++] = len;
    c->bytes += len;
}

static void apply(const struct binance_depth *d)
{
    book_side_apply(&book.bid, d->bid, d->bids);
    book_side_apply(&book.ask, d->ask, d->asks);
}

static void sort_in(void *ctx, char *line, size_t len)
{
    (void)ctx;
    char *text = strchr(line, ' ') + 1;
    len -= (size_t)(text - line);
    struct binance_message m;
    if (binance_spot_decode(text, len, levels, 10000, &m)) {
        fprintf(stderr, "%s: a line does not decode\n", RECORDING);
        exit(1);
    }
    if (m.kind == BINANCE_PARTIAL_DEPTH)
        apply(&m.depth);
    else if (m.kind == BINANCE_BOOK_TICKER)
        add(&tickers, text, len);
    else if (m.kind == BINANCE_TRADE)
        add(&trades, text, len);
    else if (m.depth.bids + m.depth.asks >= 35 && m.depth.bids + m.depth.asks <= 45)
        add(&depths, text, len);
}

/* ---- ours ---- */

static void ours(const char *text, size_t len)
{
    struct binance_message m;
    if (binance_spot_decode(text, len, levels, 10000, &m))
        abort();
    if (m.kind == BINANCE_BOOK_TICKER)
        top = (struct event_top){m.book_ticker.bid_price, m.book_ticker.bid_qty,
                                 m.book_ticker.ask_price, m.book_ticker.ask_qty};
    else if (m.kind == BINANCE_TRADE)
        last = (struct event_trade){m.trade.price, m.trade.qty, m.trade.id, m.trade.aggressor};
    else
        apply(&m.depth);
}

/* ---- cJSON, with the same exact numbers ---- */

static dec number(const cJSON *o, const char *key)
{
    const cJSON *v = key ? cJSON_GetObjectItemCaseSensitive(o, key) : o;
    dec d;
    if (!cJSON_IsString(v) || dec_parse(v->valuestring, strlen(v->valuestring), &d))
        abort();
    return d;
}

static void cjson_side(struct book_side *s, const cJSON *array)
{
    const cJSON *l;
    cJSON_ArrayForEach(l, array)
        book_side_set(s, number(l->child, NULL), number(l->child->next, NULL));
}

static void with_cjson(const char *text, size_t len)
{
    cJSON *all = cJSON_ParseWithLength(text, len);
    const cJSON *o = cJSON_GetObjectItemCaseSensitive(all, "data");
    const cJSON *e = cJSON_GetObjectItemCaseSensitive(o, "e");
    if (!e) {
        top = (struct event_top){number(o, "b"), number(o, "B"), number(o, "a"), number(o, "A")};
    } else if (strcmp(e->valuestring, "trade") == 0) {
        last = (struct event_trade){
            number(o, "p"), number(o, "q"),
            (uint64_t)cJSON_GetObjectItemCaseSensitive(o, "t")->valuedouble,
            cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(o, "m")) ? SIDE_SELL : SIDE_BUY};
    } else {
        cjson_side(&book.bid, cJSON_GetObjectItemCaseSensitive(o, "b"));
        cjson_side(&book.ask, cJSON_GetObjectItemCaseSensitive(o, "a"));
    }
    cJSON_Delete(all);
}

static void copy_only(const char *text, size_t len)
{
    static char to[1 << 16];
    memcpy(to, text, len);
    __asm__ volatile("" : : "g"(to) : "memory");
}

/* Nanoseconds per message of one pass, of enough messages to be measured. */
static double one_pass(const struct corpus *c, void (*fn)(const char *, size_t), unsigned part)
{
    const unsigned loops = (unsigned)(WORK / part / c->bytes) + 1;
    const int64_t begin = bench_cpu_ns();
    for (unsigned n = 0; n < loops; n++)
        for (unsigned i = 0; i < c->count; i++)
            fn(c->text[i], c->len[i]);
    return (double)(bench_cpu_ns() - begin) / loops / c->count;
}

/* The three take turns, so that a slow moment of the machine is one for all of them. */
static void compare(const struct corpus *c, const char *aim)
{
    double us[ROUNDS], cjson[ROUNDS], copy[ROUNDS];
    for (int r = -1; r < ROUNDS; r++) { /* the first one warms up */
        const int at = r < 0 ? 0 : r;
        us[at] = one_pass(c, ours, 4);
        cjson[at] = one_pass(c, with_cjson, 16);
        copy[at] = one_pass(c, copy_only, 1);
    }
    char name[64];
    snprintf(name, sizeof name, "decode to book: %s", c->name);
    const double ns = bench_median(us, ROUNDS);
    bench_tell(name, ns, "ns", "cJSON", bench_median(cjson, ROUNDS), aim);
    bench_tell(name, ns, "ns", "memcpy", bench_median(copy, ROUNDS), aim);
}

int main(void)
{
    book_init(&book, side_levels, LEVELS);
    each_line(RECORDING, sort_in, NULL);
    compare(&tickers, "<= 250");
    compare(&trades, "<= 250");
    compare(&depths, "<= 2500");
    return book_is_crossed(&book) && top.bid_price.v == last.price.v; /* keeps the results alive */
}
