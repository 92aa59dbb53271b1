/* What strategies see and ask for (strategies/strategy.h), over the engine's inside. */
#include "base/check.h"
#include "core/internal.h"

int64_t view_now_ns(const struct strategy_view *v)
{
    return v->engine->now_ns;
}

const struct params *view_params(const struct strategy_view *v)
{
    return &v->engine->strategy[v->id].params;
}

instrument_id view_first_instrument(const struct strategy_view *v)
{
    return v->engine->setup->strategy[v->id].instrument[0];
}

const struct instrument *view_instrument(const struct strategy_view *v, instrument_id i)
{
    return engine_instrument(v->engine, i);
}

/* Before its history it sees no price: nothing could be decided on it rightly. */
static bool waits(const struct strategy_view *v)
{
    return v->engine->strategy[v->id].history.waits;
}

bool view_top(const struct strategy_view *v, instrument_id i, struct event_top *ret)
{
    CHECK(i < v->engine->setup->instruments);
    const struct market_instrument *m = &v->engine->market.item[i];
    if (m->feed != FEED_LIVE || !m->has_top || waits(v))
        return false;
    *ret = m->top;
    return true;
}

bool view_last(const struct strategy_view *v, instrument_id i, dec *ret)
{
    return !waits(v) && engine_last(v->engine, i, ret);
}

bool view_mark(const struct strategy_view *v, instrument_id i, dec *ret)
{
    CHECK(i < v->engine->setup->instruments);
    const struct market_instrument *m = &v->engine->market.item[i];
    if (m->feed != FEED_LIVE || !m->has_reference || waits(v))
        return false;
    *ret = m->mark;
    return true;
}

const struct book *view_book(const struct strategy_view *v, instrument_id i)
{
    CHECK(i < v->engine->setup->instruments);
    const struct market_instrument *m = &v->engine->market.item[i];
    return m->feed == FEED_LIVE && !waits(v) ? engine_book(v->engine, i) : NULL;
}

dec view_free(const struct strategy_view *v, asset_id asset)
{
    const struct setup *s = v->engine->setup;
    instrument_id first = s->strategy[v->id].instrument[0];
    return ledger_free(&v->engine->ledger, v->id, s->instrument[first].venue, asset);
}

dec view_free_at(const struct strategy_view *v, instrument_id i, asset_id asset)
{
    const struct setup *s = v->engine->setup;
    CHECK(i < s->instruments);
    return ledger_free(&v->engine->ledger, v->id, s->instrument[i].venue, asset);
}

dec view_position(const struct strategy_view *v, instrument_id i, dec *ret_cost)
{
    const struct holding *h = ledger_holding(&v->engine->ledger, v->id, i);
    *ret_cost = h->cost;
    return h->qty;
}

uint32_t view_open_orders(const struct strategy_view *v)
{
    return v->engine->execution.own[v->id].count;
}

const struct order *view_open_order(const struct strategy_view *v, uint32_t n)
{
    const struct execution *x = &v->engine->execution;
    return execution_nth(x, &x->own[v->id], LINK_OWN, n);
}

const struct order *view_order(const struct strategy_view *v, order_id id)
{
    const struct order *o = execution_find(&v->engine->execution, id);
    return o && o->strategy == v->id ? o : NULL;
}

enum trading_state view_state(const struct strategy_view *v)
{
    return view_state_at(v, view_first_instrument(v));
}

enum trading_state view_state_at(const struct strategy_view *v, instrument_id i)
{
    const struct setup *s = v->engine->setup;
    CHECK(i < s->instruments);
    if (v->engine->strategy[v->id].life.rest != REST_NONE)
        return STATE_HALTED; /* no order would be let go */
    return states_effective(v->engine, v->id, s->instrument[i].venue);
}

dec view_maker_fee(const struct strategy_view *v, instrument_id i)
{
    const struct setup *s = v->engine->setup;
    return s->venue[s->instrument[i].venue].maker_fee;
}

dec view_taker_fee(const struct strategy_view *v, instrument_id i)
{
    const struct setup *s = v->engine->setup;
    return s->venue[s->instrument[i].venue].taker_fee;
}

asset_id view_fee_asset(const struct strategy_view *v, instrument_id i)
{
    const struct setup *s = v->engine->setup;
    return s->venue[s->instrument[i].venue].fee_asset;
}

uint64_t view_random(const struct strategy_view *v)
{
    return rng_u64(&v->engine->strategy[v->id].rng);
}

static struct intent *add(struct intents *out, enum intent_kind kind)
{
    if (out->count == INTENTS_MAX) {
        out->overflow = true;
        return NULL;
    }
    struct intent *in = &out->item[out->count++];
    in->kind = kind;
    return in;
}

order_id intents_submit(struct intents *out, const struct order_request *req)
{
    struct intent *in = add(out, INTENT_SUBMIT);
    if (!in)
        return 0;
    in->id = order_id_make(out->strategy, ++out->owner->next_seq);
    in->req = *req;
    return in->id;
}

void intents_cancel(struct intents *out, order_id id)
{
    struct intent *in = add(out, INTENT_CANCEL);
    if (in)
        in->id = id;
}

uint64_t intents_parent(struct intents *out, instrument_id i, enum side side, dec qty)
{
    struct intent *in = add(out, INTENT_PARENT);
    if (!in)
        return 0;
    in->id = order_id_make(out->strategy, ++out->owner->next_seq);
    in->req = (struct order_request){.instrument = i, .side = side, .qty = qty};
    return in->id;
}

void intents_timer(struct intents *out, int64_t at_ns)
{
    out->timer_set = true;
    out->timer_ns = at_ns > 0 ? at_ns : INT64_MAX;
}

void intents_note(struct intents *out, const char *text)
{
    struct intent *in = add(out, INTENT_NOTE);
    if (!in)
        return;
    memset(in->note, 0, sizeof in->note);
    size_t n = strnlen(text, NOTE_MAX - 1);
    memcpy(in->note, text, n);
}
