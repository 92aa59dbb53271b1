/* dca: parameters that do not fit together, and the plan that `tradewind check` prints. */
#include "params.h"

#include "strategies/dca.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define D(text) dec_lit(text)

#define SCHEDULED "budget = \"9000\"\ninstrument = \"BTC-USDT\"\namount = \"100\"\n"
#define DAILY     SCHEDULED "interval = \"1d\"\n"
#define SAFETY    SCHEDULED "mode = \"safety\"\ntake_profit = [\"0.02\"]\n"
#define LADDER                                                                                     \
    SAFETY "safety_amount = \"200\"\nsafety_count = 3\ndeviation = \"0.01\"\n"                     \
           "volume_scale = \"1.5\"\nstep_scale = \"2\"\n"

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *lines, *part;
    } CASE[] = {
        {SCHEDULED, "strategy.interval: is missing; needed: interval, or every"},
        {DAILY "every = \"day\"", "strategy.interval: only one of interval and every"},
        {DAILY "at = \"9h\"", "strategy.at: needs every"},
        {SCHEDULED "every = \"day\"\nweekday = \"monday\"",
         "strategy.weekday: needs every = \"week\""},
        {SCHEDULED "every = \"week\"\nmonthday = 3", "strategy.monthday: needs every = \"month\""},
        {SCHEDULED "every = \"day\"\nat = \"24h\"", "strategy.at:"},
        {DAILY "limit_offset = \"0.1\"", "strategy.limit_offset: is for limit orders"},
        {DAILY "post_only = true", "strategy.post_only: is for limit orders"},
        {DAILY "order_type = \"limit\"\ntif = \"ioc\"\npost_only = true", "strategy.post_only:"},
        {DAILY "order_type = \"limit\"\ntif = \"fok\"\nunfilled_timeout = \"1m\"",
         "strategy.unfilled_timeout: ioc and fok"},
        {DAILY "order_type = \"limit\"\non_timeout = \"market\"",
         "strategy.on_timeout: needs an unfilled_timeout"},
        {DAILY "price_floor = 2\nprice_ceiling = 1", "strategy.price_floor: must be at most"},
        {DAILY "missed_after = \"1m\"", "strategy.missed_after: needs missed = \"skip\""},
        {DAILY "per_percent = \"0.1\"", "strategy.per_percent: needs average"},
        {DAILY "average = \"sma\"", "strategy.per_percent: is missing"},
        {DAILY "take_profit = [\"0.1\"]", "strategy.take_profit: belongs to mode = \"safety\""},
        {DAILY "cooldown = \"1m\"", "strategy.cooldown: belongs to mode = \"safety\""},
        {SAFETY "interval = \"1d\"", "strategy.interval: belongs to mode = \"scheduled\""},
        {SAFETY "total = 100", "strategy.total: belongs to mode = \"scheduled\""},
        {SAFETY "average = \"sma\"", "strategy.average: belongs to mode = \"scheduled\""},
        {SCHEDULED "mode = \"safety\"", "strategy.take_profit: is missing"},
        {SCHEDULED "mode = \"safety\"\ntake_profit = [\"0.1\",\"0.2\",\"0.3\",\"0.4\",\"0.5\"]",
         "strategy.take_profit: has too many steps"},
        {SCHEDULED "mode = \"safety\"\ntake_profit = [\"0.2\",\"0.2\"]", "must be higher"},
        {SAFETY "take_profit_share = [\"0.5\", \"0.5\"]", "needs as many parts"},
        {SAFETY "take_profit_share = [\"0.9\"]", "the parts must be 1 in all"},
        {SAFETY "deviation = \"0.1\"", "strategy.deviation: needs a safety_count"},
        {SAFETY "safety_amount = 10", "strategy.safety_amount: needs a safety_count"},
        {SAFETY "active_count = 1", "strategy.active_count: needs a safety_count"},
        {SAFETY "safety_count = 1\ndeviation = \"0.1\"", "strategy.safety_amount: is missing"},
        {SAFETY "safety_count = 1\nsafety_amount = 10", "strategy.deviation: is missing"},
        {SAFETY "safety_count = 51\nsafety_amount = 10\ndeviation = \"0.1\"", "safety_count"},
        {SAFETY "safety_count = 10\nsafety_amount = 10\ndeviation = \"0.1\"",
         "strategy.deviation: the last safety order would be at or below a price of 0"},
        {SAFETY "stop_timeout = \"1m\"", "strategy.stop_timeout: needs a stop_loss"},
        {SAFETY "stop_to_break_even = true", "needs at least two steps"},
        {SAFETY "safety_count = 1\nsafety_amount = \"4.99\"\ndeviation = \"0.1\"",
         "strategy.safety_amount: a safety order would be of less"},
        {SAFETY "safety_count = 3\nsafety_amount = 10\ndeviation = \"0.1\"\nvolume_scale = \"0.5\"",
         "strategy.volume_scale: a safety order would be of less"},
    };
    for (size_t i = 0; i < sizeof CASE / sizeof CASE[0]; i++)
        params_refused(&strategy_dca, CASE[i].lines, CASE[i].part);
    params_refused(&strategy_dca,
                   "budget = 1\ninstrument = \"BTC-USDT\"\nmode = \"safety\"\namount = \"4.99\"\n"
                   "take_profit = [\"0.1\"]",
                   "strategy.amount: is less than the instrument's min_notional");
}

/* At the boundaries nothing is refused. */
static void what_just_fits_is_taken(void **state)
{
    (void)state;
    static const char *const CASE[] = {
        SCHEDULED "every = \"month\"\nmonthday = 31\nat = \"86399s\"\n",
        DAILY "price_floor = 1\nprice_ceiling = 1\n",
        LADDER "price_floor = 1\nprice_ceiling = 2\nstart_price = 3\ntrailing = \"0.5\"\n",
        SAFETY "safety_count = 50\nsafety_amount = \"5\"\ndeviation = \"0.019\"\n",
        SAFETY "safety_count = 0\n",
    };
    struct params p;
    for (size_t i = 0; i < sizeof CASE / sizeof CASE[0]; i++)
        params_read(&p, &strategy_dca, CASE[i]);
}

/* ---- the plan ---- */

static struct plan plan;

static enum err make_plan(const char *lines, const char *price)
{
    struct params p;
    struct instrument in = {.rules = {.status = INSTRUMENT_TRADING,
                                      .tick_size = D("0.01"),
                                      .lot_size = D("0.00001"),
                                      .min_notional = D("5")}};
    const struct instrument *const all[] = {&in};
    params_read(&p, &strategy_dca, lines);
    return strategy_dca.plan(&p, all, D(price), D("0.001"), D("0.001"), &plan);
}

static void assert_row(uint32_t n, const char *what, const char *price, const char *qty,
                       const char *total, const char *average, const char *break_even)
{
    const dec got[] = {plan.row[n].price, plan.row[n].qty, plan.row[n].total_amount,
                       plan.row[n].average, plan.row[n].break_even};
    const char *want[] = {price, qty, total, average, break_even};
    assert_in_range(n, 0, plan.count - 1);
    assert_string_equal(plan.row[n].what, what);
    for (int i = 0; i < 5; i++) {
        char text[DEC_TEXT_MAX];
        dec_format(got[i], text);
        assert_string_equal(text, want[i]);
    }
}

/* The numbers are those that the deal of test_dca_safety.c trades at. */
static void the_plan_is_the_ladder_of_the_deal(void **state)
{
    (void)state;
    assert_int_equal(make_plan(LADDER "stop_loss = \"0.05\"\n", "50000"), ERR_OK);
    assert_int_equal(plan.count, 6);
    assert_row(0, "base order (market)", "50000", "0.002", "100", "50000", "50100.16");
    assert_row(1, "take profit 1 of the base order", "51000", "0.00199", "0", "0", "0");
    assert_row(2, "safety order 1", "49500", "0.00404", "299.98", "49665.562913907284768212",
               "49765.05");
    assert_int_equal(plan.row[3].side, SIDE_BUY);
    assert_true(dec_eq(plan.row[4].deviation, D("-0.07")));
    assert_true(dec_eq(plan.row[4].qty, D("0.00967")));
    assert_string_equal(plan.row[5].what, "take profit 1 of all");
    assert_int_equal(plan.row[5].side, SIDE_SELL);
    assert_true(dec_eq(plan.capital_quote, D("1050")));
    assert_string_equal(plan.unless, "allow_underfunded");
    assert_non_null(strstr(plan.remark[0], "stop at "));
    assert_non_null(strstr(plan.remark[0], "with all orders filled: loses "));
}

static void a_plan_without_a_price_has_amounts(void **state)
{
    (void)state;
    assert_int_equal(make_plan(LADDER, "0"), ERR_OK);
    assert_int_equal(plan.count, 4);
    assert_row(3, "safety order 3", "0", "0", "1050", "0", "0");
    assert_true(dec_eq(plan.capital_quote, D("1050")));
    assert_string_equal(plan.remark[0],
                        "no stop_loss: what is bought is held, whatever the price does");
}

static void a_plan_says_when_a_step_cannot_pay_its_fees(void **state)
{
    (void)state;
    assert_int_equal(make_plan(SCHEDULED "mode = \"safety\"\ntake_profit = [\"0.002\"]\n", "50000"),
                     ERR_OK);
    assert_non_null(strstr(plan.remark[1], "below the fees of both ways, 0.002"));
    assert_int_equal(make_plan(SAFETY "allow_underfunded = true\n", "50000"), ERR_OK);
    assert_string_equal(plan.remark[1], "");
    assert_null(plan.unless);
}

static void a_plan_of_the_largest_ladder_fits(void **state)
{
    (void)state;
    assert_int_equal(make_plan("budget = 9000\ninstrument = \"BTC-USDT\"\namount = 100\n"
                               "mode = \"safety\"\nsafety_count = 50\nsafety_amount = 10\n"
                               "deviation = \"0.019\"\ntake_profit = [\"0.01\", \"0.02\", "
                               "\"0.03\", \"0.04\"]\n",
                               "50000"),
                     ERR_OK);
    assert_int_equal(plan.count, 1 + 4 + 50 + 4);
    assert_true(plan.count <= PLAN_ROWS_MAX);
}

static void a_scheduled_plan_is_one_purchase(void **state)
{
    (void)state;
    assert_int_equal(
        make_plan(DAILY "total = 2500\naverage = \"sma\"\nper_percent = \"0.1\"\n", "50000"),
        ERR_OK);
    assert_int_equal(plan.count, 1);
    assert_row(0, "each purchase (market)", "50000", "0.002", "100", "50000", "50100.16");
    assert_true(dec_eq(plan.capital_quote, D("2500")));
    assert_null(plan.unless);
    assert_string_equal(plan.remark[0], "the amount is at most 300.00, far below the average");
    assert_int_equal(make_plan(DAILY "order_type = \"limit\"\nlimit_offset = \"0.01\"\n", "50000"),
                     ERR_OK);
    assert_true(dec_eq(plan.row[0].price, D("49500")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(what_just_fits_is_taken),
        cmocka_unit_test(the_plan_is_the_ladder_of_the_deal),
        cmocka_unit_test(a_plan_without_a_price_has_amounts),
        cmocka_unit_test(a_plan_says_when_a_step_cannot_pay_its_fees),
        cmocka_unit_test(a_plan_of_the_largest_ladder_fits),
        cmocka_unit_test(a_scheduled_plan_is_one_purchase),
    };
    return cmocka_run_group_tests_name("dca, plan", tests, NULL, NULL);
}
