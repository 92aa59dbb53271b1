/* The binary form of a policy. */
#include "wallet/policy.h"

static const uint8_t MAGIC[4] = {'T', 'W', 'P', 'L'};

static void write_instrument(struct bufw *out, const struct policy_instrument *i)
{
    bufw_text(out, i->symbol);
    bufw_dec(out, i->floor);
    bufw_dec(out, i->ceiling);
    bufw_dec(out, i->order_base);
    bufw_dec(out, i->order_value);
    bufw_dec(out, i->hour_base);
    bufw_dec(out, i->hour_value);
    bufw_dec(out, i->day_base);
    bufw_dec(out, i->day_value);
}

static bool bounded(const char *text, size_t cap)
{
    return strnlen(text, cap) < cap;
}

enum err policy_encode(const struct policy *p, uint8_t *out, size_t *ret_len)
{
    struct bufw b = bufw_make(out, WIRE_POLICY_MAX);
    struct policy back;
    uint32_t next = 0;
    if (p->keys > POLICY_KEYS_MAX || p->instruments > POLICY_INSTRUMENTS_MAX)
        return ERR_RANGE;
    bufw_bytes(&b, MAGIC, sizeof MAGIC);
    bufw_u16(&b, POLICY_FORMAT);
    bufw_u16(&b, (uint16_t)p->keys);
    for (uint32_t n = 0; n < p->keys; n++) {
        const struct policy_key *k = &p->key[n];
        if (k->first != next || k->instruments > p->instruments - next || k->ops > UINT8_MAX ||
            k->types > UINT8_MAX || !bounded(k->label, sizeof k->label) ||
            !bounded(k->network, sizeof k->network))
            return ERR_RANGE;
        bufw_text(&b, k->label);
        bufw_text(&b, k->network);
        bufw_u8(&b, (uint8_t)k->ops);
        bufw_u8(&b, (uint8_t)k->types);
        bufw_u32(&b, k->window_ms);
        bufw_u32(&b, k->skew_ms);
        bufw_u32(&b, k->rate);
        bufw_u32(&b, k->replays);
        bufw_u16(&b, (uint16_t)k->instruments);
        for (uint32_t i = 0; i < k->instruments; i++, next++) {
            if (!bounded(p->instrument[next].symbol, WIRE_SYMBOL_MAX))
                return ERR_RANGE;
            write_instrument(&b, &p->instrument[next]);
        }
    }
    if (b.failed || next != p->instruments || policy_decode(out, b.len, &back))
        return ERR_RANGE;
    *ret_len = b.len;
    return ERR_OK;
}

int policy_compare_symbols(const char *a, const char *b)
{
    for (;; a++, b++) {
        a += *a == '-';
        b += *b == '-';
        if (*a != *b || !*a)
            return (unsigned char)*a - (unsigned char)*b;
    }
}

static dec read_amount(struct bufr *in)
{
    dec d = bufr_dec(in);
    if (dec_is_neg(d))
        in->failed = true;
    return d;
}

static void read_instrument(struct bufr *in, struct policy_instrument *i)
{
    bufr_text(in, i->symbol, sizeof i->symbol);
    i->floor = read_amount(in);
    i->ceiling = read_amount(in);
    i->order_base = read_amount(in);
    i->order_value = read_amount(in);
    i->hour_base = read_amount(in);
    i->hour_value = read_amount(in);
    i->day_base = read_amount(in);
    i->day_value = read_amount(in);
    if (!wire_symbol_ok(i->symbol) || !dec_is_pos(i->floor) || dec_lt(i->ceiling, i->floor))
        in->failed = true;
}

static void read_key(struct bufr *in, struct policy_key *k)
{
    bufr_text(in, k->label, sizeof k->label);
    bufr_text(in, k->network, sizeof k->network);
    k->ops = bufr_u8(in);
    k->types = bufr_u8(in);
    k->window_ms = bufr_u32(in);
    k->skew_ms = bufr_u32(in);
    k->rate = bufr_u32(in);
    k->replays = bufr_u32(in);
    k->instruments = bufr_u16(in);
    if (!wire_label_ok(k->label) || !wire_network_ok(k->network) || (k->ops & ~POLICY_OPS) ||
        (k->types & ~POLICY_TYPES) || !k->window_ms || k->window_ms > WIRE_WINDOW_MAX ||
        k->skew_ms > POLICY_SKEW_MAX || k->rate > POLICY_RATE_MAX || !k->replays ||
        k->replays > POLICY_REPLAYS_MAX)
        in->failed = true;
}

enum err policy_decode(const uint8_t *bytes, size_t len, struct policy *ret)
{
    struct bufr in = bufr_make(bytes, len);
    struct policy p;
    uint8_t magic[sizeof MAGIC];
    memset(&p, 0, sizeof p);
    bufr_bytes(&in, magic, sizeof magic);
    uint16_t version = bufr_u16(&in);
    if (in.failed || len > WIRE_POLICY_MAX || memcmp(magic, MAGIC, sizeof magic) != 0)
        return ERR_SYNTAX;
    if (version != POLICY_FORMAT)
        return ERR_UNSUPPORTED;
    p.keys = bufr_u16(&in);
    if (p.keys > POLICY_KEYS_MAX)
        return ERR_SYNTAX;
    for (uint32_t n = 0; n < p.keys && !in.failed; n++) {
        struct policy_key *k = &p.key[n];
        read_key(&in, k);
        k->first = p.instruments;
        if (in.failed || (n && strcmp(p.key[n - 1].label, k->label) >= 0) ||
            k->instruments > POLICY_INSTRUMENTS_MAX - p.instruments)
            return ERR_SYNTAX;
        for (uint32_t i = 0; i < k->instruments && !in.failed; i++) {
            struct policy_instrument *x = &p.instrument[p.instruments++];
            read_instrument(&in, x);
            if (i && policy_compare_symbols(x[-1].symbol, x->symbol) >= 0)
                return ERR_SYNTAX;
        }
    }
    if (in.failed || in.pos != in.len)
        return ERR_SYNTAX;
    *ret = p;
    return ERR_OK;
}
