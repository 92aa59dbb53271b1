/* A journaled run: wherever it is cut off, it recovers to the same books; a journal that says
 * something else than the engine does is found; a changed configuration keeps every coin. */
#include "main/carry.h"
#include "main/journal_setup.h"
#include "main/kinds.h"
#include "main/run.h"

#include "base/rng.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define START INT64_C(1723161255000000000)

static char dir[64], file[128], copy[128];

#define HEAD                                                                                       \
    "[agent]\nname = \"t\"\nmode = \"paper\"\nquote = \"USDT\"\nstate_dir = \"state\"\nseed = 7\n" \
    "[[venue]]\nname = \"binance\"\nkind = \"binance-spot\"\n"                                     \
    "ws_url = \"wss://127.0.0.1:1\"\nrest_url = \"https://127.0.0.1:1\"\n"                         \
    "maker_fee = \"0.001\"\ntaker_fee = \"0.001\"\nfee_asset = \"BNB\"\n"                          \
    "[venue.paper]\nfill_model = \"touch\"\norder_latency = \"50ms\"\nslippage = \"0.0005\"\n"     \
    "balances = { USDT = \"10000\", BTC = \"0.1\", BNB = \"0.01\" }\n"                             \
    "[[instrument]]\nsymbol = \"BTC-USDT\"\nvenue = \"binance\"\ntick_size = \"0.01\"\n"           \
    "lot_size = \"0.00001\"\nmin_qty = \"0.00001\"\nmin_notional = \"5\"\n"                        \
    "[[instrument]]\nsymbol = \"BNB-USDT\"\nvenue = \"binance\"\ntick_size = \"0.01\"\n"           \
    "lot_size = \"0.001\"\nmin_qty = \"0.001\"\nmin_notional = \"5\"\n"
#define GRID                                                                                       \
    "[[strategy]]\nname = \"grid-btc\"\nkind = \"grid\"\nbudget = \"5000\"\n"                      \
    "inventory = \"0.05\"\ninstrument = \"BTC-USDT\"\nlower = \"61000\"\nupper = \"62500\"\n"      \
    "levels = 16\nsize = \"0.002\"\nmin_profit = \"-1\"\n"
#define DCA                                                                                        \
    "[[strategy]]\nname = \"dca-btc\"\nkind = \"dca\"\nbudget = \"1000\"\n"                        \
    "instrument = \"BTC-USDT\"\ninterval = \"7s\"\namount = \"20\"\n"

/* A guard of all that now and then locks entries: cut off within a lock, it goes on. */
#define GUARDS                                                                                     \
    "[guard.agent]\nprofit_trades = 3\nprofit_lookback = \"20s\"\nmin_profit = \"0.3\"\n"          \
    "profit_pause = \"3s\"\n"                                                                      \
    "[[alert]]\nname = \"once\"\nwhen = \"price\"\ninstrument = \"BTC-USDT\"\nabove = 61800\n"     \
    "[[alert]]\nname = \"often\"\nwhen = \"change\"\ninstrument = \"BTC-USDT\"\nwindow = "         \
    "\"10s\"\n"                                                                                    \
    "above = \"0.002\"\nrepeat = \"each_time\"\ncooldown = \"3s\"\n"                               \
    "[[alert]]\nname = \"rsi\"\nwhen = \"rsi\"\ninstrument = \"BTC-USDT\"\ntimeframe = \"2s\"\n"   \
    "periods = 5\nbelow = 40\nrepeat = \"each_time\"\nhysteresis = 5\n"

static const char CONFIG[] = HEAD GRID DCA GUARDS;

static struct config parsed(const char *text)
{
    struct config c;
    struct config_report report = {.line = NULL};
    enum err rc = config_parse(&c, "t.toml", dir, text, strlen(text), program_kinds(), &report);
    if (rc != ERR_OK)
        fail_msg("%s", report.count ? report.line[0] : err_name(rc));
    config_report_clear(&report);
    return c;
}

static struct journal *new_journal(const char *path, const char *text)
{
    struct journal_info info = {.build = "test",
                                .config_name = "t.toml",
                                .config_dir = dir,
                                .config = text,
                                .config_len = strlen(text),
                                .seed = 7};
    struct journal *j = NULL;
    char why[JOURNAL_WHY_MAX];
    unlink(path);
    if (journal_create(&j, path, &info, NULL, why) != ERR_OK)
        fail_msg("%s", why);
    return j;
}

/* ---- a market that is a function of the event's number ---- */

#define INPUTS 1500

struct market {
    struct event ev[INPUTS];
    struct level level[INPUTS][4];
};
static struct market market;

static struct event blank(enum event_kind kind, instrument_id i, int64_t ts)
{
    struct event e;
    memset(&e, 0, sizeof e);
    e.kind = kind;
    e.instrument = i;
    e.ts_event_ns = e.ts_recv_ns = ts;
    return e;
}

static void make_market(void)
{
    struct rng r;
    rng_seed(&r, 99);
    int64_t ts = START, cents = 6175000;
    for (size_t n = 0; n < INPUTS; n++) {
        struct event *e = &market.ev[n];
        ts += (int64_t)rng_below(&r, 200000000);
        cents += (int64_t)rng_below(&r, 10001) - 5000;
        if (cents < 6080000 || cents > 6270000)
            cents = 6175000;
        if (n < 4) { /* both prices first: until all is valued, every order is denied */
            *e = blank(n < 2 ? EVENT_TRADE : EVENT_FEED, (instrument_id)(n % 2), ts);
            if (n < 2)
                e->trade = (struct event_trade){.price = dec_from_i64(n ? 55000 : cents, 2),
                                                .qty = DEC_ONE,
                                                .aggressor = SIDE_BUY};
            else
                e->feed = FEED_LIVE;
        } else if (n % 3 == 0) {
            *e = blank(EVENT_TOP, 0, ts);
            e->top = (struct event_top){dec_from_i64(cents - 1, 2), DEC_ONE, dec_from_i64(cents, 2),
                                        DEC_ONE};
        } else if (n % 7 == 0) {
            *e = blank(EVENT_BOOK, 0, ts);
            for (int k = 0; k < 4; k++)
                market.level[n][k] =
                    (struct level){dec_from_i64(k < 2 ? cents - 1 - k : cents + k, 2), DEC_ONE};
            e->book = (struct event_book){.snapshot = true,
                                          .bids = 2,
                                          .asks = 2,
                                          .bid = market.level[n],
                                          .ask = market.level[n] + 2,
                                          .last_update_id = n};
        } else if (n % 501 == 500) {
            *e = blank(EVENT_COMMAND, INSTRUMENT_NONE, ts);
            e->command.kind = n == 500 ? COMMAND_PAUSE : COMMAND_RESUME;
            e->command.strategy = 0;
        } else {
            *e = blank(EVENT_TRADE, 0, ts);
            e->trade = (struct event_trade){.price = dec_from_i64(cents, 2),
                                            .qty = dec_from_i64(1 + (int64_t)rng_below(&r, 50), 3),
                                            .trade_id = n,
                                            .aggressor = rng_below(&r, 2) ? SIDE_BUY : SIDE_SELL};
        }
    }
}

/* Input n, and now and then time without an event. */
static unsigned locked; /* inputs behind which entries were locked */

static enum err feed(struct run *r, size_t n)
{
    enum err rc = run_event(r, &market.ev[n]);
    locked += engine_guard(paper_engine(run_paper(r)), STRATEGY_NONE, NULL) != REASON_NONE;
    if (rc == ERR_OK && n % 5 == 4)
        rc = run_advance(r, market.ev[n].ts_event_ns + 60000000);
    return rc;
}

struct books {
    dec account[3], usdt, btc, cost, realized;
    uint64_t orders, fills;
    uint32_t open;
    enum reason locked_by;
    int64_t locked_until_ns;
    struct engine_alert alert[3];
};

static struct books books_of(const struct run *r)
{
    struct paper *p = run_paper(r);
    struct engine *e = paper_engine(p);
    const struct setup *s = engine_setup(e);
    struct books b;
    memset(&b, 0, sizeof b);
    venue_id v;
    asset_id a;
    dec x, y;
    assert_true(paper_books_balance(p, &v, &a, &x, &y));
    for (asset_id i = 0; i < 3; i++)
        b.account[i] = matching_balance(paper_matching(p), 0, i);
    b.usdt = engine_balance(e, 0, 0, setup_find_asset(s, "USDT"));
    b.btc = engine_position(e, 0, 0, &b.cost, &b.realized);
    struct engine_totals t;
    engine_totals(e, STRATEGY_NONE, &t);
    b.orders = t.orders;
    b.fills = t.fills;
    b.open = engine_open_orders(e);
    for (uint32_t i = 0; i < 3 && i < s->alerts; i++) {
        struct engine_alert is;
        engine_alert(e, i, &is);
        b.alert[i].state = is.state; /* one by one: books are compared with their padding */
        b.alert[i].known = is.known;
        b.alert[i].value = is.value;
        b.alert[i].fired = is.fired;
        b.alert[i].fired_ns = is.fired_ns;
    }
    b.locked_by = engine_guard(e, STRATEGY_NONE, &b.locked_until_ns);
    return b;
}

static struct run *opened(const struct setup *s)
{
    struct run *r = NULL;
    assert_int_equal(run_open(&r, s, NULL, NULL), ERR_OK);
    return r;
}

static struct journal_reader *reader(const char *path, bool writable)
{
    struct journal_reader *r = NULL;
    char why[JOURNAL_WHY_MAX];
    if (journal_read_open(&r, path, writable, why) != ERR_OK)
        fail_msg("%s", why);
    return r;
}

static struct books expect;

static void record_all(void **state)
{
    (void)state;
    struct config c = parsed(CONFIG);
    struct run *r = opened(c.setup);
    run_record(r, new_journal(file, CONFIG));
    assert_int_equal(run_started(r, START, 1, "test"), ERR_OK);
    for (size_t n = 0; n < INPUTS; n++)
        if (feed(r, n) != ERR_OK)
            fail_msg("input %zu: %s", n, run_why(r));
    expect = books_of(r);
    fprintf(stderr, "# %llu orders, %llu fills, %u open, locked behind %u of %d inputs\n",
            (unsigned long long)expect.orders, (unsigned long long)expect.fills,
            (unsigned)expect.open, locked, INPUTS);
    assert_true(locked > 20);
    assert_int_equal(expect.alert[0].fired, 1);
    assert_true(expect.alert[1].fired > 3 && expect.alert[2].fired > 3);
    assert_true(expect.fills > 40); /* or the test would prove little */
    assert_true(expect.open > 0);
    assert_int_equal(run_stopped(r, START, true, "the end"), ERR_OK);
    assert_int_equal(run_finish(r), ERR_OK);
    run_close(r);
    config_close(&c);
}

static void replay_is_equal(void **state)
{
    (void)state;
    char why[JOURNAL_SETUP_WHY_MAX] = "";
    struct config c;
    if (journal_setup_read(&c, file, why) != ERR_OK)
        fail_msg("%s", why);
    struct run *r = opened(c.setup);
    struct journal_reader *in = reader(file, false);
    if (run_verify(r, in) != ERR_OK)
        fail_msg("%s", run_why(r));
    struct books b = books_of(r);
    assert_memory_equal(&b, &expect, sizeof b);
    assert_int_equal(run_counts(r)->inputs, INPUTS);
    assert_int_equal(run_counts(r)->runs, 1);
    assert_int_equal(run_counts(r)->restored, 0);
    assert_true(run_counts(r)->events > 100 && run_counts(r)->effects > 100);
    journal_read_close(in);
    run_close(r);
    config_close(&c);
}

/* In many segments all is as in one; each begins with the opening balances. */
static void in_segments(void **state)
{
    (void)state;
    struct config c = parsed(CONFIG);
    struct run *r = opened(c.setup);
    char why[JOURNAL_WHY_MAX], path[JOURNAL_NAME_MAX];
    uint8_t payload[4096];
    struct bufw w = bufw_make(payload, sizeof payload);
    carry_write_opening(c.setup, 3, &w);
    const struct journal_setup js = {.segment_kib = 16, .segment_age_ns = INT64_C(1) << 60};
    run_record(r, new_journal(copy, CONFIG));
    assert_int_equal(run_opening(r, payload, w.len), ERR_OK);
    assert_int_equal(run_segments(r, &js, why), ERR_OK);
    for (size_t n = 0; n < INPUTS; n++)
        if (feed(r, n) != ERR_OK)
            fail_msg("input %zu: %s", n, run_why(r));
    struct books b = books_of(r);
    assert_memory_equal(&b, &expect, sizeof b);
    assert_int_equal(run_finish(r), ERR_OK);
    run_close(r);

    uint32_t first, last;
    assert_int_equal(journal_segments(copy, &first, &last), ERR_OK);
    assert_true(first == 1 && last > 10);
    r = opened(c.setup);
    struct journal_reader *in = reader(copy, false);
    if (run_verify(r, in) != ERR_OK)
        fail_msg("%s", run_why(r));
    assert_int_equal(journal_read_segment(in), last);
    b = books_of(r);
    assert_memory_equal(&b, &expect, sizeof b);
    journal_read_close(in);
    run_close(r);
    config_close(&c);
    for (uint32_t n = 1; n <= last; n++) {
        assert_true(journal_segment_path(copy, n, path));
        if (n > 1) {
            struct journal_record rec;
            in = reader(path, false);
            assert_int_equal(journal_read_next(in, &rec), ERR_OK);
            assert_int_equal(rec.type, JOURNAL_OPENING);
            assert_int_equal(rec.len, w.len);
            assert_memory_equal(rec.payload, payload, w.len);
            journal_read_close(in);
        }
    }
    for (uint32_t n = 1; n <= last; n++)
        if (journal_segment_path(copy, n, path))
            unlink(path);
}

static uint8_t *slurp(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    fseek(f, 0, SEEK_END);
    *len = (size_t)ftell(f);
    rewind(f);
    uint8_t *p = malloc(*len + 1);
    assert_non_null(p);
    assert_int_equal(fread(p, 1, *len, f), *len);
    fclose(f);
    return p;
}

static void spill(const char *path, const uint8_t *p, size_t len)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, len, f), len);
    fclose(f);
}

/* Cut off anywhere, recovered, and given the rest of the inputs: the same books, and a journal that
 * replays. */
static void cut_off_anywhere(void **state)
{
    (void)state;
    const char *text = getenv("TRADEWIND_SEED");
    uint64_t seed = text ? strtoull(text, NULL, 10) : 4711;
    fprintf(stderr, "# TRADEWIND_SEED=%llu\n", (unsigned long long)seed);
    struct rng rng;
    rng_seed(&rng, seed);
    struct config c = parsed(CONFIG);
    size_t len;
    uint8_t *bytes = slurp(file, &len);
    for (int round = 0; round < 40; round++) {
        size_t cut = 4000 + rng_below(&rng, len - 4000);
        spill(copy, bytes, cut);
        struct run *r = opened(c.setup);
        if (run_recover(r, reader(copy, true)) != ERR_OK)
            fail_msg("cut at %zu: %s", cut, run_why(r));
        /* An advance that was lost behind the last input is made up for. */
        size_t n = run_counts(r)->inputs;
        if (n && (n - 1) % 5 == 4)
            assert_int_equal(run_advance(r, market.ev[n - 1].ts_event_ns + 60000000), ERR_OK);
        for (; n < INPUTS; n++)
            assert_int_equal(feed(r, n), ERR_OK);
        struct books b = books_of(r);
        if (memcmp(&b, &expect, sizeof b) != 0)
            fail_msg("cut at %zu: other books: %llu fills, %u open", cut,
                     (unsigned long long)b.fills, (unsigned)b.open);
        assert_int_equal(run_finish(r), ERR_OK);
        run_close(r);

        r = opened(c.setup);
        struct journal_reader *in = reader(copy, false);
        if (run_verify(r, in) != ERR_OK)
            fail_msg("cut at %zu, then replayed: %s", cut, run_why(r));
        assert_int_equal(run_counts(r)->restored, 0);
        assert_int_equal(journal_read_torn(in), 0);
        journal_read_close(in);
        run_close(r);
    }
    free(bytes);
    config_close(&c);
}

/* A journal that is whole, but whose effects are not those of the engine. */
static void differences_are_found(void **state)
{
    (void)state;
    struct config c = parsed(CONFIG);
    for (int kind = 0; kind < 3; kind++) {
        struct journal_reader *in = reader(file, false);
        struct journal *j = new_journal(copy, CONFIG);
        struct journal_record rec;
        unsigned submits = 0;
        while (journal_read_next(in, &rec) == ERR_OK) {
            bool hit =
                rec.type == JOURNAL_EFFECT && rec.payload[0] == EFFECT_SUBMIT && ++submits == 9;
            if (hit && kind == 0)
                continue; /* left out */
            struct bufw *w = journal_begin(j, rec.type);
            bufw_bytes(w, rec.payload, rec.len);
            if (hit && kind == 1)
                w->data[w->len - 1] ^= 1; /* one bit of the last field */
            assert_int_equal(journal_end(j), ERR_OK);
            if (hit && kind == 2) { /* twice */
                bufw_bytes(journal_begin(j, rec.type), rec.payload, rec.len);
                assert_int_equal(journal_end(j), ERR_OK);
            }
        }
        journal_read_close(in);
        assert_int_equal(journal_close(j), ERR_OK);
        struct run *r = opened(c.setup);
        in = reader(copy, false);
        assert_int_equal(run_verify(r, in), ERR_CORRUPT);
        assert_int_equal(run_trouble(r), RUN_DIFFERS);
        assert_non_null(strstr(run_why(r), "differs"));
        assert_non_null(strstr(run_why(r), "the journal has:"));
        journal_read_close(in);
        run_close(r);
    }
    config_close(&c);
}

static int fail_after;
static ssize_t write_until(int fd, const void *data, size_t len)
{
    if (fail_after-- > 0)
        return write(fd, data, len);
    return -1;
}
static int sync_ok(int fd)
{
    (void)fd;
    return 0;
}

/* When the journal cannot be written, nothing is acted upon any more. */
static void failed_journal_stops(void **state)
{
    (void)state;
    static const struct journal_os os = {.write = write_until, .fdatasync = sync_ok};
    struct config c = parsed(CONFIG);
    struct run *r = opened(c.setup);
    struct journal_info info = {.build = "test",
                                .config_name = "t",
                                .config_dir = dir,
                                .config = CONFIG,
                                .config_len = strlen(CONFIG)};
    struct journal *j = NULL;
    char why[JOURNAL_WHY_MAX];
    unlink(copy);
    fail_after = 20;
    assert_int_equal(journal_create(&j, copy, &info, &os, why), ERR_OK);
    run_record(r, j);
    enum err rc = ERR_OK;
    size_t n = 0;
    while (rc == ERR_OK && n < INPUTS)
        rc = feed(r, n++);
    assert_int_equal(rc, ERR_IO);
    assert_int_equal(run_trouble(r), RUN_JOURNAL);
    assert_non_null(strstr(run_why(r), "cannot write"));
    struct books b = books_of(r);
    fail_after = 1000; /* the disk is well again: too late */
    assert_int_equal(run_event(r, &market.ev[n]), ERR_STATE);
    assert_int_equal(run_advance(r, INT64_MAX), ERR_STATE);
    assert_int_equal(run_turn(r, 1, START), ERR_STATE);
    struct books after = books_of(r);
    assert_memory_equal(&b, &after, sizeof b);
    run_close(r);
    config_close(&c);
}

/* The engine cannot go on: the journal ends with what it failed at, a replay ends there again, and
 * the account can still be carried over. */
static void engine_failure_is_final(void **state)
{
    (void)state;
    struct config c = parsed(CONFIG);
    struct run *r = opened(c.setup);
    run_record(r, new_journal(copy, CONFIG));
    for (size_t n = 0; n < 300; n++)
        assert_int_equal(feed(r, n), ERR_OK);
    struct books b = books_of(r);
    struct event impossible = market.ev[300];
    impossible.instrument = 9;
    assert_int_equal(run_event(r, &impossible), ERR_RANGE);
    assert_int_equal(run_trouble(r), RUN_ENGINE);
    assert_non_null(strstr(run_why(r), "could not go on after record"));
    assert_int_equal(run_event(r, &market.ev[301]), ERR_STATE);
    assert_int_equal(run_stopped(r, START, false, run_why(r)), ERR_OK);
    run_close(r);

    r = opened(c.setup);
    assert_int_equal(run_recover(r, reader(copy, true)), ERR_RANGE);
    assert_int_equal(run_trouble(r), RUN_ENGINE);
    run_close(r);

    static struct carried after;
    char text[CARRY_WHY_MAX];
    struct journal_reader *in = reader(copy, false);
    assert_int_equal(carry_scan(&after, c.setup, 1, in, text), ERR_OK);
    journal_read_close(in);
    for (asset_id a = 0; a < 3; a++)
        assert_true(dec_eq(after.account[0][a], b.account[a]));
    config_close(&c);
}

/* The commands, then the end: what the run after begins with. */
static void assert_below(const enum command_kind *said, int count, enum trading_state below)
{
    struct config c = parsed(CONFIG);
    struct run *r = opened(c.setup);
    run_record(r, new_journal(copy, CONFIG));
    for (size_t n = 0; n < 100; n++)
        assert_int_equal(feed(r, n), ERR_OK);
    for (int i = 0; i < count; i++) {
        struct event ev = blank(EVENT_COMMAND, INSTRUMENT_NONE, market.ev[100].ts_event_ns);
        ev.command = (struct event_command){.kind = said[i], .strategy = STRATEGY_NONE};
        assert_int_equal(run_event(r, &ev), ERR_OK);
    }
    assert_int_equal(run_stopped(r, START, true, "the end"), ERR_OK);
    run_close(r);
    static struct carried after;
    char text[CARRY_WHY_MAX];
    struct journal_reader *in = reader(copy, false);
    assert_int_equal(carry_scan(&after, c.setup, 1, in, text), ERR_OK);
    journal_read_close(in);
    assert_int_equal(after.agent, STATE_HALTED);
    assert_int_equal(after.agent_below, below);
    config_close(&c);
}

/* A halt of an agent that was REDUCING leads back to that, also in the run after; and so does one
 * under which it was told to be: that is no change of its state, and makes no effect. */
static void what_lies_under_a_halt_is_carried_too(void **state)
{
    (void)state;
    static const enum command_kind SAID[] = {COMMAND_STOPENTRY, COMMAND_HALT, COMMAND_STOPENTRY,
                                             COMMAND_RESUME, COMMAND_PAUSE};
    assert_below(SAID, 2, STATE_REDUCING);
    assert_below(SAID + 1, 1, STATE_ACTIVE);
    assert_below(SAID + 1, 2, STATE_REDUCING);
    assert_below(SAID + 1, 3, STATE_ACTIVE);
    assert_below(SAID + 1, 4, STATE_REDUCING);
}

/* ---- carrying over ---- */

static struct carried carried;
static struct carry_notes notes;
static char why[CARRY_WHY_MAX];

static struct config scanned(void)
{
    struct config old;
    char text[JOURNAL_SETUP_WHY_MAX];
    if (journal_setup_read(&old, file, text) != ERR_OK)
        fail_msg("%s", text);
    struct journal_reader *in = reader(file, false);
    if (carry_scan(&carried, old.setup, 1, in, why) != ERR_OK)
        fail_msg("%s", why);
    journal_read_close(in);
    return old;
}

static bool noted(const char *text)
{
    for (uint32_t i = 0; i < notes.count; i++)
        if (strstr(notes.line[i], text))
            return true;
    for (uint32_t i = 0; i < notes.count; i++)
        fprintf(stderr, "# %s\n", notes.line[i]);
    return false;
}

static void account_from_fills_is_the_engines(void **state)
{
    (void)state;
    struct config old = scanned();
    for (asset_id a = 0; a < 3; a++)
        assert_true(dec_eq(carried.account[0][a], expect.account[a]));
    assert_true(dec_eq(carried.held[0][1].amount, expect.usdt));
    assert_int_equal(carried.open_orders, expect.open);
    assert_int_equal(carried.agent, STATE_ACTIVE);
    config_close(&old);
}

static dec total_of(const struct setup *s, const char *asset)
{
    dec sum = DEC_ZERO;
    for (uint32_t i = 0; i < s->balances; i++)
        if (s->balance[i].asset == setup_find_asset(s, asset))
            assert_true(dec_add(sum, s->balance[i].amount, &sum));
    return sum;
}

static void changed_parameters_keep_holdings(void **state)
{
    (void)state;
    struct config old = scanned();
    struct config new = parsed(HEAD "[[strategy]]\nname = \"grid-btc\"\nkind = \"grid\"\n"
                                    "budget = \"10\"\ninventory = \"0.05\"\n"
                                    "instrument = \"BTC-USDT\"\nlower = \"60000\"\n"
                                    "upper = \"62500\"\nlevels = 6\nsize = \"0.002\"\n");
    struct setup *s = new.setup;
    if (carry_place(&carried, s, &notes, why) != ERR_OK)
        fail_msg("%s", why);
    assert_true(dec_eq(s->strategy[0].budget, expect.usdt));
    assert_true(dec_eq(total_of(s, "USDT"), expect.account[setup_find_asset(old.setup, "USDT")]));
    assert_true(dec_eq(total_of(s, "BTC"), expect.account[setup_find_asset(old.setup, "BTC")]));
    assert_true(dec_eq(total_of(s, "BNB"), expect.account[setup_find_asset(old.setup, "BNB")]));
    assert_true(noted("strategy grid-btc goes on with"));
    assert_true(noted("count at a fresh start only"));
    assert_true(noted("strategy dca-btc on BTC-USDT is no longer configured"));

    /* The opening goes through the record, and the next run starts from it. */
    uint8_t bytes[4096];
    struct bufw w = bufw_make(bytes, sizeof bytes);
    carry_write_opening(s, 1, &w);
    struct config again = parsed(HEAD GRID);
    assert_int_equal(carry_apply_opening(again.setup, bytes, w.len, why), ERR_OK);
    assert_int_equal(again.setup->balances, s->balances);
    for (uint32_t i = 0; i < s->balances; i++) {
        assert_int_equal(again.setup->balance[i].asset, s->balance[i].asset);
        assert_true(dec_eq(again.setup->balance[i].amount, s->balance[i].amount));
    }
    assert_true(dec_eq(again.setup->strategy[0].budget, expect.usdt));
    struct run *r = opened(again.setup);
    struct books b = books_of(r);
    for (asset_id a = 0; a < 3; a++)
        assert_true(dec_eq(b.account[a], total_of(s, s->asset[a])));
    run_close(r);
    for (size_t n = 0; n < w.len; n++) /* nothing shorter is accepted */
        assert_int_equal(carry_apply_opening(again.setup, bytes, n, why), ERR_SYNTAX);
    config_close(&again);
    config_close(&new);
    config_close(&old);
}

static void what_has_no_place_is_refused(void **state)
{
    (void)state;
    struct config old = scanned();
    /* Nothing there values BNB, of which a fee's rest is held. */
    struct config new =
        parsed("[agent]\nname = \"t\"\nmode = \"paper\"\nquote = \"USDT\"\nstate_dir = \"s\"\n"
               "[[venue]]\nname = \"binance\"\nkind = \"binance-spot\"\n"
               "ws_url = \"wss://127.0.0.1:1\"\nrest_url = \"https://127.0.0.1:1\"\n"
               "maker_fee = \"0.001\"\ntaker_fee = \"0.001\"\n"
               "[venue.paper]\nbalances = { USDT = \"10000\" }\n"
               "[[instrument]]\nsymbol = \"BTC-USDT\"\nvenue = \"binance\"\n");
    assert_false(dec_is_zero(expect.account[setup_find_asset(old.setup, "BNB")]));
    assert_int_equal(carry_place(&carried, new.setup, &notes, why), ERR_RANGE);
    assert_non_null(strstr(why, " BNB on binance"));
    config_close(&new);

    /* A new strategy that wants more than is left, whatever balances the file promises now. */
    static const char *const BUDGET[] = {"4000", "4000.00000001"};
    for (int k = 0; k < 2; k++) {
        char text[8192], *at;
        snprintf(text, sizeof text,
                 "%s[[strategy]]\nname = \"more\"\nkind = \"dca\"\nbudget = \"%s\"\n"
                 "instrument = \"BTC-USDT\"\ninterval = \"7s\"\namount = \"20\"\n",
                 CONFIG, BUDGET[k]);
        at = strstr(text, "USDT = \"10000\"");
        assert_non_null(at);
        memcpy(at, "USDT = \"90000\"", 14);
        new = parsed(text);
        assert_int_equal(carry_place(&carried, new.setup, &notes, why), k ? ERR_RANGE : ERR_OK);
        if (k)
            assert_non_null(strstr(why, "strategy more wants 4000.00000001 USDT on binance"));
        config_close(&new);
    }
    config_close(&old);
}

static int make(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/tw-run-XXXXXX");
    if (sodium_init() < 0 || !mkdtemp(dir))
        return -1;
    snprintf(file, sizeof file, "%s/journal-0001.twj", dir);
    snprintf(copy, sizeof copy, "%s/copy.twj", dir);
    make_market();
    return 0;
}

static int clean(void **state)
{
    (void)state;
    unlink(file);
    unlink(copy);
    return rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(record_all),
        cmocka_unit_test(replay_is_equal),
        cmocka_unit_test(in_segments),
        cmocka_unit_test(cut_off_anywhere),
        cmocka_unit_test(differences_are_found),
        cmocka_unit_test(failed_journal_stops),
        cmocka_unit_test(engine_failure_is_final),
        cmocka_unit_test(what_lies_under_a_halt_is_carried_too),
        cmocka_unit_test(account_from_fills_is_the_engines),
        cmocka_unit_test(changed_parameters_keep_holdings),
        cmocka_unit_test(what_has_no_place_is_refused),
    };
    return cmocka_run_group_tests_name("run", tests, make, clean);
}
