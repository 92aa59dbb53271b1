#include "main/policy_file.h"

#include "base/clock.h"
#include "config/section.h"
#include "main/policy_schema.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(WIRE_WINDOW_MAX == 60000 && POLICY_SKEW_MAX == 60000, "bounds of the schema");
_Static_assert(POLICY_RATE_MAX == 6000 && POLICY_REPLAYS_MAX == 1000, "bounds of the schema");

/* A key as it is read, before it has its place. */
struct draft {
    struct policy_key_text text;
    unsigned ops, types;
    uint32_t instruments;
    struct policy_instrument *instrument; /* of the compiler's room */
};

struct compiler {
    struct build b;
    uint32_t keys, instruments;
    struct draft key[POLICY_KEYS_MAX];
    const struct toml_node *key_at[POLICY_KEYS_MAX];
    struct policy_instrument instrument[POLICY_INSTRUMENTS_MAX];
};

/* ---- lists of words ---- */

/* The bits of a list's words, the first word being bit 0; 0, with an error, where it is none. */
static unsigned read_words(struct build *b, const struct section *sec, const struct key_spec *k,
                           const struct toml_node *table, bool *ok)
{
    char path[REPORT_PATH_MAX], allowed[VALUE_WHY_MAX], why[VALUE_WHY_MAX];
    const struct toml_node *n = toml_get(table, k->key);
    struct key_spec word = *k;
    unsigned bits = 0;
    word.flags &= ~KEY_LIST;
    key_path(path, sec->path, k->key, strlen(k->key));
    if (!n) {
        if (k->flags & KEY_REQUIRED) {
            errors_add(&b->errors, table->at, path, "is missing; needed: %s",
                       value_allowed(k, allowed, sizeof allowed));
            *ok = false;
        }
        return 0;
    }
    if (n->type != TOML_NODE_ARRAY || n->count == 0) {
        errors_add(&b->errors, n->at, path, "%s; allowed: %s",
                   n->type == TOML_NODE_ARRAY ? "the list is empty" : "is not a list",
                   value_allowed(k, allowed, sizeof allowed));
        *ok = false;
        return 0;
    }
    for (const struct toml_node *e = n->first; e; e = e->next) {
        struct value v;
        if (value_read(&word, e, &v, why)) {
            errors_add(&b->errors, e->at, path, "%s", why);
            *ok = false;
        } else if (bits >> v.choice & 1) {
            errors_add(&b->errors, e->at, path, "\"%s\" is in the list already", e->text);
            *ok = false;
        } else {
            bits |= 1u << v.choice;
        }
    }
    return bits;
}

/* ---- instruments ---- */

static void check_instrument(struct build *b, const struct toml_node *t, const struct draft *k,
                             const struct policy_instrument *i)
{
    if (dec_lt(i->ceiling, i->floor)) {
        char floor[DEC_TEXT_MAX];
        dec_format(i->floor, floor);
        errors_add(&b->errors, key_position(t, "price_ceiling"), "key.instrument.price_ceiling",
                   "is below price_floor; allowed: %s or more", floor);
    }
    for (uint32_t o = 0; o < k->instruments; o++)
        if (policy_compare_symbols(k->instrument[o].symbol, i->symbol) == 0) {
            bool same = strcmp(k->instrument[o].symbol, i->symbol) == 0;
            errors_add(&b->errors, key_position(t, "symbol"), "key.instrument.symbol",
                       same ? "\"%s\" is given for this key already"
                            : "a venue that writes no hyphen cannot tell it from \"%s\"",
                       k->instrument[o].symbol);
            return;
        }
}

static void read_instruments(struct compiler *c, const struct toml_node *table, struct draft *k)
{
    struct build *b = &c->b;
    const struct toml_node *t;
    uint32_t n = section_array_in(b, &SECTION_POLICY_INSTRUMENT, table, &t);
    k->instrument = &c->instrument[c->instruments];
    for (; n > 0; n--, t = t->next) {
        struct policy_instrument i;
        memset(&i, 0, sizeof i);
        section_unknown(b, &SECTION_POLICY_INSTRUMENT, t, NULL);
        if (!section_read(b, &SECTION_POLICY_INSTRUMENT, t, &i))
            continue;
        check_instrument(b, t, k, &i);
        if (c->instruments == POLICY_INSTRUMENTS_MAX) {
            errors_add(&b->errors, t->at, "key.instrument",
                       "too many: at most %d are allowed, of all keys together",
                       POLICY_INSTRUMENTS_MAX);
            return;
        }
        k->instrument[k->instruments++] = i;
        c->instruments++;
    }
}

/* ---- keys ---- */

static void missing(struct build *b, const struct toml_node *t, const char *path, const char *why)
{
    errors_add(&b->errors, t->at, path,
               "is missing; needed where operations has \"order\" or "
               "\"cancel-replace\": %s",
               why);
}

/* Nobody should get orders by a default. */
static void check_order_keys(struct build *b, const struct toml_node *t, const struct draft *k)
{
    if (!(k->ops & (POLICY_ORDER | POLICY_CANCEL_REPLACE)))
        return;
    if (!toml_get(t, "order_types"))
        missing(b, t, "key.order_types", "a list such as [\"limit\", \"limit-maker\"]");
    if (!k->text.has_rate)
        missing(b, t, "key.max_orders_per_minute", "an integer from 0 to 6000");
    if (!k->text.has_replays)
        missing(b, t, "key.replays",
                "an integer from 1 to 1000, how often one signed order may be filled by replay");
}

static void whole_ms(struct build *b, const struct toml_node *t, const char *key, int64_t ns)
{
    char path[REPORT_PATH_MAX];
    if (ns % NS_PER_MS != 0)
        errors_add(&b->errors, key_position(t, key), key_path(path, "key", key, strlen(key)),
                   "is not a whole number of milliseconds; the signer counts no smaller ones");
}

static void read_key(struct compiler *c, const struct toml_node *t)
{
    struct build *b = &c->b;
    struct draft *k = &c->key[c->keys];
    bool ok = true;
    memset(k, 0, sizeof *k);
    section_unknown(b, &SECTION_POLICY_KEY, t, NULL);
    ok = section_read(b, &SECTION_POLICY_KEY, t, &k->text);
    k->ops = read_words(b, &SECTION_POLICY_KEY, &POLICY_KEY_OPERATIONS, t, &ok);
    k->types = read_words(b, &SECTION_POLICY_KEY, &POLICY_KEY_TYPES, t, &ok) << 1;
    if (ok) {
        check_order_keys(b, t, k);
        whole_ms(b, t, "max_validity", k->text.validity_ns);
        whole_ms(b, t, "max_clock_skew", k->text.skew_ns);
    }
    if (k->text.network[0] && !wire_network_ok(k->text.network))
        errors_add(&b->errors, key_position(t, "network"), "key.network",
                   "holds a character that is not printable ASCII; allowed: what the key store "
                   "has, such as \"binance:mainnet\"");
    for (uint32_t o = 0; k->text.label[0] && o < c->keys; o++)
        if (strcmp(c->key[o].text.label, k->text.label) == 0)
            errors_add(&b->errors, key_position(t, "label"), "key.label",
                       "\"%s\" is given already, in line %u", k->text.label, c->key_at[o]->at.line);
    read_instruments(c, t, k);
    c->key_at[c->keys++] = t;
}

/* ---- the whole ---- */

static int by_label(const void *a, const void *b)
{
    return strcmp(((const struct draft *)a)->text.label, ((const struct draft *)b)->text.label);
}

static int by_symbol(const void *a, const void *b)
{
    return policy_compare_symbols(((const struct policy_instrument *)a)->symbol,
                                  ((const struct policy_instrument *)b)->symbol);
}

/* In the one order that the binary form has. */
static void arrange(struct compiler *c, struct policy *p)
{
    memset(p, 0, sizeof *p);
    qsort(c->key, c->keys, sizeof *c->key, by_label);
    for (uint32_t n = 0; n < c->keys; n++) {
        struct draft *d = &c->key[n];
        struct policy_key *k = &p->key[p->keys++];
        memcpy(k->label, d->text.label, sizeof k->label);
        memcpy(k->network, d->text.network, sizeof k->network);
        k->ops = d->ops;
        k->types = d->types;
        k->window_ms = (uint32_t)(d->text.validity_ns / NS_PER_MS);
        k->skew_ms = (uint32_t)(d->text.skew_ns / NS_PER_MS);
        k->rate = d->text.has_rate ? d->text.rate : 0;
        k->replays = d->text.has_replays ? d->text.replays : 1;
        k->first = p->instruments;
        k->instruments = d->instruments;
        qsort(d->instrument, d->instruments, sizeof *d->instrument, by_symbol);
        for (uint32_t i = 0; i < d->instruments; i++)
            p->instrument[p->instruments++] = d->instrument[i];
    }
}

static enum err compile(struct compiler *c, struct policy_file *ret, struct config_report *report)
{
    struct build *b = &c->b;
    const struct toml_node *t;
    uint32_t version = 0;
    section_unknown(b, &SECTION_POLICY, b->root, NULL);
    (void)section_read(b, &SECTION_POLICY, b->root, &version);
    uint32_t n = section_array(b, &SECTION_POLICY_KEY, &t);
    for (uint32_t i = 0; i < n; i++, t = t->next)
        read_key(c, t);
    bool failed = b->errors.count > 0;
    errors_finish(&b->errors, report);
    if (b->errors.nomem || failed)
        return b->errors.nomem ? ERR_NOMEM : ERR_RANGE;
    arrange(c, &ret->policy);
    return policy_encode(&ret->policy, ret->bytes, &ret->len);
}

enum err policy_file_parse(const char *name, const char *text, size_t len, struct policy_file *ret,
                           struct config_report *report)
{
    struct toml_doc *doc = NULL;
    struct toml_error error;
    *report = (struct config_report){0};
    enum err e = toml_parse(&doc, text, len, &error);
    if (e)
        return report_one(report, name, error.at, e, error.text);
    struct compiler *c = calloc(1, sizeof *c);
    struct policy_file *file = calloc(1, sizeof *file);
    e = c && file ? ERR_OK : ERR_NOMEM;
    if (!e) {
        c->b = (struct build){.root = toml_root(doc),
                              .dir = "",
                              .schema = POLICY_SCHEMA,
                              .explain = "tradewind policy check --explain",
                              .errors = {.file = name}};
        e = compile(c, file, report);
    }
    if (!e)
        *ret = *file;
    free(file);
    free(c);
    toml_close(doc);
    return e;
}

/* A compiled one begins with letters and a small number: the zero in it is in no TOML file. */
static bool is_compiled(const char *text, size_t len)
{
    return len >= 6 && memcmp(text, "TWPL", 4) == 0 && text[5] == 0;
}

static enum err take_compiled(const char *path, const char *text, size_t len,
                              struct policy_file *ret, struct config_report *report)
{
    struct policy p;
    enum err e = policy_decode((const uint8_t *)text, len, &p);
    if (e)
        return report_one(report, path, (struct toml_pos){1, 1}, e,
                          e == ERR_UNSUPPORTED
                              ? "is a compiled policy of a version that this program does not know"
                              : "is a compiled policy that was changed or cut");
    ret->policy = p;
    memcpy(ret->bytes, text, len);
    ret->len = len;
    return ERR_OK;
}

enum err policy_file_load(const char *path, struct policy_file *ret, struct config_report *report)
{
    char *text = NULL;
    size_t len = 0;
    enum err e = config_read_file(path, &text, &len, report);
    if (e)
        return e;
    e = is_compiled(text, len) ? take_compiled(path, text, len, ret, report)
                               : policy_file_parse(path, text, len, ret, report);
    free(text);
    return e;
}

void policy_file_explain(FILE *out)
{
    fputs(
        "A policy is one TOML file, apart from the configuration. What it does not allow is not "
        "signed; an\nempty file allows nothing. Decimals are written as strings (\"0.001\") and "
        "are exact, up to 18\ndecimal places. docs/policy.md says how the limits are counted.\n\n",
        out);
    for (const struct section *const *s = POLICY_SCHEMA; *s; s++)
        schema_explain(out, *s);
}
