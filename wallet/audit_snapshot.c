/* The counters in a form that a log can hold. Parts end where the next item might not fit, so that
 * whoever has the same counters writes the same parts. */
#include "wallet/audit_inside.h"

#include "base/check.h"
#include "wallet/policy_counters.h"

#define ITEM_TIME     1
#define ITEM_INSTANCE 2
#define ITEM_SLOT     3
#define ITEM_ORDER    4
#define ITEM_MAX      (1 + 16 + 2 * POLICY_INTENTS / 8)
#define ORDER_BYTES   (1 + 8 + 32 + 4)
#define SLOT_BYTES    (1 + 4 + 2 + 32 + 2 + 32)

static void put_instance(const struct policy_instance *i, struct bufw *w)
{
    bufw_u8(w, ITEM_INSTANCE);
    bufw_u64(w, i->instance);
    bufw_u64(w, i->top);
    bufw_bytes(w, i->was_signed, sizeof i->was_signed);
    bufw_bytes(w, i->was_replaced, sizeof i->was_replaced);
}

static void put_order(const struct policy_spend *s, struct bufw *w)
{
    bufw_u8(w, ITEM_ORDER);
    bufw_i64(w, s->until_ms);
    bufw_dec(w, s->base);
    bufw_dec(w, s->value);
    bufw_u32(w, s->slot);
}

/* How many items a stage has. */
static uint64_t items(const struct policy_counters *c, int stage)
{
    switch (stage) {
    case 0: return 1;
    case 1: return c->instances;
    case 2: return POLICY_SLOTS_MAX;
    case 3: return c->head - c->day_tail;
    default: return 0;
    }
}

static void put_item(const struct policy_counters *c, int stage, uint64_t at, struct bufw *w)
{
    switch (stage) {
    case 0:
        bufw_u8(w, ITEM_TIME);
        bufw_i64(w, c->now_ms);
        bufw_i64(w, c->last_until_ms);
        return;
    case 1: put_instance(&c->instance[at], w); return;
    case 2:
        if (!c->slot[at].day)
            return;
        bufw_u8(w, ITEM_SLOT);
        bufw_u32(w, (uint32_t)at);
        bufw_text(w, c->slot[at].label);
        bufw_text(w, c->slot[at].symbol);
        return;
    default: put_order(&c->ring[(c->day_tail + at) % (c->cap + c->spare)], w);
    }
}

bool audit_snapshot_part(const struct policy_counters *c, struct audit_cursor *at, struct bufw *w)
{
    at->part++;
    for (; at->stage < 4; at->stage++, at->at = 0)
        for (; at->at < items(c, at->stage); at->at++) {
            if (w->cap - w->len < ITEM_MAX)
                return false;
            put_item(c, at->stage, at->at, w);
            CHECK(!w->failed);
        }
    return true;
}

uint64_t audit_snapshot_max(uint64_t cap)
{
    uint64_t bytes = 17 + POLICY_INSTANCES_MAX * (uint64_t)ITEM_MAX +
                     POLICY_SLOTS_MAX * (uint64_t)SLOT_BYTES + cap * ORDER_BYTES;
    return (bytes / (AUDIT_PART_MAX - ITEM_MAX) + 1) * AUDIT_BLOCK_MAX;
}

static enum err get_instance(struct policy_counters *c, struct bufr *in)
{
    struct policy_instance i;
    memset(&i, 0, sizeof i);
    i.instance = bufr_u64(in);
    i.top = bufr_u64(in);
    bufr_bytes(in, i.was_signed, sizeof i.was_signed);
    bufr_bytes(in, i.was_replaced, sizeof i.was_replaced);
    return in->failed ? ERR_CORRUPT : policy_restore_instance(c, &i);
}

static enum err get_slot(struct policy_counters *c, struct bufr *in)
{
    char label[WIRE_LABEL_MAX], symbol[WIRE_SYMBOL_MAX];
    uint32_t slot = bufr_u32(in);
    bufr_text(in, label, sizeof label);
    bufr_text(in, symbol, sizeof symbol);
    if (in->failed || !wire_label_ok(label) || !wire_symbol_ok(symbol))
        return ERR_CORRUPT;
    return policy_restore_slot(c, slot, label, symbol);
}

static enum err get_order(struct policy_counters *c, struct bufr *in)
{
    struct policy_spend s;
    memset(&s, 0, sizeof s);
    s.until_ms = bufr_i64(in);
    s.base = bufr_dec(in);
    s.value = bufr_dec(in);
    s.slot = bufr_u32(in);
    return in->failed ? ERR_CORRUPT : policy_restore_spend(c, &s);
}

enum err audit_snapshot_read(struct policy_counters *c, const uint8_t *bytes, size_t len)
{
    struct bufr in = bufr_make(bytes, len);
    enum err e = ERR_OK;
    while (!e && in.pos < in.len) {
        switch (bufr_u8(&in)) {
        case ITEM_TIME: {
            int64_t now = bufr_i64(&in), last_until = bufr_i64(&in);
            e = in.failed ? ERR_CORRUPT : policy_restore_time(c, now, last_until);
            break;
        }
        case ITEM_INSTANCE: e = get_instance(c, &in); break;
        case ITEM_SLOT: e = get_slot(c, &in); break;
        case ITEM_ORDER: e = get_order(c, &in); break;
        default: e = ERR_CORRUPT;
        }
    }
    return e;
}

int64_t audit_snapshot_time(const uint8_t *bytes, size_t len)
{
    struct bufr in = bufr_make(bytes, len);
    uint8_t item = bufr_u8(&in);
    int64_t now = bufr_i64(&in);
    return in.failed || item != ITEM_TIME ? -1 : now;
}
