#include "wallet/key_list.h"

#include "wallet/hex.h"
#include "wallet/pem.h"
#include "wallet/secp.h"

#include <cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PUBLIC_TEXT (2 * KEYSTORE_PUBLIC_MAX + 3)

static void public_text(const struct keystore_entry *e, char out[PUBLIC_TEXT])
{
    out[0] = 0;
    if (e->kind == KIND_EVM && e->public_len == SECP_ADDRESS_LEN)
        secp_address_text(e->public_part, out);
    else
        hex_encode(e->public_part, e->public_len, out);
}

static void date_text(uint64_t s, char out[24])
{
    time_t t = (time_t)s;
    struct tm tm;
    if (s > INT32_MAX || !gmtime_r(&t, &tm) || !strftime(out, 24, "%Y-%m-%dT%H:%M:%SZ", &tm))
        snprintf(out, 24, "?");
}

/* Only an open store can tell. */
static bool lacks_api_key(const struct keystore *k, int i)
{
    if (!keystore_is_open(k) || !kind_get(k->entry[i].kind)->has_api_key)
        return false;
    const struct secret *c = keystore_content(k, i);
    const char *api_key;
    const uint8_t *secret;
    size_t len;
    secret_open(c);
    keystore_parts(c, &api_key, &secret, &len);
    bool lacks = api_key[0] == 0;
    secret_shut(c);
    return lacks;
}

enum err key_print_json(cJSON *root, char *why)
{
    char *out = cJSON_Print(root);
    cJSON_Delete(root);
    if (!out)
        return why_say(why, ERR_NOMEM, "no memory");
    puts(out);
    free(out);
    return ERR_OK;
}

static enum err list_json(const struct keystore *k, char *why)
{
    cJSON *root = cJSON_CreateObject(), *keys = cJSON_AddArrayToObject(root, "keys");
    char text[PUBLIC_TEXT], date[24];
    cJSON_AddBoolToObject(root, "verified", keystore_is_open(k));
    for (int i = 0; i < (int)k->entries; i++) {
        const struct keystore_entry *e = &k->entry[i];
        cJSON *o = cJSON_CreateObject();
        public_text(e, text);
        date_text(e->created_s, date);
        cJSON_AddStringToObject(o, "name", e->label);
        cJSON_AddStringToObject(o, "kind", kind_get(e->kind)->name);
        cJSON_AddStringToObject(o, "class", class_name(e->class));
        cJSON_AddStringToObject(o, "network", e->network);
        cJSON_AddStringToObject(o, "created", date);
        cJSON_AddStringToObject(o, "public", text);
        if (keystore_is_open(k) && kind_get(e->kind)->has_api_key)
            cJSON_AddBoolToObject(o, "has_api_key", !lacks_api_key(k, i));
        cJSON_AddItemToArray(keys, o);
    }
    return key_print_json(root, why);
}

enum err key_list(const struct keystore *k, bool json, char *why)
{
    char text[PUBLIC_TEXT], date[24];
    if (json)
        return list_json(k, why);
    if (!keystore_is_open(k))
        puts("not verified: the store was not opened, what follows could have been changed");
    printf("%-20s %-15s %-6s %-16s %-20s %s\n", "NAME", "KIND", "CLASS", "NETWORK", "MADE",
           "PUBLIC");
    for (int i = 0; i < (int)k->entries; i++) {
        const struct keystore_entry *e = &k->entry[i];
        public_text(e, text);
        date_text(e->created_s, date);
        printf("%-20s %-15s %-6s %-16s %-20s %s%s\n", e->label, kind_get(e->kind)->name,
               class_name(e->class), e->network[0] ? e->network : "-", date, text[0] ? text : "-",
               lacks_api_key(k, i) ? " (no API key yet)" : "");
    }
    return ERR_OK;
}

enum err key_show_address(const struct keystore *k, const char *label, char *why)
{
    char text[PUBLIC_TEXT + PEM_PUBLIC_TEXT];
    int i = keystore_find(k, label);
    if (i < 0)
        return why_say(why, ERR_NOT_FOUND, "there is no key with that name");
    const struct keystore_entry *e = &k->entry[i];
    if (e->kind == KIND_EVM && e->public_len == SECP_ADDRESS_LEN) {
        public_text(e, text);
        puts(text);
    } else if (e->kind == KIND_BINANCE_ED25519 && e->public_len == 32) {
        pem_ed25519_text(e->public_part, text);
        fputs(text, stdout);
    } else {
        return why_say(why, ERR_UNSUPPORTED, "a key of kind %s has no public half",
                       kind_get(e->kind)->name);
    }
    return ERR_OK;
}

void key_print_made(const struct keystore *k, const char *label)
{
    char text[PUBLIC_TEXT];
    int i = keystore_find(k, label);
    const struct keystore_entry *e = &k->entry[i];
    public_text(e, text);
    printf("%s: stored (%s, %s%s%s%s%s)\n", label, kind_get(e->kind)->name, class_name(e->class),
           e->network[0] ? ", " : "", e->network, text[0] ? ", " : "", text);
    if (lacks_api_key(k, i))
        printf(
            "give its public half to the venue (tradewind key show-address %s), then set the API "
            "key that the venue gives you: tradewind key api-key %s\n",
            label, label);
}
