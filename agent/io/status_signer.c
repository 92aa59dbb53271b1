/* The signer, as `tradewind status` shows it. */
#include "io/status_parts.h"

#include <string.h>

/* What a connection may ask, by the bits of wallet/PROTOCOL.md. */
static const char *const MAY[] = {"status", "trade", "cancel", "wire", "admin"};

static void add_policy(cJSON *o, const uint8_t hash[32])
{
    char hex[65];
    bool any = false;
    for (int i = 0; i < 32; i++) {
        snprintf(hex + (ptrdiff_t)2 * i, 3, "%02x", hash[i]);
        any |= hash[i] != 0;
    }
    if (any)
        cJSON_AddStringToObject(o, "policy", hex);
    else
        cJSON_AddNullToObject(o, "policy");
}

void status_add_signer(const struct status_source *r, cJSON *o)
{
    const struct signer_view *v = r->signer;
    if (!v) {
        cJSON_AddNullToObject(o, "signer");
        return;
    }
    cJSON *item = cJSON_AddObjectToObject(o, "signer");
    cJSON_AddStringToObject(item, "state", v->state ? signer_state_name(v->state) : "connecting");
    cJSON_AddStringToObject(item, "why", v->why);
    status_add_time(item, "since", v->since_ns);
    cJSON_AddStringToObject(item, "socket", v->path);
    cJSON *may = cJSON_AddArrayToObject(item, "may");
    for (unsigned i = 0; i < sizeof MAY / sizeof MAY[0]; i++)
        if (v->caps >> i & 1)
            cJSON_AddItemToArray(may, cJSON_CreateString(MAY[i]));
    status_add_count(item, "keys", v->keys);
    status_add_count(item, "generation", v->generation);
    add_policy(item, v->policy_hash);
    status_add_count(item, "connections", v->connections);
    status_add_count(item, "requests", v->requests);
    status_add_count(item, "refused", v->refused);
    status_add_count(item, "late", v->late);
    status_add_count(item, "lost", v->lost);
}

void status_print_signer(FILE *out, const cJSON *o)
{
    const cJSON *s = cJSON_GetObjectItemCaseSensitive(o, "signer");
    if (!cJSON_IsObject(s))
        return;
    const char *why = status_text_of(s, "why");
    fprintf(out, "  signer is %s%s%s\n", status_text_of(s, "state"), why[0] ? ": " : "", why);
}
