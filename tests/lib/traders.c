#include "traders.h"

#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t clock_us(void *ctx)
{
    return ((struct traders *)ctx)->now_us;
}

static bool verify(const struct box_key *k, const char *payload, size_t len, const char *signature)
{
    (void)k;
    return len > 0 && payload && strcmp(signature, "good") == 0;
}

static void on_event(void *ctx, uint32_t account, const char *text, size_t len)
{
    struct traders *t = ctx;
    unsigned i = t->events++ % TRADERS_EVENTS;
    t->event[i].account = account;
    snprintf(t->event[i].text, sizeof t->event[i].text, "%.*s", (int)len, text);
}

void traders_open(struct traders *t, const char *more)
{
    char text[2048], why[BOX_WHY_MAX] = "";
    *t = (struct traders){.now_us = TRADERS_NOW_US, .mono_ns = 1};
    boxes_open(&t->box, &t->heard);
    box_trading_init(&t->trading, &t->box);
    snprintf(text, sizeof text,
             "{\"accounts\": [{\"name\": \"anna\", \"tradeGroupId\": 7,\n"
             " \"balances\": {\"USDT\": \"1000\", \"BTC\": \"10\", \"BNB\": \"5\"},\n"
             " \"keys\": [{\"apiKey\": \"anna\", \"secret\": \"s\", \"permissions\": [\"read\", "
             "\"trade\"]},\n"
             "  {\"apiKey\": \"reader\", \"secret\": \"s\", \"permissions\": [\"read\"]},\n"
             "  {\"apiKey\": \"ed\", \"permissions\": [\"read\", \"trade\", \"withdraw\"],\n"
             "   \"ed25519\": \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"}]},\n"
             "{\"name\": \"ben\", \"tradeGroupId\": 7, \"balances\": {\"USDT\": \"1000\", \"BTC\": "
             "\"10\"},\n"
             " \"keys\": [{\"apiKey\": \"ben\", \"secret\": \"s\", \"permissions\": [\"read\", "
             "\"trade\"]}]}]%s}",
             more);
    enum err e = box_trading_read(&t->trading, text, strlen(text), why);
    if (e)
        fprintf(stderr, "%s\n", why);
    CHECK(e == ERR_OK);
    t->trading.clock = clock_us;
    t->trading.clock_ctx = t;
    t->trading.verify = verify;
    t->trading.tell = on_event;
    t->trading.tell_ctx = t;
    t->box.trading = &t->trading;
}

void traders_close(struct traders *t)
{
    box_trading_free(&t->trading);
    box_free(&t->box);
    box_text_free(&t->answer.body);
}

void traders_quiet(struct traders *t)
{
    t->events = 0;
}

const char *traders_ask(struct traders *t, const char *key, const char *what, const char *params)
{
    static const char *const METHOD[] = {"GET", "POST", "PUT", "DELETE"};
    char body[1024], payload[BOX_PAYLOAD_MAX], path[128] = "";
    struct box_request r = {.method = BOX_OTHER_METHOD,
                            .client = "127.0.0.1",
                            .mono_ns = t->mono_ns,
                            .api_key = key,
                            .payload = payload};
    for (int i = 0; i < 4; i++) {
        size_t n = strlen(METHOD[i]);
        if (strncmp(what, METHOD[i], n) == 0 && what[n] == ' ') {
            r.method = (enum box_method)i;
            snprintf(path, sizeof path, "%s", what + n + 1);
        }
    }
    r.path = path;
    snprintf(body, sizeof body, "%s", params);
    if (key && !strstr(params, "timestamp="))
        snprintf(body + strlen(body), sizeof body - strlen(body), "%stimestamp=%lld&signature=good",
                 body[0] ? "&" : "", (long long)(t->now_us / 1000));
    r.payload_len = box_payload_body(body, strlen(body), payload, 0);
    CHECK(box_form_read(body, &r));
    box_text_free(&t->answer.body);
    box_rest(&t->box, &t->usage, &r, &t->answer);
    return t->answer.body.p ? t->answer.body.p : "";
}

const char *traders_get(struct traders *t, int status, const char *key, const char *what,
                        const char *params)
{
    const char *body = traders_ask(t, key, what, params);
    if (t->answer.status != status)
        fprintf(stderr, "%s %s: %d %s\n", what, params, t->answer.status, body);
    CHECK(t->answer.status == status);
    return body;
}

void traders_print(struct traders *t, const char *price, const char *qty)
{
    static unsigned id;
    char line[512];
    snprintf(line, sizeof line,
             "1723161255000000000 {\"stream\":\"btcusdt@trade\",\"data\":{\"e\":\"trade\",\"E\":"
             "1723161255000,\"s\":\"BTCUSDT\",\"t\":%u,\"p\":\"%s\",\"q\":\"%s\",\"T\":"
             "1723161255000,\"m\":true,\"M\":true}}",
             ++id, price, qty);
    boxes_feed(&t->box, line);
}

const char *traders_balance(const struct traders *t, const char *account, const char *asset)
{
    static char out[2 * DEC_TEXT_MAX + 2];
    for (uint32_t i = 0; i < t->trading.accounts; i++)
        for (uint32_t k = 0; k < t->trading.assets; k++)
            if (strcmp(t->trading.account[i].name, account) == 0 &&
                strcmp(t->trading.asset[k], asset) == 0) {
                size_t n = dec_format(t->trading.account[i].balance[k].free, out);
                out[n++] = '/';
                dec_format(t->trading.account[i].balance[k].locked, out + n);
                return out;
            }
    return "none";
}
