/* tradewind exchange: a venue on this machine, replaying recorded market data. */
#include "base/clock.h"
#include "base/decimal.h"
#include "base/log.h"
#include "config/value.h"
#include "io/box_accounts.h"
#include "io/box_server.h"
#include "io/ca.h"
#include "io/loop.h"
#include "main/cmd.h"
#include "main/generate.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_LENGTH_MAX 32

static const char HELP[] =
    "usage: tradewind exchange --dir DIR --replay [SYMBOL=]FILE[,FILE...]... [OPTIONS]\n"
    "       tradewind exchange --dir DIR --generate [KEY=VALUE,...] [OPTIONS]\n"
    "\n"
    "An exchange in a box: serves recorded market data the way Binance Spot does, over TLS, on "
    "this\n"
    "machine. Point a client's websocket and REST URL at it and let it trust DIR/ca.pem.\n"
    "\n"
    "  --dir DIR           where its certificate authority is kept; made on the first start\n"
    "  --replay FILE...    recordings, plain, gzip or zstd: lines of `<ns> <message>`, or JSON\n"
    "                      lines of whole sessions. Several are merged by time. SYMBOL=FILE\n"
    "                      (BTC-USDT=a.gz,b.gz) says whose order book snapshots a file holds.\n"
    "  --generate [KEY=VALUE,...]\n"
    "                      a market made on the way instead: BTC-USDT, ETH-BTC and ETH-USDT,\n"
    "                      with mispricings of the three; `tradewind generate --help` lists the\n"
    "                      keys, and writes the same market to a file\n"
    "  --symbol BTC-USDT   serve this symbol only (may be repeated; default: all in the files)\n"
    "  --accounts FILE     accounts with balances and API keys (docs/exchange.md tells the form):\n"
    "                      with them it takes orders, which trade against the replayed market and\n"
    "                      each other; without, it serves market data only\n"
    "  --listen ADDR:PORT  default 127.0.0.1:9443; port 0 takes any free one. It asks nobody for "
    "a\n"
    "                      password: think before it listens beyond this machine.\n"
    "  --speed N           N times as fast as recorded, 0.001 to 10000 (default 1)\n"
    "  --step              move only when told: POST /box/step?events=N or ?ms=N\n"
    "  --wait-for-client   start the replay with the first subscription\n"
    "  --exit-at-end       end with the recording; default: stop streaming, keep answering\n"
    "  --disconnect-after DURATION\n"
    "                      age at which connections are ended (default 24h, as documented)\n"
    "  --ping-every DURATION\n"
    "                      between pings to clients (default 20s; no pong within three: closed)\n"
    "  --instance NAME     in log lines and /box/status, where several run (default exchange)\n"
    "\n"
    "GET /box/status tells how far the replay is; with accounts GET /box/books tells every order,\n"
    "fill and balance.\n";

struct options {
    const char *dir, *instance, *accounts;
    const char *symbol[BOX_SYMBOLS_MAX];
    unsigned symbols;
    const char *replay[BOX_REPLAY_FILES_MAX];
    unsigned replays;
    char address[64];
    uint16_t port;
    uint32_t speed_milli;
    struct market_gen_setup market;
    bool generate, speed_given, step, wait_for_client, exit_at_end;
    int64_t disconnect_ns, ping_ns;
};

__attribute__((format(printf, 1, 2))) static bool bad(const char *format, ...)
{
    va_list a;
    va_start(a, format);
    fputs("tradewind exchange: ", stderr);
    vfprintf(stderr, format, a);
    fputs("\n`tradewind exchange --help` lists the options\n", stderr);
    va_end(a);
    return false;
}

static bool read_listen(const char *text, struct options *o)
{
    const char *colon = strrchr(text, ':');
    size_t n = colon ? (size_t)(colon - text) : 0;
    const char *start = text;
    if (n >= 2 && text[0] == '[' && text[n - 1] == ']') { /* [::1]:9443 */
        start++;
        n -= 2;
    }
    char *end;
    unsigned long port = colon ? strtoul(colon + 1, &end, 10) : 0;
    if (!n || n >= sizeof o->address || colon[1] < '0' || colon[1] > '9' || *end || port > 65535)
        return bad("--listen %s: want ADDRESS:PORT, like 127.0.0.1:9443 or [::1]:9443", text);
    memcpy(o->address, start, n);
    o->address[n] = '\0';
    if (strcmp(o->address, "localhost") == 0)
        snprintf(o->address, sizeof o->address, "127.0.0.1");
    o->port = (uint16_t)port;
    return true;
}

static bool read_speed(const char *text, struct options *o)
{
    dec d;
    int64_t milli;
    if (dec_parse(text, strlen(text), &d) != ERR_OK ||
        !dec_to_steps(d, dec_from_i64(1, 3), &milli) || milli < 1 || milli > BOX_SPEED_MAX * 1000)
        return bad("--speed %s: want 0.001 to %d, with at most three decimals", text,
                   BOX_SPEED_MAX);
    o->speed_milli = (uint32_t)milli;
    o->speed_given = true;
    return true;
}

static bool read_duration(const char *option, const char *text, int64_t *ret)
{
    int64_t ns;
    /* Clients may send five messages a second, and their pongs count. */
    if (duration_parse(text, strlen(text), &ns) != ERR_OK || ns < NS_PER_S / 4)
        return bad("%s %s: want a duration of at least 250ms, like 30s or 24h", option, text);
    *ret = ns;
    return true;
}

static bool read_instance(const char *text, struct options *o)
{
    size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");
    if (n == 0 || text[n] || n > NAME_LENGTH_MAX)
        return bad("--instance %s: want 1 to %d letters, digits, '-', '_' or '.'", text,
                   NAME_LENGTH_MAX);
    o->instance = text;
    return true;
}

/* One option with its value(s); *i is left on the last argument used. */
static bool read_option(int argc, char **argv, int *i, struct options *o)
{
    const char *name = argv[*i];
    if (strcmp(name, "--step") == 0)
        return o->step = true;
    if (strcmp(name, "--wait-for-client") == 0)
        return o->wait_for_client = true;
    if (strcmp(name, "--exit-at-end") == 0)
        return o->exit_at_end = true;
    if (strcmp(name, "--loop") == 0)
        return bad("--loop is not offered: a recording played again would repeat ids and times, "
                   "which no venue does");
    if (strcmp(name, "--generate") == 0) {
        const char *spec = *i + 1 < argc && strncmp(argv[*i + 1], "--", 2) != 0 ? argv[++*i] : "";
        char why[GENERATE_WHY_MAX];
        o->generate = true;
        return generate_parse(spec, &o->market, why) == ERR_OK || bad("--generate %s", why);
    }
    static const char *const WITH_VALUE[] = {
        "--dir",      "--replay",           "--symbol",     "--listen",   "--speed",
        "--instance", "--disconnect-after", "--ping-every", "--accounts", NULL};
    size_t k = 0;
    while (WITH_VALUE[k] && strcmp(WITH_VALUE[k], name) != 0)
        k++;
    if (!WITH_VALUE[k])
        return bad("there is no option %s", name);
    if (*i + 1 >= argc)
        return bad("%s wants a value", name);
    const char *value = argv[++*i];
    if (strcmp(name, "--listen") == 0)
        return read_listen(value, o);
    if (strcmp(name, "--speed") == 0)
        return read_speed(value, o);
    if (strcmp(name, "--instance") == 0)
        return read_instance(value, o);
    if (strcmp(name, "--disconnect-after") == 0)
        return read_duration(name, value, &o->disconnect_ns);
    if (strcmp(name, "--ping-every") == 0)
        return read_duration(name, value, &o->ping_ns);
    if (strcmp(name, "--dir") == 0) {
        o->dir = value;
        return true;
    }
    if (strcmp(name, "--accounts") == 0) {
        o->accounts = value;
        return true;
    }
    bool replay = strcmp(name, "--replay") == 0;
    const char **list = replay ? o->replay : o->symbol;
    unsigned *count = replay ? &o->replays : &o->symbols;
    unsigned max = replay ? BOX_REPLAY_FILES_MAX : BOX_SYMBOLS_MAX;
    for (;; value = argv[++*i]) {
        if (*count == max)
            return bad("%s: more than %u", name, max);
        list[(*count)++] = value;
        if (!replay || *i + 1 >= argc || strncmp(argv[*i + 1], "--", 2) == 0)
            return true;
    }
}

static bool read_options(int argc, char **argv, struct options *o)
{
    for (int i = 1; i < argc; i++)
        if (!read_option(argc, argv, &i, o))
            return false;
    if (!o->dir)
        return bad("--dir DIR is needed: the certificate authority is kept there");
    if (!o->replays && !o->generate)
        return bad("--replay FILE or --generate is needed");
    if (o->replays && o->generate)
        return bad("--replay and --generate are two markets: give one of them");
    if (o->step && (o->speed_given || o->wait_for_client))
        return bad("--step moves only when told: --speed and --wait-for-client do not go with it");
    return true;
}

/* "BTC-USDT=a.gz,b.gz" or "a.gz,b.gz" */
static enum err add_files(struct box_replay *r, const char *text, char *why)
{
    const char *eq = strchr(text, '='), *slash = strchr(text, '/');
    char symbol[SYMBOL_MAX] = "", path[1024];
    if (eq && (!slash || eq < slash)) { /* an '=' deeper in a path is part of a name */
        if ((size_t)(eq - text) >= sizeof symbol) {
            snprintf(why, BOX_REPLAY_WHY_MAX, "--replay %s: the symbol is too long", text);
            return ERR_RANGE;
        }
        memcpy(symbol, text, (size_t)(eq - text));
        text = eq + 1;
    }
    do {
        size_t n = strcspn(text, ",");
        if (n == 0 || n >= sizeof path) {
            snprintf(why, BOX_REPLAY_WHY_MAX, "--replay: a file's name is %s",
                     n ? "too long" : "empty");
            return ERR_RANGE;
        }
        memcpy(path, text, n);
        path[n] = '\0';
        enum err e = box_replay_add(r, path, symbol[0] ? symbol : NULL, why);
        if (e)
            return e;
        text += n + (text[n] == ',');
    } while (*text);
    return ERR_OK;
}

static enum err load(struct box *b, struct box_replay *r, struct generated *g,
                     const struct options *o, char *why)
{
    for (unsigned i = 0; i < o->symbols; i++) {
        enum err e = box_add_symbol(b, o->symbol[i]);
        if (e) {
            snprintf(why, BOX_REPLAY_WHY_MAX, "--symbol %s: want a symbol like BTC-USDT",
                     o->symbol[i]);
            return e;
        }
    }
    b->fixed = o->symbols > 0;
    for (unsigned i = 0; i < o->replays; i++) {
        enum err e = add_files(r, o->replay[i], why);
        if (e)
            return e;
    }
    if (o->generate) {
        enum err e = market_gen_init(&g->market, &o->market);
        if (!e)
            e = box_replay_add_made(r, "the generated market", generated_line, g, why);
        if (e)
            return e;
    }
    return box_replay_prime(r, why);
}

static void on_signal(void *ctx, int signo)
{
    struct box_server *s = ctx;
    (void)signo;
    box_server_stop(s);
}

static void say_ready(const struct options *o, const struct box *b, const struct box_server *s)
{
    char symbols[160], when[CLOCK_TEXT_MAX];
    size_t n = 0;
    symbols[0] = '\0';
    for (uint32_t i = 0; i < b->symbols && i < 6; i++)
        n += (size_t)snprintf(symbols + n, sizeof symbols - n, "%s%s", i ? " " : "",
                              b->symbol[i]->name);
    if (b->symbols > 6)
        snprintf(symbols + n, sizeof symbols - n, " and %u more", b->symbols - 6);
    clock_format_utc(b->now_ms * NS_PER_MS, when);
    bool local = strcmp(o->address, "127.0.0.1") == 0 || strcmp(o->address, "::1") == 0;
    bool v6 = !local && strchr(o->address, ':');
    log_info(o->instance, "exchange ready: wss://%s%s%s:%u  CA in %s/ca.pem  symbols=%s from %s%s",
             v6 ? "[" : "", local ? "localhost" : o->address, v6 ? "]" : "", box_server_port(s),
             o->dir, symbols, when,
             o->step              ? "; moves on POST /box/step"
             : o->wait_for_client ? "; starts with the first subscription"
                                  : "");
}

static int serve(const struct options *o, struct box *b, struct box_replay *r,
                 const struct ca_files *ca)
{
    struct loop *loop;
    if (loop_open(&loop) != ERR_OK) {
        log_error(o->instance, "cannot open the event loop");
        return EXIT_CODE_ERROR;
    }
    struct box_server_setup setup = {
        .name = o->instance,
        .address = o->address,
        .port = o->port,
        .ca = *ca,
        .speed_milli = o->speed_milli,
        .step = o->step,
        .wait_for_client = o->wait_for_client,
        .exit_at_end = o->exit_at_end,
        .connection_ns = o->disconnect_ns,
        .ping_ns = o->ping_ns,
        .pong_ns = 3 * o->ping_ns,
    };
    struct box_server *s = NULL;
    char why[BOX_REPLAY_WHY_MAX];
    int code = EXIT_CODE_ERROR;
    if (box_server_open(&s, loop, &setup, b, r, why) != ERR_OK) {
        log_error(o->instance, "%s", why);
    } else {
        loop_on_signal(loop, SIGINT, on_signal, s);
        loop_on_signal(loop, SIGTERM, on_signal, s);
        say_ready(o, b, s);
        if (loop_run(loop) == ERR_OK && !box_server_failed(s))
            code = EXIT_CODE_OK;
    }
    loop_close(loop);
    box_server_free(s);
    return code;
}

int cmd_exchange(int argc, char **argv)
{
    struct options o = {
        .instance = "exchange",
        .address = "127.0.0.1",
        .port = 9443,
        .speed_milli = 1000,
        .disconnect_ns = BOX_CONNECTION_NS,
        .ping_ns = BOX_PING_EVERY_NS,
    };
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            fputs(HELP, stdout);
            return EXIT_CODE_OK;
        }
    if (!read_options(argc, argv, &o))
        return EXIT_CODE_USAGE;
    bool local = strncmp(o.address, "127.", 4) == 0 || strcmp(o.address, "::1") == 0;
    if (!local)
        log_warn(o.instance,
                 "listening on %s: whoever reaches this address can read and, with "
                 "--step, steer the replay",
                 o.address);
    struct ca_files ca;
    char why[BOX_REPLAY_WHY_MAX];
    bool any = strcmp(o.address, "0.0.0.0") == 0 || strcmp(o.address, "::") == 0;
    if (ca_ensure(o.dir, local || any ? NULL : o.address, clock_wall_ns(), &ca, why) != ERR_OK) {
        log_error(o.instance, "%s", why);
        return EXIT_CODE_ERROR;
    }
    if (ca.new_ca)
        log_info(o.instance, "made a certificate authority: %s", ca.ca_cert);
    else if (ca.new_server)
        log_info(o.instance, "made a new server certificate: %s", ca.server_cert);
    struct box b;
    struct box_replay r;
    static struct generated g;
    static struct box_trading trading;
    box_init(&b, NULL, NULL);
    box_replay_init(&r, &b);
    int code = EXIT_CODE_ERROR;
    if ((o.accounts && box_accounts_open(&trading, &b, o.accounts, why, sizeof why) != ERR_OK) ||
        load(&b, &r, &g, &o, why) != ERR_OK)
        log_error(o.instance, "%s", why);
    else
        code = serve(&o, &b, &r, &ca);
    box_replay_close(&r);
    box_text_free(&g.line);
    box_trading_free(&trading);
    box_free(&b);
    return code;
}
