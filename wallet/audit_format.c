#include "wallet/audit_format.h"

#include "base/check.h"

#include <sodium.h>
#include <stdio.h>

#define MAGIC "TWAB"

void audit_hash(const void *data, size_t len, const uint8_t *key, uint8_t out[AUDIT_HASH])
{
    CHECK(crypto_generichash(out, AUDIT_HASH, data, len, key, key ? 32 : 0) == 0);
}

void audit_segment_name(uint32_t segment, char out[AUDIT_NAME_MAX])
{
    CHECK(segment <= 99999999u);
    snprintf(out, AUDIT_NAME_MAX, "%08u.audit", segment);
}

/* ---- blocks ---- */

void audit_seal_block(uint8_t *bytes, size_t len, struct audit_block *b, const uint8_t *key)
{
    b->len = (uint32_t)(len + AUDIT_TAIL);
    b->keyed = key != NULL;
    struct bufw w = bufw_make(bytes, AUDIT_HEAD);
    bufw_bytes(&w, MAGIC, 4);
    bufw_u32(&w, b->len);
    bufw_u64(&w, b->number);
    bufw_u64(&w, b->first);
    bufw_u16(&w, b->records);
    bufw_u8(&w, AUDIT_VERSION);
    bufw_u8(&w, b->keyed);
    bufw_u32(&w, b->segment);
    bufw_bytes(&w, b->before, AUDIT_HASH);
    CHECK(!w.failed && w.len == AUDIT_HEAD);
    if (key)
        audit_hash(bytes, len, key, b->mac);
    else
        memset(b->mac, 0, AUDIT_HASH);
    memcpy(bytes + len, b->mac, AUDIT_HASH);
    audit_hash(bytes, len + AUDIT_HASH, NULL, b->hash);
    memcpy(bytes + len + AUDIT_HASH, b->hash, AUDIT_HASH);
}

enum err audit_block_head(const uint8_t bytes[AUDIT_HEAD], struct audit_block *ret)
{
    struct bufr in = bufr_make(bytes, AUDIT_HEAD);
    struct audit_block b = {0};
    char magic[4];
    bufr_bytes(&in, magic, 4);
    b.len = bufr_u32(&in);
    b.number = bufr_u64(&in);
    b.first = bufr_u64(&in);
    b.records = bufr_u16(&in);
    uint8_t version = bufr_u8(&in), keyed = bufr_u8(&in);
    b.keyed = keyed == 1;
    b.segment = bufr_u32(&in);
    bufr_bytes(&in, b.before, AUDIT_HASH);
    if (memcmp(magic, MAGIC, 4) != 0 || version != AUDIT_VERSION || keyed > 1 || b.records == 0 ||
        b.len < AUDIT_HEAD + AUDIT_RECORD_MIN + AUDIT_TAIL || b.len > AUDIT_BLOCK_MAX)
        return ERR_SYNTAX;
    *ret = b;
    return ERR_OK;
}

bool audit_block_holds(const uint8_t *bytes, struct audit_block *b)
{
    uint8_t hash[AUDIT_HASH];
    memcpy(b->mac, bytes + b->len - AUDIT_TAIL, AUDIT_HASH);
    memcpy(b->hash, bytes + b->len - AUDIT_HASH, AUDIT_HASH);
    audit_hash(bytes, b->len - AUDIT_HASH, NULL, hash);
    return memcmp(hash, b->hash, AUDIT_HASH) == 0 &&
           (b->keyed || sodium_is_zero(b->mac, AUDIT_HASH));
}

bool audit_block_mac_holds(const uint8_t *bytes, const struct audit_block *b, const uint8_t *key)
{
    uint8_t mac[AUDIT_HASH];
    audit_hash(bytes, b->len - AUDIT_TAIL, key, mac);
    return sodium_memcmp(mac, b->mac, AUDIT_HASH) == 0;
}

/* ---- records: one function each way per part ---- */

static void put_who(struct bufw *w, const struct audit_who *o)
{
    bufw_u32(w, o->pid);
    bufw_u32(w, o->uid);
    bufw_u32(w, o->caps);
    bufw_u32(w, o->connection);
}

static void get_who(struct bufr *in, struct audit_who *o)
{
    o->pid = bufr_u32(in);
    o->uid = bufr_u32(in);
    o->caps = bufr_u32(in);
    o->connection = bufr_u32(in);
}

static void put_slice(struct bufw *w, const struct audit_slice *s)
{
    bufw_text(w, s->label);
    bufw_text(w, s->symbol);
    bufw_u64(w, s->instance);
    bufw_u64(w, s->first);
    bufw_u64(w, s->last);
    bufw_dec(w, s->base);
    bufw_dec(w, s->value);
    bufw_u32(w, s->count);
}

static bool get_slice(struct bufr *in, struct audit_slice *s)
{
    bufr_text(in, s->label, sizeof s->label);
    bufr_text(in, s->symbol, sizeof s->symbol);
    s->instance = bufr_u64(in);
    s->first = bufr_u64(in);
    s->last = bufr_u64(in);
    s->base = bufr_dec(in);
    s->value = bufr_dec(in);
    s->count = bufr_u32(in);
    return !in->failed && wire_label_ok(s->label) && wire_symbol_ok(s->symbol) &&
           s->first <= s->last && !dec_is_neg(s->base) && !dec_is_neg(s->value);
}

static void put_decision(struct bufw *w, const struct audit_record *r)
{
    const struct policy_decision *d = &r->decision;
    put_who(w, &r->who);
    bufw_u16(w, r->asked);
    bufw_u16(w, r->reason);
    bufw_dec(w, r->limit);
    bufw_dec(w, r->value);
    bufw_i64(w, r->at);
    bufw_i64(w, r->at_boot);
    bufw_u32(w, r->request_len);
    bufw_u16(w, r->kept);
    bufw_bytes(w, r->request, r->kept);
    bufw_u8(w, (uint8_t)r->order);
    if (r->order == AUDIT_NO_ORDER)
        return;
    bufw_text(w, d->label);
    bufw_text(w, d->symbol);
    bufw_u64(w, d->intent.instance);
    bufw_u64(w, d->intent.order);
    bufw_u64(w, d->replaces);
    bufw_i64(w, d->until_ms);
    bufw_dec(w, d->base);
    bufw_dec(w, d->total);
    bufw_u32(w, r->after.minute);
    bufw_u32(w, r->after.day);
    bufw_dec(w, r->after.hour_base);
    bufw_dec(w, r->after.hour_value);
    bufw_dec(w, r->after.day_base);
    bufw_dec(w, r->after.day_value);
}

static bool get_order(struct bufr *in, struct audit_record *r)
{
    struct policy_decision *d = &r->decision;
    bufr_text(in, d->label, sizeof d->label);
    bufr_text(in, d->symbol, sizeof d->symbol);
    d->intent.instance = bufr_u64(in);
    d->intent.order = bufr_u64(in);
    d->replaces = bufr_u64(in);
    d->until_ms = bufr_i64(in);
    d->base = bufr_dec(in);
    d->total = bufr_dec(in);
    d->is_order = true;
    d->reason = WIRE_ALLOWED;
    r->after.minute = bufr_u32(in);
    r->after.day = bufr_u32(in);
    r->after.hour_base = bufr_dec(in);
    r->after.hour_value = bufr_dec(in);
    r->after.day_base = bufr_dec(in);
    r->after.day_value = bufr_dec(in);
    return !in->failed && wire_label_ok(d->label) && wire_symbol_ok(d->symbol) &&
           !dec_is_neg(d->base) && !dec_is_neg(d->total) && r->reason == WIRE_ALLOWED;
}

static bool get_decision(struct bufr *in, struct audit_record *r)
{
    get_who(in, &r->who);
    r->asked = bufr_u16(in);
    r->reason = bufr_u16(in);
    r->limit = bufr_dec(in);
    r->value = bufr_dec(in);
    r->at = bufr_i64(in);
    r->at_boot = bufr_i64(in);
    r->request_len = bufr_u32(in);
    r->kept = bufr_u16(in);
    if (in->failed || r->kept > AUDIT_KEPT_MAX || in->len - in->pos < r->kept)
        return false;
    r->request = in->data + in->pos;
    in->pos += r->kept;
    uint8_t order = bufr_u8(in);
    if (in->failed || order > AUDIT_ORDER_OF_SLICE)
        return false;
    r->order = (enum audit_order)order;
    return r->order == AUDIT_NO_ORDER || get_order(in, r);
}

static void put_more(struct bufw *w, const struct audit_record *r)
{
    bufw_u16(w, r->mores);
    for (uint16_t i = 0; i < r->mores; i++) {
        bufw_u16(w, r->more[i].reason);
        bufw_u32(w, r->more[i].count);
    }
}

static bool get_more(struct bufr *in, struct audit_record *r)
{
    r->mores = bufr_u16(in);
    if (r->mores > AUDIT_MORE_MAX)
        return false;
    for (uint16_t i = 0; i < r->mores; i++) {
        r->more[i].reason = bufr_u16(in);
        r->more[i].count = bufr_u32(in);
    }
    return true;
}

static void put_store(struct bufw *w, const struct audit_record *r)
{
    bufw_bytes(w, r->store, sizeof r->store);
    bufw_u64(w, r->generation);
    bufw_bytes(w, r->policy_hash, sizeof r->policy_hash);
}

static void get_store(struct bufr *in, struct audit_record *r)
{
    bufr_bytes(in, r->store, sizeof r->store);
    r->generation = bufr_u64(in);
    bufr_bytes(in, r->policy_hash, sizeof r->policy_hash);
}

static void put_body(struct bufw *w, const struct audit_record *r)
{
    switch (r->type) {
    case AUDIT_START:
        bufw_u8(w, r->mode);
        bufw_u64(w, r->dropped);
        bufw_u32(w, r->who.pid);
        bufw_text(w, r->build);
        return;
    case AUDIT_DECISION: put_decision(w, r); return;
    case AUDIT_MORE: put_more(w, r); return;
    case AUDIT_UNLOCK:
        put_who(w, &r->who);
        put_store(w, r);
        bufw_i64(w, r->at);
        bufw_i64(w, r->at_boot);
        bufw_bytes(w, r->boot_id, sizeof r->boot_id);
        bufw_text(w, r->build);
        return;
    case AUDIT_SEAL: put_who(w, &r->who); return;
    case AUDIT_POLICY:
        put_who(w, &r->who);
        put_store(w, r);
        return;
    case AUDIT_STOP: return;
    case AUDIT_SLICE:
    case AUDIT_SLICE_END: put_slice(w, &r->slice); return;
    case AUDIT_LOST:
        put_slice(w, &r->slice);
        bufw_i64(w, r->at);
        bufw_i64(w, r->until);
        return;
    case AUDIT_SNAPSHOT:
        bufw_u32(w, r->part);
        bufw_u8(w, r->last_part);
        bufw_bytes(w, r->bytes, r->len);
        return;
    case AUDIT_ACCEPT:
        put_store(w, r);
        bufw_i64(w, r->at);
        bufw_u64(w, r->counter_block);
        bufw_u64(w, r->log_block);
        bufw_text(w, r->text);
        return;
    case AUDIT_REKEY: bufw_bytes(w, r->wrapped, sizeof r->wrapped); return;
    }
}

static bool get_body(struct bufr *in, struct audit_record *r)
{
    uint8_t flag;
    switch (r->type) {
    case AUDIT_START:
        r->mode = bufr_u8(in);
        r->dropped = bufr_u64(in);
        r->who.pid = bufr_u32(in);
        bufr_text(in, r->build, sizeof r->build);
        return r->mode == 1 || r->mode == 2;
    case AUDIT_DECISION: return get_decision(in, r);
    case AUDIT_MORE: return get_more(in, r);
    case AUDIT_UNLOCK:
        get_who(in, &r->who);
        get_store(in, r);
        r->at = bufr_i64(in);
        r->at_boot = bufr_i64(in);
        bufr_bytes(in, r->boot_id, sizeof r->boot_id);
        bufr_text(in, r->build, sizeof r->build);
        return true;
    case AUDIT_SEAL: get_who(in, &r->who); return true;
    case AUDIT_POLICY:
        get_who(in, &r->who);
        get_store(in, r);
        return true;
    case AUDIT_STOP: return true;
    case AUDIT_SLICE:
    case AUDIT_SLICE_END: return get_slice(in, &r->slice);
    case AUDIT_LOST:
        if (!get_slice(in, &r->slice))
            return false;
        r->at = bufr_i64(in);
        r->until = bufr_i64(in);
        return true;
    case AUDIT_SNAPSHOT:
        r->part = bufr_u32(in);
        flag = bufr_u8(in);
        if (in->failed || flag > 1)
            return false;
        r->last_part = flag;
        r->bytes = in->data + in->pos;
        r->len = (uint32_t)(in->len - in->pos);
        in->pos = in->len;
        return true;
    case AUDIT_ACCEPT:
        get_store(in, r);
        r->at = bufr_i64(in);
        r->counter_block = bufr_u64(in);
        r->log_block = bufr_u64(in);
        bufr_text(in, r->text, sizeof r->text);
        return true;
    case AUDIT_REKEY: bufr_bytes(in, r->wrapped, sizeof r->wrapped); return true;
    }
    return false;
}

void audit_encode(const struct audit_record *r, struct bufw *w)
{
    size_t start = w->len;
    bufw_u32(w, 0);
    bufw_u8(w, (uint8_t)r->type);
    bufw_u64(w, r->number);
    bufw_i64(w, r->wall_ms);
    bufw_i64(w, r->boot_ms);
    put_body(w, r);
    if (w->failed)
        return;
    uint32_t len = (uint32_t)(w->len - start - 4);
    memcpy(w->data + start, &len, sizeof len);
}

enum err audit_decode(struct bufr *in, struct audit_record *ret)
{
    uint32_t len = bufr_u32(in);
    if (in->failed || len < AUDIT_RECORD_MIN - 4 || len > in->len - in->pos)
        return ERR_SYNTAX;
    struct bufr r = bufr_make(in->data + in->pos, len);
    memset(ret, 0, sizeof *ret);
    uint8_t type = bufr_u8(&r);
    if (type < AUDIT_START || type > AUDIT_REKEY)
        return ERR_SYNTAX;
    ret->type = (enum audit_type)type;
    ret->number = bufr_u64(&r);
    ret->wall_ms = bufr_i64(&r);
    ret->boot_ms = bufr_i64(&r);
    if (!get_body(&r, ret) || r.failed || r.pos != r.len)
        return ERR_SYNTAX;
    in->pos += len;
    return ERR_OK;
}
