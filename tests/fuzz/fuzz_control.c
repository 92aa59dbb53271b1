/* The control socket's JSON, both ways: bodies of commands as the daemon reads them, and answers as
 * the command line prints them.
 *
 * Input: 'c' and the body of a command; or 's', 'o', 'p', 'b', 'f' (status, orders, positions,
 * balances, fills) and an answer. */
#include "base/check.h"
#include "io/control.h"
#include "io/status.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct setup *setup;
static FILE *nowhere;

static void command(const char *body, size_t len)
{
    struct event_command c = {.kind = (enum command_kind)99}, before = c;
    char why[CONTROL_WHY_MAX] = "";
    if (control_parse_command(setup, body, len, 7, &c, why) == ERR_OK) {
        CHECK(c.kind >= COMMAND_PAUSE && c.kind <= COMMAND_UNHALT && c.uid == 7);
        CHECK(c.strategy == STRATEGY_NONE || c.strategy < setup->strategies);
        CHECK(c.kind != COMMAND_PAUSE || c.strategy != STRATEGY_NONE);
        CHECK(c.kind != COMMAND_UNHALT || c.reason[0]);
        CHECK(memchr(c.reason, 0, sizeof c.reason) != NULL);
    } else {
        CHECK(memcmp(&c, &before, sizeof c) == 0 && why[0]);
        char *json = control_error(why);
        CHECK(json && strlen(json) > strlen(why));
        free(json);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const WHAT[] = {"status",   "orders", "positions",
                                       "balances", "fills",  "risk"};
    if (!setup) {
        setup = calloc(1, sizeof *setup);
        nowhere = fopen("/dev/null", "w");
        CHECK(setup && nowhere);
        setup->strategies = 2;
        memcpy(setup->strategy[0].name, "grid", 5);
        memcpy(setup->strategy[1].name, "dca", 4);
    }
    if (size < 1)
        return 0;
    char *text = malloc(size); /* its own block: a read past the end is seen */
    if (!text)
        return 0;
    memcpy(text, data + 1, size - 1);
    if (data[0] == 'c')
        command(text, size - 1);
    text[size - 1] = 0;
    for (size_t i = 0; i < sizeof WHAT / sizeof WHAT[0]; i++)
        if (data[0] == (uint8_t)WHAT[i][0]) {
            enum err rc = status_print(nowhere, WHAT[i], text);
            CHECK(rc == ERR_OK || rc == ERR_SYNTAX);
        }
    free(text);
    return 0;
}
