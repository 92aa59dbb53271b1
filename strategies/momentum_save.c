/* The state as bytes. */
#include "momentum.h"

#define VERSION 1

/* The state's members in order, written and read by the same list. */
#define MEMBERS(DEC, I64, U64, U32, FLAG)                                                          \
    U64(range.count)                                                                               \
    FLAG(range.begun)                                                                              \
    DEC(range.last_close)                                                                          \
    DEC(range.sum)                                                                                 \
    DEC(range.value)                                                                               \
    U64(buy)                                                                                       \
    U64(sell)                                                                                      \
    DEC(buy_qty)                                                                                   \
    DEC(sell_qty)                                                                                  \
    I64(buy_asked_ns)                                                                              \
    I64(buy_again_ns)                                                                              \
    I64(sell_asked_ns)                                                                             \
    I64(sell_again_ns)                                                                             \
    U64(parent)                                                                                    \
    DEC(parent_left)                                                                               \
    DEC(binding)                                                                                   \
    DEC(want)                                                                                      \
    DEC(part_max)                                                                                  \
    FLAG(shrunk)                                                                                   \
    U32(tries)                                                                                     \
    U32(failures)                                                                                  \
    U32(refusals)                                                                                  \
    I64(next_ns)                                                                                   \
    I64(idle_until_ns)                                                                             \
    I64(blocked_until_ns)                                                                          \
    I64(entered_ns)                                                                                \
    DEC(peak)                                                                                      \
    DEC(stop_distance)                                                                             \
    DEC(dust)                                                                                      \
    I64(timer_ns)

enum err momentum_save(const void *state, struct bufw *out)
{
    const struct momentum *m = state;
    bufw_u8(out, VERSION);
    signal_save(&m->signal, out);
    bufw_u8(out, (uint8_t)m->stage);
    bufw_u8(out, (uint8_t)m->cause);
#define DEC(x)  bufw_dec(out, m->x);
#define I64(x)  bufw_i64(out, m->x);
#define U64(x)  bufw_u64(out, m->x);
#define U32(x)  bufw_u32(out, m->x);
#define FLAG(x) bufw_u8(out, m->x);
    MEMBERS(DEC, I64, U64, U32, FLAG)
#undef DEC
#undef I64
#undef U64
#undef U32
#undef FLAG
    return out->failed ? ERR_FULL : ERR_OK;
}

static bool get_flag(struct bufr *in)
{
    uint8_t b = bufr_u8(in);
    if (b > 1)
        in->failed = true;
    return b == 1;
}

/* A time is zero or one that the engine can have. */
static int64_t get_time(struct bufr *in)
{
    int64_t t = bufr_i64(in);
    if (t < 0)
        in->failed = true;
    return t;
}

enum err momentum_load(void *state, struct bufr *in)
{
    struct momentum *m = state;
    if (bufr_u8(in) != VERSION)
        return ERR_SYNTAX;
    signal_load(&m->signal, in);
    uint8_t stage = bufr_u8(in), cause = bufr_u8(in);
    if (in->failed || stage > STAGE_EXITING || cause > CAUSE_TIME_LIMIT)
        return ERR_SYNTAX;
    m->stage = (enum stage)stage;
    m->cause = (enum cause)cause;
#define DEC(x)  m->x = bufr_dec(in);
#define I64(x)  m->x = get_time(in);
#define U64(x)  m->x = bufr_u64(in);
#define U32(x)  m->x = bufr_u32(in);
#define FLAG(x) m->x = get_flag(in);
    MEMBERS(DEC, I64, U64, U32, FLAG)
    return in->failed ? ERR_SYNTAX : ERR_OK;
}
