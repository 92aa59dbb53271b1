/* tradewind check: reads a configuration and says what is wrong with it, or what it would run. */
#include "main/cmd.h"
#include "main/kinds.h"
#include "main/usage.h"

#include "config/config.h"
#include "config/value.h"

#include <stdio.h>
#include <string.h>

static const char HELP[] =
    "usage: tradewind check FILE       check a configuration, say what it would run\n"
    "       tradewind check --explain  every key with its type, range, default and meaning\n"
    "\n"
    "Errors go to standard error as file:line:col: key: what is wrong, what is allowed.\n"
    "Exit codes: 0 the configuration is good, 2 usage, 4 it is not.\n";

static const char *text_of(dec d, char *out)
{
    dec_format(d, out);
    return out;
}

static void print_venues(const struct setup *s)
{
    for (venue_id v = 0; v < s->venues; v++) {
        const struct venue_setup *e = &s->venue[v];
        char maker[DEC_TEXT_MAX], taker[DEC_TEXT_MAX];
        printf("venue %s (%s)\n", e->name, e->kind);
        printf("  %s  %s\n", e->ws_url, e->rest_url);
        printf("  fees: maker %s, taker %s%s%s\n", text_of(e->maker_fee, maker),
               text_of(e->taker_fee, taker), e->fee_asset == ASSET_NONE ? "" : ", paid in ",
               e->fee_asset == ASSET_NONE ? "" : s->asset[e->fee_asset]);
        printf("  opening balances:");
        unsigned n = 0;
        for (uint32_t i = 0; i < s->balances; i++)
            if (s->balance[i].venue == v) {
                char amount[DEC_TEXT_MAX];
                printf("%s %s %s", n++ ? "," : "", text_of(s->balance[i].amount, amount),
                       s->asset[s->balance[i].asset]);
            }
        puts(n ? "" : " none");
    }
}

static void print_instruments(const struct setup *s)
{
    printf("instruments:\n");
    for (uint32_t i = 0; i < s->instruments; i++) {
        const struct instrument *in = &s->instrument[i];
        char tick[DEC_TEXT_MAX], lot[DEC_TEXT_MAX];
        printf("  %s@%s", in->symbol, s->venue[in->venue].name);
        if (in->rules.status == INSTRUMENT_TRADING)
            printf("  tick %s, lot %s\n", text_of(in->rules.tick_size, tick),
                   text_of(in->rules.lot_size, lot));
        else
            printf("  (tick and lot from the venue)\n");
    }
}

static void print_limit(const char *name, bool has, dec value, const char *unit)
{
    char text[DEC_TEXT_MAX];
    if (has)
        printf("    %s %s%s%s\n", name, text_of(value, text), unit[0] ? " " : "", unit);
}

static void print_limits(const struct setup *s, const struct risk_setup *r)
{
    const char *quote = s->asset[s->quote];
    char text[32];
    print_limit("max_order_value", r->has_max_order_value, r->max_order_value, quote);
    print_limit("max_order_qty", r->has_max_order_qty, r->max_order_qty, "of the base asset");
    print_limit("max_position_value", r->has_max_position_value, r->max_position_value, quote);
    print_limit("max_gross_exposure", r->has_max_gross_exposure, r->max_gross_exposure, quote);
    print_limit("price_collar", r->has_price_collar, r->price_collar, "");
    print_limit("daily_loss", r->has_daily_loss, r->daily_loss, quote);
    print_limit("max_drawdown", r->has_max_drawdown, r->max_drawdown, "");
    if (r->has_max_open_orders)
        printf("    max_open_orders %u\n", r->max_open_orders);
    if (r->has_max_messages)
        printf("    max_messages %u per %s, %u of them kept for cancels\n", r->max_messages,
               duration_format(r->message_interval_ns, text), r->cancel_reserve);
    if (r->has_max_reference_age)
        printf("    max_reference_age %s\n", duration_format(r->max_reference_age_ns, text));
}

static bool has_limits(const struct risk_setup *r)
{
    return r->has_max_order_value || r->has_max_order_qty || r->has_max_position_value ||
           r->has_max_gross_exposure || r->has_price_collar || r->has_daily_loss ||
           r->has_max_drawdown || r->has_max_open_orders || r->has_max_messages ||
           r->has_max_reference_age;
}

static void print_strategy(const struct setup *s, const struct strategy_setup *st)
{
    char budget[DEC_TEXT_MAX], inventory[DEC_TEXT_MAX];
    printf("strategy %s (%s)", st->name, st->ops->name);
    for (uint32_t k = 0; k < st->instruments; k++) {
        const struct instrument *in = &s->instrument[st->instrument[k]];
        printf("%s%s@%s", k ? ", " : " on ", in->symbol, s->venue[in->venue].name);
    }
    puts("");
    if (st->instruments) {
        printf("  budget %s %s, inventory %s %s\n", text_of(st->budget, budget),
               s->asset[st->budget_asset], text_of(st->inventory, inventory),
               s->asset[s->instrument[st->instrument[0]].base]);
        if (dec_is_zero(st->budget) && dec_is_zero(st->inventory))
            printf("  note: with neither budget nor inventory it can place no order\n");
    }
    if (has_limits(&st->risk))
        printf("  its own limits:\n");
    print_limits(s, &st->risk);
}

static void print_summary(const char *path, const struct setup *s)
{
    printf("%s is good: agent %s, %s mode, values in %s\n", path, s->agent_name,
           s->mode == MODE_PAPER ? "paper" : "live", s->asset[s->quote]);
    printf("state in %s, control socket %s\n", s->state_dir, s->control_socket);
    print_venues(s);
    print_instruments(s);
    if (s->strategies == 0)
        printf("no strategy: market data is watched, nothing is traded\n");
    for (uint32_t i = 0; i < s->strategies; i++)
        print_strategy(s, &s->strategy[i]);
    printf("limits of the agent:\n");
    print_limits(s, &s->risk);
}

int cmd_check(int argc, char **argv)
{
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        fputs(HELP, stdout);
        return EXIT_CODE_OK;
    }
    if (argc == 2 && strcmp(argv[1], "--explain") == 0) {
        config_explain(stdout, program_kinds());
        return EXIT_CODE_OK;
    }
    if (argc != 2 || argv[1][0] == '-') {
        usage_wrong("tradewind check", argc < 2 ? NULL : argv[1][0] == '-' ? argv[1] : argv[2]);
        fputs(HELP, stderr);
        return EXIT_CODE_USAGE;
    }
    struct config c;
    struct config_report report;
    enum err e = config_load(&c, argv[1], program_kinds(), &report);
    for (size_t i = 0; i < report.count; i++)
        fprintf(stderr, "%s\n", report.line[i]);
    if (e && report.count == 0)
        fprintf(stderr, "tradewind check: %s: %s\n", argv[1], err_name(e));
    if (!e) {
        print_summary(argv[1], c.setup);
        config_close(&c);
    }
    config_report_clear(&report);
    return e ? EXIT_CODE_CONFIG : EXIT_CODE_OK;
}
