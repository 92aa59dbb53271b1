/* Requests to the exchange in a box, over both doors: whatever is sent gets one well-formed answer,
 * and no balance ever falls below zero.
 *
 * Input: lines. One that begins with '{' is a message to the websocket API, others are a request
 * like "POST /api/v3/order symbol=BTCUSDT&...", or "8.5 1", a trade of the market. */
#include "base/check.h"
#include "traders.h"
#include "venue/json.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct traders t;

static void is_json(const char *text, size_t len)
{
    struct json j = json_make(text, len);
    (void)json_skip(&j);
    CHECK(json_finish(&j) == ERR_OK);
}

static void message(struct box_api *api, const char *text, size_t len)
{
    struct box_text reply = {0}, after = {0};
    char call[BOX_FAULT_WORD_MAX];
    (void)box_api_call(text, len, call, sizeof call);
    box_api_message(&t.box, &t.usage, api, text, len, "127.0.0.1", t.mono_ns, NULL, &reply, &after);
    is_json(reply.p, reply.len);
    box_text_free(&reply);
    box_text_free(&after);
}

static void print(const char *text)
{
    dec price, qty;
    const char *space = strchr(text, ' ');
    if (space && dec_parse(text, (size_t)(space - text), &price) == ERR_OK &&
        dec_parse(space + 1, strlen(space + 1), &qty) == ERR_OK && dec_is_pos(price) &&
        dec_is_pos(qty) && box_trading_market(&t.trading, 0))
        box_trading_print(&t.trading, 0, price, qty);
}

/* "METHOD PATH BODY"; cut to what a request line can hold. */
static void request(char *line)
{
    static char payload[BOX_PAYLOAD_MAX];
    static const char *const METHOD[] = {"GET", "POST", "PUT", "DELETE"};
    char *path = strchr(line, ' ');
    struct box_request r = {.client = "127.0.0.1",
                            .mono_ns = t.mono_ns,
                            .api_key = "anna",
                            .method = BOX_OTHER_METHOD,
                            .payload = payload};
    if (!path)
        return;
    *path++ = '\0';
    for (int i = 0; i < 4; i++)
        if (strcmp(METHOD[i], line) == 0)
            r.method = (enum box_method)i;
    char *body = strchr(path, ' ');
    if (body)
        *body++ = '\0';
    else
        body = path + strlen(path);
    r.path = path;
    r.payload_len = box_payload_body(body, strlen(body), payload, 0);
    if (!box_form_read(body, &r))
        return;
    struct box_answer a;
    box_rest(&t.box, &t.usage, &r, &a);
    CHECK(a.status >= 200 && a.status < 600);
    if (a.status != 404)
        is_json(a.body.p, a.body.len);
    box_text_free(&a.body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    struct box_api api;
    if (!text)
        return 0;
    if (size)
        memcpy(text, data, size);
    text[size] = '\0';
    traders_open(&t, "");
    box_api_open(&api, &t.box, NULL, NULL);
    for (char *line = text; line < text + size;) {
        char *end = memchr(line, '\n', (size_t)(text + size - line));
        if (!end)
            end = text + size;
        *end = '\0';
        if (line[0] == '{')
            message(&api, line, (size_t)(end - line));
        else if (line[0] >= '0' && line[0] <= '9')
            print(line);
        else
            request(line);
        line = end + 1;
    }
    for (uint32_t i = 0; i < t.trading.accounts; i++)
        for (uint32_t k = 0; k < t.trading.assets; k++) {
            const struct box_balance *b = &t.trading.account[i].balance[k];
            CHECK(!dec_is_neg(b->free) && !dec_is_neg(b->locked));
        }
    traders_close(&t);
    free(text);
    return 0;
}
