/* `tradewind check`: prices from the command line, plans as tables and as JSON, and what lacks. */
#include "main/check_plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define D(text) dec_lit(text)

static struct setup setup;

/* Two buys below the price; the second cannot be known without it. */
static enum err two_rungs(const struct params *p, const struct instrument *const *in, dec price,
                          dec maker_fee, dec taker_fee, struct plan *ret)
{
    (void)p, (void)maker_fee, (void)taker_fee;
    assert_string_equal(in[0]->symbol, "BTC-USDT");
    if (dec_eq(price, D("13")))
        return ERR_RANGE;
    ret->count = 2;
    ret->row[0] = (struct plan_row){.what = "base order",
                                    .side = SIDE_BUY,
                                    .price = price,
                                    .amount = D("100"),
                                    .total_amount = D("100"),
                                    .total_fees = D("0.1")};
    ret->row[1] = (struct plan_row){.what = "safety order 1",
                                    .side = SIDE_BUY,
                                    .deviation = D("-0.015"),
                                    .price = dec_is_zero(price) ? price : D("985.5"),
                                    .amount = D("200"),
                                    .total_amount = D("300"),
                                    .total_fees = D("0.3"),
                                    .average = D("990.123456789012345678"),
                                    .break_even = D("992.123450000000000001")};
    ret->capital_quote = D("300");
    ret->capital_base = D("0.5");
    strcpy(ret->remark[0], "a remark");
    return ERR_OK;
}

static enum err insisting(const struct params *p, const struct instrument *const *in, dec price,
                          dec maker_fee, dec taker_fee, struct plan *ret)
{
    ret->unless = "allow_it";
    return two_rungs(p, in, price, maker_fee, taker_fee, ret);
}

static const struct strategy_ops RUNGS = {.name = "rungs", .plan = two_rungs};
static const struct strategy_ops INSISTING = {.name = "insisting", .plan = insisting};
static const struct strategy_ops PLANLESS = {.name = "planless"};

static int make_setup(void **state)
{
    (void)state;
    memset(&setup, 0, sizeof setup);
    strcpy(setup.asset[0], "BTC");
    strcpy(setup.asset[1], "USDT");
    setup.assets = setup.venues = 2;
    strcpy(setup.venue[0].name, "here");
    strcpy(setup.venue[1].name, "there");
    setup.instruments = 3;
    for (int i = 0; i < 3; i++) {
        strcpy(setup.instrument[i].symbol, i == 1 ? "ETH-USDT" : "BTC-USDT");
        setup.instrument[i].quote = 1;
        setup.instrument[i].venue = i == 2;
    }
    setup.strategies = 1;
    strcpy(setup.strategy[0].name, "s");
    setup.strategy[0].ops = &RUNGS;
    setup.strategy[0].instruments = 1;
    setup.strategy[0].budget = D("250");
    setup.strategy[0].inventory = D("0.5");
    return 0;
}

static void price_forms(void **state)
{
    (void)state;
    struct check_prices p = {0};
    char why[256];
    assert_true(check_price(&setup, "ETH-USDT=3000.5", &p, why, sizeof why));
    assert_true(dec_eq(p.price[1], D("3000.5")));
    assert_true(check_price(&setup, "BTC-USDT@there=61000", &p, why, sizeof why));
    assert_true(dec_eq(p.price[2], D("61000")));
    assert_true(dec_is_zero(p.price[0]));
    assert_false(check_price(&setup, "BTC-USDT=61000", &p, why, sizeof why));
    assert_non_null(strstr(why, "several venues"));
    assert_false(check_price(&setup, "BTC-USD=61000", &p, why, sizeof why));
    assert_non_null(strstr(why, "no instrument"));
    static const char *const WRONG[] = {"ETH-USDT",    "ETH-USDT=",   "=3",         "ETH-USDT=0",
                                        "ETH-USDT=-1", "ETH-USDT=3x", "ETH-USDT= 3"};
    for (size_t i = 0; i < sizeof WRONG / sizeof WRONG[0]; i++) {
        assert_false(check_price(&setup, WRONG[i], &p, why, sizeof why));
        assert_non_null(strstr(why, "needed: SYMBOL[@VENUE]=PRICE"));
    }
}

static char *printed(const char *price)
{
    static struct check_plan plan;
    struct check_prices prices = {0};
    prices.price[0] = D(price);
    char *text;
    size_t len;
    FILE *f = open_memstream(&text, &len);
    assert_non_null(f);
    check_plan(&setup, 0, &prices, &plan);
    check_plan_print(f, &setup, 0, &plan);
    fclose(f);
    return text;
}

static void assert_printed(const char *price, const char *expected)
{
    char *text = printed(price);
    assert_string_equal(text, expected);
    free(text);
}

static void table_shows_every_order_and_what_lacks(void **state)
{
    (void)state;
    assert_printed("1000", "  plan at a price of 1000 USDT:\n"
                           "    order           side  deviation  price  quantity  amount  total    "
                           "average  break-even\n"
                           "    base order      buy           -   1000         -     100    100    "
                           "      -           -\n"
                           "    safety order 1  buy     -1.50 %  985.5         -     200    300  "
                           "990.12346   992.12346\n"
                           "  needs at most 300 USDT at a time, of a budget of 250 USDT: note: 50 "
                           "USDT too little, what "
                           "cannot be paid is not bought\n"
                           "  needs at most 0.5 BTC at a time, of an inventory of 0.5 BTC\n"
                           "  a remark\n");
}

static void orders_that_risk_would_deny_are_noted(void **state)
{
    (void)state;
    setup.quote = 1;
    setup.risk.has_max_order_value = true;
    setup.risk.max_order_value = D("200"); /* as large as the largest */
    char *text = printed("1000");
    assert_null(strstr(text, "max_order_value"));
    free(text);
    setup.strategy[0].risk.has_max_order_value = true; /* the stricter counts */
    setup.strategy[0].risk.max_order_value = D("199.99");
    text = printed("1000");
    assert_non_null(
        strstr(text, "  note: max_order_value 199.99 of the strategy will deny 1 of its 2 buys, "
                     "which counts 200\n"));
    free(text);
}

/* Each scope's limit counts, the strictest is named; exactly at a limit nothing is said. */
static void limits_of_every_scope_are_looked_at(void **state)
{
    (void)state;
    setup.quote = 1;
    struct risk_setup *const SCOPE[] = {&setup.risk, &setup.venue[0].risk,
                                        &setup.instrument_risk[0], &setup.strategy[0].risk};
    static const char *const OF[] = {"", " of venue here", " of BTC-USDT", " of the strategy"};
    char line[128];
    for (int k = 0; k < 4; k++) {
        SCOPE[k]->has_max_order_value = true;
        SCOPE[k]->max_order_value = dec_from_i64(150 - k, 0);
        char *text = printed("1000");
        snprintf(line, sizeof line, "note: max_order_value %d%s will deny 1 of its 2", 150 - k,
                 OF[k]);
        assert_non_null(strstr(text, line));
        free(text);
    }
    SCOPE[3]->max_order_value = D("99.9");
    char *text = printed("1000");
    assert_non_null(strstr(text, "ERROR: max_order_value 99.9 of the strategy will deny 2 of its 2 "
                                 "buys, which count up to 200\n"));
    free(text);
    static struct check_plan p;
    check_plan(&setup, 0, &(struct check_prices){0}, &p);
    assert_true(p.refused && !p.lacks);
    cJSON *o = check_plan_json(&p);
    char *json = cJSON_PrintUnformatted(o);
    assert_non_null(
        strstr(json, "\"denied\":[{\"reason\":\"ORDER_VALUE\",\"key\":\"max_order_value\","
                     "\"of\":\"strategy\",\"limit\":\"99.9\",\"value\":\"200\",\"orders\":2}]"));
    cJSON_free(json);
    cJSON_Delete(o);
}

static struct plan_row the_row;
static enum err one_row(const struct params *p, const struct instrument *const *in, dec price,
                        dec maker_fee, dec taker_fee, struct plan *ret)
{
    (void)p, (void)in, (void)price, (void)maker_fee, (void)taker_fee;
    ret->count = 1;
    ret->row[0] = the_row;
    return ERR_OK;
}

static const struct strategy_ops ONE_ROW = {.name = "one", .plan = one_row};

static void assert_denied(const char *price, const char *part)
{
    char *text = printed(price);
    if (part ? !strstr(text, part) : strstr(text, "will deny") != NULL)
        fail_msg("%s", text);
    free(text);
}

/* What an order counts, as the risk manager counts it. */
static void orders_count_as_risk_counts_them(void **state)
{
    (void)state;
    setup.quote = 1;
    setup.strategy[0].ops = &ONE_ROW;
    setup.strategy[0].inventory = DEC_ZERO;
    the_row =
        (struct plan_row){.side = SIDE_BUY, .price = D("900"), .qty = D("0.1"), .amount = D("90")};
    setup.risk.has_max_order_value = true;
    setup.risk.max_order_value = D("100");
    assert_denied("1000", NULL);
    assert_denied("1000.1", "max_order_value 100 will deny 1 of its 1 buy, which counts 100.01\n");
    /* at the market the price may run away by the tightest collar, or the venue's slippage */
    the_row.market = true;
    setup.venue[0].slippage = D("0.1");
    assert_denied("0", NULL);
    setup.risk.has_price_collar = setup.strategy[0].risk.has_price_collar = true;
    setup.risk.price_collar = D("0.5");
    setup.strategy[0].risk.price_collar = D("0.2");
    assert_denied("0", "max_order_value 100 will deny 1 of its 1 buy, which counts 108\n");
    setup.risk.has_max_order_value = false;
    /* the budget pays what it binds, unless it is asked for smaller */
    setup.strategy[0].budget_asset = 1;
    setup.strategy[0].budget = D("108");
    assert_denied("0", NULL);
    setup.strategy[0].budget = D("107.99");
    assert_denied("0", "ERROR: budget 107.99 will deny 1 of its 1 buy, which counts 108\n");
    the_row.shrinks = true;
    assert_denied("0", NULL);
    setup.strategy[0].budget = D("250");
    setup.venue[0].risk.has_max_order_qty = true;
    setup.venue[0].risk.max_order_qty = D("0.1");
    assert_denied("0", NULL);
    the_row.qty = D("0.11");
    assert_denied("0", "max_order_qty 0.1 of venue here will deny 1 of its 1 buy");
    setup.venue[0].risk.has_max_order_qty = false;
    /* with what it has */
    setup.strategy[0].inventory = D("0.39");
    setup.instrument_risk[0].has_max_position_value = true;
    setup.instrument_risk[0].max_position_value = D("500");
    assert_denied("1000", NULL);
    assert_denied(
        "1001", "max_position_value 500 of BTC-USDT will deny 1 of its 1 buy, which counts 500.5");
    assert_denied("0", NULL);
    /* in the agent's quote */
    setup.instrument_risk[0].has_max_position_value = false;
    setup.risk.has_max_order_value = true;
    setup.risk.max_order_value = D("3");
    setup.quote = 0;
    the_row.market = false;
    assert_denied("0", NULL);
    setup.conversion[0][1] =
        (struct conversion){.known = true, .steps = 1, .instrument = {0}, .inverse = {true}};
    assert_denied("10", "max_order_value 3 will deny 1 of its 1 buy, which counts 9\n");
    assert_denied("50", NULL);
}

static void table_without_a_price(void **state)
{
    (void)state;
    char *text = printed("0");
    assert_non_null(strstr(text, "plan (with prices: --price BTC-USDT=PRICE):"));
    free(text);
}

static void impossible_price_is_said(void **state)
{
    (void)state;
    assert_printed("13", "  nothing can be planned at a price of 13\n");
}

static void no_plan_prints_nothing(void **state)
{
    (void)state;
    setup.strategy[0].ops = &PLANLESS;
    assert_printed("1000", "");
    struct check_plan p;
    check_plan(&setup, 0, &(struct check_prices){0}, &p);
    cJSON *o = check_plan_json(&p);
    assert_true(cJSON_IsNull(o));
    cJSON_Delete(o);
}

static void what_must_be_paid_is_refused(void **state)
{
    (void)state;
    setup.strategy[0].ops = &INSISTING;
    char *text = printed("1000");
    assert_non_null(strstr(text, "of a budget of 250 USDT: ERROR: 50 USDT too little\n"));
    assert_non_null(strstr(text, "a larger budget, smaller orders or allow_it = true is needed"));
    free(text);
    struct check_plan p;
    check_plan(&setup, 0, &(struct check_prices){0}, &p);
    assert_true(p.refused);
    setup.strategy[0].budget = D("300"); /* exactly enough */
    check_plan(&setup, 0, &(struct check_prices){0}, &p);
    assert_false(p.refused);
    setup.strategy[0].inventory = D("0.4");
    check_plan(&setup, 0, &(struct check_prices){0}, &p);
    assert_true(p.refused);
    assert_true(dec_eq(p.lacks_base, D("0.1")));
}

static void json_is_exact_and_unknown_is_null(void **state)
{
    (void)state;
    struct check_plan p;
    struct check_prices prices = {0};
    prices.price[0] = D("1000");
    check_plan(&setup, 0, &prices, &p);
    cJSON *o = check_plan_json(&p);
    char *text = cJSON_PrintUnformatted(o);
    assert_string_equal(
        text,
        "{\"price\":\"1000\",\"capital_quote\":\"300\",\"capital_base\":\"0.5\",\"lacks_quote\":"
        "\"50\",\"lacks_base\":\"0\",\"allowed\":true,\"needs_price\":false,\"denied\":[],"
        "\"orders\":[{\"order\":"
        "\"base order\",\"side\":\"buy\",\"deviation\":\"0\",\"price\":\"1000\",\"quantity\":null,"
        "\"amount\":\"100\",\"total_amount\":\"100\",\"total_fees\":\"0.1\",\"average\":null,"
        "\"break_even\":null},{\"order\":\"safety order 1\",\"side\":\"buy\",\"deviation\":"
        "\"-0.015\",\"price\":\"985.5\",\"quantity\":null,\"amount\":\"200\",\"total_amount\":"
        "\"300\",\"total_fees\":\"0.3\",\"average\":\"990.123456789012345678\",\"break_even\":"
        "\"992.123450000000000001\"}],\"remarks\":[\"a remark\"]}");
    cJSON_free(text);
    cJSON_Delete(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(price_forms, make_setup),
        cmocka_unit_test_setup(table_shows_every_order_and_what_lacks, make_setup),
        cmocka_unit_test_setup(orders_that_risk_would_deny_are_noted, make_setup),
        cmocka_unit_test_setup(limits_of_every_scope_are_looked_at, make_setup),
        cmocka_unit_test_setup(orders_count_as_risk_counts_them, make_setup),
        cmocka_unit_test_setup(table_without_a_price, make_setup),
        cmocka_unit_test_setup(impossible_price_is_said, make_setup),
        cmocka_unit_test_setup(no_plan_prints_nothing, make_setup),
        cmocka_unit_test_setup(what_must_be_paid_is_refused, make_setup),
        cmocka_unit_test_setup(json_is_exact_and_unknown_is_null, make_setup),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
