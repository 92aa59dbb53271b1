#include "io/box_replay.h"

#include "venue/binance_spot_names.h"

#include <stdio.h>
#include <string.h>

void box_replay_init(struct box_replay *r, struct box *b)
{
    *r = (struct box_replay){.box = b};
}

void box_replay_close(struct box_replay *r)
{
    for (uint32_t i = 0; i < r->files; i++)
        recording_file_close(r->file[i]);
    r->files = 0;
}

static enum err fail(enum err e, char *why, const char *text)
{
    snprintf(why, BOX_REPLAY_WHY_MAX, "%s", text);
    return e;
}

/* Symbols whose snapshot is known to come count from the start: the box is not ready before. */
static enum err announce(struct box_replay *r, uint32_t i, char *why)
{
    const char *held;
    for (unsigned n = 0; !r->box->fixed && (held = recording_file_held(r->file[i], n)); n++) {
        enum err e = box_add_venue_symbol(r->box, held);
        if (e) {
            snprintf(why, BOX_REPLAY_WHY_MAX,
                     "%s: cannot serve %s (%s); name the symbols with "
                     "--symbol BASE-QUOTE",
                     recording_file_path(r->file[i]), held, err_name(e));
            return e;
        }
    }
    return ERR_OK;
}

static enum err go_on(struct box_replay *r, uint32_t i, char *why)
{
    const struct recording *at;
    enum err e = recording_file_next(r->file[i], &at, why);
    return e ? e : announce(r, i, why);
}

enum err box_replay_add(struct box_replay *r, const char *path, const char *symbol, char *why)
{
    if (r->files == BOX_REPLAY_FILES_MAX)
        return fail(ERR_FULL, why, "more than 64 recordings");
    char venue[BINANCE_SYMBOL_MAX] = "";
    if (symbol) {
        enum err e = box_add_symbol(r->box, symbol);
        if (!e)
            e = binance_spot_symbol(symbol, venue);
        if (e) {
            snprintf(why, BOX_REPLAY_WHY_MAX, "'%s' is no symbol like BTC-USDT", symbol);
            return e;
        }
    }
    struct recording_file *f;
    enum err e = recording_file_open(&f, path, why);
    if (e)
        return e;
    snprintf(r->symbol[r->files], SYMBOL_MAX, "%s", venue);
    r->file[r->files] = f;
    return go_on(r, r->files++, why);
}

enum err box_replay_add_made(struct box_replay *r, const char *name, recording_line_fn *make,
                             void *ctx, char *why)
{
    if (r->files == BOX_REPLAY_FILES_MAX)
        return fail(ERR_FULL, why, "more than 64 recordings");
    struct recording_file *f;
    enum err e = recording_file_open_made(&f, name, make, ctx, why);
    if (e)
        return e;
    r->file[r->files] = f;
    return go_on(r, r->files++, why);
}

/* The file whose present line is due next; files at the end: none. */
static int first(const struct box_replay *r)
{
    int best = -1;
    int64_t best_ns = INT64_MAX;
    for (uint32_t i = 0; i < r->files; i++) {
        const struct recording *at = recording_file_at(r->file[i]);
        if (at && (best < 0 || at->ts_ns < best_ns)) {
            best = (int)i;
            best_ns = at->ts_ns;
        }
    }
    return best;
}

int64_t box_replay_next_ns(const struct box_replay *r)
{
    int i = first(r);
    return i < 0 ? INT64_MAX : recording_file_at(r->file[i])->ts_ns;
}

/* A file without a name for its snapshots that speaks of one symbol only: the snapshot is that
 * symbol's. */
static void learn_symbol(struct box_replay *r, uint32_t i, const struct recording *at)
{
    if (r->symbol[i][0] || at->kind != RECORDING_MESSAGE || !at->stream)
        return;
    enum binance_stream kind;
    char symbol[BINANCE_SYMBOL_MAX];
    if (binance_spot_stream_parse(at->stream, at->stream_len, symbol, &kind) == ERR_OK)
        snprintf(r->symbol[i], SYMBOL_MAX, "%s", symbol);
}

static enum err apply_one(struct box_replay *r, uint32_t i, char *why)
{
    const struct recording *at = recording_file_at(r->file[i]);
    char detail[BOX_WHY_MAX];
    learn_symbol(r, i, at);
    r->now_ns = at->ts_ns;
    box_advance(r->box, at->ts_ns);
    const char *symbol = r->symbol[i];
    if (!symbol[0] && r->box->fixed && r->box->symbols == 1)
        symbol = r->box->symbol[0]->venue;
    enum err e = box_apply(r->box, at, symbol, detail);
    if (e) {
        snprintf(why, BOX_REPLAY_WHY_MAX, "%s:%llu: %s", recording_file_path(r->file[i]),
                 (unsigned long long)recording_file_line(r->file[i]), detail);
        return e;
    }
    return go_on(r, i, why);
}

enum err box_replay_prime(struct box_replay *r, char *why)
{
    while (!box_ready(r->box)) {
        int i = first(r);
        if (i < 0)
            break;
        enum err e = apply_one(r, (uint32_t)i, why);
        if (e)
            return e;
    }
    box_drop_exchange_info(r->box);
    if (!r->box->symbols)
        return fail(ERR_NOT_FOUND, why, "the recordings hold no market data of Binance Spot");
    for (uint32_t i = 0; i < r->box->symbols; i++)
        if (!r->box->symbol[i]->live) {
            snprintf(why, BOX_REPLAY_WHY_MAX,
                     "the recordings end without an order book snapshot of %s (a GET "
                     "/api/v3/depth); give the file that has it too, or name the symbols to serve "
                     "with --symbol",
                     r->box->symbol[i]->name);
            return ERR_NOT_FOUND;
        }
    if (box_replay_next_ns(r) == INT64_MAX)
        return fail(ERR_NOT_FOUND, why,
                    "nothing is left to replay behind the order book snapshots; do the recordings "
                    "overlap in time?");
    /* Symbols that turn up from here on were not announced to anybody. */
    r->box->fixed = true;
    return ERR_OK;
}

enum err box_replay_until(struct box_replay *r, int64_t until_ns, uint64_t max, uint64_t *ret_count,
                          char *why)
{
    uint64_t n = 0;
    enum err e = ERR_OK;
    int i;
    while (n < max && !e && (i = first(r)) >= 0 &&
           recording_file_at(r->file[i])->ts_ns <= until_ns) {
        e = apply_one(r, (uint32_t)i, why);
        n++;
    }
    r->events += n;
    *ret_count = n;
    if (!e && n < max && until_ns > r->now_ns && until_ns != INT64_MAX) {
        r->now_ns = until_ns;
        box_advance(r->box, until_ns);
    }
    return e;
}
