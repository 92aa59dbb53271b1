/* tradewind generate: a generated market as a file, for backtests. */
#include "io/outfile.h"
#include "main/cmd.h"
#include "main/generate.h"

#include <stdio.h>
#include <string.h>

static const char HELP[] =
    "usage: tradewind generate --out FILE [KEY=VALUE[,KEY=VALUE...]]\n"
    "\n"
    "Writes a generated market of three pairs, BTC-USDT, ETH-BTC and ETH-USDT, as a recording\n"
    "that `tradewind backtest --data FILE` reads and `tradewind exchange --replay FILE` serves.\n"
    "`tradewind exchange --generate` serves the same market without a file. BTC and ETH walk at\n"
    "random; from time to time ETH-BTC is off. Equal values give equal bytes:\n"
    "\n";

static int bad(const char *text)
{
    fprintf(stderr, "tradewind generate: %s\n`tradewind generate --help` lists the options\n",
            text);
    return EXIT_CODE_USAGE;
}

static int write_market(const char *path, const struct market_gen_setup *setup)
{
    struct outfile out = {.f = NULL};
    char why[OUTFILE_WHY_MAX];
    static struct generated g;
    char *line;
    size_t len;
    uint64_t lines = 0;
    if (outfile_open(&out, path, why) != ERR_OK) {
        fprintf(stderr, "tradewind generate: %s\n", why);
        return EXIT_CODE_ERROR;
    }
    enum err e = market_gen_init(&g.market, setup);
    while (!e && (e = generated_line(&g, &line, &len)) == ERR_OK) {
        if (fwrite(line, 1, len, out.f) != len || putc('\n', out.f) == EOF)
            break; /* outfile_commit() finds errors of writing */
        lines++;
    }
    snprintf(why, sizeof why, "%s", err_name(e));
    bool ok = (!e || e == ERR_NOT_FOUND) && outfile_commit(&out, why) == ERR_OK;
    box_text_free(&g.line);
    if (!ok) {
        outfile_discard(&out);
        fprintf(stderr, "tradewind generate: %s\n", why);
        return EXIT_CODE_ERROR;
    }
    printf("%s: %llu lines, seed %llu\n", path, (unsigned long long)lines,
           (unsigned long long)setup->seed);
    return EXIT_CODE_OK;
}

int cmd_generate(int argc, char **argv)
{
    const char *path = NULL, *spec = NULL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            printf("%s%s", HELP, GENERATE_KEYS);
            return EXIT_CODE_OK;
        }
        if (strcmp(argv[i], "--out") == 0) {
            if (++i == argc)
                return bad("--out wants a file");
            path = argv[i];
        } else if (argv[i][0] == '-' || spec) {
            return bad("want --out FILE and one list of KEY=VALUE");
        } else {
            spec = argv[i];
        }
    }
    struct market_gen_setup setup;
    char why[GENERATE_WHY_MAX];
    if (!path)
        return bad("--out FILE is needed");
    if (generate_parse(spec, &setup, why) != ERR_OK)
        return bad(why);
    return write_market(path, &setup);
}
