/* The body of a command: bytes from outside, so a function of its own that can be fuzzed. */
#include "io/control.h"

#include <cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *control_error(const char *text)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddNumberToObject(o, "schema", 1);
    cJSON_AddStringToObject(o, "error", text);
    char *json = cJSON_PrintUnformatted(o);
    cJSON_Delete(o);
    return json;
}

static enum err refuse(char *why, const char *text)
{
    snprintf(why, CONTROL_WHY_MAX, "%s", text);
    return ERR_SYNTAX;
}

static bool find_kind(const char *word, enum command_kind *ret)
{
    for (int k = COMMAND_PAUSE; k <= COMMAND_UNHALT; k++)
        if (strcmp(word, command_kind_name((enum command_kind)k)) == 0) {
            *ret = (enum command_kind)k;
            return true;
        }
    return false;
}

/* A member that must be text; NULL where it is absent. */
static bool text_member(const cJSON *o, const char *key, const char **ret)
{
    const cJSON *m = cJSON_GetObjectItemCaseSensitive(o, key);
    *ret = m ? cJSON_GetStringValue(m) : NULL;
    return !m || *ret;
}

static enum err read_command(const struct setup *s, const cJSON *o, struct event_command *c,
                             char *why)
{
    const char *kind, *strategy, *reason;
    if (!cJSON_IsObject(o))
        return refuse(why, "the body must be an object: {\"command\": \"pause\", \"strategy\": "
                           "\"name\", \"reason\": \"text\"}");
    for (const cJSON *m = o->child; m; m = m->next)
        if (strcmp(m->string, "command") != 0 && strcmp(m->string, "strategy") != 0 &&
            strcmp(m->string, "reason") != 0)
            return refuse(why, "the body has a key that is none of command, strategy, reason");
    if (!text_member(o, "command", &kind) || !text_member(o, "strategy", &strategy) ||
        !text_member(o, "reason", &reason))
        return refuse(why, "command, strategy and reason must be strings");
    if (!kind || !find_kind(kind, &c->kind))
        return refuse(why, "command must be one of pause, resume, stopentry, halt, unhalt");
    c->strategy = STRATEGY_NONE;
    if (strategy) {
        c->strategy = setup_find_strategy(s, strategy);
        if (c->strategy == STRATEGY_NONE)
            return refuse(why, "there is no strategy of that name");
    }
    bool takes = c->kind == COMMAND_PAUSE || c->kind == COMMAND_RESUME;
    if (c->kind == COMMAND_PAUSE && !strategy)
        return refuse(why, "pause needs a strategy; stopentry is for the whole agent");
    if (strategy && !takes)
        return refuse(why, "stopentry, halt and unhalt are for the whole agent: no strategy");
    if (c->kind == COMMAND_UNHALT && (!reason || !reason[0]))
        return refuse(why, "unhalt needs a reason");
    if (reason && strlen(reason) >= sizeof c->reason)
        return refuse(why, "the reason is longer than 127 bytes");
    for (const char *p = reason; p && *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return refuse(why, "the reason has control characters");
    memset(c->reason, 0, sizeof c->reason);
    if (reason)
        memcpy(c->reason, reason, strlen(reason));
    return ERR_OK;
}

enum err control_parse_command(const struct setup *s, const char *body, size_t len, uint32_t uid,
                               struct event_command *ret, char *why)
{
    if (len == 0 || len > CONTROL_BODY_MAX)
        return refuse(why, len ? "the body is too long" : "the body is empty");
    const char *end = NULL;
    /* Its own NUL-terminated copy: cJSON may look one byte behind what it was told. */
    char text[CONTROL_BODY_MAX + 1];
    memcpy(text, body, len);
    text[len] = 0;
    cJSON *o = strlen(text) == len ? cJSON_ParseWithLengthOpts(text, len + 1, &end, 1) : NULL;
    if (!o)
        return refuse(why, "the body is not JSON");
    struct event_command c = {.uid = uid};
    enum err rc = read_command(s, o, &c, why);
    cJSON_Delete(o);
    if (rc == ERR_OK)
        *ret = c;
    return rc;
}
