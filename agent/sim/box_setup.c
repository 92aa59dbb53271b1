/* Reads the file that gives the exchange in a box its accounts (docs/exchange.md, "Accounts"). */
#include "sim/box_trading.h"
#include "venue/json.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    struct json j;
    const char *text;
    char *why;
    enum err e; /* the first thing that is wrong with the content */
};

__attribute__((format(printf, 3, 4))) static void fail(struct reader *r, enum err e,
                                                       const char *format, ...)
{
    if (r->e || r->j.err)
        return;
    unsigned line = 1;
    for (const char *p = r->text; p < r->j.p; p++)
        line += *p == '\n';
    va_list a;
    va_start(a, format);
    int n = snprintf(r->why, BOX_WHY_MAX, "line %u: ", line);
    vsnprintf(r->why + n, BOX_WHY_MAX - (size_t)n, format, a);
    va_end(a);
    r->e = e;
}

static void unknown(struct reader *r, struct json_text key, const char *wanted)
{
    fail(r, ERR_UNKNOWN, "unknown key \"%.*s\"; here are known: %s", (int)(key.len & 0xff), key.p,
         wanted);
    (void)json_skip(&r->j);
}

/* A text of 1 to [max] bytes of printable ASCII without a backslash. */
static void take_text(struct reader *r, const char *field, size_t max, char *out)
{
    if (json_peek(&r->j) != '"') {
        fail(r, ERR_SYNTAX, "%s: want a text in quotes", field);
        (void)json_skip(&r->j);
        return;
    }
    struct json_text t = json_string(&r->j);
    bool ok = t.len >= 1 && t.len <= max;
    for (size_t i = 0; ok && i < t.len; i++)
        ok = t.p[i] > 0x20 && t.p[i] < 0x7f && t.p[i] != '\\';
    if (!ok) {
        fail(r, ERR_RANGE, "%s: want 1 to %zu printable characters", field, max);
        return;
    }
    memcpy(out, t.p, t.len);
    out[t.len] = '\0';
}

/* An amount in quotes, from 0 to [max]. */
static void take_dec(struct reader *r, const char *field, dec max, dec *out)
{
    dec d = DEC_ZERO;
    struct json_text t = {"", 0};
    if (json_peek(&r->j) == '"')
        t = json_string(&r->j);
    else
        (void)json_skip(&r->j);
    if (dec_parse(t.p, t.len, &d) != ERR_OK || dec_is_neg(d) || dec_gt(d, max))
        fail(r, ERR_RANGE, "%s: want an amount in quotes, like \"0.001\", that is not too large",
             field);
    *out = d;
}

static int64_t take_int(struct reader *r, const char *field, int64_t min, int64_t max)
{
    char c = json_peek(&r->j);
    int64_t v = min;
    if (c == '-' || (c >= '0' && c <= '9'))
        v = json_i64(&r->j);
    else
        (void)json_skip(&r->j);
    bool ok = (c == '-' || (c >= '0' && c <= '9')) && v >= min && v <= max;
    if (!ok)
        fail(r, ERR_RANGE, "%s: want a whole number from %lld to %lld", field, (long long)min,
             (long long)max);
    return v;
}

static bool opens(struct reader *r, const char *field, char bracket)
{
    if (json_peek(&r->j) == bracket) {
        json_enter(&r->j, bracket);
        return true;
    }
    fail(r, ERR_SYNTAX, "%s: want %s", field, bracket == '{' ? "an object" : "a list");
    (void)json_skip(&r->j);
    return false;
}

/* ---- keys ---- */

static int base64_value(char c)
{
    return c >= 'A' && c <= 'Z'   ? c - 'A'
           : c >= 'a' && c <= 'z' ? c - 'a' + 26
           : c >= '0' && c <= '9' ? c - '0' + 52
           : c == '+'             ? 62
           : c == '/'             ? 63
                                  : -1;
}

/* The raw key, or the usual DER form of it (which ends with the raw key), in base64. */
static void take_public_key(struct reader *r, uint8_t out[BOX_KEY_BYTES])
{
    static const uint8_t DER[12] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                    0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
    char text[BOX_KEY_TEXT_MAX + 1] = "";
    uint8_t raw[96];
    size_t n = 0;
    uint32_t bits = 0, have = 0;
    take_text(r, "ed25519", BOX_KEY_TEXT_MAX, text);
    for (const char *p = text; *p && *p != '='; p++) {
        int v = base64_value(*p);
        if (v < 0 || n == sizeof raw) {
            n = 0;
            break;
        }
        bits = bits << 6 | (uint32_t)v;
        have += 6;
        if (have >= 8) {
            have -= 8;
            raw[n++] = (uint8_t)(bits >> have);
        }
    }
    bool der = n == sizeof DER + BOX_KEY_BYTES && memcmp(raw, DER, sizeof DER) == 0;
    if (n == BOX_KEY_BYTES || der)
        memcpy(out, raw + (der ? sizeof DER : 0), BOX_KEY_BYTES);
    else
        fail(r, ERR_SYNTAX,
             "ed25519: want the public key in base64 (32 bytes, or the body of its PEM file)");
}

static void take_permissions(struct reader *r, struct box_key *k)
{
    if (!opens(r, "permissions", '['))
        return;
    while (json_element(&r->j)) {
        char word[16] = "";
        take_text(r, "permissions", sizeof word - 1, word);
        if (strcmp(word, "read") == 0)
            k->can_read = true;
        else if (strcmp(word, "trade") == 0)
            k->can_trade = true;
        else if (strcmp(word, "withdraw") == 0)
            k->can_withdraw = true;
        else
            fail(r, ERR_UNKNOWN, "permissions: want \"read\", \"trade\" or \"withdraw\"");
    }
}

static void take_key(struct reader *r, struct box_trading *t, struct box_account *a)
{
    struct json_text key;
    struct box_key k = {0};
    bool hmac = false, ed25519 = false, permissions = false;
    if (!opens(r, "keys", '{'))
        return;
    while (json_key(&r->j, &key)) {
        if (json_is(key, "apiKey")) {
            take_text(r, "apiKey", BOX_KEY_TEXT_MAX, k.id);
        } else if (json_is(key, "secret")) {
            hmac = true;
            take_text(r, "secret", BOX_KEY_TEXT_MAX, k.secret);
        } else if (json_is(key, "ed25519")) {
            ed25519 = true;
            k.kind = BOX_KEY_ED25519;
            take_public_key(r, k.public_key);
        } else if (json_is(key, "permissions")) {
            permissions = true;
            take_permissions(r, &k);
        } else if (json_is(key, "ipRestrict")) {
            k.bound_to_address = json_bool(&r->j);
        } else {
            unknown(r, key, "apiKey, secret, ed25519, permissions, ipRestrict");
        }
    }
    uint32_t account;
    const struct box_key *other;
    if (!k.id[0] || hmac == ed25519 || !permissions)
        fail(r, ERR_SYNTAX,
             "a key wants \"apiKey\", \"permissions\" and either \"secret\" or \"ed25519\"");
    else if (box_trading_key(t, k.id, &account, &other))
        fail(r, ERR_EXISTS, "apiKey %s is given twice", k.id);
    else if (a->keys == BOX_KEYS_MAX)
        fail(r, ERR_FULL, "more than %d keys for one account", BOX_KEYS_MAX);
    else
        a->key[a->keys++] = k;
}

/* ---- accounts ---- */

static void take_balances(struct reader *r, struct box_trading *t, struct box_account *a)
{
    struct json_text key;
    if (!opens(r, "balances", '{'))
        return;
    while (json_key(&r->j, &key)) {
        dec amount = DEC_ZERO;
        take_dec(r, "balances", dec_from_i64(INT64_C(1000000000000000), 0), &amount);
        int asset = box_trading_asset(t, key.p, key.len);
        if (asset < 0) {
            fail(r, ERR_FULL, "balances: an asset's name is too long, or more than %d assets",
                 BOX_ASSETS_MAX);
            continue;
        }
        a->balance[asset].free = amount;
        a->told[asset].free = amount;
        a->known[asset] = true;
    }
}

static void take_account(struct reader *r, struct box_trading *t)
{
    struct json_text key;
    if (t->accounts == BOX_ACCOUNTS_MAX) {
        fail(r, ERR_FULL, "more than %d accounts", BOX_ACCOUNTS_MAX);
        (void)json_skip(&r->j);
        return;
    }
    struct box_account *a = &t->account[t->accounts++];
    *a = (struct box_account){.uid = t->accounts,
                              .trade_group = -1,
                              .fee_asset = -1,
                              .maker = dec_from_i64(1, 3),
                              .taker = dec_from_i64(1, 3),
                              .fee_discount = dec_from_i64(25, 2)};
    snprintf(a->name, sizeof a->name, "account-%u", t->accounts);
    if (!opens(r, "accounts", '{'))
        return;
    while (json_key(&r->j, &key)) {
        if (json_is(key, "name")) {
            take_text(r, "name", BOX_ACCOUNT_NAME, a->name);
        } else if (json_is(key, "uid")) {
            a->uid = take_int(r, "uid", 1, INT64_MAX);
        } else if (json_is(key, "tradeGroupId")) {
            a->trade_group = take_int(r, "tradeGroupId", -1, INT64_MAX);
        } else if (json_is(key, "maker")) {
            take_dec(r, "maker", dec_from_i64(99, 2), &a->maker);
        } else if (json_is(key, "taker")) {
            take_dec(r, "taker", dec_from_i64(99, 2), &a->taker);
        } else if (json_is(key, "feeDiscount")) {
            take_dec(r, "feeDiscount", DEC_ONE, &a->fee_discount);
        } else if (json_is(key, "feeAsset")) {
            char asset[SYMBOL_MAX] = "";
            take_text(r, "feeAsset", sizeof asset - 1, asset);
            a->fee_asset = box_trading_asset(t, asset, strlen(asset));
        } else if (json_is(key, "balances")) {
            take_balances(r, t, a);
        } else if (json_is(key, "keys")) {
            if (opens(r, "keys", '['))
                while (json_element(&r->j))
                    take_key(r, t, a);
        } else {
            unknown(r, key,
                    "name, uid, tradeGroupId, maker, taker, feeAsset, feeDiscount, balances, "
                    "keys");
        }
    }
    for (uint32_t i = 0; i + 1 < t->accounts; i++)
        if (strcmp(t->account[i].name, a->name) == 0)
            fail(r, ERR_EXISTS, "two accounts are named %s", a->name);
}

static void take_limits(struct reader *r, struct box_trading *t)
{
    struct json_text key;
    if (!opens(r, "limits", '{'))
        return;
    while (json_key(&r->j, &key)) {
        if (json_is(key, "weight"))
            t->weight_limit = (uint32_t)take_int(r, "weight", 1, 1000000);
        else if (json_is(key, "orders10s"))
            t->order_limit[0] = (uint32_t)take_int(r, "orders10s", 1, 1000000);
        else if (json_is(key, "ordersDay"))
            t->order_limit[1] = (uint32_t)take_int(r, "ordersDay", 1, 100000000);
        else
            unknown(r, key, "weight, orders10s, ordersDay");
    }
}

/* {"kind": "lost", "match": "POST /api/v3/order", "after": 2} */
static void take_fault(struct reader *r, struct box_trading *t)
{
    struct json_text key;
    struct box_param p[8];
    char text[8][2][BOX_FAULT_WORD_MAX], why[BOX_FAULT_WHY_MAX];
    uint32_t n = 0;
    uint64_t id;
    if (!opens(r, "faults", '{'))
        return;
    while (json_key(&r->j, &key)) {
        struct json_text v = json_peek(&r->j) == '"' ? json_string(&r->j) : json_skip(&r->j);
        if (n == 8 || key.len >= BOX_FAULT_WORD_MAX || v.len >= BOX_FAULT_WORD_MAX) {
            fail(r, ERR_RANGE, "faults: too many words, or one is too long");
            continue;
        }
        memcpy(text[n][0], key.p, key.len);
        text[n][0][key.len] = '\0';
        memcpy(text[n][1], v.p, v.len);
        text[n][1][v.len] = '\0';
        p[n] = (struct box_param){text[n][0], text[n][1]};
        n++;
    }
    enum err e = r->j.err ? ERR_OK : box_fault_add(&t->faults, p, n, &id, why);
    if (e)
        fail(r, e, "faults: %s", why);
}

enum err box_trading_read(struct box_trading *t, const char *text, size_t len, char *why)
{
    struct reader r = {.j = json_make(text, len), .text = text, .why = why};
    struct json_text key;
    if (opens(&r, "the file", '{'))
        while (json_key(&r.j, &key)) {
            if (json_is(key, "accounts")) {
                if (opens(&r, "accounts", '['))
                    while (json_element(&r.j))
                        take_account(&r, t);
            } else if (json_is(key, "limits")) {
                take_limits(&r, t);
            } else if (json_is(key, "faults")) {
                if (opens(&r, "faults", '['))
                    while (json_element(&r.j))
                        take_fault(&r, t);
            } else if (json_is(key, "fills")) {
                char word[16] = "";
                take_text(&r, "fills", sizeof word - 1, word);
                t->model = strcmp(word, "cross") == 0 ? BOX_CROSS : BOX_TOUCH;
                if (strcmp(word, "cross") != 0 && strcmp(word, "touch") != 0)
                    fail(&r, ERR_UNKNOWN, "fills: want \"touch\" or \"cross\"");
            } else {
                unknown(&r, key, "accounts, limits, fills, faults");
            }
        }
    if (r.e)
        return r.e;
    enum err e = json_finish(&r.j);
    if (e)
        snprintf(why, BOX_WHY_MAX, "this is not JSON (%s), or a value is of the wrong kind",
                 err_name(e));
    else if (!t->accounts) {
        e = ERR_NOT_FOUND;
        snprintf(why, BOX_WHY_MAX, "there is no account in \"accounts\"");
    }
    return e;
}
