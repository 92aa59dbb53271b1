/* What the parts of the loader share: one file while it is read. Private to datafile*.c. */
#ifndef TW_IO_DATAFILE_PARTS_H
#define TW_IO_DATAFILE_PARTS_H

#include "io/datafile.h"
#include "io/datafile_name.h"
#include "io/datafile_row.h"
#include "io/inflate.h"

/* A file read line by line. The text of a line stays valid until the next call. */
struct lines {
    struct inflate *in;
    char *buffer;
    size_t cap, start, len; /* buffer[start, len) is not used yet */
    size_t line_max;
    bool eof;
    uint64_t number; /* of the last line handed out, from 1 */
};

enum err lines_open(struct lines *l, const char *path, size_t line_max, char *why) MUST_CHECK;
void lines_close(struct lines *l);
/* Makes buffer[start, len) hold at least one whole line, more where there is more; every line in
 * it ends with '\n' (one is added at the end of the file). *ret_end is the end of the last whole
 * line, equal to start at the end of the file. */
enum err lines_fill(struct lines *l, size_t *ret_end, char *why) MUST_CHECK;

struct loading {
    struct tape *tape;
    const struct setup *setup;
    const struct datafile_options *options;
    struct datafile_argument argument;
    struct datafile_info info;
    struct row_plan plan;
    int64_t last_ns; /* time of the last row */
};

static inline bool loading_wants(const struct loading *l, int64_t ts_ns)
{
    return ts_ns >= l->options->from_ns - l->options->history_ns && ts_ns < l->options->to_ns;
}

/* True where the user wants to stop. */
static inline bool loading_progress(const struct loading *l, const struct inflate *in)
{
    return l->options->progress &&
           l->options->progress(l->options->ctx, inflate_position(in), inflate_size(in));
}

/* One candle or quote bar to its four events (datafile_bars.c). ERR_RANGE and a sentence in
 * why[cap] where the prices contradict each other or the bar begins before the last one ended. */
enum err bars_add(struct loading *l, const struct row *r, char *why, size_t cap) MUST_CHECK;

/* The whole of a recording (datafile_recording.c), of venue l->info.venue. On failure a whole
 * sentence, with the file's name, in why[DATAFILE_WHY_MAX]. */
enum err recording_load(struct loading *l, char *why) MUST_CHECK;
/* Whether a first line is that of a recording. */
bool recording_is(const char *line, size_t len);

#endif
