/* CSV files of market data from any bytes: nothing crashes, both readers of a row agree, and what a
 * file is refused for is a sentence.
 *
 * Input: a file; its first line makes the plan, the others are rows. */
#include "base/check.h"
#include "io/datafile_row.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(const struct row_plan *plan, const struct row *a, const struct row *b)
{
    CHECK(a->id == b->id && a->ts_ns == b->ts_ns && a->buyer_maker == b->buyer_maker);
    CHECK(!a->placeholder && !b->placeholder && !a->rounded && !b->rounded);
    for (unsigned c = 0; c < plan->columns; c++)
        if (plan->column[c].kind == COLUMN_VALUE || plan->column[c].kind == COLUMN_SIZE)
            CHECK(dec_eq(a->value[plan->column[c].value], b->value[plan->column[c].value]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1); /* its own block: a read past the end is seen */
    if (!text)
        return 0;
    if (size)
        memcpy(text, data, size);
    text[size] = '\n';
    const char *p = text, *end = text + size + 1, *stop = memchr(p, '\n', size + 1);
    char why[256] = "";
    struct row_plan plan;
    enum err e = row_plan_make(&plan, p, (size_t)(stop - p), why, sizeof why);
    CHECK(!e || why[0]);
    if (!e && plan.has_header)
        p = stop + 1;
    while (!e && p < end) {
        struct row fast, exact;
        const char *next = p;
        bool read = row_read_fast(&plan, &next, end, &fast);
        stop = memchr(p, '\n', (size_t)(end - p));
        e = row_read_exact(&plan, p, (size_t)(stop - p), &exact, why, sizeof why);
        CHECK(!e || strncmp(why, "column ", 7) == 0 || strstr(why, " columns instead of "));
        if (read) {
            CHECK(!e && next == stop + 1);
            same(&plan, &fast, &exact);
        }
        p = stop + 1;
        e = ERR_OK; /* the next row may be one of more interest */
    }
    free(text);
    return 0;
}
