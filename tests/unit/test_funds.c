/* What strategies have at the start on several venues: [strategy.funds], the ledger's opening, and
 * carrying it over to a changed configuration. */
#include "config_fixture.h"
#include "world.h"

#include "io/journal.h"
#include "main/carry.h"
#include "model/effect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define BOTH                                                                                       \
    AGENT VENUE PAPER "[[venue]]\nname = \"two\"\nkind = \"other-spot\"\nmaker_fee=0\n"            \
                      "taker_fee=0\n[venue.paper]\n"                                               \
                      "balances = { USDT = 10, BTC = 2, ETH = 3 }\n" INSTRUMENT                    \
                      "[[instrument]]\nsymbol = \"BTC-USDT\"\nvenue = \"two\"\n"                   \
                      "[[instrument]]\nsymbol = \"ETH-USDT\"\nvenue = \"two\"\n"
#define PAIR                                                                                       \
    "[[strategy]]\nname = \"s\"\nkind = \"tester\"\ninstrument = \"BTC-USDT@binance\"\n"           \
    "other = \"BTC-USDT@two\"\n"

/* ---- the configuration ---- */

static dec had(const struct setup *s, strategy_id id, const char *venue, const char *asset)
{
    struct allotment a[STRATEGY_ASSETS_MAX];
    uint32_t n = setup_allotments(s, id, a);
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(s->venue[a[i].venue].name, venue) == 0 &&
            strcmp(s->asset[a[i].asset], asset) == 0)
            return a[i].amount;
    fail_msg("no %s on %s", asset, venue);
    return DEC_ZERO;
}

static void funds_of_two_venues(void **state)
{
    (void)state;
    static const char *const FORM[] = {
        "[strategy.funds]\nbinance = { USDT = \"5000\", BTC = 0.1 }\ntwo = { USDT = 7, BTC = 2 }\n",
        "funds = { binance.USDT = 5000, binance.BTC = \"0.1\", two.USDT = 7, two.BTC = 2 }\n",
        "budget = 5000\ninventory = 0.1\nfunds.two = { USDT = 7, BTC = 2 }\n",
        ("budget = 5000\n[strategy.funds.two]\nUSDT = 7\nBTC = 2\n[strategy.funds.binance]\n"
         "BTC = 0.1\n")};
    for (int k = 0; k < 4; k++) {
        struct config c = fixture_good(fixture_with(BOTH PAIR, FORM[k], ""));
        fixture_assert_dec(had(c.setup, 0, "binance", "USDT"), "5000");
        fixture_assert_dec(had(c.setup, 0, "binance", "BTC"), "0.1");
        fixture_assert_dec(had(c.setup, 0, "two", "USDT"), "7");
        fixture_assert_dec(had(c.setup, 0, "two", "BTC"), "2");
        fixture_assert_dec(c.setup->strategy[0].budget, "5000"); /* the same thing */
        fixture_assert_dec(c.setup->strategy[0].inventory, "0.1");
        assert_int_equal(c.setup->strategy[0].funds, 2);
        config_close(&c);
    }
}

static void funds_that_are_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *text, *line;
    } BAD[] = {
        {"funds = 5", "32:9: strategy.funds: wrong type; allowed: a table, written "
                      "[strategy.funds]"},
        {"funds = { three = { USDT = 1 } }",
         "32:11: strategy.funds.three: there is no [[venue]] of that name"},
        {"funds = { tow = { USDT = 1 } }",
         "32:11: strategy.funds.tow: there is no [[venue]] of that name; did you mean \"two\"?"},
        {"funds = { two = 1 }", "32:17: strategy.funds.two: wrong type; allowed: a table, written "
                                "[strategy.funds.two]"},
        {"funds = { two.USDT = -1 }",
         "32:22: strategy.funds.two.USDT: \"-1\" is out of range; allowed: a decimal from 0"},
        {"funds = { two.ETH = 1 }",
         "32:15: strategy.funds.two.ETH: the strategy trades no such asset on this venue; allowed: "
         "BTC, USDT"},
        {"funds = { two.DOGE = 1 }",
         "32:15: strategy.funds.two.DOGE: the strategy trades no such asset on this venue; "
         "allowed: BTC, USDT"},
        {"budget = 0\nfunds = { binance.USDT = 1 }",
         "33:19: strategy.funds.binance.USDT: is given as strategy.budget already; allowed: once"},
        {"inventory = 0.1\nfunds = { binance.BTC = 0.1 }",
         "33:19: strategy.funds.binance.BTC: is given as strategy.inventory already; allowed: "
         "once"},
        {"funds = { two.USDT = \"10.000000000000000001\" }",
         "32:22: strategy.funds.two.USDT: 10.000000000000000001 USDT is more than the opening "
         "balance on venue two has left (10 of 10); allowed: at most 10, or a larger "
         "venue.paper.balances.USDT"},
        {"funds = { binance.USDT = 10001 }",
         "32:26: strategy.funds.binance.USDT: 10001 USDT is more than the opening balance on venue "
         "binance has left (10000 of 10000); allowed: at most 10000, or a larger "
         "venue.paper.balances.USDT"},
    };
    for (size_t k = 0; k < sizeof BAD / sizeof BAD[0]; k++)
        fixture_bad(fixture_with(BOTH PAIR, BAD[k].text, ""), BAD[k].line);
    fixture_bad_part(fixture_with(BOTH "[[strategy]]\nname = \"t\"\nkind = \"loner\"\n",
                                  "funds = { two.USDT = 1 }", ""),
                     "strategy.funds: the strategy names no instrument");
    /* Two strategies share a balance. */
    fixture_is_good(fixture_with(BOTH PAIR, "funds = { two.USDT = 4 }",
                                 "[[strategy]]\nname = \"t\"\nkind = \"tester\"\n"
                                 "instrument = \"ETH-USDT\"\nbudget = 6\n"));
    fixture_bad_part(fixture_with(BOTH PAIR, "funds = { two.USDT = 4 }",
                                  "[[strategy]]\nname = \"t\"\nkind = \"tester\"\n"
                                  "instrument = \"ETH-USDT\"\nbudget = 6.1\n"),
                     "strategy.budget: 6.1 USDT is more than the opening balance on venue two has "
                     "left (6 of 10)");
}

/* ---- the engine's books ---- */

static struct world w;

/* A probe on BTC-USDT@sim and BTC-USDT@far, with 1000 USDT and 0.1 BTC here, 500 and 0.2 there. */
static void open_two(void)
{
    world_open(&w);
    venue_id far = world_venue(&w, "far", "0.002");
    instrument_id other = world_instrument_at(&w, far, "BTC-USDT", "BTC", "USDT");
    world_balance(&w, far, "USDT", "500");
    world_balance(&w, far, "BTC", "0.3");
    struct strategy_setup *ss = world_strategy(&w, "p", &strategy_probe, "1000", "0.1");
    ss->instrument[ss->instruments++] = other;
    world_fund(&w, 0, far, "USDT", "500");
    world_fund(&w, 0, far, "BTC", "0.2");
    world_start(&w);
}

static void assert_dec(dec d, const char *text)
{
    fixture_assert_dec(d, text);
}

static void the_ledger_opens_with_funds_on_both_venues(void **state)
{
    (void)state;
    open_two();
    asset_id usdt = setup_find_asset(w.setup, "USDT"), btc = setup_find_asset(w.setup, "BTC");
    assert_dec(engine_balance(w.engine, 0, 0, usdt), "1000");
    assert_dec(engine_balance(w.engine, 0, 0, btc), "0.1");
    assert_dec(engine_balance(w.engine, 0, 1, usdt), "500");
    assert_dec(engine_balance(w.engine, 0, 1, btc), "0.2");
    assert_dec(engine_balance(w.engine, STRATEGY_NONE, 1, btc), "0.1");
    dec cost, realized;
    world_trade(&w, "50000", "1");
    assert_dec(engine_position(w.engine, 0, 0, &cost, &realized), "0.1");
    assert_dec(engine_position(w.engine, 0, 1, &cost, &realized), "0"); /* waits for its own mark */
    world_step(&w, &(struct event){.kind = EVENT_TRADE,
                                   .venue = 1,
                                   .instrument = 1,
                                   .trade = {D("50100"), D("1"), 0, SIDE_BUY}});
    assert_dec(engine_position(w.engine, 0, 1, &cost, &realized), "0.2");
    assert_dec(cost, "10020");
    struct engine_totals t;
    world_advance(&w, 60 * SECOND);
    world_trade(&w, "50000", "1");
    engine_totals(w.engine, 0, &t);
    assert_dec(t.equity, "16520"); /* 1000 + 5000 + 500 + 0.2 x 50100 */
    world_close(&w);
}

/* Each venue's orders are paid from what the strategy has there. */
static void the_budget_is_per_venue(void **state)
{
    (void)state;
    static const struct {
        enum side side;
        const char *qty;
        bool ok;
    } CASE[] = {{SIDE_BUY, "0.01", true},
                {SIDE_BUY, "0.01001", false}, /* 500 of its 500 USDT there, not its 1000 here */
                {SIDE_SELL, "0.2", true},
                {SIDE_SELL, "0.20001", false}};
    for (int k = 0; k < 4; k++) {
        open_two();
        for (instrument_id i = 0; i < 2; i++)
            world_step(&w, &(struct event){.kind = EVENT_TRADE,
                                           .venue = (venue_id)i,
                                           .instrument = i,
                                           .trade = {D("50000"), D("1"), 0, SIDE_BUY}});
        probe_request[0] = probe_limit(CASE[k].side, "50000", CASE[k].qty);
        probe_request[0].instrument = 1;
        probe_requests = 1;
        world_trade(&w, "50000", "1");
        const struct effect *sent = world_effect(&w, EFFECT_SUBMIT, 0);
        const struct effect *denied = world_effect(&w, EFFECT_DENIED, 0);
        assert_true(CASE[k].ok ? sent && !denied : denied && !sent);
        if (denied)
            assert_int_equal(denied->denied.denial.reason, REASON_BUDGET);
        world_close(&w);
    }
}

/* ---- carrying over ---- */

static char dir[64], file[128], why[CARRY_WHY_MAX];
static struct carried carried;
static struct carry_notes notes;

#define FUNDED BOTH PAIR "budget = 5000\nfunds = { two = { USDT = 10, BTC = 1 } }\n"

static void put(struct journal *j, const struct effect *fx)
{
    effect_encode(fx, journal_begin(j, JOURNAL_EFFECT));
    assert_int_equal(journal_end(j), ERR_OK);
}

/* 0.5 BTC sold on "two" for 20000 with a fee of 20; the books as the engine would tell them. */
static void write_journal(const struct setup *s, const char *quote_after)
{
    struct journal_info info = {.build = "test",
                                .config_name = "t.toml",
                                .config_dir = "dir",
                                .config = FUNDED,
                                .config_len = sizeof FUNDED - 1};
    struct journal *j = NULL;
    unlink(file);
    assert_int_equal(journal_create(&j, file, &info, NULL, why), ERR_OK);
    struct effect fx = {.kind = EFFECT_FILL,
                        .fill = {.id = 1,
                                 .req = {.instrument = 1,
                                         .side = SIDE_SELL,
                                         .type = ORDER_LIMIT,
                                         .tif = TIF_IOC,
                                         .price = D("40000"),
                                         .qty = D("0.5")},
                                 .fill_id = 1,
                                 .price = D("40000"),
                                 .qty = D("0.5"),
                                 .fee = D("20"),
                                 .fee_asset = setup_find_asset(s, "USDT"),
                                 .liquidity = LIQUIDITY_TAKER}};
    put(j, &fx);
    fx = (struct effect){.kind = EFFECT_LEDGER,
                         .ledger = {.instrument = 1, .base = D("0.5"), .quote = D(quote_after)}};
    put(j, &fx);
    assert_int_equal(journal_close(j), ERR_OK);
}

static enum err scan(const struct setup *s)
{
    struct journal_reader *in = NULL;
    assert_int_equal(journal_read_open(&in, file, false, why), ERR_OK);
    enum err rc = carry_scan(&carried, s, 1, in, why);
    journal_read_close(in);
    return rc;
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

static void holdings_on_both_venues_are_carried(void **state)
{
    (void)state;
    struct config old = fixture_good(FUNDED);
    write_journal(old.setup, "19990");
    if (scan(old.setup) != ERR_OK)
        fail_msg("%s", why);
    struct config new = fixture_good(
        fixture_with(BOTH PAIR, "budget = 1\nfunds = { two = { USDT = 3, BTC = 2 } }", ""));
    struct setup *s = new.setup;
    assert_int_equal(carry_place(&carried, s, &notes, why), ERR_OK);
    assert_dec(had(s, 0, "binance", "USDT"), "5000");
    assert_dec(had(s, 0, "binance", "BTC"), "0");
    assert_dec(had(s, 0, "two", "USDT"), "19990");
    assert_dec(had(s, 0, "two", "BTC"), "0.5");
    assert_true(
        noted("strategy s: budget, inventory and funds in the file count at a fresh start"));
    assert_true(noted("strategy s goes on with 5000 USDT on binance, 0.5 BTC on two, 19990 USDT on "
                      "two"));

    /* Through the record of the opening, whole or not at all. */
    uint8_t bytes[4096];
    struct bufw out = bufw_make(bytes, sizeof bytes);
    carry_write_opening(s, 1, &out);
    struct config again = fixture_good(
        fixture_with(BOTH PAIR, "budget = 7\ninventory = 0.1\nfunds = { two = { USDT = 9 } }", ""));
    assert_int_equal(carry_apply_opening(again.setup, bytes, out.len, why), ERR_OK);
    assert_dec(had(again.setup, 0, "binance", "USDT"), "5000");
    assert_dec(had(again.setup, 0, "binance", "BTC"), "0");
    assert_dec(had(again.setup, 0, "two", "USDT"), "19990");
    assert_dec(had(again.setup, 0, "two", "BTC"), "0.5");
    size_t accepted = 0;
    for (size_t n = 0; n < out.len; n++) /* but for the end of what records without funds have */
        accepted += carry_apply_opening(again.setup, bytes, n, why) == ERR_OK;
    assert_int_equal(accepted, 1);
    config_close(&again);
    config_close(&new);
    config_close(&old);
}

static void books_that_differ_on_the_second_venue_are_found(void **state)
{
    (void)state;
    struct config old = fixture_good(FUNDED);
    write_journal(old.setup, "19990.00000001");
    assert_int_equal(scan(old.setup), ERR_CORRUPT);
    assert_non_null(strstr(why, "its books do not agree with its fills"));
    config_close(&old);
}

static void an_asset_that_is_no_longer_traded_belongs_to_nobody(void **state)
{
    (void)state;
    struct config old = fixture_good(FUNDED);
    write_journal(old.setup, "19990");
    assert_int_equal(scan(old.setup), ERR_OK);
    struct config new = fixture_good(
        BOTH "[[strategy]]\nname = \"s\"\nkind = \"tester\"\ninstrument = \"BTC-USDT@binance\"\n"
             "other = \"ETH-USDT@two\"\nfunds = { two.ETH = 1 }\n");
    struct setup *s = new.setup;
    assert_int_equal(carry_place(&carried, s, &notes, why), ERR_OK);
    assert_dec(had(s, 0, "two", "USDT"), "19990");
    assert_dec(had(s, 0, "two", "ETH"), "1"); /* new to it: from the file */
    assert_true(noted("strategy s trades no BTC on two any longer: its 0.5 are allotted to none"));
    config_close(&new);

    /* What it asks for anew must be there: another has the rest. */
    new = fixture_good(
        BOTH "[[strategy]]\nname = \"s\"\nkind = \"tester\"\ninstrument = \"BTC-USDT@binance\"\n"
             "other = \"BTC-USDT@two\"\n"
             "[[strategy]]\nname = \"t\"\nkind = \"tester\"\ninstrument = \"ETH-USDT@two\"\n"
             "other = \"BTC-USDT@two\"\nfunds = { two.BTC = \"1.00000001\" }\n");
    assert_int_equal(carry_place(&carried, new.setup, &notes, why), ERR_RANGE);
    assert_non_null(strstr(why, "strategy t wants 1.00000001 BTC on two, but of what the old run "
                                "left only 1 is not allotted"));
    config_close(&new);
    config_close(&old);
}

static int make(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/tw-funds-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    snprintf(file, sizeof file, "%s/journal-0001.twj", dir);
    return 0;
}

static int clean(void **state)
{
    unlink(file);
    fixture_cleanup(state);
    return rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(funds_of_two_venues),
        cmocka_unit_test(funds_that_are_wrong),
        cmocka_unit_test(the_ledger_opens_with_funds_on_both_venues),
        cmocka_unit_test(the_budget_is_per_venue),
        cmocka_unit_test(holdings_on_both_venues_are_carried),
        cmocka_unit_test(books_that_differ_on_the_second_venue_are_found),
        cmocka_unit_test(an_asset_that_is_no_longer_traded_belongs_to_nobody),
    };
    return cmocka_run_group_tests_name("funds", tests, make, clean);
}
