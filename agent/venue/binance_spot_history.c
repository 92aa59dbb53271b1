/* Binance Spot's klines as history. */
#include "base/check.h"
#include "venue/binance_spot_codec.h"
#include "venue/binance_spot_names.h"
#include "venue/history.h"

#include <string.h>

#define S   INT64_C(1000000000)
#define M   (60 * S)
#define H   (60 * M)
#define DAY (24 * H)

/* Three days, a week and a month are left out: they are not aligned as ours are. */
static const int64_t INTERVAL[] = {S,     M,     3 * M, 5 * M, 15 * M, 30 * M, H,
                                   2 * H, 4 * H, 6 * H, 8 * H, 12 * H, DAY,    0};
static const char *const NAME[] = {"1s", "1m", "3m", "5m", "15m", "30m", "1h",
                                   "2h", "4h", "6h", "8h", "12h", "1d"};

static const char *name_of(int64_t interval_ns)
{
    for (size_t i = 0; INTERVAL[i]; i++)
        if (INTERVAL[i] == interval_ns)
            return NAME[i];
    return NULL;
}

static void put(struct bufw *b, const char *text)
{
    bufw_bytes(b, text, strlen(text));
}

static void put_ms(struct bufw *b, int64_t ns)
{
    char digits[20];
    size_t n = sizeof digits;
    uint64_t ms = ns > 0 ? (uint64_t)ns / 1000000 : 0;
    do
        digits[--n] = (char)('0' + ms % 10);
    while ((ms /= 10) > 0);
    bufw_bytes(b, digits + n, sizeof digits - n);
}

static enum err make_path(const char *symbol, int64_t interval_ns, int64_t from_ns, int64_t to_ns,
                          char out[static HISTORY_PATH_MAX])
{
    char theirs[BINANCE_SYMBOL_MAX];
    enum err err = binance_spot_symbol(symbol, theirs);
    const char *name = name_of(interval_ns);
    if (err)
        return err;
    CHECK(name != NULL && to_ns > from_ns);
    struct bufw b = bufw_make(out, HISTORY_PATH_MAX);
    put(&b, "/api/v3/klines?symbol=");
    put(&b, theirs);
    put(&b, "&interval=");
    put(&b, name);
    put(&b, "&startTime=");
    put_ms(&b, from_ns);
    put(&b, "&endTime=");
    put_ms(&b, to_ns - 1);
    put(&b, "&limit=1000");
    bufw_u8(&b, 0);
    CHECK(!b.failed);
    return ERR_OK;
}

_Static_assert(HISTORY_ROWS_MAX == 1000, "as the path asks for");

static enum err parse(const char *text, size_t len, int64_t interval_ns, struct event_candle *ret,
                      uint32_t cap, uint32_t *ret_count)
{
    struct binance_kline k[HISTORY_ROWS_MAX];
    uint32_t n = 0;
    enum err err = binance_spot_decode_klines(text, len, k,
                                              cap < HISTORY_ROWS_MAX ? cap : HISTORY_ROWS_MAX, &n);
    if (err)
        return err;
    for (uint32_t i = 0; i < n; i++) {
        /* Of that length, on its grid, in order. */
        if (k[i].open_ns % interval_ns != 0 || k[i].close_ns != k[i].open_ns + interval_ns ||
            (i > 0 && k[i].open_ns <= k[i - 1].open_ns))
            return ERR_RANGE;
    }
    for (uint32_t i = 0; i < n; i++)
        ret[i] = (struct event_candle){.open_ns = k[i].open_ns,
                                       .timeframe_ns = interval_ns,
                                       .open = k[i].open,
                                       .high = k[i].high,
                                       .low = k[i].low,
                                       .close = k[i].close,
                                       .volume = k[i].volume,
                                       .empty = k[i].trades == 0};
    *ret_count = n;
    return ERR_OK;
}

const struct history_ops history_binance_spot = {
    .kind = "binance-spot", .interval_ns = INTERVAL, .path = make_path, .parse = parse};
