/* Recordings, merged by time, led into the exchange in a box.
 *
 * The recorder's clock is the time line: box_replay_until() applies every line up to a point of it.
 * At equal times the order of the files decides.
 */
#ifndef TW_IO_BOX_REPLAY_H
#define TW_IO_BOX_REPLAY_H

#include "io/recording_file.h"
#include "sim/box.h"

#define BOX_REPLAY_FILES_MAX 64
#define BOX_REPLAY_WHY_MAX   1024

struct box_replay {
    struct box *box;
    uint32_t files;
    struct recording_file *file[BOX_REPLAY_FILES_MAX];
    char symbol[BOX_REPLAY_FILES_MAX][SYMBOL_MAX]; /* whose snapshots without a name are, or "" */
    int64_t now_ns;                                /* the recorder's clock */
    uint64_t events; /* lines with market data applied since the box was ready */
};

void box_replay_init(struct box_replay *r, struct box *b);
void box_replay_close(struct box_replay *r);

/* Adds a file; [symbol] is NULL or "BTC-USDT". On failure, here and below, [why]
 * (BOX_REPLAY_WHY_MAX bytes) is a sentence for a person. */
enum err box_replay_add(struct box_replay *r, const char *path, const char *symbol,
                        char *why) MUST_CHECK;

/* Adds lines that are made on the way (recording_file_open_made). */
enum err box_replay_add_made(struct box_replay *r, const char *name, recording_line_fn *make,
                             void *ctx, char *why) MUST_CHECK;

/* Replays until every symbol has its order book. ERR_NOT_FOUND: the recordings end before. */
enum err box_replay_prime(struct box_replay *r, char *why) MUST_CHECK;

/* Time of the next line; INT64_MAX at the end. */
int64_t box_replay_next_ns(const struct box_replay *r);

/* Applies lines up to [until_ns], at most [max]; *ret_count how many. The clock stands at until_ns
 * afterwards, or at the last line where [max] ended it. */
enum err box_replay_until(struct box_replay *r, int64_t until_ns, uint64_t max, uint64_t *ret_count,
                          char *why) MUST_CHECK;

#endif
