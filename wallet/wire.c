/* Bytes of the signer's messages: PROTOCOL.md. The decoder takes what the encoder writes and
 * nothing else; the encoder proves that by asking it. */
#include "wallet/wire.h"

#define REPLY 0x8000u

const char *wire_reason_name(enum wire_reason r)
{
    switch (r) {
#define X(symbol, number, name)                                                                    \
    case symbol: return name;
        WIRE_REASONS(X)
#undef X
    }
    return NULL;
}

unsigned wire_needs(enum wire_type type)
{
    switch (type) {
    case WIRE_HELLO: return 0;
    case WIRE_STATUS: return CAP_STATUS | CAP_TRADE | CAP_CANCEL | CAP_WIRE | CAP_ADMIN;
    case WIRE_SIGN_ORDER:
    case WIRE_SIGN_CANCEL_REPLACE: return CAP_TRADE;
    case WIRE_SIGN_CANCEL:
    case WIRE_SIGN_CANCEL_ALL:
    case WIRE_SIGN_QUERY: return CAP_TRADE | CAP_CANCEL;
    case WIRE_SIGN_STREAM:
    case WIRE_GET_SECRET: return CAP_WIRE;
    case WIRE_UNLOCK:
    case WIRE_SEAL:
    case WIRE_LIST:
    case WIRE_POLICY_SET: return CAP_ADMIN;
    }
    return CAP_ADMIN; /* not a type: the codec never lets one through */
}

bool wire_may(enum wire_type type, unsigned caps)
{
    unsigned needs = wire_needs(type);
    return !needs || (needs & caps);
}

bool wire_type_exists(unsigned t)
{
    return t == WIRE_HELLO || t == WIRE_STATUS || (t >= WIRE_SIGN_ORDER && t <= WIRE_SIGN_STREAM) ||
           t == WIRE_GET_SECRET || (t >= WIRE_UNLOCK && t <= WIRE_POLICY_SET);
}

/* ---- parts ---- */

static unsigned read_enum(struct bufr *in, unsigned first, unsigned last)
{
    unsigned v = bufr_u8(in);
    if (v < first || v > last)
        in->failed = true;
    return v;
}

static uint32_t read_u32_to(struct bufr *in, uint32_t most)
{
    uint32_t v = bufr_u32(in);
    if (v > most)
        in->failed = true;
    return v;
}

/* A time: from 1970 on. */
static int64_t read_ms(struct bufr *in)
{
    int64_t v = bufr_i64(in);
    if (v < 0)
        in->failed = true;
    return v;
}

static dec read_amount(struct bufr *in)
{
    dec d = bufr_dec(in);
    if (dec_is_neg(d))
        in->failed = true;
    return d;
}

/* Enums that do not fit in their byte become one that no decoder takes. */
static void write_enum(struct bufw *out, unsigned v)
{
    bufw_u8(out, v > UINT8_MAX ? UINT8_MAX : (uint8_t)v);
}

/* Texts are written from their fixed fields: one that does not end inside is not followed. */
static void write_field(struct bufw *out, const char *text, size_t cap)
{
    size_t n = strnlen(text, cap);
    if (n == cap)
        out->failed = true;
    bufw_u16(out, (uint16_t)n);
    bufw_bytes(out, text, n);
}
#define WRITE_FIELD(out, field) write_field(out, field, sizeof field)

static bool lower_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool upper_or_digit(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool wire_label_ok(const char *label)
{
    if (!lower_or_digit(label[0]))
        return false;
    for (const char *p = label; *p; p++)
        if (!lower_or_digit(*p) && *p != '-' && *p != '_')
            return false;
    return true;
}

bool wire_symbol_ok(const char *symbol)
{
    unsigned hyphens = 0;
    for (const char *p = symbol; *p; p++) {
        if (*p == '-') {
            if (++hyphens > 1 || p == symbol || !p[1])
                return false;
        } else if (!upper_or_digit(*p)) {
            return false;
        }
    }
    return hyphens == 1;
}

static bool printable(const char *text)
{
    for (; *text; text++)
        if (*text < 0x20 || *text > 0x7e)
            return false;
    return true;
}

bool wire_network_ok(const char *network)
{
    return network[0] && printable(network);
}

static bool coid_ok(const char *id)
{
    for (; *id; id++)
        if (!lower_or_digit(*id) && !upper_or_digit(*id) && *id != '-' && *id != '_')
            return false;
    return true;
}

static void read_label(struct bufr *in, char out[static WIRE_LABEL_MAX])
{
    bufr_text(in, out, WIRE_LABEL_MAX);
    if (!wire_label_ok(out))
        in->failed = true;
}

static void read_symbol(struct bufr *in, char out[static WIRE_SYMBOL_MAX], bool may_be_empty)
{
    bufr_text(in, out, WIRE_SYMBOL_MAX);
    if (!(may_be_empty && !out[0]) && !wire_symbol_ok(out))
        in->failed = true;
}

static void read_coid(struct bufr *in, char out[static WIRE_COID_MAX])
{
    bufr_text(in, out, WIRE_COID_MAX);
    if (!coid_ok(out))
        in->failed = true;
}

/* [len] bytes that stay where they are. */
static const uint8_t *read_inside(struct bufr *in, uint32_t len)
{
    if (in->failed || in->len - in->pos < len) {
        in->failed = true;
        return NULL;
    }
    const uint8_t *p = in->data + in->pos;
    in->pos += len;
    return p;
}

/* ---- requests ---- */

static void write_signing(struct bufw *out, const struct wire_signing *s)
{
    WRITE_FIELD(out, s->key);
    write_enum(out, s->transport);
    bufw_i64(out, s->timestamp_ms);
    bufw_u32(out, s->window_ms);
}

static void read_signing(struct bufr *in, struct wire_signing *s)
{
    read_label(in, s->key);
    s->transport = (enum wire_transport)read_enum(in, WIRE_REST, WIRE_WEBSOCKET);
    s->timestamp_ms = read_ms(in);
    s->window_ms = read_u32_to(in, WIRE_WINDOW_MAX);
    if (!s->window_ms)
        in->failed = true;
}

static void write_order(struct bufw *out, const struct wire_order *o)
{
    bufw_u64(out, o->intent.instance);
    bufw_u64(out, o->intent.order);
    bufw_u64(out, o->replaces);
    WRITE_FIELD(out, o->symbol);
    WRITE_FIELD(out, o->client_order_id);
    write_enum(out, o->side);
    write_enum(out, o->type);
    write_enum(out, o->tif);
    bufw_dec(out, o->qty);
    bufw_dec(out, o->quote_qty);
    bufw_dec(out, o->price);
    bufw_dec(out, o->stop_price);
}

static void read_order(struct bufr *in, struct wire_order *o)
{
    o->intent.instance = bufr_u64(in);
    o->intent.order = bufr_u64(in);
    o->replaces = bufr_u64(in);
    read_symbol(in, o->symbol, false);
    read_coid(in, o->client_order_id);
    o->side = (enum wire_side)read_enum(in, WIRE_BUY, WIRE_SELL);
    o->type = (enum wire_order_type)read_enum(in, WIRE_LIMIT, WIRE_TAKE_PROFIT_LIMIT);
    o->tif = (enum wire_tif)read_enum(in, WIRE_TIF_NONE, WIRE_FOK);
    o->qty = read_amount(in);
    o->quote_qty = read_amount(in);
    o->price = read_amount(in);
    o->stop_price = read_amount(in);
}

static void write_cancel(struct bufw *out, const struct wire_cancel *c)
{
    WRITE_FIELD(out, c->symbol);
    WRITE_FIELD(out, c->client_order_id);
    bufw_u64(out, c->venue_order_id);
}

static void read_cancel(struct bufr *in, struct wire_cancel *c)
{
    read_symbol(in, c->symbol, false);
    read_coid(in, c->client_order_id);
    c->venue_order_id = bufr_u64(in);
}

static void write_read(struct bufw *out, const struct wire_read *r)
{
    write_enum(out, r->query);
    WRITE_FIELD(out, r->symbol);
    WRITE_FIELD(out, r->client_order_id);
    bufw_u64(out, r->from_id);
    bufw_i64(out, r->from_ms);
    bufw_i64(out, r->to_ms);
    bufw_u32(out, r->limit);
}

static void read_read(struct bufr *in, struct wire_read *r)
{
    r->query = (enum wire_query)read_enum(in, WIRE_QUERY_ORDER, WIRE_QUERY_RATE);
    read_symbol(in, r->symbol, true);
    read_coid(in, r->client_order_id);
    r->from_id = bufr_u64(in);
    r->from_ms = read_ms(in);
    r->to_ms = read_ms(in);
    r->limit = bufr_u32(in);
}

/* Bytes that are the caller's: no more of them are looked at than may be sent. */
static void write_bytes(struct bufw *out, const uint8_t *bytes, uint32_t len, uint32_t most)
{
    if (len > most)
        out->failed = true;
    bufw_u32(out, len);
    bufw_bytes(out, bytes, len);
}

static void write_secret(struct bufw *out, const struct wire_request *r)
{
    write_enum(out, r->unlock);
    write_bytes(out, r->secret, r->secret_len, WIRE_SECRET_MAX);
}

static void read_secret(struct bufr *in, struct wire_request *r)
{
    r->unlock = (enum wire_unlock)read_enum(in, WIRE_PASSPHRASE, WIRE_CREDENTIAL);
    r->secret_len = read_u32_to(in, WIRE_SECRET_MAX);
    r->secret = read_inside(in, r->secret_len);
    if (!r->secret_len)
        in->failed = true;
}

static void write_header(struct bufw *out, unsigned type, uint32_t id)
{
    bufw_u16(out, WIRE_VERSION);
    bufw_u16(out, (uint16_t)type);
    bufw_u32(out, id);
}

/* The type goes to [type]; whether it is one is the caller's to ask. */
static enum err read_header(struct bufr *in, unsigned *type, uint32_t *id)
{
    uint16_t version = bufr_u16(in);
    *type = bufr_u16(in);
    *id = bufr_u32(in);
    if (in->failed)
        return ERR_SYNTAX;
    return version == WIRE_VERSION ? ERR_OK : ERR_UNSUPPORTED;
}

enum err wire_encode_request(const struct wire_request *r, uint8_t *out, size_t *ret_len)
{
    struct bufw b = bufw_make(out, WIRE_BUFFER_MAX);
    struct wire_request back;
    if (!wire_type_exists(r->type))
        return ERR_RANGE;
    write_header(&b, r->type, r->id);
    switch (r->type) {
    case WIRE_HELLO:
    case WIRE_STATUS:
    case WIRE_SEAL: break;
    case WIRE_SIGN_ORDER:
        write_signing(&b, &r->signing);
        write_order(&b, &r->order);
        break;
    case WIRE_SIGN_CANCEL:
        write_signing(&b, &r->signing);
        write_cancel(&b, &r->cancel);
        break;
    case WIRE_SIGN_CANCEL_REPLACE:
        write_signing(&b, &r->signing);
        write_cancel(&b, &r->cancel);
        write_order(&b, &r->order);
        break;
    case WIRE_SIGN_CANCEL_ALL:
        write_signing(&b, &r->signing);
        WRITE_FIELD(&b, r->cancel.symbol);
        break;
    case WIRE_SIGN_QUERY:
        write_signing(&b, &r->signing);
        write_read(&b, &r->read);
        break;
    case WIRE_SIGN_STREAM: write_signing(&b, &r->signing); break;
    case WIRE_GET_SECRET: WRITE_FIELD(&b, r->label); break;
    case WIRE_LIST: bufw_u32(&b, r->first); break;
    case WIRE_UNLOCK: write_secret(&b, r); break;
    case WIRE_POLICY_SET:
        write_secret(&b, r);
        write_bytes(&b, r->policy, r->policy_len, WIRE_POLICY_MAX);
        break;
    }
    if (b.failed || wire_decode_request(out, b.len, &back))
        return ERR_RANGE;
    *ret_len = b.len;
    return ERR_OK;
}

enum err wire_decode_request(const uint8_t *bytes, size_t len, struct wire_request *ret)
{
    struct bufr in = bufr_make(bytes, len);
    struct wire_request r;
    unsigned type;
    memset(&r, 0, sizeof r);
    enum err err = read_header(&in, &type, &r.id);
    if (err)
        return err;
    if (!wire_type_exists(type))
        return ERR_SYNTAX;
    r.type = (enum wire_type)type;
    if (len > (r.type == WIRE_POLICY_SET ? WIRE_BUFFER_MAX : WIRE_MESSAGE_MAX))
        return ERR_SYNTAX;
    switch (r.type) {
    case WIRE_HELLO:
    case WIRE_STATUS:
    case WIRE_SEAL: break;
    case WIRE_SIGN_ORDER:
        read_signing(&in, &r.signing);
        read_order(&in, &r.order);
        break;
    case WIRE_SIGN_CANCEL:
        read_signing(&in, &r.signing);
        read_cancel(&in, &r.cancel);
        break;
    case WIRE_SIGN_CANCEL_REPLACE:
        read_signing(&in, &r.signing);
        read_cancel(&in, &r.cancel);
        read_order(&in, &r.order);
        break;
    case WIRE_SIGN_CANCEL_ALL:
        read_signing(&in, &r.signing);
        read_symbol(&in, r.cancel.symbol, false);
        break;
    case WIRE_SIGN_QUERY:
        read_signing(&in, &r.signing);
        read_read(&in, &r.read);
        break;
    case WIRE_SIGN_STREAM: read_signing(&in, &r.signing); break;
    case WIRE_GET_SECRET: read_label(&in, r.label); break;
    case WIRE_LIST: r.first = bufr_u32(&in); break;
    case WIRE_UNLOCK: read_secret(&in, &r); break;
    case WIRE_POLICY_SET:
        read_secret(&in, &r);
        r.policy_len = read_u32_to(&in, WIRE_POLICY_MAX);
        r.policy = read_inside(&in, r.policy_len);
        break;
    }
    if (in.failed || in.pos != in.len)
        return ERR_SYNTAX;
    *ret = r;
    return ERR_OK;
}

/* ---- replies ---- */

static void write_signed(struct bufw *out, const struct wire_signed *s)
{
    write_enum(out, s->transport);
    write_enum(out, s->method);
    bufw_u8(out, s->binds_body);
    WRITE_FIELD(out, s->path);
    WRITE_FIELD(out, s->api_key);
    WRITE_FIELD(out, s->text);
}

static void read_signed(struct bufr *in, struct wire_signed *s)
{
    s->transport = (enum wire_transport)read_enum(in, WIRE_REST, WIRE_WEBSOCKET);
    s->method = (enum wire_method)read_enum(in, WIRE_GET, WIRE_CALL);
    s->binds_body = read_enum(in, 0, 1) == 1;
    bufr_text(in, s->path, sizeof s->path);
    bufr_text(in, s->api_key, sizeof s->api_key);
    bufr_text(in, s->text, sizeof s->text);
    bool rest = s->transport == WIRE_REST;
    if (!s->path[0] || !s->text[0] || !printable(s->path) || !printable(s->api_key) ||
        !printable(s->text) || rest != (s->method != WIRE_CALL) || rest != (s->api_key[0] != 0))
        in->failed = true;
}

static void write_key(struct bufw *out, const struct wire_key *k)
{
    WRITE_FIELD(out, k->label);
    bufw_u8(out, k->class);
    bufw_u8(out, k->kind);
    WRITE_FIELD(out, k->network);
    bufw_u16(out, k->public_len);
    if (k->public_len > WIRE_PUBLIC_MAX)
        out->failed = true;
    else
        bufw_bytes(out, k->public_part, k->public_len);
}

static void read_key(struct bufr *in, struct wire_key *k)
{
    read_label(in, k->label);
    k->class = bufr_u8(in);
    k->kind = bufr_u8(in);
    bufr_text(in, k->network, sizeof k->network);
    k->public_len = bufr_u16(in);
    /* Keys of class wire are bound to no network. */
    if (!k->class || !k->kind || !printable(k->network) || k->public_len > WIRE_PUBLIC_MAX)
        in->failed = true;
    else
        bufr_bytes(in, k->public_part, k->public_len);
}

enum err wire_encode_reply(const struct wire_reply *r, uint8_t *out, size_t *ret_len)
{
    struct bufw b = bufw_make(out, WIRE_MESSAGE_MAX);
    struct wire_reply back;
    if (!wire_type_exists(r->type) || !wire_reason_name(r->reason))
        return ERR_RANGE;
    write_header(&b, (unsigned)r->type | REPLY, r->id);
    bufw_u16(&b, (uint16_t)r->reason);
    if (r->reason != WIRE_ALLOWED) {
        bufw_dec(&b, r->limit);
        bufw_dec(&b, r->value);
    } else {
        switch (r->type) {
        case WIRE_HELLO:
            bufw_u32(&b, r->caps);
            bufw_u8(&b, r->sealed);
            break;
        case WIRE_STATUS:
            bufw_u8(&b, r->sealed);
            bufw_u32(&b, r->keys);
            bufw_u64(&b, r->generation);
            bufw_bytes(&b, r->policy_hash, sizeof r->policy_hash);
            break;
        case WIRE_SIGN_ORDER:
        case WIRE_SIGN_CANCEL:
        case WIRE_SIGN_CANCEL_REPLACE:
        case WIRE_SIGN_CANCEL_ALL:
        case WIRE_SIGN_QUERY:
        case WIRE_SIGN_STREAM: write_signed(&b, &r->signed_); break;
        case WIRE_GET_SECRET: write_bytes(&b, r->secret, r->secret_len, WIRE_SECRET_MAX); break;
        case WIRE_LIST:
            bufw_u32(&b, r->keys);
            bufw_u32(&b, r->listed);
            for (uint32_t i = 0; i < r->listed && i < WIRE_LIST_MAX; i++)
                write_key(&b, &r->key[i]);
            break;
        case WIRE_UNLOCK:
        case WIRE_SEAL:
        case WIRE_POLICY_SET: break;
        }
    }
    if (b.failed || wire_decode_reply(out, b.len, &back))
        return ERR_RANGE;
    *ret_len = b.len;
    return ERR_OK;
}

enum err wire_decode_reply(const uint8_t *bytes, size_t len, struct wire_reply *ret)
{
    struct bufr in = bufr_make(bytes, len);
    struct wire_reply r;
    unsigned type;
    memset(&r, 0, sizeof r);
    enum err err = read_header(&in, &type, &r.id);
    if (err)
        return err;
    r.type = (enum wire_type)(type & ~REPLY);
    r.reason = (enum wire_reason)bufr_u16(&in);
    if (len > WIRE_MESSAGE_MAX || !(type & REPLY) || !wire_type_exists(type & ~REPLY) ||
        in.failed || !wire_reason_name(r.reason))
        return ERR_SYNTAX;
    if (r.reason != WIRE_ALLOWED) {
        r.limit = bufr_dec(&in);
        r.value = bufr_dec(&in);
    } else {
        switch (r.type) {
        case WIRE_HELLO:
            r.caps = read_u32_to(&in, CAP_ALL);
            r.sealed = read_enum(&in, 0, 1) == 1;
            break;
        case WIRE_STATUS:
            r.sealed = read_enum(&in, 0, 1) == 1;
            r.keys = bufr_u32(&in);
            r.generation = bufr_u64(&in);
            bufr_bytes(&in, r.policy_hash, sizeof r.policy_hash);
            break;
        case WIRE_SIGN_ORDER:
        case WIRE_SIGN_CANCEL:
        case WIRE_SIGN_CANCEL_REPLACE:
        case WIRE_SIGN_CANCEL_ALL:
        case WIRE_SIGN_QUERY:
        case WIRE_SIGN_STREAM: read_signed(&in, &r.signed_); break;
        case WIRE_GET_SECRET:
            r.secret_len = read_u32_to(&in, WIRE_SECRET_MAX);
            r.secret = read_inside(&in, r.secret_len);
            if (!r.secret_len)
                in.failed = true;
            break;
        case WIRE_LIST:
            r.keys = bufr_u32(&in);
            r.listed = read_u32_to(&in, WIRE_LIST_MAX);
            for (uint32_t i = 0; i < r.listed && !in.failed; i++)
                read_key(&in, &r.key[i]);
            if (r.listed > r.keys)
                in.failed = true;
            break;
        case WIRE_UNLOCK:
        case WIRE_SEAL:
        case WIRE_POLICY_SET: break;
        }
    }
    if (in.failed || in.pos != in.len)
        return ERR_SYNTAX;
    *ret = r;
    return ERR_OK;
}
