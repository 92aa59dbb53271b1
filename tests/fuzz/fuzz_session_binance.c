/* The Binance Spot session under any order of messages, answers, closings and times. The desk
 * (tests/lib/desk.c) checks with every event what must always hold: no difference for a book that
 * is not whole, no live feed without rules, book and connection, changes of the feed only.
 *
 * Input: lines.
 *   C          connected, where a connection was asked for
 *   X          closed
 *   T12345     that many milliseconds pass
 *   R0         the engine complains about the book of instrument 0 or 1
 *   A          the open request is answered with the rules of all instruments
 *   H200 text  it is answered so (Retry-After: 5 s where the status is 4xx)
 *   other      a message */
#include "desk.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int64_t number(const char *p, size_t len, int64_t most)
{
    int64_t n = 0;
    for (size_t i = 0; i < len && p[i] >= '0' && p[i] <= '9' && n <= most; i++)
        n = n * 10 + (p[i] - '0');
    return n > most ? most : n;
}

static void answer(struct desk *d, const char *line, size_t len)
{
    const char *space = memchr(line, ' ', len);
    const char *body = space ? space + 1 : line + len;
    const int status = (int)number(line + 1, len - 1, 999);
    desk_answer_n(d, status, status >= 400 && status < 500 ? 5 : -1, body,
                  (size_t)(line + len - body));
}

static void one_line(struct desk *d, const char *line, size_t len)
{
    const char what = len ? line[0] : 0;
    if (what == 'C') {
        if (d->want_connection && !d->up)
            desk_connected(d);
    } else if (what == 'X') {
        desk_closed(d);
    } else if (what == 'T') {
        desk_run(d, number(line + 1, len - 1, 3600 * 1000) * DESK_MS);
    } else if (what == 'R') {
        d->ops->resync(d->session, (instrument_id)number(line + 1, len - 1, 1), d->mono_ns);
    } else if (what == 'A' || what == 'H') {
        if (!d->request)
            return;
        if (what == 'A' && strstr(d->path, "exchangeInfo"))
            desk_answer_rules(d);
        else
            answer(d, line, len);
    } else {
        desk_say_n(d, line, len);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const SYMBOLS[] = {"BTC-USDT", "ETH-USDT", NULL};
    struct desk *d = malloc(sizeof *d);
    if (!d)
        return 0;
    desk_open(d, SYMBOLS);
    d->cross_check = true;
    desk_start(d);
    const char *p = (const char *)data, *end = p + size;
    while (p < end) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        const char *stop = newline ? newline : end;
        one_line(d, p, (size_t)(stop - p));
        p = stop + 1;
    }
    desk_run(d, DESK_S);
    d->ops->stop(d->session);
    desk_close(d);
    free(d);
    return 0;
}
