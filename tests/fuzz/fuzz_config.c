/* The configuration from any bytes: nothing crashes, a refusal has its lines, each with a position,
 * and what is accepted keeps what a setup promises. */
#include "base/check.h"
#include "config/config.h"
#include "config/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const VENUES[] = {"binance-spot", "other-spot", NULL};

static void check_report(const struct config_report *report)
{
    CHECK(report->count > 0 && report->count <= REPORT_ERRORS_MAX + 1);
    unsigned last = 0;
    for (size_t i = 0; i < report->count; i++) {
        unsigned line, column;
        if (i == REPORT_ERRORS_MAX)
            continue; /* "and N more errors" */
        CHECK(sscanf(report->line[i], "f.toml:%u:%u: ", &line, &column) == 2);
        CHECK(line >= 1 && column >= 1 && line >= last);
        for (const char *p = report->line[i]; *p; p++)
            CHECK((unsigned char)*p >= 0x20 && *p != 0x7f);
        last = line;
    }
}

static void check_strategy(const struct setup *s, strategy_id id)
{
    const struct strategy_setup *st = &s->strategy[id];
    CHECK(st->ops && st->name[0] && setup_find_strategy(s, st->name) == id);
    CHECK(!dec_is_neg(st->budget) && !dec_is_neg(st->inventory));
    for (uint32_t i = 0; i < st->instruments; i++)
        CHECK(st->instrument[i] < s->instruments);
    CHECK(st->instruments == 0 || st->budget_asset < s->assets);
    CHECK(!st->risk.has_max_order_value ||
          dec_le(st->risk.max_order_value, s->risk.max_order_value));
}

static void check_setup(const struct setup *s)
{
    CHECK(s->mode == MODE_PAPER && s->quote < s->assets && s->agent_name[0] && s->state_dir[0]);
    CHECK(s->venues >= 1 && s->venues <= SETUP_VENUES_MAX && s->instruments >= 1);
    CHECK(s->instruments <= SETUP_INSTRUMENTS_MAX && s->assets <= SETUP_ASSETS_MAX);
    for (instrument_id i = 0; i < s->instruments; i++) {
        const struct instrument *in = &s->instrument[i];
        CHECK(in->venue < s->venues && in->base < s->assets && in->quote < s->assets);
        CHECK(s->conversion[in->venue][in->base].known &&
              s->conversion[in->venue][in->quote].known);
        CHECK(setup_find_instrument(s, in->venue, in->symbol) == i);
    }
    for (uint32_t i = 0; i < s->balances; i++)
        CHECK(!dec_is_neg(s->balance[i].amount) && s->balance[i].venue < s->venues);
    CHECK(s->risk.cancel_reserve < s->risk.max_messages);
    for (strategy_id i = 0; i < s->strategies; i++)
        check_strategy(s, i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct config_kinds KINDS = {.strategies = strategy_registry, .venues = VENUES};
    char *text = malloc(size ? size : 1); /* its own block: a read past the end is seen */
    if (!text)
        return 0;
    if (size)
        memcpy(text, data, size);
    struct config c = {0};
    struct config_report report;
    enum err e = config_parse(&c, "f.toml", "dir", text, size, &KINDS, &report);
    if (e) {
        CHECK(!c.setup);
        check_report(&report);
    } else {
        CHECK(report.count == 0 && c.text_len == size);
        check_setup(c.setup);
        config_close(&c);
    }
    config_report_clear(&report);
    free(text);
    return 0;
}
