#include "main/carry.h"

#include "io/describe.h"
#include "model/effect.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 2, 3))) static void note(struct carry_notes *n, const char *format,
                                                       ...)
{
    if (n->count == CARRY_NOTES_MAX) {
        snprintf(n->line[CARRY_NOTES_MAX - 1], CARRY_NOTE_MAX, "... and more of that kind");
        return;
    }
    va_list ap;
    va_start(ap, format);
    vsnprintf(n->line[n->count++], CARRY_NOTE_MAX, format, ap);
    va_end(ap);
}

/* ---- the opening record ---- */

/* What strategies have beyond budget and inventory, at the end of the record; where none has any,
 * there is nothing. */
static void write_funds(const struct setup *s, struct bufw *out)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < s->strategies; i++)
        count += s->strategy[i].funds;
    if (count == 0)
        return;
    bufw_u16(out, (uint16_t)count);
    for (uint32_t i = 0; i < s->strategies; i++)
        for (uint32_t k = 0; k < s->strategy[i].funds; k++) {
            const struct allotment *a = &s->strategy[i].fund[k];
            bufw_text(out, s->strategy[i].name);
            bufw_text(out, s->venue[a->venue].name);
            bufw_text(out, s->asset[a->asset]);
            bufw_dec(out, a->amount);
        }
}

void carry_write_opening(const struct setup *s, uint32_t from, struct bufw *out)
{
    bufw_u32(out, from);
    bufw_u16(out, (uint16_t)s->balances);
    for (uint32_t i = 0; i < s->balances; i++) {
        bufw_text(out, s->venue[s->balance[i].venue].name);
        bufw_text(out, s->asset[s->balance[i].asset]);
        bufw_dec(out, s->balance[i].amount);
    }
    bufw_u16(out, (uint16_t)s->strategies);
    for (uint32_t i = 0; i < s->strategies; i++) {
        bufw_text(out, s->strategy[i].name);
        bufw_dec(out, s->strategy[i].budget);
        bufw_dec(out, s->strategy[i].inventory);
    }
    write_funds(s, out);
}

static venue_id find_venue(const struct setup *s, const char *name)
{
    for (uint32_t v = 0; v < s->venues; v++)
        if (strcmp(s->venue[v].name, name) == 0)
            return (venue_id)v;
    return VENUE_NONE;
}

static enum err apply_funds(struct setup *s, struct bufr *in)
{
    char name[NAME_MAX_BYTES], venue[NAME_MAX_BYTES], asset[ASSET_NAME_MAX];
    for (uint32_t i = 0; i < s->strategies; i++)
        s->strategy[i].funds = 0; /* as the record has them, not as the file */
    if (in->pos == in->len)
        return ERR_OK;
    uint16_t count = bufr_u16(in);
    for (uint16_t i = 0; i < count; i++) {
        bufr_text(in, name, sizeof name);
        bufr_text(in, venue, sizeof venue);
        bufr_text(in, asset, sizeof asset);
        dec amount = bufr_dec(in);
        strategy_id id = setup_find_strategy(s, name);
        venue_id v = find_venue(s, venue);
        asset_id a = setup_find_asset(s, asset);
        if (in->failed || id == STRATEGY_NONE || v == VENUE_NONE || a == ASSET_NONE ||
            dec_is_neg(amount) || !setup_set_allotment(s, id, v, a, amount))
            return ERR_SYNTAX;
    }
    return ERR_OK;
}

enum err carry_apply_opening(struct setup *s, const uint8_t *payload, size_t len, char *why)
{
    struct bufr in = bufr_make(payload, len);
    char venue[NAME_MAX_BYTES], asset[ASSET_NAME_MAX], name[NAME_MAX_BYTES];
    snprintf(why, CARRY_WHY_MAX, "the record of opening balances does not fit the configuration");
    bufr_u32(&in);
    uint16_t balances = bufr_u16(&in);
    if (balances > sizeof s->balance / sizeof s->balance[0])
        return ERR_SYNTAX;
    s->balances = 0;
    for (uint16_t i = 0; i < balances; i++) {
        bufr_text(&in, venue, sizeof venue);
        bufr_text(&in, asset, sizeof asset);
        struct balance_setup b = {.venue = find_venue(s, venue),
                                  .asset = setup_find_asset(s, asset),
                                  .amount = bufr_dec(&in)};
        if (in.failed || b.venue == VENUE_NONE || b.asset == ASSET_NONE || dec_is_neg(b.amount))
            return ERR_SYNTAX;
        s->balance[s->balances++] = b;
    }
    if (bufr_u16(&in) != s->strategies)
        return ERR_SYNTAX;
    for (uint32_t i = 0; i < s->strategies; i++) {
        bufr_text(&in, name, sizeof name);
        strategy_id id = setup_find_strategy(s, name);
        dec budget = bufr_dec(&in), inventory = bufr_dec(&in);
        if (in.failed || id == STRATEGY_NONE || dec_is_neg(budget) || dec_is_neg(inventory))
            return ERR_SYNTAX;
        s->strategy[id].budget = budget;
        s->strategy[id].inventory = inventory;
    }
    if (apply_funds(s, &in) != ERR_OK)
        return ERR_SYNTAX;
    return in.failed || in.pos != in.len ? ERR_SYNTAX : ERR_OK;
}

/* ---- reading the old journal ---- */

static bool has_instrument(const struct strategy_setup *ss)
{
    return ss->instruments > 0;
}

static enum err open_books(struct carried *c, char *why)
{
    const struct setup *s = c->setup;
    for (uint32_t i = 0; i < s->balances; i++) {
        dec *a = &c->account[s->balance[i].venue][s->balance[i].asset];
        if (!dec_add(*a, s->balance[i].amount, a)) {
            snprintf(why, CARRY_WHY_MAX, "the old opening balances are too large");
            return ERR_OVERFLOW;
        }
    }
    for (strategy_id i = 0; i < s->strategies; i++)
        c->held_count[i] = setup_allotments(s, i, c->held[i]);
    return ERR_OK;
}

static bool add_to(dec *sum, dec amount)
{
    return dec_add(*sum, amount, sum);
}

/* What strategy [id] holds of an asset; NULL where it can hold none of it. */
static dec *held_of(struct carried *c, strategy_id id, venue_id v, asset_id a)
{
    for (uint32_t i = 0; i < c->held_count[id]; i++)
        if (c->held[id][i].venue == v && c->held[id][i].asset == a)
            return &c->held[id][i].amount;
    return NULL;
}

/* Books a fill into the account and the strategy's holdings, as docs/definitions.md has it. */
static enum err book_fill(struct carried *c, const struct effect *fx)
{
    const struct setup *s = c->setup;
    const struct effect_fill *f = &fx->fill;
    if (fx->strategy >= s->strategies || f->req.instrument >= s->instruments ||
        f->fee_asset >= s->assets)
        return ERR_CORRUPT;
    const struct instrument *in = &s->instrument[f->req.instrument];
    bool buy = f->req.side == SIDE_BUY;
    dec gross, base, quote, fee = dec_neg(f->fee);
    if (!dec_mul(f->price, f->qty, buy ? DEC_UP : DEC_DOWN, &gross))
        return ERR_OVERFLOW;
    base = buy ? f->qty : dec_neg(f->qty);
    quote = buy ? dec_neg(gross) : gross;
    dec *account = c->account[in->venue];
    if (!add_to(&account[in->base], base) || !add_to(&account[in->quote], quote) ||
        !add_to(&account[f->fee_asset], fee))
        return ERR_OVERFLOW;
    /* A fee that is not taken from what was received is paid from what belongs to nobody. */
    if (f->fee_asset == (buy ? in->base : in->quote) && !add_to(buy ? &base : &quote, fee))
        return ERR_OVERFLOW;
    dec *held_base = held_of(c, fx->strategy, in->venue, in->base);
    dec *held_quote = held_of(c, fx->strategy, in->venue, in->quote);
    if (!held_base || !held_quote)
        return ERR_CORRUPT;
    if (!add_to(held_base, base) || !add_to(held_quote, quote))
        return ERR_OVERFLOW;
    return ERR_OK;
}

static enum err note_state(struct carried *c, const struct effect_state *st)
{
    switch (st->scope) {
    case SCOPE_AGENT:
        c->agent = st->to;
        c->agent_below = st->to == STATE_HALTED ? st->from : STATE_ACTIVE;
        return ERR_OK;
    case SCOPE_VENUE: /* no command sets a venue's state: rather the whole agent */
        c->agent = trading_state_stricter(c->agent, st->to);
        return ERR_OK;
    case SCOPE_STRATEGY:
        if (st->index >= c->setup->strategies)
            return ERR_CORRUPT;
        c->strategy[st->index] = st->to;
        return ERR_OK;
    }
    return ERR_CORRUPT;
}

/* A command under a halt changes what unhalt leads back to, and makes no effect. */
static void note_command(struct carried *c, const struct event_command *k)
{
    if (c->agent != STATE_HALTED || (k->kind != COMMAND_STOPENTRY && k->strategy != STRATEGY_NONE))
        return;
    if (k->kind == COMMAND_STOPENTRY || k->kind == COMMAND_PAUSE)
        c->agent_below = STATE_REDUCING;
    else if (k->kind == COMMAND_RESUME)
        c->agent_below = STATE_ACTIVE;
}

static enum err read_input(struct carried *c, const struct journal_record *rec)
{
    struct event ev;
    struct bufr in = bufr_make(rec->payload, rec->len);
    if (rec->len == 0 || rec->payload[0] != EVENT_COMMAND)
        return ERR_OK;
    enum err rc = event_decode(&in, NULL, 0, &ev);
    if (rc == ERR_OK)
        note_command(c, &ev.command);
    return rc;
}

/* The old engine's own books: must be ours. */
static enum err compare_books(struct carried *c, const struct effect_ledger *l)
{
    if (l->strategy >= c->setup->strategies || l->instrument >= c->setup->instruments)
        return ERR_CORRUPT;
    const struct instrument *in = &c->setup->instrument[l->instrument];
    const dec *base = held_of(c, l->strategy, in->venue, in->base);
    const dec *quote = held_of(c, l->strategy, in->venue, in->quote);
    return base && quote && dec_eq(*base, l->base) && dec_eq(*quote, l->quote) ? ERR_OK
                                                                               : ERR_CORRUPT;
}

static enum err read_effect(struct carried *c, const struct effect *fx)
{
    switch (fx->kind) {
    case EFFECT_FILL: return book_fill(c, fx);
    case EFFECT_STATE: return note_state(c, &fx->state);
    case EFFECT_LEDGER: return compare_books(c, &fx->ledger);
    case EFFECT_SUBMIT: c->open_orders++; return ERR_OK;
    case EFFECT_ORDER:
        if (order_state_is_terminal(fx->order.to) && c->open_orders)
            c->open_orders--;
        return ERR_OK;
    case EFFECT_CANCEL:
    case EFFECT_DENIED:
    case EFFECT_RESYNC:
    case EFFECT_ALERT:
    case EFFECT_GUARD: /* locks last for a time, of the run they were made in */
    case EFFECT_NOTE: return ERR_OK;
    }
    return ERR_CORRUPT;
}

enum err carry_scan(struct carried *ret, const struct setup *s, uint32_t from,
                    struct journal_reader *reader, char *why)
{
    struct carried *c = ret;
    memset(c, 0, sizeof *c);
    c->setup = s;
    c->from = from;
    c->agent = c->agent_below = STATE_ACTIVE;
    for (uint32_t i = 0; i < s->strategies; i++)
        c->strategy[i] = STATE_ACTIVE;
    enum err rc = open_books(c, why);
    struct journal_record rec;
    while (rc == ERR_OK && (rc = journal_read_next(reader, &rec)) == ERR_OK) {
        struct effect fx;
        struct bufr in = bufr_make(rec.payload, rec.len);
        if (rec.type == JOURNAL_INPUT) {
            rc = read_input(c, &rec);
        } else if (rec.type == JOURNAL_EFFECT) {
            rc = effect_decode(&in, &fx);
            if (rc == ERR_OK)
                rc = read_effect(c, &fx);
        }
        if (rc != ERR_OK)
            snprintf(why, CARRY_WHY_MAX,
                     "record %llu of the old journal: the balances cannot be carried over (%s)",
                     (unsigned long long)rec.number,
                     rc == ERR_CORRUPT ? "its books do not agree with its fills" : err_name(rc));
    }
    if (rc == ERR_NOT_FOUND)
        return ERR_OK;
    if (journal_read_why(reader)[0])
        snprintf(why, CARRY_WHY_MAX, "%s", journal_read_why(reader));
    return rc;
}

/* ---- placing it ---- */

static const char *amount_text(dec d, char *out)
{
    dec_format(d, out);
    return out;
}

static enum err place_balances(const struct carried *c, struct setup *s, struct carry_notes *notes,
                               char *why)
{
    const struct setup *old = c->setup;
    struct balance_setup fresh[sizeof s->balance / sizeof s->balance[0]];
    char text[DEC_TEXT_MAX];
    uint32_t n = 0;
    for (uint32_t ov = 0; ov < old->venues; ov++)
        for (uint32_t oa = 0; oa < old->assets; oa++) {
            dec amount = c->account[ov][oa];
            if (dec_is_zero(amount))
                continue;
            venue_id v = find_venue(s, old->venue[ov].name);
            asset_id a = setup_find_asset(s, old->asset[oa]);
            if (v == VENUE_NONE || a == ASSET_NONE || !s->conversion[v][a].known ||
                dec_is_neg(amount)) {
                snprintf(why, CARRY_WHY_MAX,
                         "the old run holds %s %s on %s, and the new configuration has no place "
                         "for it: no venue of that name, or no instrument there to value %s",
                         amount_text(amount, text), old->asset[oa], old->venue[ov].name,
                         old->asset[oa]);
                return ERR_RANGE;
            }
            fresh[n++] = (struct balance_setup){.venue = v, .asset = a, .amount = amount};
            note(notes, "carried over: %s %s on %s", amount_text(amount, text), old->asset[oa],
                 old->venue[ov].name);
        }
    for (uint32_t i = 0; i < s->balances; i++) { /* a venue the old run did not have opens anew */
        const char *venue = s->venue[s->balance[i].venue].name;
        if (find_venue(old, venue) != VENUE_NONE)
            continue;
        fresh[n++] = s->balance[i];
        note(notes, "new venue %s opens with %s %s from the configuration", venue,
             amount_text(s->balance[i].amount, text), s->asset[s->balance[i].asset]);
    }
    memcpy(s->balance, fresh, n * sizeof fresh[0]);
    s->balances = n;
    return ERR_OK;
}

/* Whether strategy [os] of the old run and [ns] of the new are the same one, with the same assets.
 */
static bool same_strategy(const struct setup *old, uint32_t os, const struct setup *s, uint32_t ns)
{
    const struct strategy_setup *a = &old->strategy[os], *b = &s->strategy[ns];
    if (strcmp(a->name, b->name) != 0 || !has_instrument(a) || !has_instrument(b))
        return false;
    const struct instrument *i = &old->instrument[a->instrument[0]],
                            *j = &s->instrument[b->instrument[0]];
    return strcmp(i->symbol, j->symbol) == 0 &&
           strcmp(old->venue[i->venue].name, s->venue[j->venue].name) == 0;
}

/* "5 USDT on binance, 1 BTC on kraken": what is held. Returns [out]. */
static const char *holdings_text(const struct carried *c, strategy_id os, char *out, size_t cap)
{
    const struct setup *old = c->setup;
    size_t len = 0;
    snprintf(out, cap, "nothing");
    for (uint32_t i = 0; i < c->held_count[os]; i++) {
        const struct allotment *a = &c->held[os][i];
        char text[DEC_TEXT_MAX];
        if (dec_is_zero(a->amount))
            continue;
        int wrote =
            snprintf(out + len, cap - len, "%s%s %s on %s", len ? ", " : "",
                     amount_text(a->amount, text), old->asset[a->asset], old->venue[a->venue].name);
        len += wrote > 0 && len + (size_t)wrote < cap ? (size_t)wrote : 0;
    }
    return out;
}

/* Gives strategy [ns] of the new run what [os] held of the old one. Assets that only the new one
 * knows keep what the file says. */
static void place_holdings(const struct carried *c, strategy_id os, struct setup *s, strategy_id ns,
                           struct carry_notes *notes)
{
    const struct setup *old = c->setup;
    const char *name = s->strategy[ns].name;
    struct allotment file[STRATEGY_ASSETS_MAX], was[STRATEGY_ASSETS_MAX];
    uint32_t files = setup_allotments(s, ns, file), had = setup_allotments(old, os, was);
    bool changed = false;
    char text[DEC_TEXT_MAX];
    for (uint32_t i = 0; i < c->held_count[os]; i++) {
        const struct allotment *a = &c->held[os][i];
        venue_id v = find_venue(s, old->venue[a->venue].name);
        asset_id asset = setup_find_asset(s, old->asset[a->asset]);
        if (v == VENUE_NONE || asset == ASSET_NONE ||
            !setup_set_allotment(s, ns, v, asset, a->amount)) {
            if (!dec_is_zero(a->amount))
                note(notes,
                     "strategy %s trades no %s on %s any longer: its %s are allotted to none now",
                     name, old->asset[a->asset], old->venue[a->venue].name,
                     amount_text(a->amount, text));
            continue;
        }
        for (uint32_t k = 0; k < files; k++)
            if (file[k].venue == v && file[k].asset == asset)
                changed |= i < had && !dec_eq(file[k].amount, was[i].amount);
    }
    if (changed)
        note(notes,
             "strategy %s: budget, inventory and funds in the file count at a fresh start only",
             name);
}

static void place_strategies(const struct carried *c, struct setup *s, struct carry_notes *notes)
{
    const struct setup *old = c->setup;
    char text[CARRY_NOTE_MAX];
    for (strategy_id os = 0; os < old->strategies; os++) {
        const struct strategy_setup *was = &old->strategy[os];
        if (!has_instrument(was))
            continue;
        strategy_id ns = 0;
        while (ns < s->strategies && !same_strategy(old, os, s, ns))
            ns++;
        holdings_text(c, os, text, sizeof text);
        if (ns == s->strategies) {
            note(notes, "strategy %s on %s is no longer configured: allotted to none now: %s",
                 was->name, old->instrument[was->instrument[0]].symbol, text);
            continue;
        }
        place_holdings(c, os, s, ns, notes);
        note(notes, "strategy %s goes on with %s", was->name, text);
    }
}

/* Every allotment must be covered, or the engine could not open its books. */
static enum err check_cover(const struct setup *s, char *why)
{
    dec left[SETUP_VENUES_MAX][SETUP_ASSETS_MAX] = {{{0}}};
    for (uint32_t i = 0; i < s->balances; i++)
        if (!add_to(&left[s->balance[i].venue][s->balance[i].asset], s->balance[i].amount))
            return ERR_OVERFLOW;
    for (strategy_id i = 0; i < s->strategies; i++) {
        struct allotment a[STRATEGY_ASSETS_MAX];
        uint32_t n = setup_allotments(s, i, a);
        for (uint32_t k = 0; k < n; k++) {
            dec *rest = &left[a[k].venue][a[k].asset];
            char need[DEC_TEXT_MAX], have[DEC_TEXT_MAX];
            if (dec_gt(a[k].amount, *rest)) {
                snprintf(why, CARRY_WHY_MAX,
                         "strategy %s wants %s %s on %s, but of what the old run left only %s "
                         "is not allotted to others: give it less",
                         s->strategy[i].name, amount_text(a[k].amount, need), s->asset[a[k].asset],
                         s->venue[a[k].venue].name, amount_text(*rest, have));
                return ERR_RANGE;
            }
            rest->v -= a[k].amount.v;
        }
    }
    return ERR_OK;
}

enum err carry_place(const struct carried *c, struct setup *s, struct carry_notes *notes, char *why)
{
    notes->count = 0;
    enum err rc = place_balances(c, s, notes, why);
    if (rc != ERR_OK)
        return rc;
    place_strategies(c, s, notes);
    return check_cover(s, why);
}
