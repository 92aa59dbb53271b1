/* tradewind check: reads a configuration and says what is wrong with it, or what it would run. */
#include "main/check_guard.h"
#include "main/check_plan.h"
#include "main/cmd.h"
#include "main/kinds.h"
#include "main/signer_paths.h"
#include "main/usage.h"

#include "config/config.h"
#include "config/value.h"
#include "venue/history.h"

#include <stdio.h>
#include <string.h>

static const char HELP[] =
    "usage: tradewind check FILE [--price SYMBOL[@VENUE]=PRICE ...] [--json]\n"
    "                                  check a configuration, say what it would run\n"
    "       tradewind check --explain  every key with its type, range, default and meaning\n"
    "\n"
    "  --price BTC-USDT=61000  plan the strategies on it as if that were the price now; may\n"
    "                          be given again for other instruments\n"
    "  --json                  the strategies with their plans, exactly, or the errors\n"
    "\n"
    "A strategy that plans ahead is shown with all its orders, the capital they need and the\n"
    "price at which it breaks even. Errors go to standard error as file:line:col: key: what is\n"
    "wrong, what is allowed. Exit codes: 0 the configuration is good, 2 usage, 4 it is not, or\n"
    "a budget cannot pay what must be paid.\n";

static const char *text_of(dec d, char *out)
{
    dec_format(d, out);
    return out;
}

static void print_signer(const struct signer_setup *s)
{
    char sockets[PATH_MAX_BYTES], store[PATH_MAX_BYTES];
    if (!s->given)
        return;
    printf("signer: sockets in %s, key store %s%s\n",
           signer_sockets_dir(s, sockets) == ERR_OK ? sockets : "(unknown)",
           signer_store_path(s, store) == ERR_OK ? store : "(unknown)",
           s->required ? "; required" : "");
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
    print_limit("max_asset_exposure", r->has_max_asset_exposure, r->max_asset_exposure, quote);
    print_limit("price_collar", r->has_price_collar, r->price_collar, "");
    print_limit("daily_loss", r->has_daily_loss, r->daily_loss, quote);
    print_limit("max_drawdown", r->has_max_drawdown, r->max_drawdown, "");
    if (r->has_max_open_orders)
        printf("    max_open_orders %u\n", r->max_open_orders);
    if (r->has_max_messages)
        printf("    max_messages %u per %s, %u of them kept for cancels\n", r->max_messages,
               duration_format(r->message_interval_ns, text), r->cancel_reserve);
    if (r->has_max_executions)
        printf("    max_executions %u per %s, instrument and side\n", r->max_executions,
               duration_format(r->execution_interval_ns, text));
    if (r->has_max_reference_age)
        printf("    max_reference_age %s\n", duration_format(r->max_reference_age_ns, text));
}

static bool has_limits(const struct risk_setup *r)
{
    return r->has_max_order_value || r->has_max_order_qty || r->has_max_position_value ||
           r->has_max_gross_exposure || r->has_price_collar || r->has_daily_loss ||
           r->has_max_drawdown || r->has_max_open_orders || r->has_max_messages ||
           r->has_max_asset_exposure || r->has_max_executions || r->has_max_reference_age;
}

static const char *self_trade_text(enum self_trade p)
{
    switch (p) {
    case SELF_TRADE_DENY: return "deny";
    case SELF_TRADE_CANCEL_RESTING: return "cancel_resting";
    case SELF_TRADE_OFF: return "off";
    }
    return "?";
}

/* The agent's, and what else is about all strategies. */
static void print_risk(const struct setup *s)
{
    char text[32], amount[DEC_TEXT_MAX];
    printf("limits of the agent:\n");
    print_limits(s, &s->risk);
    printf("    duplicate_window %s, self_trade %s\n",
           duration_format(s->risk.duplicate_window_ns, text), self_trade_text(s->risk.self_trade));
    for (uint32_t g = 0; g < s->groups; g++) {
        printf("    group %s:", s->group[g].name);
        for (uint32_t a = 0; a < s->assets; a++)
            if (s->group[g].assets >> a & 1)
                printf(" %s", s->asset[a]);
        printf(", max_exposure %s %s\n", text_of(s->group[g].max_exposure, amount),
               s->asset[s->quote]);
    }
    for (uint32_t v = 0; v < s->venues; v++)
        if (has_limits(&s->venue[v].risk)) {
            printf("limits of venue %s:\n", s->venue[v].name);
            print_limits(s, &s->venue[v].risk);
        }
    for (uint32_t i = 0; i < s->instruments; i++)
        if (has_limits(&s->instrument_risk[i])) {
            printf("limits of %s@%s:\n", s->instrument[i].symbol,
                   s->venue[s->instrument[i].venue].name);
            print_limits(s, &s->instrument_risk[i]);
        }
}

static void print_funds(const struct setup *s, const struct strategy_setup *st)
{
    char budget[DEC_TEXT_MAX], inventory[DEC_TEXT_MAX];
    bool none = dec_is_zero(st->budget) && dec_is_zero(st->inventory);
    printf("  budget %s %s, inventory %s %s\n", text_of(st->budget, budget),
           s->asset[st->budget_asset], text_of(st->inventory, inventory),
           s->asset[s->instrument[st->instrument[0]].base]);
    for (uint32_t i = 0; i < st->funds; i++) {
        const struct allotment *a = &st->fund[i];
        printf("  funds %s %s on %s\n", text_of(a->amount, budget), s->asset[a->asset],
               s->venue[a->venue].name);
        none &= dec_is_zero(a->amount);
    }
    if (none)
        printf("  note: without budget, inventory and funds it can place no order\n");
}

/* What its warm-up needs, and whether the venue can give that. */
static void print_warmup(const struct setup *s, const struct strategy_setup *st)
{
    char text[32];
    uint32_t n = st->ops->warmup_candles ? st->ops->warmup_candles(&st->params) : 0;
    int64_t frame_ns = n ? st->ops->candle_timeframe(&st->params) : 0;
    if (n == 0 || frame_ns == 0)
        return;
    printf("  warms up with %u candles of %s", n, duration_format(frame_ns, text));
    const struct venue_setup *v = &s->venue[s->instrument[st->instrument[0]].venue];
    const struct history_ops *ops = st->warmup == WARMUP_VENUE ? history_find(v->kind) : NULL;
    uint32_t most = ops ? history_most(ops, frame_ns) : 0;
    if (!ops)
        printf(", its own: it waits %s or longer\n",
               duration_format(n < INT64_MAX / frame_ns ? n * frame_ns : INT64_MAX, text));
    else if (most == 0)
        printf("\n  warning: %s has no candles that these could be made of; it waits for its own\n",
               v->name);
    else if (n >= most)
        printf("\n  warning: %s gives at most %u of them; it waits for the rest\n", v->name,
               most - 1);
    else
        printf(" from %s\n", v->name);
}

static void print_strategy(const struct setup *s, strategy_id id, const struct check_plan *plan)
{
    const struct strategy_setup *st = &s->strategy[id];
    printf("strategy %s (%s)", st->name, st->ops->name);
    for (uint32_t k = 0; k < st->instruments; k++) {
        const struct instrument *in = &s->instrument[st->instrument[k]];
        printf("%s%s@%s", k ? ", " : " on ", in->symbol, s->venue[in->venue].name);
    }
    puts("");
    if (st->instruments)
        print_funds(s, st);
    print_warmup(s, st);
    if (has_limits(&st->risk))
        printf("  its own limits:\n");
    print_limits(s, &st->risk);
    check_print_strategy_guards(stdout, s, st);
    check_plan_print(stdout, s, id, plan);
}

/* Returns whether every budget can pay what must be paid. */
static bool print_summary(const char *path, const struct setup *s,
                          const struct check_prices *prices)
{
    static struct check_plan plan; /* 50 kB */
    bool paid = true;
    printf("%s is good: agent %s, %s mode, values in %s\n", path, s->agent_name,
           s->mode == MODE_PAPER ? "paper" : "live", s->asset[s->quote]);
    printf("state in %s, control socket %s\n", s->state_dir, s->control_socket);
    print_signer(&s->signer);
    print_venues(s);
    print_instruments(s);
    if (s->strategies == 0)
        printf("no strategy: market data is watched, nothing is traded\n");
    for (uint32_t i = 0; i < s->strategies; i++) {
        check_plan(s, (strategy_id)i, prices, &plan);
        print_strategy(s, (strategy_id)i, &plan);
        paid = paid && !plan.refused;
    }
    print_risk(s);
    check_print_guards(stdout, s);
    return paid;
}

/* ---- as JSON ---- */

static bool add_amount(cJSON *o, const char *key, const char *asset_key, dec amount,
                       const char *asset)
{
    char text[DEC_TEXT_MAX];
    return cJSON_AddStringToObject(o, key, text_of(amount, text)) &&
           cJSON_AddStringToObject(o, asset_key, asset);
}

static bool add_strategy(cJSON *all, const struct setup *s, const struct strategy_setup *st,
                         const struct check_plan *plan)
{
    cJSON *o = cJSON_CreateObject(), *on;
    if (!o || !cJSON_AddItemToArray(all, o) || !cJSON_AddStringToObject(o, "name", st->name) ||
        !cJSON_AddStringToObject(o, "kind", st->ops->name) ||
        !(on = cJSON_AddArrayToObject(o, "instruments")))
        return false;
    for (uint32_t k = 0; k < st->instruments; k++) {
        const struct instrument *in = &s->instrument[st->instrument[k]];
        char name[SYMBOL_MAX + NAME_MAX_BYTES + 1];
        snprintf(name, sizeof name, "%s@%s", in->symbol, s->venue[in->venue].name);
        if (!cJSON_AddItemToArray(on, cJSON_CreateString(name)))
            return false;
    }
    if (st->instruments &&
        (!add_amount(o, "budget", "budget_asset", st->budget, s->asset[st->budget_asset]) ||
         !add_amount(o, "inventory", "inventory_asset", st->inventory,
                     s->asset[s->instrument[st->instrument[0]].base])))
        return false;
    return cJSON_AddItemToObject(o, "plan", check_plan_json(plan));
}

/* The whole answer; [s] NULL where the configuration is not good. Returns whether it was printed;
 * *ret_paid as print_summary(). */
static bool print_json(const char *path, const struct setup *s, const struct check_prices *prices,
                       const struct config_report *report, bool *ret_paid)
{
    static struct check_plan plan;
    cJSON *o = cJSON_CreateObject(), *all = NULL;
    *ret_paid = true;
    bool ok = o && cJSON_AddNumberToObject(o, "schema", 1) &&
              cJSON_AddStringToObject(o, "file", path) &&
              cJSON_AddBoolToObject(o, "good", s != NULL);
    if (ok && s)
        ok = cJSON_AddStringToObject(o, "agent", s->agent_name) &&
             cJSON_AddStringToObject(o, "mode", s->mode == MODE_PAPER ? "paper" : "live") &&
             cJSON_AddStringToObject(o, "quote", s->asset[s->quote]) &&
             (all = cJSON_AddArrayToObject(o, "strategies")) != NULL;
    for (uint32_t i = 0; ok && s && i < s->strategies; i++) {
        check_plan(s, (strategy_id)i, prices, &plan);
        ok = add_strategy(all, s, &s->strategy[i], &plan);
        *ret_paid = *ret_paid && !plan.refused;
    }
    if (ok && !s)
        ok = (all = cJSON_AddArrayToObject(o, "errors")) != NULL;
    for (size_t i = 0; ok && !s && i < report->count; i++)
        ok = cJSON_AddItemToArray(all, cJSON_CreateString(report->line[i]));
    char *text = ok ? cJSON_PrintUnformatted(o) : NULL;
    if (text)
        puts(text);
    cJSON_free(text);
    cJSON_Delete(o);
    return text != NULL;
}

/* ---- the command ---- */

#define PRICES_MAX SETUP_INSTRUMENTS_MAX

struct arguments {
    const char *file;
    const char *price[PRICES_MAX];
    uint32_t prices;
    bool json;
};

/* The argument that is wrong, or NULL with *missing where one lacks, or NULL: all is well. */
static const char *read_arguments(int argc, char **argv, struct arguments *a, bool *missing)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            a->json = true;
        else if (strcmp(argv[i], "--price") == 0 && i + 1 < argc && a->prices < PRICES_MAX)
            a->price[a->prices++] = argv[++i];
        else if (argv[i][0] != '-' && !a->file)
            a->file = argv[i];
        else
            return argv[i];
    }
    *missing = a->file == NULL;
    return NULL;
}

static int check_file(const struct arguments *a)
{
    struct config c;
    struct config_report report;
    struct check_prices prices = {0};
    int code = EXIT_CODE_OK;
    enum err e = config_load(&c, a->file, program_kinds(), &report);
    bool good = !e, paid = true, printed = true;
    for (size_t i = 0; i < report.count; i++)
        fprintf(stderr, "%s\n", report.line[i]);
    if (e && report.count == 0)
        fprintf(stderr, "tradewind check: %s: %s\n", a->file, err_name(e));
    for (uint32_t i = 0; good && i < a->prices; i++) {
        char why[256];
        if (check_price(c.setup, a->price[i], &prices, why, sizeof why))
            continue;
        fprintf(stderr, "tradewind check: --price: %s\n", why);
        code = EXIT_CODE_USAGE;
        break;
    }
    if (code == EXIT_CODE_OK && a->json)
        printed = print_json(a->file, good ? c.setup : NULL, &prices, &report, &paid);
    else if (code == EXIT_CODE_OK && good)
        paid = print_summary(a->file, c.setup, &prices);
    if (!printed)
        fprintf(stderr, "tradewind check: %s\n", err_name(ERR_NOMEM));
    if (good)
        config_close(&c);
    config_report_clear(&report);
    if (code != EXIT_CODE_OK || !printed)
        return printed ? code : EXIT_CODE_ERROR;
    return good && paid ? EXIT_CODE_OK : EXIT_CODE_CONFIG;
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
    struct arguments a = {0};
    bool missing = false;
    const char *wrong = read_arguments(argc, argv, &a, &missing);
    if (wrong || missing) {
        usage_wrong("tradewind check", wrong);
        fputs(HELP, stderr);
        return EXIT_CODE_USAGE;
    }
    return check_file(&a);
}
