/* A strategy that ignores one of its parameters, in every test program that this is linked with.
 *
 * PARAM_IGNORED="KIND.KEY HOW" says which. HOW is
 *   default  the parameter is always its default
 *   absent   it is never given
 *   other    where it is given, it is a little different
 *   frozen   it stays what it was when the strategy began, whatever a reload says
 * PARAM_IGNORED=list prints all that make sense, one a line. Without the variable nothing changes.
 *
 * The linker's --wrap puts what is here between the strategies and everybody else: their tables of
 * functions, and view_params(). Both ways in which a strategy learns its parameters lead through
 * ignore().
 */
#include "base/check.h"
#include "config/value.h"
#include "strategies/strategy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Each built-in strategy that has parameters to ignore. */
#define KINDS(X) X(grid) X(dca) X(momentum) X(arbitrage) X(triangular)

#define DECLARE(kind)                                                                              \
    extern struct strategy_ops __wrap_strategy_##kind;                                             \
    extern const struct strategy_ops __real_strategy_##kind;                                       \
    struct strategy_ops __wrap_strategy_##kind;
KINDS(DECLARE)
const struct params *__wrap_view_params(const struct strategy_view *v);
const struct params *__real_view_params(const struct strategy_view *v);

#define PAIR(kind) {&__wrap_strategy_##kind, &__real_strategy_##kind},
static const struct {
    struct strategy_ops *seen;
    const struct strategy_ops *real;
} KIND[] = {KINDS(PAIR)};
#define KIND_COUNT (sizeof KIND / sizeof KIND[0])

enum how { DEFAULT, ABSENT, OTHER, FROZEN };
static const char *const HOW[] = {"default", "absent", "other", "frozen"};

/* What is ignored; [real] is NULL while nothing is. */
static const struct strategy_ops *real;
static uint32_t ignored;
static enum how how;

/* The strategy whose code runs; NULL outside of the functions that have a view. */
static const void *inside;

/* The parameters with which the strategies began, by their memory; the oldest is forgotten. */
#define BEGAN_MAX 64
static struct {
    const void *state;
    struct params params;
} began[BEGAN_MAX];
static uint32_t begun;

/* The first instrument is no concern of the strategy: the host tells it which one that is. */
static bool makes_sense(const struct param_spec *p, enum how h, uint32_t index)
{
    if (index == 0 && p->type == PARAM_INSTRUMENT)
        return false;
    switch (h) {
    case DEFAULT: return p->default_value != NULL;
    case ABSENT: return !p->default_value && !(p->flags & PARAM_REQUIRED);
    case OTHER: return !p->default_value;
    case FROZEN: return (p->flags & PARAM_LIVE) != 0;
    }
    return false;
}

/* ---- another value ---- */

static void set_default(const struct param_spec *p, struct param_value *v)
{
    struct key_spec k = schema_param(p);
    char why[VALUE_WHY_MAX];
    struct value d;
    CHECK(value_parse(&k, p->default_value, strlen(p->default_value), &d, why) == ERR_OK);
    v->present = true;
    switch (p->type) {
    case PARAM_DECIMAL: v->decimal = d.decimal; break;
    case PARAM_INTEGER: v->integer = d.integer; break;
    case PARAM_BOOL: v->boolean = d.boolean; break;
    case PARAM_CHOICE: v->choice = d.choice; break;
    case PARAM_DURATION: v->duration_ns = d.duration_ns; break;
    case PARAM_INSTRUMENT:
    case PARAM_DECIMALS:
    case PARAM_DURATIONS: CHECK(false); /* they have none */
    }
}

/* A tenth more, or less where that is too much. */
static dec other_decimal(const struct param_spec *p, dec d)
{
    dec ret;
    CHECK(dec_mul(d, dec_lit("1.1"), DEC_DOWN, &ret));
    if (p->max && dec_gt(ret, dec_lit(p->max)))
        CHECK(dec_mul(d, dec_lit("0.9"), DEC_DOWN, &ret));
    return ret;
}

static int64_t other_duration(const struct param_spec *p, int64_t ns)
{
    int64_t max = INT64_MAX;
    if (p->max)
        CHECK(duration_parse(p->max, strlen(p->max), &max) == ERR_OK);
    return ns > max / 2 ? ns / 2 : 2 * ns;
}

static uint32_t choices(const char *text)
{
    uint32_t n = 1;
    for (; *text; text++)
        n += *text == '|';
    return n;
}

static void set_other(const struct param_spec *p, struct param_value *v, struct params *all)
{
    struct param_list *list = &all->list[v->list];
    switch (p->type) {
    case PARAM_DECIMAL: v->decimal = other_decimal(p, v->decimal); break;
    case PARAM_INTEGER: v->integer += p->max && v->integer >= atoll(p->max) ? -1 : 1; break;
    case PARAM_BOOL: v->boolean = !v->boolean; break;
    case PARAM_CHOICE: v->choice = (v->choice + 1) % choices(p->choices); break;
    case PARAM_DURATION: v->duration_ns = other_duration(p, v->duration_ns); break;
    case PARAM_INSTRUMENT: v->instrument = v->instrument == 0; break;
    case PARAM_DECIMALS:
        list->decimal[list->count - 1] = other_decimal(p, list->decimal[list->count - 1]);
        break;
    case PARAM_DURATIONS:
        list->duration_ns[list->count - 1] = other_duration(p, list->duration_ns[list->count - 1]);
        break;
    }
}

/* ---- between the strategy and the others ---- */

static void copy_value(struct params *to, const struct params *from)
{
    struct param_value *v = &to->value[ignored];
    const struct param_value *f = &from->value[ignored];
    enum param_type type = real->params[ignored].type;
    bool list = type == PARAM_DECIMALS || type == PARAM_DURATIONS;
    if (list && f->present && !v->present)
        v->list = to->lists++; /* a reload keeps the number of lists: there is room */
    if (list && f->present)
        to->list[v->list] = from->list[f->list];
    uint32_t at = v->list;
    *v = *f;
    if (list)
        v->list = at;
}

/* [p] as the strategy is to see it; valid until the next call. */
static const struct params *ignore(const struct params *p)
{
    static struct params seen;
    const struct param_spec *spec = &real->params[ignored];
    struct param_value *v = &seen.value[ignored];
    seen = *p;
    switch (how) {
    case DEFAULT: set_default(spec, v); break;
    case ABSENT: v->present = false; break;
    case OTHER:
        if (v->present)
            set_other(spec, v, &seen);
        break;
    case FROZEN:
        for (uint32_t i = 0; i < BEGAN_MAX && inside; i++)
            if (began[i].state == inside)
                copy_value(&seen, &began[i].params);
        break;
    }
    return &seen;
}

const struct params *__wrap_view_params(const struct strategy_view *v)
{
    const struct params *p = __real_view_params(v);
    return inside ? ignore(p) : p;
}

static enum err check(const struct params *p, const struct instrument *first, const char **key,
                      char *why, size_t cap)
{
    return real->check(ignore(p), first, key, why, cap);
}

static enum err check_instruments(const struct params *p, const struct instrument *const *in,
                                  const char **key, char *why, size_t cap)
{
    return real->check_instruments(ignore(p), in, key, why, cap);
}

static enum err check_fees(const struct params *p, const struct instrument *first, dec maker_fee,
                           dec taker_fee, const char **key, char *why, size_t cap)
{
    return real->check_fees(ignore(p), first, maker_fee, taker_fee, key, why, cap);
}

static int64_t candle_timeframe(const struct params *p)
{
    return real->candle_timeframe(ignore(p));
}

static uint32_t warmup_candles(const struct params *p)
{
    return real->warmup_candles(ignore(p));
}

static enum err plan(const struct params *p, const struct instrument *const *in, dec price,
                     dec maker_fee, dec taker_fee, struct plan *ret)
{
    return real->plan(ignore(p), in, price, maker_fee, taker_fee, ret);
}

static enum err init(void *state, const struct params *p, const struct strategy_view *v)
{
    uint32_t n = 0;
    while (n < BEGAN_MAX && began[n].state != state)
        n++;
    if (n == BEGAN_MAX)
        n = begun++ % BEGAN_MAX;
    began[n].state = state;
    began[n].params = *p;
    inside = state;
    enum err err = real->init(state, ignore(p), v);
    inside = NULL;
    return err;
}

static enum err on_event(void *state, const struct strategy_view *v, const struct event *e,
                         struct intents *out)
{
    inside = state;
    enum err err = real->on_event(state, v, e, out);
    inside = NULL;
    return err;
}

static uint32_t figures(const void *state, const struct strategy_view *v, struct figure *ret)
{
    inside = state;
    uint32_t n = real->figures(state, v, ret);
    inside = NULL;
    return n;
}

/* ---- before main() ---- */

static void list_all(void)
{
    for (uint32_t k = 0; k < KIND_COUNT; k++)
        for (uint32_t i = 0; KIND[k].real->params[i].key; i++)
            for (enum how h = DEFAULT; h <= FROZEN; h++)
                if (makes_sense(&KIND[k].real->params[i], h, i))
                    printf("%s.%s %s\n", KIND[k].real->name, KIND[k].real->params[i].key, HOW[h]);
    exit(0);
}

static void begin_to_ignore(struct strategy_ops *seen)
{
    seen->check = real->check ? check : NULL;
    seen->check_instruments = real->check_instruments ? check_instruments : NULL;
    seen->check_fees = real->check_fees ? check_fees : NULL;
    seen->candle_timeframe = real->candle_timeframe ? candle_timeframe : NULL;
    seen->warmup_candles = real->warmup_candles ? warmup_candles : NULL;
    seen->plan = real->plan ? plan : NULL;
    seen->figures = real->figures ? figures : NULL;
    seen->init = init;
    seen->on_event = on_event;
}

static void find(const char *wanted)
{
    char text[128];
    for (uint32_t k = 0; k < KIND_COUNT; k++)
        for (uint32_t i = 0; KIND[k].real->params[i].key; i++)
            for (enum how h = DEFAULT; h <= FROZEN; h++) {
                const struct param_spec *p = &KIND[k].real->params[i];
                snprintf(text, sizeof text, "%s.%s %s", KIND[k].real->name, p->key, HOW[h]);
                if (!makes_sense(p, h, i) || strcmp(text, wanted) != 0)
                    continue;
                real = KIND[k].real;
                ignored = i;
                how = h;
                begin_to_ignore(KIND[k].seen);
            }
    if (!real) {
        fprintf(stderr, "PARAM_IGNORED=%s: there is none; PARAM_IGNORED=list tells all\n", wanted);
        exit(2);
    }
}

__attribute__((constructor)) static void prepare(void)
{
    const char *wanted = getenv("PARAM_IGNORED");
    for (uint32_t k = 0; k < KIND_COUNT; k++)
        *KIND[k].seen = *KIND[k].real;
    if (wanted && strcmp(wanted, "list") == 0)
        list_all();
    if (wanted)
        find(wanted);
}
