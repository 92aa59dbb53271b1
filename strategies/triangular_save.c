/* The state as bytes: everything that decisions depend on. */
#include "triangular.h"

#define VERSION 1

enum err tri_save(const void *state, struct bufw *out)
{
    const struct tri *s = state;
    bufw_u8(out, VERSION);
    bufw_u8(out, (uint8_t)s->phase);
    bufw_u8(out, (uint8_t)s->direction);
    bufw_u8(out, (uint8_t)s->leg);
    bufw_u8(out, (uint8_t)(s->stranded | s->traded << 1 | s->seen_edge << 2));
    for (uint32_t k = 0; k < 3; k++) {
        for (uint32_t n = 0; n < 3; n++)
            bufw_i64(out, s->told_ns[k][n]);
        bufw_dec(out, s->trade_qty[k]);
        bufw_dec(out, s->limit[k]);
        bufw_u64(out, s->order[k]);
        bufw_dec(out, s->held[k]);
        bufw_dec(out, s->given_up[k]);
        bufw_dec(out, s->reference[k]);
        bufw_u64(out, s->parent[k]);
        bufw_dec(out, s->parent_left[k]);
    }
    bufw_dec(out, s->fees);
    bufw_dec(out, s->kept);
    bufw_i64(out, s->began_ns);
    bufw_i64(out, s->ready_ns);
    bufw_i64(out, s->deadline_ns);
    bufw_i64(out, s->retry_ns);
    bufw_dec(out, s->profit);
    bufw_dec(out, s->last_edge);
    bufw_dec(out, s->best_edge);
    bufw_u64(out, s->cycles);
    bufw_u64(out, s->losses);
    bufw_u64(out, s->strandings);
    bufw_u64(out, s->opportunities);
    bufw_u64(out, s->last_ns);
    bufw_u32(out, s->starts);
    for (uint32_t n = 0; n < s->starts; n++)
        bufw_i64(out, s->start_ns[n]);
    return out->failed ? ERR_FULL : ERR_OK;
}

enum err tri_load(void *state, struct bufr *in)
{
    struct tri *s = state;
    uint8_t version = bufr_u8(in), phase = bufr_u8(in), direction = bufr_u8(in), leg = bufr_u8(in),
            flags = bufr_u8(in);
    if (version != VERSION || phase > TRI_UNWINDING || direction > 1 || leg > 2 || flags > 7)
        return ERR_SYNTAX;
    s->phase = (enum tri_phase)phase;
    s->direction = direction;
    s->leg = leg;
    s->stranded = flags & 1;
    s->traded = flags >> 1 & 1;
    s->seen_edge = flags >> 2 & 1;
    for (uint32_t k = 0; k < 3; k++) {
        for (uint32_t n = 0; n < 3; n++)
            s->told_ns[k][n] = bufr_i64(in);
        s->trade_qty[k] = bufr_dec(in);
        s->limit[k] = bufr_dec(in);
        s->order[k] = bufr_u64(in);
        s->held[k] = bufr_dec(in);
        s->given_up[k] = bufr_dec(in);
        s->reference[k] = bufr_dec(in);
        s->parent[k] = bufr_u64(in);
        s->parent_left[k] = bufr_dec(in);
        if (dec_is_neg(s->limit[k]) || dec_is_neg(s->reference[k]))
            return ERR_SYNTAX;
    }
    s->fees = bufr_dec(in);
    s->kept = bufr_dec(in);
    s->began_ns = bufr_i64(in);
    s->ready_ns = bufr_i64(in);
    s->deadline_ns = bufr_i64(in);
    s->retry_ns = bufr_i64(in);
    s->profit = bufr_dec(in);
    s->last_edge = bufr_dec(in);
    s->best_edge = bufr_dec(in);
    s->cycles = bufr_u64(in);
    s->losses = bufr_u64(in);
    s->strandings = bufr_u64(in);
    s->opportunities = bufr_u64(in);
    s->last_ns = bufr_u64(in);
    s->starts = bufr_u32(in);
    if (s->starts > TRI_CYCLES_MAX)
        return ERR_SYNTAX;
    for (uint32_t n = 0; n < s->starts; n++)
        s->start_ns[n] = bufr_i64(in);
    return in->failed ? ERR_SYNTAX : ERR_OK;
}
