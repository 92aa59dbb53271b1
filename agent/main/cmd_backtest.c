/* tradewind backtest: a configuration against recorded market data. */
#include "base/clock.h"
#include "config/config.h"
#include "io/page.h"
#include "main/backtest.h"
#include "main/cmd.h"
#include "main/kinds.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char HELP[] =
    "usage: tradewind backtest CONFIG --data [SYMBOL[@VENUE]=]FILE ... [OPTIONS]\n"
    "\n"
    "Runs the strategies of CONFIG on recorded market data: CSV of trades, aggregated\n"
    "trades, klines or quote bars, and recordings of Binance Spot websockets; plain,\n"
    "gzip or zstd. Several files are merged by time.\n"
    "\n"
    "  --data FILE ...   files; may be given again. The symbol is told by the file's name\n"
    "                    (BTCUSDT-aggTrades-2024-01.csv), or by SYMBOL= or SYMBOL@VENUE=\n"
    "  --from TIME       only events from then on: 2024-01-31 or 2024-01-31T12:00:00Z, UTC\n"
    "  --to TIME         only events before then\n"
    "  --json            the report as JSON instead of a table\n"
    "  --fills FILE      every fill, as CSV\n"
    "  --equity FILE     the equity series, as CSV\n"
    "  --plot FILE.svg   a picture: prices with orders and fills, equity, drawdown\n"
    "  --report FILE.html  everything about the run on one page, to open in a browser\n"
    "  --quiet           neither progress nor notes\n"
    "\n"
    "Formats, rules and the JSON: docs/backtest.md. Exit codes: 0 ok, 1 error, 2 usage,\n"
    "4 configuration.\n";

/* What can be written beside the report, in the order of the options above. */
enum { OUT_FILLS, OUT_EQUITY, OUT_PLOT, OUT_REPORT, OUT_COUNT };
static const char *const OUT_OPTION[OUT_COUNT] = {"--fills", "--equity", "--plot", "--report"};

struct arguments {
    const char *config, *out[OUT_COUNT];
    const char *data[TAPE_STREAMS_MAX];
    uint32_t files;
    int64_t from_ns, to_ns;
    bool json, quiet;
};

/* ---- the command line ---- */

static bool complain(const char *what, const char *which)
{
    fprintf(stderr, "tradewind backtest: %s%s; `tradewind backtest --help` says more\n", what,
            which);
    return false;
}

static bool take_file(struct arguments *a, const char *file)
{
    if (a->files == TAPE_STREAMS_MAX) {
        fprintf(stderr, "tradewind backtest: more than %d data files\n", TAPE_STREAMS_MAX);
        return false;
    }
    a->data[a->files++] = file;
    return true;
}

/* An option with a value: "--name VALUE" or "--name=VALUE"; NULL where argv[*i] is another one. */
static const char *value_of(const char *name, int argc, char **argv, int *i, bool *missing)
{
    size_t len = strlen(name);
    if (strncmp(argv[*i], name, len) != 0)
        return NULL;
    if (argv[*i][len] == '=')
        return argv[*i] + len + 1;
    if (argv[*i][len] != 0)
        return NULL;
    if (*i + 1 >= argc || strncmp(argv[*i + 1], "--", 2) == 0) {
        *missing = !complain("a value is missing after ", name);
        return NULL;
    }
    return argv[++*i];
}

static bool take_time(const char *name, const char *text, int64_t *ret)
{
    if (datafile_parse_time(text, ret) == ERR_OK)
        return true;
    fprintf(stderr,
            "tradewind backtest: %s: '%s' is no time; write 2024-01-31 or 2024-01-31T12:00:00Z\n",
            name, text);
    return false;
}

static bool take_option(struct arguments *a, int argc, char **argv, int *i, bool *in_data)
{
    bool missing = false;
    const char *v;
    *in_data = false;
    if (strcmp(argv[*i], "--json") == 0)
        return a->json = true;
    if (strcmp(argv[*i], "--quiet") == 0)
        return a->quiet = true;
    if ((v = value_of("--data", argc, argv, i, &missing)) != NULL)
        return *in_data = take_file(a, v);
    if ((v = value_of("--from", argc, argv, i, &missing)) != NULL)
        return take_time("--from", v, &a->from_ns);
    if ((v = value_of("--to", argc, argv, i, &missing)) != NULL)
        return take_time("--to", v, &a->to_ns);
    for (int k = 0; k < OUT_COUNT && !missing; k++)
        if ((v = value_of(OUT_OPTION[k], argc, argv, i, &missing)) != NULL) {
            a->out[k] = v;
            return true;
        }
    return missing ? false : complain("there is no option ", argv[*i]);
}

static bool parse(struct arguments *a, int argc, char **argv)
{
    bool in_data = false;
    *a = (struct arguments){.from_ns = INT64_MIN, .to_ns = INT64_MAX};
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] == '-' && argv[i][1] != 0) {
            if (!take_option(a, argc, argv, &i, &in_data))
                return false;
        } else if (in_data) {
            if (!take_file(a, argv[i]))
                return false;
        } else if (!a->config) {
            a->config = argv[i];
        } else {
            return complain("what is to be done with ", argv[i]);
        }
    }
    if (!a->config)
        return complain("which configuration?", "");
    if (a->files == 0)
        return complain("which data? --data FILE", "");
    if (a->from_ns >= a->to_ns)
        return complain("--from is not before --to", "");
    for (int k = 0; k < OUT_COUNT; k++)
        for (int n = 0; n < k; n++)
            if (a->out[k] && a->out[n] && strcmp(a->out[k], a->out[n]) == 0) {
                fprintf(stderr, "tradewind backtest: %s and %s are the same file: %s\n",
                        OUT_OPTION[n], OUT_OPTION[k], a->out[k]);
                return false;
            }
    return true;
}

/* ---- telling the user ---- */

static volatile sig_atomic_t stop_now;

static void on_signal(int number)
{
    (void)number;
    stop_now = 1;
}

struct terminal {
    bool bar, quiet;
    uint32_t file, files;
    int shown; /* permille in the bar now, -1 for none */
};

static void on_progress(void *ctx, enum backtest_phase phase, uint64_t done, uint64_t size)
{
    struct terminal *t = ctx;
    if (!t->bar || size == 0)
        return;
    int permille = (int)((double)done / (double)size * 1000);
    if (phase == BACKTEST_LOADING)
        permille = (int)((uint64_t)permille + 1000 * (uint64_t)t->file) / (int)t->files;
    if (permille == t->shown)
        return;
    t->shown = permille;
    char bar[41];
    memset(bar, '.', sizeof bar - 1);
    memset(bar, '#', (size_t)(permille < 1000 ? permille : 1000) * (sizeof bar - 1) / 1000);
    bar[sizeof bar - 1] = 0;
    fprintf(stderr, "\r%s [%s] %3d %%", phase == BACKTEST_LOADING ? "loading" : "running", bar,
            permille / 10);
}

static void clear_bar(struct terminal *t)
{
    if (t->shown >= 0)
        fputs("\r\033[K", stderr);
    t->shown = -1;
}

static void on_note(void *ctx, const char *text)
{
    struct terminal *t = ctx;
    clear_bar(t);
    if (!t->quiet)
        fprintf(stderr, "note: %s\n", text);
}

/* ---- the work ---- */

static enum err load_all(struct backtest *b, const struct arguments *a, struct terminal *t,
                         char *why)
{
    for (t->file = 0; t->file < t->files; t->file++) {
        enum err e = backtest_load(b, a->data[t->file], why);
        if (e)
            return e;
    }
    return ERR_OK;
}

static void tell_speed(const struct backtest *b, int64_t loaded_ns, int64_t ran_ns)
{
    double load = (double)loaded_ns / 1e9, run = (double)ran_ns / 1e9;
    fprintf(stderr, "%llu rows loaded in %.2f s (%.1f M/s), %llu events run in %.2f s (%.1f M/s)\n",
            (unsigned long long)b->rows, load, (double)b->rows / load / 1e6,
            (unsigned long long)b->report.events, run, (double)b->report.events / run / 1e6);
}

/* Loads, checks, runs; everything but the output files. */
static int work(struct backtest *b, const struct arguments *a, struct terminal *t, char *why)
{
    int64_t begun = clock_mono_ns();
    enum err e = load_all(b, a, t, why);
    if (e)
        return EXIT_CODE_ERROR;
    int64_t loaded = clock_mono_ns();
    e = backtest_check(b, why);
    if (!e)
        e = backtest_open(b, why);
    if (e)
        return e == ERR_NOT_FOUND ? EXIT_CODE_ERROR : EXIT_CODE_CONFIG;
    int64_t ready = clock_mono_ns();
    e = backtest_run(b, why);
    clear_bar(t);
    if (e)
        return EXIT_CODE_ERROR;
    if (!t->quiet)
        tell_speed(b, loaded - begun, clock_mono_ns() - ready);
    return EXIT_CODE_OK;
}

static int print_report(const struct backtest *b, const struct arguments *a, char *why)
{
    if (a->json)
        report_json(&b->report, stdout);
    else
        report_table(&b->report, stdout);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        snprintf(why, BACKTEST_WHY_MAX, "the report cannot be written to standard output");
        return EXIT_CODE_ERROR;
    }
    if (!b->report.books_balance) {
        snprintf(why, BACKTEST_WHY_MAX, "%s", b->report.books);
        return EXIT_CODE_ERROR;
    }
    return EXIT_CODE_OK;
}

/* The pictures. What cannot be written is found when the files are committed. */
static void draw(const struct backtest *b, const struct arguments *a, const struct config *c,
                 struct outfile *out)
{
    char title[512], first[CLOCK_TEXT_MAX], last[CLOCK_TEXT_MAX];
    clock_format_utc(b->report.first_ns, first);
    clock_format_utc(b->report.last_ns, last);
    const char *slash = strrchr(a->config, '/');
    snprintf(title, sizeof title, "%s, %.10s %.5s to %.10s %.5s UTC", slash ? slash + 1 : a->config,
             first, first + 11, last, last + 11);
    if (out[OUT_PLOT].f)
        chart_svg(b->chart, title, out[OUT_PLOT].f);
    if (!out[OUT_REPORT].f)
        return;
    struct page p = {.title = title,
                     .report = &b->report,
                     .chart = b->chart,
                     .config_path = a->config,
                     .config_text = c->text,
                     .data = a->data,
                     .files = a->files};
    page_write(&p, out[OUT_REPORT].f);
}

/* Around the work: the output files, which appear only when all went well. */
static int run(struct backtest *b, const struct arguments *a, const struct config *c,
               struct terminal *t)
{
    struct outfile out[OUT_COUNT] = {{.f = NULL}};
    char why[BACKTEST_WHY_MAX] = "";
    enum err e = ERR_OK;
    for (int k = 0; k < OUT_COUNT && !e; k++)
        if (a->out[k])
            e = outfile_open(&out[k], a->out[k], why);
    b->fills = out[OUT_FILLS].f;
    b->equity = out[OUT_EQUITY].f;
    b->wants_chart = out[OUT_PLOT].f || out[OUT_REPORT].f;
    int code = e ? EXIT_CODE_ERROR : work(b, a, t, why);
    if (code == EXIT_CODE_OK)
        draw(b, a, c, out);
    for (int k = 0; k < OUT_COUNT; k++)
        if (code == EXIT_CODE_OK && out[k].f && outfile_commit(&out[k], why) != ERR_OK)
            code = EXIT_CODE_ERROR;
    for (int k = 0; k < OUT_COUNT; k++)
        outfile_discard(&out[k]);
    if (code == EXIT_CODE_OK)
        code = print_report(b, a, why);
    clear_bar(t);
    if (code != EXIT_CODE_OK)
        fprintf(stderr, "tradewind backtest: %s\n", why);
    return code;
}

int cmd_backtest(int argc, char **argv)
{
    struct arguments a;
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            fputs(HELP, stdout);
            return EXIT_CODE_OK;
        }
    if (!parse(&a, argc, argv))
        return EXIT_CODE_USAGE;
    struct config c;
    struct config_report report;
    enum err e = config_load(&c, a.config, program_kinds(), &report);
    for (size_t i = 0; i < report.count; i++)
        fprintf(stderr, "%s\n", report.line[i]);
    config_report_clear(&report);
    if (e)
        return EXIT_CODE_CONFIG;
    struct sigaction action = {.sa_handler = on_signal}, before_int, before_term;
    sigaction(SIGINT, &action, &before_int);
    sigaction(SIGTERM, &action, &before_term);
    struct terminal t = {
        .bar = !a.quiet && isatty(STDERR_FILENO), .quiet = a.quiet, .files = a.files, .shown = -1};
    struct backtest *b = calloc(1, sizeof *b);
    int code = EXIT_CODE_ERROR;
    if (b) {
        b->setup = c.setup;
        b->from_ns = a.from_ns;
        b->to_ns = a.to_ns;
        b->stop = &stop_now;
        b->progress = on_progress;
        b->note = on_note;
        b->ctx = &t;
        code = run(b, &a, &c, &t);
        backtest_close(b);
    } else {
        fprintf(stderr, "tradewind backtest: no memory\n");
    }
    free(b);
    sigaction(SIGINT, &before_int, NULL);
    sigaction(SIGTERM, &before_term, NULL);
    config_close(&c);
    return code;
}
