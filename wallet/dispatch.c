#include "wallet/dispatch.h"

#include "base/check.h"
#include "base/log.h"

#include <sodium.h>
#include <string.h>

#define WHO "signer"

/* A request on its way through the checks. */
struct ask {
    struct dispatch *d;
    struct dispatch_client *c;
    const uint8_t *bytes;
    size_t len;
    struct policy_now now;
    struct wire_request r;
};

static const char *type_name(enum wire_type type)
{
    switch (type) {
    case WIRE_HELLO: return "hello";
    case WIRE_STATUS: return "status";
    case WIRE_SIGN_ORDER: return "an order";
    case WIRE_SIGN_CANCEL: return "a cancel";
    case WIRE_SIGN_CANCEL_REPLACE: return "a cancel-replace";
    case WIRE_SIGN_CANCEL_ALL: return "a cancel of all orders";
    case WIRE_SIGN_QUERY: return "a query";
    case WIRE_SIGN_STREAM: return "a stream's log-in";
    case WIRE_GET_SECRET: return "a secret";
    case WIRE_UNLOCK: return "unlock";
    case WIRE_SEAL: return "seal";
    case WIRE_LIST: return "the list of keys";
    case WIRE_POLICY_SET: return "a policy";
    }
    return "something";
}

/* ---- records ---- */

static struct audit_entry entry_of(const struct dispatch_client *c, enum wire_type type,
                                   enum wire_reason reason, struct policy_now now)
{
    return (struct audit_entry){.now = now,
                                .pid = c->pid,
                                .uid = c->uid,
                                .caps = c->caps,
                                .connection = c->connection,
                                .type = type,
                                .reason = reason};
}

/* Whether what was done to the log succeeded; the first time it did not is said. */
static bool recorded(struct dispatch *d, enum err e)
{
    if (e != ERR_OK && e != ERR_FULL && !d->audit_failed) {
        log_error(WHO, "%s", audit_why(d->audit)[0] ? audit_why(d->audit) : err_name(e));
        d->audit_failed = true;
    }
    return e == ERR_OK;
}

/* What the answer becomes once its record was tried: refusals stay what they are, the state is
 * told even by a signer that cannot write any more. */
static enum wire_reason record(const struct ask *a, enum wire_reason reason, dec limit, dec value,
                               const struct policy_decision *decision)
{
    bool readable = reason != POLICY_MESSAGE && reason != POLICY_VERSION;
    struct audit_entry e = entry_of(a->c, readable ? a->r.type : (enum wire_type)0, reason, a->now);
    e.request = a->bytes;
    e.len = a->len;
    e.limit = limit;
    e.value = value;
    e.decision = decision;
    enum err err = audit_record(a->d->audit, &e);
    bool tells_state = a->r.type == WIRE_HELLO || a->r.type == WIRE_STATUS;
    if (recorded(a->d, err) || reason != WIRE_ALLOWED || tells_state)
        return reason;
    return err == ERR_FULL ? POLICY_BUSY : POLICY_AUDIT;
}

/* ---- answers ---- */

static void encode(const struct wire_reply *y, uint8_t *out, size_t *ret_len)
{
    CHECK(wire_encode_reply(y, out, ret_len) == ERR_OK);
}

static struct wire_reply reply_to(const struct wire_request *r, enum wire_reason reason)
{
    struct wire_reply y;
    memset(&y, 0, sizeof y);
    y.type = r->type;
    y.id = r->id;
    y.reason = reason;
    return y;
}

/* A refusal, recorded and said. */
static struct wire_reply refuse(const struct ask *a, enum wire_reason reason, dec limit, dec value)
{
    struct wire_reply y = reply_to(&a->r, record(a, reason, limit, value, NULL));
    y.limit = limit;
    y.value = value;
    return y;
}

static struct wire_reply refuse_plainly(const struct ask *a, enum wire_reason reason)
{
    return refuse(a, reason, DEC_ZERO, DEC_ZERO);
}

/* What a packet that is no message can be answered with: its type and id where it has them. */
static struct wire_request head_of(const uint8_t *bytes, size_t len)
{
    struct wire_request r;
    struct bufr in = bufr_make(bytes, len);
    memset(&r, 0, sizeof r);
    (void)bufr_u16(&in);
    unsigned type = bufr_u16(&in);
    uint32_t id = bufr_u32(&in);
    bool known = !in.failed && wire_type_exists(type);
    r.type = known ? (enum wire_type)type : WIRE_HELLO;
    r.id = known ? id : 0;
    return r;
}

void dispatch_refuse(struct dispatch *d, const struct dispatch_client *c, const uint8_t *bytes,
                     size_t len, enum wire_reason reason, struct policy_now now, uint8_t *out,
                     size_t *ret_len)
{
    struct wire_request r = head_of(bytes, len);
    struct wire_reply y = reply_to(&r, reason);
    struct audit_entry e = entry_of(c, r.type, reason, now);
    e.len = len;
    (void)recorded(d, audit_record(d->audit, &e));
    encode(&y, out, ret_len);
}

/* ---- signatures ---- */

static struct wire_reply sign(const struct ask *a)
{
    struct dispatch *d = a->d;
    const struct keyring_entry *k = keyring_find(&d->ring, a->r.signing.key);
    if (!k)
        return refuse_plainly(a, wire_shape(&a->r) == WIRE_ALLOWED ? POLICY_KEY : POLICY_SHAPE);
    const struct policy_subject subject = {(enum key_class)k->info.class, k->info.network,
                                           k->encoder && k->encoder->binds_path};
    struct policy_decision decision =
        policy_check(&d->ring.policy, &subject, &a->r, d->counters, a->now);
    if (decision.reason != WIRE_ALLOWED)
        return refuse(a, decision.reason, decision.limit, decision.value);
    if (!k->encoder)
        return refuse_plainly(a, POLICY_ENCODER);
    if (decision.is_order)
        policy_reserve(d->counters, &decision);
    struct wire_reply y = reply_to(&a->r, record(a, WIRE_ALLOWED, DEC_ZERO, DEC_ZERO, &decision));
    if (y.reason == WIRE_ALLOWED &&
        k->encoder->encode(&a->r, keyring_sign_key(&d->ring, k), &y.signed_) != ERR_OK)
        y.reason = POLICY_ENCODER; /* recorded as allowed, counted, and not signed */
    return y;
}

static struct wire_reply get_secret(const struct ask *a, const struct secret **opened)
{
    const struct keyring_entry *k = keyring_find(&a->d->ring, a->r.label);
    if (!k || k->info.class != CLASS_WIRE)
        return refuse_plainly(a, k ? POLICY_CLASS : POLICY_KEY);
    struct wire_reply y = reply_to(&a->r, record(a, WIRE_ALLOWED, DEC_ZERO, DEC_ZERO, NULL));
    if (y.reason != WIRE_ALLOWED)
        return y;
    const char *api_key;
    size_t len;
    secret_open(&k->content);
    keystore_parts(&k->content, &api_key, &y.secret, &len);
    y.secret_len = (uint32_t)len;
    *opened = &k->content;
    return y;
}

/* ---- the state ---- */

static struct wire_reply hello(const struct ask *a)
{
    struct wire_reply y = reply_to(&a->r, record(a, WIRE_ALLOWED, DEC_ZERO, DEC_ZERO, NULL));
    a->c->greeted = true;
    y.caps = a->c->caps;
    y.sealed = !a->d->ring.open;
    return y;
}

static struct wire_reply status(const struct ask *a)
{
    const struct keyring *ring = &a->d->ring;
    struct wire_reply y = reply_to(&a->r, record(a, WIRE_ALLOWED, DEC_ZERO, DEC_ZERO, NULL));
    y.sealed = !ring->open;
    y.keys = ring->count;
    y.generation = ring->generation;
    memcpy(y.policy_hash, ring->policy_hash, sizeof y.policy_hash);
    return y;
}

static struct wire_reply list(const struct ask *a)
{
    const struct keyring *ring = &a->d->ring;
    struct wire_reply y = reply_to(&a->r, record(a, WIRE_ALLOWED, DEC_ZERO, DEC_ZERO, NULL));
    y.keys = ring->count;
    for (uint32_t i = a->r.first; i < ring->count && y.listed < WIRE_LIST_MAX; i++)
        y.key[y.listed++] = ring->entry[i].info;
    return y;
}

void dispatch_seal(struct dispatch *d, const struct dispatch_client *by, struct policy_now now)
{
    struct audit_entry e = entry_of(by, WIRE_SEAL, WIRE_ALLOWED, now);
    d->sealed_meanwhile = d->opener_busy;
    if (!d->ring.open)
        return;
    (void)recorded(d, audit_seal(d->audit, &e));
    keyring_clear(&d->ring);
    log_info(WHO, "sealed: the keys are wiped");
}

static struct wire_reply seal(const struct ask *a)
{
    struct dispatch *d = a->d;
    if (!d->ring.open) {
        d->sealed_meanwhile = d->opener_busy;
        return reply_to(&a->r, record(a, WIRE_ALLOWED, DEC_ZERO, DEC_ZERO, NULL));
    }
    dispatch_seal(d, a->c, a->now); /* also where it cannot be recorded: the keys are gone */
    return reply_to(&a->r, WIRE_ALLOWED);
}

/* ---- the opener ---- */

enum err dispatch_unlock(struct dispatch *d, const uint8_t *message, size_t len)
{
    static const struct dispatch_client SELF;
    CHECK(!d->opener_busy);
    d->asked_by = SELF;
    d->asked_type = WIRE_UNLOCK;
    d->asked_id = 0;
    d->opener_busy = true;
    return opener_ask(d->opener, message, len);
}

/* [ret]: the answer, unless it has to wait. */
static bool ask_opener(const struct ask *a, struct wire_reply *ret)
{
    struct dispatch *d = a->d;
    if (d->opener_busy) {
        *ret = refuse_plainly(a, POLICY_BUSY);
        return false;
    }
    if (d->audit_failed) {
        *ret = refuse_plainly(a, POLICY_AUDIT);
        return false;
    }
    if (a->now.boot_ms < d->next_try_ms) {
        *ret = refuse_plainly(a, POLICY_SECRET);
        return false;
    }
    d->asked_by = *a->c;
    d->asked_type = a->r.type;
    d->asked_id = a->r.id;
    d->opener_busy = true;
    if (opener_ask(d->opener, a->bytes, a->len) != ERR_OK)
        log_error(WHO, "the opener is gone"); /* which the server sees next, and ends */
    return true;
}

static void count_failure(struct dispatch *d, enum wire_reason reason, int64_t boot_ms)
{
    if (reason != POLICY_SECRET) {
        d->failures = 0;
        return;
    }
    int64_t wait = (int64_t)DISPATCH_WAIT_MS << (d->failures < 6 ? d->failures : 6);
    d->failures++;
    d->next_try_ms = boot_ms + (wait < DISPATCH_WAIT_MAX_MS ? wait : DISPATCH_WAIT_MAX_MS);
}

/* The ring holds what the opener gave: it is good only once the log believes it. */
static enum wire_reason accept(struct dispatch *d, bool was_open, struct policy_now now)
{
    char why[WHY_MAX] = "";
    struct audit_entry e = entry_of(&d->asked_by, d->asked_type, WIRE_ALLOWED, now);
    const struct audit_store store = {d->ring.id, d->ring.generation, d->ring.policy_hash};
    enum err err = ERR_OK;
    if (was_open && d->asked_type == WIRE_POLICY_SET) {
        err = audit_policy(d->audit, &e, &store);
    } else {
        if (was_open)
            err = audit_seal(d->audit, &e);
        if (!err)
            err = audit_unlock(d->audit, &e, &d->ring.mac_key, &store, why);
    }
    if (!err)
        return WIRE_ALLOWED;
    log_error(WHO, "stays sealed: %s", why[0] ? why : audit_why(d->audit));
    keyring_clear(&d->ring);
    return POLICY_AUDIT;
}

enum err dispatch_opened(struct dispatch *d, struct policy_now now, uint32_t *ret_connection,
                         enum wire_reason *ret_reason, uint8_t *out, size_t *ret_len)
{
    struct opener_answer answer;
    bool was_open = d->ring.open;
    enum err err = opener_take(d->opener, &d->ring, &answer);
    if (err || !d->opener_busy)
        return ERR_IO;
    d->opener_busy = false;
    count_failure(d, answer.reason, now.boot_ms);
    if (d->sealed_meanwhile && answer.reason == WIRE_ALLOWED) {
        keyring_clear(&d->ring); /* who sealed it was told that it is */
        answer.reason = POLICY_SEALED;
        (void)why_say(answer.why, ERR_STATE, "it was sealed meanwhile");
    }
    d->sealed_meanwhile = false;
    if (answer.reason == WIRE_ALLOWED) {
        answer.reason = accept(d, was_open, now);
        if (answer.reason == WIRE_ALLOWED && d->asked_type == WIRE_POLICY_SET)
            log_info(WHO, "has a new policy: %u keys in it", d->ring.policy.keys);
        else if (answer.reason == WIRE_ALLOWED)
            log_info(WHO, "unlocked: %u keys, policy for %u of them", d->ring.count,
                     d->ring.policy.keys);
    } else {
        struct audit_entry e = entry_of(&d->asked_by, d->asked_type, answer.reason, now);
        (void)recorded(d, audit_record(d->audit, &e));
        log_warn(WHO, "refused %s: %s: %s", type_name(d->asked_type),
                 wire_reason_name(answer.reason), answer.why);
    }
    struct wire_request r;
    memset(&r, 0, sizeof r);
    r.type = d->asked_type;
    r.id = d->asked_id;
    struct wire_reply y = reply_to(&r, answer.reason);
    *ret_connection = d->asked_by.connection;
    *ret_reason = answer.reason;
    encode(&y, out, ret_len);
    return ERR_OK;
}

/* ---- one message ---- */

/* The first check that refuses it whatever it asks. */
static enum wire_reason may_ask(const struct ask *a)
{
    if (!a->c->greeted && a->r.type != WIRE_HELLO)
        return POLICY_NO_HELLO;
    if (!wire_may(a->r.type, a->c->caps))
        return POLICY_CAPABILITY;
    return WIRE_ALLOWED;
}

enum dispatch_next dispatch_message(struct dispatch *d, struct dispatch_client *c,
                                    const uint8_t *bytes, size_t len, struct policy_now now,
                                    uint8_t *out, size_t *ret_len)
{
    struct ask a = {.d = d, .c = c, .bytes = bytes, .len = len, .now = now};
    struct wire_reply y = {0};
    const struct secret *opened = NULL;
    bool waits = false;
    enum err err = wire_decode_request(bytes, len, &a.r);
    if (err) {
        a.r = head_of(bytes, len);
        y = refuse_plainly(&a, err == ERR_UNSUPPORTED ? POLICY_VERSION : POLICY_MESSAGE);
        encode(&y, out, ret_len);
        return c->greeted ? DISPATCH_ANSWER : DISPATCH_END;
    }
    enum wire_reason reason = may_ask(&a);
    if (reason) {
        y = refuse_plainly(&a, reason);
        encode(&y, out, ret_len);
        return reason == POLICY_NO_HELLO ? DISPATCH_END : DISPATCH_ANSWER;
    }
    if (d->ring.open)
        policy_clock(d->counters, now);
    bool sealed = !d->ring.open;
    switch (a.r.type) {
    case WIRE_HELLO: y = hello(&a); break;
    case WIRE_STATUS: y = status(&a); break;
    case WIRE_SIGN_ORDER:
    case WIRE_SIGN_CANCEL:
    case WIRE_SIGN_CANCEL_REPLACE:
    case WIRE_SIGN_CANCEL_ALL:
    case WIRE_SIGN_QUERY:
    case WIRE_SIGN_STREAM: y = sealed ? refuse_plainly(&a, POLICY_SEALED) : sign(&a); break;
    case WIRE_GET_SECRET:
        y = sealed ? refuse_plainly(&a, POLICY_SEALED) : get_secret(&a, &opened);
        break;
    case WIRE_UNLOCK: waits = ask_opener(&a, &y); break;
    case WIRE_SEAL: y = seal(&a); break;
    case WIRE_LIST: y = sealed ? refuse_plainly(&a, POLICY_SEALED) : list(&a); break;
    case WIRE_POLICY_SET:
        if (sealed)
            y = refuse_plainly(&a, POLICY_SEALED);
        else
            waits = ask_opener(&a, &y);
        break;
    }
    if (waits)
        return DISPATCH_WAIT;
    encode(&y, out, ret_len);
    if (opened)
        secret_shut(opened);
    return DISPATCH_ANSWER;
}
