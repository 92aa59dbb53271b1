/* One engine step, market event to effects, with 1, 100 and 1000 strategies on other instruments:
 * what a strategy costs that does not watch the instrument must be nothing.
 *
 * The one strategy that watches BTC-USDT keeps one resting order and moves it every 64th trade, so
 * that risk and execution are part of the step. */
#include "bench.h"
#include "world.h"

#include <string.h>

#define EVENTS 200000
#define RUNS   9
#define OTHERS 63 /* instruments beside BTC-USDT */

struct mover {
    order_id order;
    uint64_t seen;
};

static enum err mover_init(void *state, const struct params *p, const struct strategy_view *v)
{
    (void)state, (void)p, (void)v;
    return ERR_OK;
}

static enum err mover_event(void *state, const struct strategy_view *v, const struct event *e,
                            struct intents *out)
{
    (void)v;
    struct mover *m = state;
    if (e->kind != EVENT_TRADE || m->seen++ % 64)
        return ERR_OK;
    if (m->order)
        intents_cancel(out, m->order);
    m->order = intents_submit(out, &(struct order_request){.instrument = e->instrument,
                                                           .side = SIDE_BUY,
                                                           .type = ORDER_LIMIT,
                                                           .tif = TIF_GTC,
                                                           .price = dec_from_i64(59000, 0),
                                                           .qty = dec_from_i64(1, 3)});
    return ERR_OK;
}

static const struct strategy_ops strategy_mover = {.abi = STRATEGY_ABI,
                                                   .size = sizeof(struct strategy_ops),
                                                   .name = "mover",
                                                   .summary = "keeps one order and moves it",
                                                   .subscribes = SUBSCRIBE_TRADE | SUBSCRIBE_TOP,
                                                   .state_size = sizeof(struct mover),
                                                   .init = mover_init,
                                                   .on_event = mover_event};

static void open_world(struct world *w, uint32_t strategies)
{
    world_open(w);
    for (int i = 0; i < OTHERS; i++) {
        char symbol[SYMBOL_MAX], base[ASSET_NAME_MAX];
        snprintf(base, sizeof base, "A%d", i);
        snprintf(symbol, sizeof symbol, "%s-USDT", base);
        if (w->setup->assets < SETUP_ASSETS_MAX)
            world_instrument(w, symbol, base, "USDT");
    }
    world_strategy(w, "mover", &strategy_mover, "1000", "0");
    for (uint32_t k = 1; k < strategies; k++) {
        char name[NAME_MAX_BYTES];
        snprintf(name, sizeof name, "other-%u", k);
        struct strategy_setup *ss = world_strategy(w, name, &strategy_mover, "1", "0");
        ss->instrument[0] = 1 + k % (w->setup->instruments - 1);
        ss->params.value[0].instrument = ss->instrument[0];
    }
    world_start(w);
}

/* Nanoseconds per step over EVENTS trades and tops of BTC-USDT, half and half. The venue's answers
 * to submits and cancels are steps, too. */
static double one_run(struct world *w)
{
    struct event trade = {.kind = EVENT_TRADE, .trade = {D("60000"), D("0.01"), 0, SIDE_BUY}};
    struct event top = {.kind = EVENT_TOP, .top = {D("59999"), D("1"), D("60001"), D("1")}};
    uint64_t steps = 0;
    int64_t start = bench_cpu_ns();
    for (int i = 0; i < EVENTS; i++) {
        struct event *ev = i & 1 ? &trade : &top;
        w->now_ns += 100000; /* 10000 events a second: minutes and limits come up as they do live */
        world_step(w, ev);
        steps++;
        struct {
            order_id id;
            enum order_state state;
        } answer[4];
        uint32_t answers = 0;
        for (uint32_t k = 0; k < w->fx->count && answers < 4; k++) {
            const struct effect *f = &w->fx->item[k];
            if (f->kind == EFFECT_SUBMIT)
                answer[answers].id = f->submit.id, answer[answers++].state = ORDER_ACCEPTED;
            else if (f->kind == EFFECT_CANCEL)
                answer[answers].id = f->cancel, answer[answers++].state = ORDER_CANCELED;
        }
        for (uint32_t k = 0; k < answers; k++) {
            world_order(w, answer[k].id, answer[k].state);
            steps++;
        }
    }
    return (double)(bench_cpu_ns() - start) / (double)steps;
}

/* The floor: the event copied, and nothing thought about it. */
static double copy_ns(void)
{
    static struct event from[64], to[64];
    int64_t start = bench_cpu_ns();
    for (int i = 0; i < 10 * EVENTS; i++) {
        memcpy(&to[i % 64], &from[(i + 7) % 64], sizeof *to);
        __asm__ volatile("" ::: "memory");
    }
    return (double)(bench_cpu_ns() - start) / (10.0 * EVENTS);
}

int main(void)
{
    static const uint32_t COUNTS[] = {1, 100, 1000};
    double alone = 0;
    for (size_t i = 0; i < sizeof COUNTS / sizeof *COUNTS; i++) {
        struct world w;
        char name[64];
        double run[RUNS], floor[RUNS];
        open_world(&w, COUNTS[i]);
        one_run(&w); /* warm */
        for (int r = 0; r < RUNS; r++) {
            run[r] = one_run(&w);
            floor[r] = copy_ns();
        }
        double ns = bench_median(run, RUNS);
        snprintf(name, sizeof name, "engine step, %u strateg%s", COUNTS[i],
                 COUNTS[i] == 1 ? "y" : "ies");
        if (i == 0) {
            alone = ns;
            bench_tell(name, ns, "ns", "memcpy of the event", bench_median(floor, RUNS), "-");
        } else {
            bench_tell(name, ns, "ns", "1 strategy", alone, "flat");
        }
        world_close(&w);
    }
    return 0;
}
