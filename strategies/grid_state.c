/* Saving and loading a grid: everything but what init() makes from the parameters. */
#include "strategies/grid_internal.h"

#define STATE_VERSION 2

static void save_leg(const struct grid_leg *l, struct bufw *out)
{
    bufw_u64(out, l->id);
    bufw_dec(out, l->open);
    bufw_dec(out, l->price);
    bufw_u8(out, l->canceling);
    bufw_i64(out, l->cancel_ns);
}

static bool read_bool(struct bufr *in)
{
    uint8_t b = bufr_u8(in);
    in->failed |= b > 1;
    return b == 1;
}

static uint32_t read_below(struct bufr *in, uint32_t end)
{
    uint32_t n = bufr_u32(in);
    in->failed |= n >= end;
    return n;
}

static void load_leg(struct grid_leg *l, struct bufr *in)
{
    l->id = bufr_u64(in);
    l->open = bufr_dec(in);
    l->price = bufr_dec(in);
    l->canceling = read_bool(in);
    l->cancel_ns = bufr_i64(in);
}

static void save_slot(const struct grid_slot *s, struct bufw *out)
{
    bufw_u32(out, (uint32_t)s->level);
    bufw_dec(out, s->low);
    bufw_dec(out, s->high);
    bufw_dec(out, s->size);
    bufw_dec(out, s->held);
    bufw_dec(out, s->bought);
    bufw_dec(out, s->cost);
    bufw_u8(out, s->entry);
    for (int side = 0; side < 2; side++) {
        const struct grid_side *x = &s->side[side];
        save_leg(&x->leg[0], out);
        save_leg(&x->leg[1], out);
        bufw_i64(out, x->retry_ns);
        bufw_u32(out, x->refused);
        bufw_u32(out, x->took);
    }
}

static void load_slot(struct grid_slot *s, struct bufr *in)
{
    s->level = (int32_t)bufr_u32(in);
    s->low = bufr_dec(in);
    s->high = bufr_dec(in);
    s->size = bufr_dec(in);
    s->held = bufr_dec(in);
    s->bought = bufr_dec(in);
    s->cost = bufr_dec(in);
    s->entry = read_bool(in);
    for (int side = 0; side < 2; side++) {
        struct grid_side *x = &s->side[side];
        load_leg(&x->leg[0], in);
        load_leg(&x->leg[1], in);
        x->retry_ns = bufr_i64(in);
        x->refused = read_below(in, 3);
        x->took = read_below(in, GRID_TICKS_MAX + 1);
    }
}

enum err grid_save(const void *state, struct bufw *out)
{
    const struct grid *g = state;
    bufw_u8(out, STATE_VERSION);
    bufw_u32(out, g->slots);
    bufw_u8(out, (uint8_t)g->phase);
    bufw_u8(out, g->due);
    bufw_u32(out, (uint32_t)g->lowest);
    bufw_dec(out, g->start);
    bufw_u8(out, g->trigger_armed);
    bufw_u8(out, g->trigger_above);
    bufw_u8(out, g->any_waiting);
    bufw_dec(out, g->lowest_waiting);
    bufw_u8(out, g->any_blocked);
    bufw_dec(out, g->highest_blocked);
    bufw_u32(out, g->entries);
    bufw_dec(out, g->trail_up);
    bufw_dec(out, g->trail_down);
    bufw_u32(out, g->stopped_by);
    save_leg(&g->closing, out);
    bufw_dec(out, g->close_qty);
    bufw_i64(out, g->close_retry_ns);
    bufw_u32(out, g->close_refused);
    bufw_u8(out, g->close_near);
    bufw_dec(out, g->profit);
    bufw_u64(out, g->round_trips);
    for (uint32_t i = 0; i < g->slots; i++)
        save_slot(&g->slot[i], out);
    return out->failed ? ERR_FULL : ERR_OK;
}

enum err grid_load(void *state, struct bufr *in)
{
    struct grid *g = state;
    uint32_t slots = g->slots;
    if (bufr_u8(in) != STATE_VERSION || bufr_u32(in) != slots)
        return ERR_SYNTAX; /* not ours, or of a grid with other levels */
    uint8_t phase = bufr_u8(in);
    in->failed |= phase > GRID_STOPPED;
    g->phase = (enum grid_phase)(phase & 3);
    g->due = read_bool(in);
    g->lowest = (int32_t)bufr_u32(in);
    g->start = bufr_dec(in);
    g->trigger_armed = read_bool(in);
    g->trigger_above = read_bool(in);
    g->any_waiting = read_bool(in);
    g->lowest_waiting = bufr_dec(in);
    g->any_blocked = read_bool(in);
    g->highest_blocked = bufr_dec(in);
    g->entries = read_below(in, slots + 1);
    g->trail_up = bufr_dec(in);
    g->trail_down = bufr_dec(in);
    g->stopped_by = read_below(in, P_COUNT);
    load_leg(&g->closing, in);
    g->close_qty = bufr_dec(in);
    g->close_retry_ns = bufr_i64(in);
    g->close_refused = bufr_u32(in);
    g->close_near = read_bool(in);
    g->profit = bufr_dec(in);
    g->round_trips = bufr_u64(in);
    for (uint32_t i = 0; i < slots; i++)
        load_slot(&g->slot[i], in);
    return in->failed ? ERR_SYNTAX : ERR_OK;
}
