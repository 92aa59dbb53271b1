/* Any events in any order into an engine with a grid, a dca and a momentum strategy, or with all
 * kinds on two accounts of one exchange: it never crashes, and as long as it goes on its books hold
 * and nothing leaves that risk did not approve; where it cannot go on it says so by an error.
 *
 * Input: two bytes for the setup, then events, each some bytes: kind, instrument, passing time,
 * and what the kind needs. Prices and quantities are picked from a list with extremes in it, times
 * mostly move on, ids are mostly those of open orders. */
#include "base/check.h"
#include "books.h"
#include "config/config.h"
#include "main/kinds.h"
#include "strategies/strategy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BTC_USDT 0
#define ETH_BTC  1
#define START_NS INT64_C(1704067200000000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    const uint8_t *at, *end;
};

static uint8_t byte(struct input *in)
{
    return in->at < in->end ? *in->at++ : 0;
}

static dec value(struct input *in)
{
    static const char *const TABLE[] = {
        "0",       "50000",   "49000", "51000",  "48000", "49999.99", "50000.01",
        "1",       "0.01",    "0.001", "0.0001", "0.05",  "0.051",    "2",
        "100000",  "0.00001", "-1",    "-50000", "1e-18", "1e15",     "1.7e20",
        "-1.7e20", "0.005",   "52000", "47000",  "100",   "1000",     "0.02"};
    uint8_t b = byte(in);
    if (b < 224)
        return dec_lit(TABLE[b % (sizeof TABLE / sizeof TABLE[0])]);
    i128 v = 0;
    for (int i = 0; i < 1 + b % 16; i++)
        v = (i128)((u128)v << 8 | byte(in));
    return (dec){v == -DEC_I128_MAX - 1 ? 0 : v};
}

static int64_t next_time(struct input *in, int64_t now)
{
    static const int64_t STEP[] = {
        0,           1,           1000000,       250000000,      1000000000,
        10000000000, 60000000000, 3600000000000, 86400000000000, -1,
        -1000000000};
    uint8_t b = byte(in);
    if (b == 255) {
        int64_t any = 0;
        for (int i = 0; i < 8; i++)
            any = (int64_t)((uint64_t)any << 8 | byte(in));
        return any;
    }
    return now + STEP[b % (sizeof STEP / sizeof STEP[0])];
}

static order_id some_order(struct input *in, const struct engine *e)
{
    uint8_t b = byte(in);
    const struct order *o =
        b < 240 && engine_open_orders(e) ? engine_open_order(e, b % engine_open_orders(e)) : NULL;
    return o ? o->id : order_id_make(b % 7, byte(in));
}

static void fill_rules(struct input *in, struct instrument_rules *r)
{
    dec *const field[] = {&r->tick_size, &r->lot_size, &r->min_price,    &r->max_price,
                          &r->min_qty,   &r->max_qty,  &r->min_notional, &r->max_notional};
    r->status = (enum instrument_status)(byte(in) % 3);
    *field[byte(in) % 8] = value(in);
}

/* A candle of the past; of a timeframe that a strategy has, or not. */
static void make_history(struct input *in, const struct engine *e, struct event_history *h)
{
    static const int64_t FRAME[] = {3600000000000, 60000000000, 1000000000, 0, -1, 1};
    int64_t frame_ns = FRAME[byte(in) % 8 < 5 ? 0 : byte(in) % 6];
    int64_t now_ns = engine_now_ns(e), back = byte(in);
    h->strategy = (strategy_id)(byte(in) % (engine_setup(e)->strategies + 1));
    h->last = byte(in) & 1;
    h->candle =
        (struct event_candle){.timeframe_ns = frame_ns,
                              .open_ns = frame_ns > 0 ? now_ns - now_ns % frame_ns - back * frame_ns
                                                      : next_time(in, now_ns),
                              .open = value(in),
                              .high = value(in),
                              .low = value(in),
                              .close = value(in),
                              .volume = value(in)};
}

/* A decimal as the configuration would let it pass. */
static dec allowed(struct input *in, const struct param_spec *spec)
{
    dec d = value(in);
    if (spec->min && dec_lt(d, dec_lit(spec->min)))
        return dec_lit(spec->min);
    return spec->max && dec_gt(d, dec_lit(spec->max)) ? dec_lit(spec->max) : d;
}

/* A live parameter of a strategy, mostly. */
static void make_param(struct input *in, const struct engine *e, struct event_param *p)
{
    const struct setup *s = engine_setup(e);
    uint8_t flags = byte(in), from = byte(in);
    p->strategy = (strategy_id)(byte(in) % s->strategies);
    const struct param_spec *spec = s->strategy[p->strategy].ops->params;
    uint16_t count = 0;
    while (spec[count].key)
        count++;
    p->index = (uint16_t)(from % count);
    for (uint16_t k = 0; k < count && flags % 16 && !(spec[p->index].flags & PARAM_LIVE); k++)
        p->index = (uint16_t)((p->index + 1) % count);
    spec += p->index;
    p->type = spec->type;
    p->more = flags & 16;
    p->present = flags & 32 || spec->flags & PARAM_REQUIRED || spec->default_value;
    if (spec->type == PARAM_DECIMALS || spec->type == PARAM_DURATIONS) {
        p->list.count = p->present ? 1 + from % PARAM_LIST_MAX : 0;
        for (uint32_t k = 0; k < p->list.count; k++) {
            if (spec->type == PARAM_DECIMALS)
                p->list.decimal[k] = allowed(in, spec);
            else
                p->list.duration_ns[k] = (k + 1) * INT64_C(1000000000);
        }
        return;
    }
    p->value.present = p->present;
    switch (spec->type) {
    case PARAM_DECIMAL: p->value.decimal = allowed(in, spec); return;
    case PARAM_INTEGER: p->value.integer = 1 + byte(in) % 4; return;
    case PARAM_BOOL: p->value.boolean = byte(in) & 1; return;
    case PARAM_CHOICE: p->value.choice = byte(in) & 1; return;
    case PARAM_DURATION: p->value.duration_ns = (1 + byte(in)) * INT64_C(1000000000); return;
    case PARAM_INSTRUMENT:
    case PARAM_DECIMALS:
    case PARAM_DURATIONS: return;
    }
}

static void make_event(struct input *in, const struct engine *e, struct level *levels,
                       struct event *ev)
{
    uint32_t instruments = engine_setup(e)->instruments;
    uint8_t kind = byte(in), b;
    memset(ev, 0, sizeof *ev);
    ev->kind = (enum event_kind)(kind % 14);
    ev->instrument = byte(in) % 8;
    ev->instrument = ev->instrument == 7 ? INSTRUMENT_NONE : ev->instrument % (instruments + 1);
    if (kind % 4) /* mostly one that is there */
        ev->instrument %= instruments;
    ev->ts_event_ns = ev->ts_recv_ns = next_time(in, engine_now_ns(e));
    switch (ev->kind) {
    case EVENT_INSTRUMENT:
        ev->rules = engine_setup(e)->instrument[0].rules;
        if (byte(in) % 2)
            fill_rules(in, &ev->rules);
        return;
    case EVENT_FEED: ev->feed = (enum feed_state)(1 + byte(in) % 3); return;
    case EVENT_TOP:
        ev->top = (struct event_top){value(in), value(in), value(in), value(in)};
        return;
    case EVENT_TRADE:
        ev->trade = (struct event_trade){value(in), value(in), byte(in), SIDE_BUY};
        return;
    case EVENT_BOOK:
        b = byte(in);
        ev->book = (struct event_book){.snapshot = b & 1,
                                       .bids = (b >> 1) % 8,
                                       .asks = (b >> 4) % 8,
                                       .bid = levels,
                                       .ask = levels + 8};
        for (uint32_t i = 0; i < 8; i++) {
            if (i < ev->book.bids)
                levels[i] = (struct level){value(in), value(in)};
            if (i < ev->book.asks)
                levels[8 + i] = (struct level){value(in), value(in)};
        }
        return;
    case EVENT_ORDER:
        ev->order =
            (struct event_order){.id = some_order(in, e),
                                 .state = (enum order_state)byte(in),
                                 .reason = (enum reason)(byte(in) % (REASON_BOOK_EXHAUSTED + 1)),
                                 .venue_order_id = byte(in)};
        return;
    case EVENT_FILL: {
        ev->fill = (struct event_fill){.id = some_order(in, e),
                                       .fill_id = byte(in),
                                       .price = value(in),
                                       .qty = value(in),
                                       .fee = value(in),
                                       .fee_asset = byte(in) % 5,
                                       .liquidity = LIQUIDITY_TAKER};
        const struct order *o = engine_order(e, ev->fill.id);
        if (o && byte(in) % 4) { /* mostly one that fits */
            ev->fill.qty = byte(in) % 2 ? order_open_qty(o) : o->req.qty;
            ev->fill.fee = DEC_ZERO;
            ev->fill.fill_id = engine_now_ns(e) > 0 ? (uint64_t)engine_now_ns(e) + byte(in) : 1;
        }
        return;
    }
    case EVENT_COMMAND:
        ev->command = (struct event_command){.kind = (enum command_kind)(byte(in) % 8),
                                             .strategy = byte(in) % 7};
        if (byte(in) % 2)
            ev->command.strategy = STRATEGY_NONE;
        return;
    case EVENT_HISTORY: make_history(in, e, &ev->history); return;
    case EVENT_PARAM:
        /* parameters made by hand lack those that a change may need */
        ev->param.strategy = STRATEGY_NONE;
        if (engine_setup(e)->venues > 1)
            make_param(in, e, &ev->param);
        return;
    case EVENT_SIGNER: ev->signer = (enum signer_state)(byte(in) % 6); return;
    case EVENT_CANDLE:
    case EVENT_TIMER:
    case EVENT_STARTED: return;
    }
}

static struct strategy_setup *add(struct setup *s, const struct strategy_ops *ops, const char *base)
{
    struct strategy_setup *ss = &s->strategy[s->strategies++];
    ss->ops = ops;
    ss->instruments = 1;
    ss->budget = dec_lit("3000");
    ss->inventory = dec_lit(base);
    ss->params.count = PARAM_MAX;
    return ss;
}

static void put(struct strategy_setup *s, int i, struct param_value v)
{
    v.present = true;
    s->params.value[i] = v;
}

static const struct guard_setup GUARDS = {.has_loss_count = true,
                                          .loss_count = 2,
                                          .loss_lookback_ns = INT64_C(60000000000),
                                          .loss_pause_ns = INT64_C(10000000000),
                                          .has_cooldown = true,
                                          .cooldown_ns = 1000000,
                                          .has_cooldown_after_loss = true,
                                          .cooldown_after_loss_ns = 250000000,
                                          .has_min_profit = true,
                                          .profit_trades = 2,
                                          .profit_lookback_ns = INT64_C(3600000000000),
                                          .profit_pause_ns = INT64_C(60000000000),
                                          .cancel_entries = true};

static void make_guards(struct setup *s, uint8_t choice)
{
    for (uint32_t i = 0; i < s->strategies && choice & 32; i++)
        s->strategy[i].guard = s->guard_agent = GUARDS;
    if (choice & 64)
        s->strategy[0].schedule =
            (struct schedule){.count = 2, .window = {{0, 10}, {WEEK_MINUTES - 60, WEEK_MINUTES}}};
    if (choice & 128)
        for (instrument_id i = 0; i < s->instruments; i++)
            s->price_guard[i] = (struct price_guard_setup){.has_max_jump = true,
                                                           .max_jump = dec_lit("0.03"),
                                                           .jump_window_ns = 1000000000,
                                                           .jump_confirm_ns = 1000000,
                                                           .has_max_deviation = true,
                                                           .max_deviation = dec_lit("0.5"),
                                                           .cross_check = !i};
}

/* One of each kind, alternately once and each time. */
static void make_alerts(struct setup *s)
{
    for (uint32_t n = 0; n < ALERT_OF_FIGURE; n++) {
        struct alert_setup *a = &s->alert[s->alerts++];
        *a = (struct alert_setup){.when = (enum alert_of)(n + 1),
                                  .instrument = n < ALERT_OF_EMA_CROSS ? n % 2 : INSTRUMENT_NONE,
                                  .strategy = n % 2 ? 0 : STRATEGY_NONE,
                                  .venue = VENUE_NONE,
                                  .asset = (asset_id)(n % 3),
                                  .has_above = n % 2,
                                  .has_below = !(n % 2),
                                  .window_ns = INT64_C(60000000000),
                                  .timeframe_ns = INT64_C(3600000000000),
                                  .periods = 2,
                                  .fast = 1,
                                  .slow = 2,
                                  .repeat = n % 3 ? ALERT_EACH_TIME : ALERT_ONCE,
                                  .hysteresis = dec_lit("0.01"),
                                  .cooldown_ns = 250000000};
        a->above = a->below = dec_lit(n == 0 ? "50000" : n < 6 ? "0.01" : "9000");
        memcpy(a->figure, "grid_profit", 12);
    }
    s->alert[ALERT_OF_FIGURE - 1].strategy = 0;
}

/* All kinds of strategies, on two accounts of one exchange. */
static const char EVERYTHING[] =
    "[agent]\nname = \"fuzz\"\nquote = \"USDT\"\n"
    "[risk]\nmax_order_value = \"5000\"\nmax_position_value = \"9000\"\n"
    "max_gross_exposure = \"20000\"\nmax_executions = 10\nexecution_interval = \"10m\"\n"
    "duplicate_window = \"1s\"\n"
    "[[venue]]\nname = \"one\"\nkind = \"binance-spot\"\nexchange = \"x\"\n"
    "maker_fee = \"0.001\"\ntaker_fee = \"0.001\"\n"
    "[venue.paper]\nbalances = { USDT = \"20000\", BTC = \"2\", ETH = \"20\" }\n"
    "[[venue]]\nname = \"two\"\nkind = \"binance-spot\"\nexchange = \"x\"\n"
    "maker_fee = \"0.001\"\ntaker_fee = \"0.001\"\n"
    "[venue.paper]\nbalances = { USDT = \"20000\", BTC = \"2\" }\n"
    "[[instrument]]\nsymbol = \"BTC-USDT\"\nvenue = \"one\"\ntick_size = \"0.01\"\n"
    "lot_size = \"0.00001\"\nmin_notional = \"5\"\n"
    "[[instrument]]\nsymbol = \"BTC-USDT\"\nvenue = \"two\"\ntick_size = \"0.01\"\n"
    "lot_size = \"0.00001\"\nmin_notional = \"5\"\n"
    "[[instrument]]\nsymbol = \"ETH-BTC\"\nvenue = \"one\"\ntick_size = \"0.001\"\n"
    "lot_size = \"0.0001\"\nmin_notional = \"0.0001\"\n"
    "[[instrument]]\nsymbol = \"ETH-USDT\"\nvenue = \"one\"\ntick_size = \"0.01\"\n"
    "lot_size = \"0.0001\"\nmin_notional = \"5\"\n"
    "[[strategy]]\nname = \"t\"\nkind = \"triangular\"\nbudget = \"3000\"\n"
    "first = \"BTC-USDT@one\"\nsecond = \"ETH-BTC\"\nthird = \"ETH-USDT\"\n"
    "investment_max = \"500\"\nmax_age = \"1h\"\nprices = \"trade\"\ncooldown = \"0s\"\n"
    "[[strategy]]\nname = \"a\"\nkind = \"arbitrage\"\nbudget = \"3000\"\n"
    "instrument = \"BTC-USDT@one\"\nother = \"BTC-USDT@two\"\nsize = \"0.05\"\n"
    "max_age = \"1h\"\nmax_stranded = \"1\"\nmax_imbalance = \"1\"\nuse_last = true\n"
    "inventory = \"0.2\"\nfunds = { two = { USDT = \"3000\", BTC = \"0.2\" } }\n"
    "[[strategy]]\nname = \"d\"\nkind = \"dca\"\nbudget = \"2000\"\nmode = \"safety\"\n"
    "instrument = \"BTC-USDT@one\"\namount = \"50\"\nsafety_amount = \"50\"\n"
    "safety_count = 3\ndeviation = \"0.01\"\ntake_profit = [\"0.01\"]\n"
    "[[strategy]]\nname = \"m\"\nkind = \"momentum\"\nbudget = \"2000\"\n"
    "instrument = \"BTC-USDT@two\"\ntimeframe = \"1h\"\nfast = 1\nslow = 2\namount = \"100\"\n"
    "stop_loss = \"0.02\"\n"
    "[[strategy]]\nname = \"g\"\nkind = \"grid\"\nbudget = \"3000\"\ninventory = \"0.3\"\n"
    "instrument = \"BTC-USDT@two\"\nlower = \"48000\"\nupper = \"52000\"\nlevels = 9\n"
    "size = \"0.005\"\npost_only = false\n";

static void make_everything(struct setup *s, uint8_t more)
{
    static struct config c;
    if (!c.setup) {
        struct config_report r = {.line = NULL};
        enum err err =
            config_parse(&c, "fuzz", ".", EVERYTHING, sizeof EVERYTHING - 1, program_kinds(), &r);
        for (size_t i = 0; i < r.count; i++)
            fprintf(stderr, "%s\n", r.line[i]);
        CHECK(err == ERR_OK);
        config_report_clear(&r);
    }
    memcpy(s, c.setup, sizeof *s);
    s->risk.self_trade = more & 64 ? SELF_TRADE_CANCEL_RESTING : SELF_TRADE_DENY;
}

static void make_lives(struct setup *s, uint8_t more)
{
    for (strategy_id k = 0; k < s->strategies; k++) {
        s->strategy[k].on_stop = (enum on_stop)(1 + (more >> 1) % 3);
        s->strategy[k].on_restart = more & 8 ? ON_RESTART_CANCEL : ON_RESTART_ADOPT;
        s->strategy[k].warmup = more & 16 ? WARMUP_VENUE : WARMUP_NONE;
    }
}

static void make_setup(struct setup *s, uint8_t choice)
{
    memset(s, 0, sizeof *s);
    s->mode = MODE_PAPER;
    s->venues = 1;
    s->assets = 3;
    strcpy(s->asset[0], "USDT");
    strcpy(s->asset[1], "BTC");
    strcpy(s->asset[2], "ETH");
    s->venue[0].fee_asset = ASSET_NONE;
    const struct instrument_rules rules = {.status = INSTRUMENT_TRADING,
                                           .tick_size = dec_lit("0.01"),
                                           .lot_size = dec_lit("0.00001"),
                                           .min_notional = dec_lit("5")};
    s->instruments = 2;
    s->instrument[BTC_USDT] = (struct instrument){.base = 1, .quote = 0, .rules = rules};
    s->instrument[ETH_BTC] = (struct instrument){.base = 2, .quote = 1, .rules = rules};
    s->balances = 3;
    s->balance[0] = (struct balance_setup){0, 0, dec_lit("10000")};
    s->balance[1] = (struct balance_setup){0, 1, dec_lit("2")};
    s->balance[2] = (struct balance_setup){0, 2, dec_lit("5")};
    struct risk_setup *r = &s->risk;
    if (choice & 1) {
        r->has_max_order_value = r->has_max_position_value = r->has_max_gross_exposure = true;
        r->max_order_value = dec_lit("2000");
        r->max_position_value = r->max_gross_exposure = dec_lit("60000");
        r->has_price_collar = r->has_max_reference_age = true;
        r->price_collar = dec_lit("0.05");
        r->max_reference_age_ns = INT64_C(10000000000);
    }
    if (choice & 2) {
        r->has_daily_loss = r->has_max_drawdown = true;
        r->daily_loss = dec_lit("500");
        r->max_drawdown = dec_lit("0.2");
    }
    if (choice & 2) { /* what looks at other orders */
        r->self_trade = choice & 1 ? SELF_TRADE_CANCEL_RESTING : SELF_TRADE_DENY;
        r->duplicate_window_ns = INT64_C(2000000000);
        r->has_max_asset_exposure = r->has_max_executions = true;
        r->max_asset_exposure = dec_lit("50000");
        r->max_executions = 3;
        r->execution_interval_ns = INT64_C(600000000000);
        s->groups = 1;
        s->group[0] = (struct risk_group){.assets = 6, .max_exposure = dec_lit("55000")};
        s->venue[0].risk.has_max_open_orders = s->instrument_risk[0].has_max_order_qty = true;
        s->venue[0].risk.max_open_orders = 6;
        s->instrument_risk[0].max_order_qty = dec_lit("0.4");
    }
    if (choice & 4) {
        r->has_max_messages = r->has_max_open_orders = true;
        r->max_messages = 20;
        r->cancel_reserve = 4;
        r->message_interval_ns = INT64_C(10000000000);
        r->max_open_orders = 7;
    }
    struct strategy_setup *g = add(s, &strategy_grid, "0.5");
    put(g, 0, (struct param_value){.instrument = BTC_USDT});
    put(g, 1, (struct param_value){.decimal = dec_lit("48000")});
    put(g, 2, (struct param_value){.decimal = dec_lit("52000")});
    put(g, 3, (struct param_value){.integer = choice & 8 ? 200 : 9});
    put(g, 4, (struct param_value){.decimal = dec_lit("0.005")});
    put(g, 5, (struct param_value){.boolean = true});
    put(g, 20, (struct param_value){.decimal = dec_lit("-1")}); /* min_profit: 200 levels pay not */
    g->risk.has_max_drawdown = choice & 16;
    g->risk.max_drawdown = dec_lit("0.1");
    struct strategy_setup *d = add(s, &strategy_dca, "0");
    put(d, 0, (struct param_value){.instrument = BTC_USDT});
    put(d, 1, (struct param_value){.duration_ns = INT64_C(1000000000)});
    put(d, 2, (struct param_value){.decimal = dec_lit("50")});
    struct strategy_setup *m = add(s, &strategy_momentum, "0.5");
    put(m, 0, (struct param_value){.instrument = BTC_USDT});
    put(m, 1, (struct param_value){.duration_ns = INT64_C(3600000000000)});
    put(m, 2, (struct param_value){.integer = 1});
    put(m, 3, (struct param_value){.integer = 2});
    put(m, 4, (struct param_value){.decimal = dec_lit("100")});
    make_guards(s, choice);
    if (choice & 64)
        make_alerts(s);
    setup_resolve_conversions(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct setup setup;
    static struct effects fx;
    static struct level levels[16];
    static void *mem;
    static size_t mem_size;
    struct input in = {data, data + size};
    uint8_t choice = byte(&in), more = byte(&in);
    if (more & 1)
        make_everything(&setup, more);
    else
        make_setup(&setup, choice);
    if (more & 1)
        make_guards(&setup, choice);
    make_lives(&setup, more);
    if (engine_size(&setup) > mem_size) {
        free(mem);
        mem_size = engine_size(&setup);
        mem = aligned_alloc(64, (mem_size + 63) & ~(size_t)63);
        CHECK(mem != NULL);
    }
    memset(mem, 0, mem_size);
    struct engine *e = NULL;
    CHECK(engine_init(&e, mem, &setup) == ERR_OK);
    struct event ev = {.kind = EVENT_FEED, .ts_event_ns = START_NS, .feed = FEED_LIVE};
    CHECK(engine_step(e, &ev, &fx) == ERR_OK);
    for (ev.instrument = 1; more & 32 && ev.instrument < setup.instruments; ev.instrument++)
        CHECK(engine_step(e, &ev, &fx) == ERR_OK);
    while (in.at < in.end) {
        make_event(&in, e, levels, &ev);
        if (engine_step(e, &ev, &fx) != ERR_OK)
            return 0;
        CHECK(fx.count <= EFFECTS_MAX);
        for (uint32_t i = 0; i < fx.count; i++) {
            static uint8_t bytes[1024];
            struct bufw out = bufw_make(bytes, sizeof bytes);
            effect_encode(&fx.item[i], &out);
            CHECK(!out.failed);
            struct bufr back = bufr_make(bytes, out.len);
            struct effect again;
            CHECK(effect_decode(&back, &again) == ERR_OK && back.pos == out.len);
        }
        books_check(e);
        (void)engine_next_timer_ns(e);
    }
    return 0;
}
