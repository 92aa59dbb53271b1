#include "io/datafile.h"

#include "base/check.h"
#include "base/clock.h"
#include "io/datafile_parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BLOCK_BYTES (1024 * 1024)
#define TOO_LONG    "longer than %zu bytes: not a row of market data"

const char *datafile_format_name(enum datafile_format f)
{
    switch (f) {
    case DATAFILE_TRADES: return "trades";
    case DATAFILE_CANDLES: return "candles";
    case DATAFILE_QUOTES: return "quote bars";
    case DATAFILE_RECORDING: return "a recording";
    }
    return "?";
}

/* ---- lines ---- */

enum err lines_open(struct lines *l, const char *path, size_t line_max, char *why)
{
    struct lines fresh = {.line_max = line_max};
    enum err e = inflate_open(&fresh.in, path, why);
    if (e)
        return e;
    fresh.cap = line_max + BLOCK_BYTES;
    fresh.buffer = malloc(fresh.cap);
    if (!fresh.buffer) {
        inflate_close(fresh.in);
        snprintf(why, INFLATE_WHY_MAX, "no memory to read it");
        return ERR_NOMEM;
    }
    *l = fresh;
    return ERR_OK;
}

void lines_close(struct lines *l)
{
    inflate_close(l->in);
    free(l->buffer);
    *l = (struct lines){.in = NULL};
}

enum err lines_fill(struct lines *l, size_t *ret_end, char *why)
{
    for (;;) {
        const char *from = l->buffer + l->start;
        const char *last = memrchr(from, '\n', l->len - l->start);
        if (last) {
            *ret_end = (size_t)(last + 1 - l->buffer);
            return ERR_OK;
        }
        if (l->eof) {
            if (l->start < l->len)
                l->buffer[l->len++] = '\n'; /* the last line had none; there is room, see below */
            else {
                *ret_end = l->start;
                return ERR_OK;
            }
            continue;
        }
        if (l->len - l->start > l->line_max) {
            snprintf(why, INFLATE_WHY_MAX, TOO_LONG, l->line_max);
            return ERR_FULL;
        }
        memmove(l->buffer, from, l->len - l->start);
        l->len -= l->start;
        l->start = 0;
        size_t n, want = l->cap - 1 - l->len; /* one byte is kept for a missing line break */
        if (want > BLOCK_BYTES - 1)
            want = BLOCK_BYTES - 1;
        enum err e = inflate_read(l->in, l->buffer + l->len, want, &n, why);
        if (e)
            return e;
        l->len += n;
        l->eof = n < want;
    }
}

/* ---- rows ---- */

/* Writes "FILE: row N: detail". */
__attribute__((format(printf, 5, 6))) static enum err
fail(const struct loading *l, uint64_t row, enum err e, char *why, const char *format, ...)
{
    int n = row ? snprintf(why, DATAFILE_WHY_MAX, "%s: row %llu: ", l->argument.path,
                           (unsigned long long)row)
                : snprintf(why, DATAFILE_WHY_MAX, "%s: ", l->argument.path);
    if (n < 0 || n >= DATAFILE_WHY_MAX)
        return e;
    va_list ap;
    va_start(ap, format);
    vsnprintf(why + n, DATAFILE_WHY_MAX - (size_t)n, format, ap);
    va_end(ap);
    for (char *p = why; *p; p++) /* the file's own bytes must not command a terminal */
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = '?';
    return e;
}

static enum err complain_time(const struct row *r, int64_t last_ns, char *why, size_t cap)
{
    char was[CLOCK_TEXT_MAX], is[CLOCK_TEXT_MAX];
    clock_format_utc(last_ns, was);
    clock_format_utc(r->ts_ns, is);
    snprintf(why, cap, "the time goes back from %s to %s: sort the file by time", was, is);
    return ERR_RANGE;
}

/* What makes a readable trade unusable; ERR_OK for one that may be used or is a placeholder. */
static enum err check_trade(const struct row *r, char *why, size_t cap)
{
    if (r->placeholder && r->value[TRADE_QTY].v == 0)
        return ERR_OK;
    if (r->value[TRADE_PRICE].v <= 0 || r->value[TRADE_QTY].v <= 0) {
        snprintf(why, cap, "the %s is not above 0",
                 r->value[TRADE_PRICE].v <= 0 ? "price" : "quantity");
        return ERR_RANGE;
    }
    return ERR_OK;
}

/* The row [line, end) by the exact reader, [end] at its line break. */
static enum err read_exact(const struct row_plan *plan, const char *line, const char *end,
                           struct row *ret, char *why, size_t cap)
{
    if (end > line && end[-1] == '\r')
        end--;
    return row_read_exact(plan, line, (size_t)(end - line), ret, why, cap);
}

/* Reads the row at *p and moves *p behind it. */
static enum err read_row(const struct row_plan *plan, const char **p, const char *end,
                         struct row *ret, char *why, size_t cap)
{
    const char *s = *p;
    if (row_read_fast(plan, &s, end, ret) && s - *p <= DATAFILE_ROW_MAX + 1) {
        *p = s;
        return ERR_OK;
    }
    const char *stop = memchr(*p, '\n', (size_t)(end - *p));
    CHECK(stop != NULL); /* lines_fill() hands out whole lines */
    if (stop - *p > DATAFILE_ROW_MAX) {
        snprintf(why, cap, TOO_LONG, (size_t)DATAFILE_ROW_MAX);
        return ERR_FULL;
    }
    enum err e = read_exact(plan, *p, stop, ret, why, cap);
    if (!e)
        *p = stop + 1;
    return e;
}

/* The trades of the lines [*p, end), as far as they go well; *rows counts those read. */
static enum err add_trades(struct loading *l, const char **p, const char *end, uint64_t *rows,
                           char *why, size_t cap)
{
    struct row r;
    while (*p < end) {
        struct tape_trade *to;
        size_t room, n = 0;
        enum err e = tape_room(l->tape, &to, &room);
        if (e) {
            snprintf(why, cap, "no memory for more events");
            return e;
        }
        while (*p < end && n < room && !e) {
            e = read_row(&l->plan, p, end, &r, why, cap);
            if (!e && (r.value[TRADE_PRICE].v <= 0 || r.value[TRADE_QTY].v <= 0))
                e = check_trade(&r, why, cap);
            if (!e && r.ts_ns < l->last_ns)
                e = complain_time(&r, l->last_ns, why, cap);
            if (e)
                break;
            l->last_ns = r.ts_ns;
            l->info.rounded += r.rounded;
            ++*rows;
            if (r.value[TRADE_QTY].v == 0) {
                l->info.left_out++;
            } else if (loading_wants(l, r.ts_ns)) {
                to[n].ts_ns = r.ts_ns;
                to[n].id = r.id | (r.buyer_maker ? TAPE_SELLER_TOOK : 0);
                to[n].price = r.value[TRADE_PRICE];
                to[n].qty = r.value[TRADE_QTY];
                n++;
            }
        }
        tape_commit(l->tape, n);
        l->info.events += n;
        if (e)
            return e;
    }
    return ERR_OK;
}

static enum err add_bars(struct loading *l, const char **p, const char *end, uint64_t *rows,
                         char *why, size_t cap)
{
    struct row r;
    while (*p < end) {
        enum err e = read_row(&l->plan, p, end, &r, why, cap);
        if (!e && r.ts_ns <= l->last_ns)
            e = complain_time(&r, l->last_ns, why, cap);
        if (!e)
            e = bars_add(l, &r, why, cap);
        if (e)
            return e;
        l->info.rounded += r.rounded;
        l->last_ns = r.ts_ns;
        ++*rows;
    }
    return ERR_OK;
}

/* Reads every row once for the smallest distance of two open times. */
static enum err tell_spacing(struct loading *l, const char **p, const char *end, uint64_t *rows,
                             char *why, size_t cap)
{
    struct row r;
    while (*p < end) {
        enum err e = read_row(&l->plan, p, end, &r, why, cap);
        if (!e && r.ts_ns <= l->last_ns)
            e = complain_time(&r, l->last_ns, why, cap);
        if (e)
            return e;
        if (l->last_ns > 0 &&
            (l->info.timeframe_ns == 0 || r.ts_ns - l->last_ns < l->info.timeframe_ns))
            l->info.timeframe_ns = r.ts_ns - l->last_ns;
        l->last_ns = r.ts_ns;
        ++*rows;
    }
    return ERR_OK;
}

typedef enum err rows_fn(struct loading *l, const char **p, const char *end, uint64_t *rows,
                         char *why, size_t cap);

/* Hands all lines behind the header to [fn]. */
static enum err each_block(struct loading *l, struct lines *lines, rows_fn *fn, char *why)
{
    uint64_t row = l->plan.has_header ? 1 : 0;
    l->last_ns = INT64_MIN;
    l->info.rows = 0;
    for (;;) {
        char detail[512] = "";
        size_t end;
        enum err e = lines_fill(lines, &end, detail);
        if (e)
            return fail(l, e == ERR_FULL ? row + 1 : 0, e, why, "%s", detail);
        if (end == lines->start)
            break;
        const char *p = lines->buffer + lines->start;
        uint64_t rows = 0;
        e = fn(l, &p, lines->buffer + end, &rows, detail, sizeof detail);
        row += rows;
        l->info.rows += rows;
        if (e)
            return fail(l, row + 1, e, why, "%s", detail);
        lines->start = end;
        if (loading_progress(l, lines->in))
            return fail(l, 0, ERR_STATE, why, "interrupted");
    }
    if (l->info.rows == 0)
        return fail(l, 0, ERR_TRUNCATED, why, "has no data rows");
    return ERR_OK;
}

/* Opens the file and makes the plan from its first line, leaving the lines behind a header. */
static enum err open_rows(struct loading *l, struct lines *lines, bool *recording, char *why)
{
    char detail[INFLATE_WHY_MAX] = "";
    enum err e = lines_open(lines, l->argument.path, DATAFILE_ROW_MAX, detail);
    if (e)
        return fail(l, 0, e, why, "%s", detail);
    size_t end;
    e = lines_fill(lines, &end, detail);
    *recording = (e == ERR_OK || e == ERR_FULL) &&
                 recording_is(lines->buffer + lines->start, lines->len - lines->start);
    if (*recording)
        return ERR_OK;
    if (e)
        return fail(l, e == ERR_FULL, e, why, "%s", detail);
    if (end == lines->start)
        return fail(l, 0, ERR_TRUNCATED, why, "is empty");
    if (lines->len >= 3 && memcmp(lines->buffer, "\xef\xbb\xbf", 3) == 0)
        lines->start = 3; /* a byte order mark */
    const char *line = lines->buffer + lines->start;
    const char *stop = memchr(line, '\n', lines->len - lines->start);
    CHECK(stop != NULL);
    size_t len = (size_t)(stop - line);
    if (len > 0 && line[len - 1] == '\r')
        len--;
    e = row_plan_make(&l->plan, line, len, detail, sizeof detail);
    if (e)
        return fail(l, 1, e, why, "%s", detail);
    if (l->plan.has_header)
        lines->start = (size_t)(stop + 1 - lines->buffer);
    l->info.format = l->plan.format;
    return ERR_OK;
}

static enum err find_timeframe(struct loading *l, struct lines *lines, char *why)
{
    l->info.timeframe_ns = datafile_name_timeframe(l->argument.path);
    if (l->info.timeframe_ns != 0)
        return ERR_OK;
    enum err e = each_block(l, lines, tell_spacing, why);
    if (e)
        return e;
    if (l->info.timeframe_ns == 0)
        return fail(l, 0, ERR_UNKNOWN, why,
                    "neither its name nor its only row tells how long a bar is: name it like "
                    "...-1h-...");
    lines_close(lines);
    bool recording;
    return open_rows(l, lines, &recording, why);
}

static enum err load_rows(struct loading *l, struct lines *lines, char *why)
{
    char detail[512];
    enum err e = datafile_find_instrument(l->setup, &l->argument, &l->info.instrument, detail,
                                          sizeof detail);
    if (e)
        return fail(l, 0, e, why, "%s", detail);
    l->info.venue = l->setup->instrument[l->info.instrument].venue;
    if (l->info.format == DATAFILE_CANDLES || l->info.format == DATAFILE_QUOTES) {
        e = find_timeframe(l, lines, why);
        if (e)
            return e;
    }
    e = l->info.format == DATAFILE_QUOTES
            ? tape_begin_events(l->tape)
            : tape_begin_trades(l->tape, l->info.venue, l->info.instrument);
    if (e)
        return fail(l, 0, e, why, "more than %d files", TAPE_STREAMS_MAX);
    return each_block(l, lines, l->info.format == DATAFILE_TRADES ? add_trades : add_bars, why);
}

static enum err load_recording(struct loading *l, char *why)
{
    char detail[512] = "";
    enum err e = datafile_find_venue(l->setup, &l->argument, &l->info.venue, detail, sizeof detail);
    if (e)
        return fail(l, 0, e, why, "%s", detail);
    l->info.format = DATAFILE_RECORDING;
    l->info.instrument = INSTRUMENT_NONE;
    e = tape_begin_events(l->tape);
    if (e)
        return fail(l, 0, e, why, "more than %d files", TAPE_STREAMS_MAX);
    return recording_load(l, why);
}

enum err datafile_load(struct tape *t, const struct setup *s, const char *argument,
                       const struct datafile_options *o, struct datafile_info *ret, char *why)
{
    struct loading l = {.tape = t, .setup = s, .options = o};
    struct lines lines = {.in = NULL};
    enum err e = datafile_split_argument(argument, &l.argument, why, DATAFILE_WHY_MAX);
    if (e)
        return e;
    bool recording = false;
    e = open_rows(&l, &lines, &recording, why);
    if (!e)
        e = recording ? load_recording(&l, why) : load_rows(&l, &lines, why);
    lines_close(&lines);
    if (!e)
        *ret = l.info;
    return e;
}

/* ---- times on the command line ---- */

/* [n] digits at *p; -1 where there are fewer. */
static int digits(const char **p, int n)
{
    int v = 0;
    for (int i = 0; i < n; i++) {
        if ((unsigned char)((*p)[i] - '0') > 9)
            return -1;
        v = v * 10 + ((*p)[i] - '0');
    }
    *p += n;
    return v;
}

static bool skip(const char **p, char c)
{
    if (**p != c)
        return false;
    ++*p;
    return true;
}

enum err datafile_parse_time(const char *text, int64_t *ret_ns)
{
    const char *p = text;
    struct tm tm = {.tm_isdst = 0};
    int year = digits(&p, 4), month = -1, day = -1, hour = 0, minute = 0, second = 0;
    if (year >= 0 && skip(&p, '-'))
        month = digits(&p, 2);
    if (month >= 1 && skip(&p, '-'))
        day = digits(&p, 2);
    if (year < 1970 || year > 2261 || month < 1 || month > 12 || day < 1 || day > 31)
        return ERR_SYNTAX;
    int64_t fraction = 0;
    if (*p == 'T' || *p == ' ') {
        p++;
        hour = digits(&p, 2);
        minute = hour >= 0 && skip(&p, ':') ? digits(&p, 2) : -1;
        second = minute >= 0 && skip(&p, ':') ? digits(&p, 2) : -1;
        if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59)
            return ERR_SYNTAX;
        if (skip(&p, '.')) {
            int64_t unit = NS_PER_S / 10;
            if ((unsigned char)(*p - '0') > 9)
                return ERR_SYNTAX;
            for (; (unsigned char)(*p - '0') < 10; p++, unit /= 10) {
                if (unit == 0)
                    return ERR_PRECISION;
                fraction += (*p - '0') * unit;
            }
        }
        if (*p == 'Z')
            p++;
    }
    if (*p)
        return ERR_SYNTAX;
    tm.tm_year = year - 1900;
    tm.tm_mon = month - 1;
    tm.tm_mday = day;
    tm.tm_hour = hour;
    tm.tm_min = minute;
    tm.tm_sec = second;
    time_t t = timegm(&tm);
    if (tm.tm_mday != day) /* 31 April became 1 May */
        return ERR_SYNTAX;
    *ret_ns = (int64_t)t * NS_PER_S + fraction;
    return ERR_OK;
}
