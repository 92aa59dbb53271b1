/* Decimal texts and arithmetic on any bytes: nothing crashes, and what was read is written and read
 * again the same.
 *
 * Input: text, and where there are more than 48 bytes, the last 48 as three raw values. */
#include "base/check.h"
#include "base/decimal.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void one_value(dec d)
{
    char text[DEC_TEXT_MAX], rounded[DEC_TEXT_MAX];
    dec back;
    size_t n = dec_format(d, text);
    CHECK(n < DEC_TEXT_MAX && strlen(text) == n);
    CHECK(dec_parse(text, n, &back) == ERR_OK && dec_eq(back, d));
    const char *p = text + (text[0] == '-');
    CHECK(dec_scan(&p, text + n, &back) == ERR_OK && p == text + n && dec_eq(back, dec_abs(d)));
    for (unsigned places = 0; places <= DEC_SCALE; places++) {
        /* Rounding up may leave what a dec can hold, rounding down never does. */
        n = dec_format_places(d, places, DEC_DOWN, rounded);
        CHECK(dec_parse(rounded, n, &back) == ERR_OK && dec_le(dec_abs(back), dec_abs(d)));
        n = dec_format_places(d, places, DEC_UP, rounded);
        CHECK(n < DEC_TEXT_MAX);
        if (dec_parse(rounded, n, &back) == ERR_OK)
            CHECK(dec_ge(dec_abs(back), dec_abs(d)));
    }
}

static void three_values(dec a, dec b, dec c)
{
    dec down, up, sum, back;
    if (dec_add(a, b, &sum))
        CHECK(dec_sub(sum, b, &back) && dec_eq(back, a));
    if (dec_mul_div(a, b, c, DEC_FLOOR, &down) && dec_mul_div(a, b, c, DEC_CEIL, &up))
        CHECK(up.v - down.v <= 1 && up.v >= down.v);
    if (dec_div(a, b, DEC_DOWN, &down) && dec_mul(down, b, DEC_DOWN, &back))
        CHECK(dec_le(dec_abs(back), dec_abs(a)));
    dec step = dec_abs(c);
    if (!dec_is_zero(step) && dec_round_to(a, step, DEC_FLOOR, &down)) {
        CHECK(dec_le(down, a) && dec_is_multiple(down, step));
        int64_t steps;
        if (dec_to_steps(down, step, &steps))
            CHECK(dec_mul_int(step, steps, &back) && dec_eq(back, down));
    }
    dec root;
    if (dec_sqrt(a, &root)) {
        CHECK(dec_mul(root, root, DEC_DOWN, &back) && dec_le(back, a));
        one_value(root);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t text_size = size > 48 ? size - 48 : size;
    char *text = malloc(text_size ? text_size : 1); /* its own block: a read past the end is seen */
    if (!text)
        return 0;
    if (text_size)
        memcpy(text, data, text_size);
    dec d = {42};
    if (dec_parse(text, text_size, &d) == ERR_OK)
        one_value(d);
    else
        CHECK(d.v == 42);
    const char *p = text;
    d.v = 42;
    if (dec_scan(&p, text + text_size, &d) == ERR_OK) {
        dec again;
        CHECK(p > text && dec_parse(text, (size_t)(p - text), &again) == ERR_OK);
        CHECK(dec_eq(again, d));
    } else
        CHECK(p == text && d.v == 42);
    free(text);
    if (size > 48) {
        dec v[3];
        memcpy(v, data + size - 48, sizeof v);
        for (int i = 0; i < 3; i++) {
            if (v[i].v == -DEC_I128_MAX - 1)
                v[i].v = 0;
            one_value(v[i]);
        }
        three_values(v[0], v[1], v[2]);
    }
    return 0;
}
