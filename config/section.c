#include "config/section.h"

#include "base/check.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

const char *key_path(char *out, const char *section, const char *key, size_t len)
{
    char shown[REPORT_PATH_MAX - 40];
    snprintf(out, REPORT_PATH_MAX, "%s%s%s", section, section[0] ? "." : "",
             printable(shown, sizeof shown, key, len));
    return out;
}

struct toml_pos key_position(const struct toml_node *table, const char *key)
{
    const struct toml_node *n = toml_get(table, key);
    return n ? n->at : table ? table->at : (struct toml_pos){1, 1};
}

asset_id intern_asset(struct build *b, const char *name, size_t len, struct toml_pos at,
                      const char *path)
{
    struct setup *s = b->setup;
    char text[ASSET_NAME_MAX];
    CHECK(len < sizeof text);
    memcpy(text, name, len);
    text[len] = 0;
    asset_id found = setup_find_asset(s, text);
    if (found != ASSET_NONE)
        return found;
    if (s->assets == SETUP_ASSETS_MAX) {
        if (!b->unsure)
            errors_add(&b->errors, at, path, "too many assets: %s is one more than the %d allowed",
                       text, SETUP_ASSETS_MAX);
        b->unsure = true;
        return ASSET_NONE;
    }
    memcpy(s->asset[s->assets], text, len + 1);
    return (asset_id)s->assets++;
}

/* ---- storing ---- */

/* A relative path gets the file's directory in front. */
static bool store_path(struct build *b, const struct key_spec *k, const struct value *v,
                       struct toml_pos at, const char *path, char *out)
{
    bool joined = v->len > 0 && v->text[0] != '/' && b->dir[0];
    const char *slash = joined && b->dir[strlen(b->dir) - 1] != '/' ? "/" : "";
    int n = snprintf(out, k->size, "%s%s%.*s", joined ? b->dir : "", slash, (int)v->len, v->text);
    if (n >= 0 && (size_t)n < k->size)
        return true;
    errors_add(
        &b->errors, at, path,
        "with the configuration's directory in front the path has %d bytes; allowed: at most "
        "%zu",
        n, k->size - 1);
    return false;
}

/* Copies a checked value to its member. Choices are enums that count from 1. */
static bool store(struct build *b, const struct key_spec *k, const struct value *v,
                  struct toml_pos at, const char *path, void *base)
{
    if (k->offset == KEY_NOT_STORED)
        return true;
    char *to = (char *)base + k->offset;
    switch (k->type) {
    case KEY_DECIMAL: memcpy(to, &v->decimal, sizeof v->decimal); return true;
    case KEY_INTEGER:
        CHECK(k->size == sizeof(uint32_t) || k->size == sizeof(uint64_t));
        if (k->size == sizeof(uint32_t)) {
            uint32_t n = (uint32_t)v->integer;
            memcpy(to, &n, sizeof n);
        } else {
            memcpy(to, &v->integer, sizeof v->integer);
        }
        return true;
    case KEY_BOOL: memcpy(to, &v->boolean, sizeof v->boolean); return true;
    case KEY_CHOICE: {
        uint32_t n = v->choice + 1;
        CHECK(k->size == sizeof n);
        memcpy(to, &n, sizeof n);
        return true;
    }
    case KEY_DURATION: memcpy(to, &v->duration_ns, sizeof v->duration_ns); return true;
    case KEY_ASSET: {
        asset_id id = intern_asset(b, v->text, v->len, at, path);
        memcpy(to, &id, sizeof id);
        return id != ASSET_NONE;
    }
    case KEY_PATH: return store_path(b, k, v, at, path, to);
    case KEY_NAME:
    case KEY_TAG:
    case KEY_SYMBOL:
    case KEY_URL:
    case KEY_TEXT:
    case KEY_INSTRUMENT:
        CHECK(v->len < k->size);
        memcpy(to, v->text, v->len);
        to[v->len] = 0;
        return true;
    case KEY_SCHEDULE:
    case KEY_TABLE: break;
    }
    return false;
}

static bool read_key(struct build *b, const struct section *sec, const struct key_spec *k,
                     const struct toml_node *table, void *base)
{
    char path[REPORT_PATH_MAX], why[VALUE_WHY_MAX];
    key_path(path, sec->path, k->key, strlen(k->key));
    const struct toml_node *n = toml_get(table, k->key);
    struct toml_pos at = key_position(table, k->key);
    struct value v;
    if (n) {
        if (value_read(k, n, &v, why)) {
            errors_add(&b->errors, at, path, "%s", why);
            return false;
        }
    } else if (k->default_value) {
        CHECK(value_parse(k, k->default_value, strlen(k->default_value), &v, why) == ERR_OK);
    } else if (k->flags & KEY_REQUIRED) {
        errors_add(&b->errors, at, path, "is missing; needed: %s",
                   value_allowed(k, why, sizeof why));
        return false;
    } else {
        return true;
    }
    if (!store(b, k, &v, at, path, base))
        return false;
    if (k->has_offset)
        *(bool *)((char *)base + k->has_offset) = true;
    return true;
}

bool section_read(struct build *b, const struct section *sec, const struct toml_node *table,
                  void *base)
{
    bool ok = true;
    for (const struct key_spec *k = sec->keys; k->key; k++)
        if (k->type != KEY_TABLE && k->type != KEY_SCHEDULE && !(k->flags & KEY_LIST) &&
            !read_key(b, sec, k, table, base))
            ok = false;
    return ok;
}

const struct toml_node *section_subtable(struct build *b, const struct toml_node *table,
                                         const char *path, const char *key)
{
    const struct toml_node *n = toml_get(table, key);
    if (!n || n->type == TOML_NODE_TABLE)
        return n;
    char full[REPORT_PATH_MAX];
    key_path(full, path, key, strlen(key));
    errors_add(&b->errors, n->at, full,
               n->type == TOML_NODE_ARRAY
                   ? "is given more than once or as an array; write [%s] once"
                   : "wrong type; allowed: a table, written [%s]",
               full);
    return NULL;
}

uint32_t section_array(struct build *b, const struct section *sec, const struct toml_node **first)
{
    return section_array_in(b, sec, b->root, first);
}

uint32_t section_array_in(struct build *b, const struct section *sec, const struct toml_node *table,
                          const struct toml_node **first)
{
    const char *dot = strrchr(sec->path, '.');
    const struct toml_node *n = toml_get(table, dot ? dot + 1 : sec->path);
    *first = NULL;
    if (!n)
        return 0;
    if (n->type != TOML_NODE_ARRAY || (n->first && n->first->type != TOML_NODE_TABLE)) {
        errors_add(&b->errors, n->at, sec->path, "wrong form; allowed: tables, each written [[%s]]",
                   sec->path);
        b->unsure = true;
        return 0;
    }
    uint32_t count = 0;
    *first = n->first;
    for (const struct toml_node *t = n->first; t; t = t->next, count++) {
        if (t->type != TOML_NODE_TABLE || count == sec->max) {
            errors_add(&b->errors, t->at, sec->path,
                       count == sec->max ? "too many: at most %u are allowed"
                                         : "every element must be a table; at most %u are allowed",
                       sec->max);
            b->unsure = true;
            break;
        }
    }
    return count;
}

/* ---- unknown keys ---- */

/* Whether a key's name says that its value is a secret. */
static bool is_secret(const char *key)
{
    static const char *const WORDS[] = {
        "secret",      "password",    "passwd",     "passphrase", "private_key", "private-key",
        "privatekey",  "api_key",     "api-key",    "apikey",     "token",       "mnemonic",
        "seed_phrase", "seed-phrase", "seedphrase", "credential", "access_key",  "access-key",
    };
    for (size_t i = 0; i < sizeof WORDS / sizeof WORDS[0]; i++)
        if (strcasestr(key, WORDS[i]))
            return true;
    return false;
}

static bool has_key(const struct section *sec, const char *key)
{
    for (const struct key_spec *k = sec->keys; k->key; k++)
        if (strcmp(k->key, key) == 0)
            return true;
    return false;
}

static void unknown_key(struct build *b, const struct section *sec, const struct toml_node *n,
                        const struct param_spec *params)
{
    char path[REPORT_PATH_MAX];
    key_path(path, sec->path, n->key, n->key_len);
    if (is_secret(n->key)) {
        errors_add(&b->errors, n->key_at, path,
                   "secrets cannot be given in this file; they belong in the key store (`tradewind "
                   "key --help`); remove the key and renew the secret if it was real");
        return;
    }
    struct suggestion near = {.given = n->key};
    for (const struct key_spec *k = sec->keys; k->key; k++)
        suggestion_offer(&near, k->key);
    for (const struct param_spec *p = params; p && p->key; p++)
        suggestion_offer(&near, p->key);
    if (near.best) {
        errors_add(&b->errors, n->key_at, path, "unknown key; did you mean \"%s\"?", near.best);
        return;
    }
    for (const struct section *const *s = b->schema; *s; s++)
        if (*s != sec && has_key(*s, n->key)) {
            errors_add(&b->errors, n->key_at, path, "unknown key; \"%s\" belongs in %s%s%s", n->key,
                       (*s)->array ? "[[" : "[", (*s)->path, (*s)->array ? "]]" : "]");
            return;
        }
    errors_add(&b->errors, n->key_at, path, "unknown key; `%s` lists those that are allowed",
               b->explain);
}

void section_unknown(struct build *b, const struct section *sec, const struct toml_node *table,
                     const struct param_spec *params)
{
    for (const struct toml_node *n = table ? table->first : NULL; n; n = n->next) {
        bool known = strlen(n->key) == n->key_len && has_key(sec, n->key);
        for (const struct param_spec *p = params; p && p->key && !known; p++)
            known = strlen(p->key) == n->key_len && memcmp(p->key, n->key, n->key_len) == 0;
        if (!known)
            unknown_key(b, sec, n, params);
    }
}
