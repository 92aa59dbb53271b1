#include "boxes.h"

#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void on_publish(void *ctx, uint32_t symbol, int stream, const char *payload, size_t len)
{
    struct heard *h = ctx;
    unsigned i = h->count++ % 64;
    h->last[i].symbol = symbol;
    h->last[i].stream = stream;
    snprintf(h->last[i].text, sizeof h->last[i].text, "%.*s", (int)len, payload);
}

enum err boxes_try(struct box *b, const char *line, char *why)
{
    struct recording r;
    char *copy = strdup(line), detail[RECORDING_WHY_MAX];
    CHECK(copy);
    enum err e = recording_parse(copy, strlen(copy), &r, detail);
    if (e)
        snprintf(why, BOX_WHY_MAX, "%s", detail);
    else
        e = box_apply(b, &r, "BTCUSDT", why);
    free(copy);
    return e;
}

void boxes_feed(struct box *b, const char *line)
{
    char why[BOX_WHY_MAX] = "";
    enum err e = boxes_try(b, line, why);
    if (e)
        fprintf(stderr, "%s: %s\n", line, why);
    CHECK(e == ERR_OK);
}

void boxes_open(struct box *b, struct heard *h)
{
    *h = (struct heard){0};
    box_init(b, on_publish, h);
    CHECK(box_add_symbol(b, "BTC-USDT") == ERR_OK);
    b->fixed = true;
    b->publishing = true;
    boxes_feed(b, "1723161254000000000 {\"lastUpdateId\":100,"
                  "\"bids\":[[\"10.00000000\",\"1.00000000\"],[\"9.00000000\",\"1.00000000\"]],"
                  "\"asks\":[[\"11.00000000\",\"1.00000000\"],[\"12.00000000\",\"1.00000000\"]]}");
}
