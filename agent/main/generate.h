/* What a generated market is like, as people write it. */
#ifndef TW_MAIN_GENERATE_H
#define TW_MAIN_GENERATE_H

#include "sim/market_gen.h"

#define GENERATE_WHY_MAX 256

/* For help texts. */
extern const char GENERATE_KEYS[];

/* Reads "seed=7,length=10m,edge=0.006": any of the keys, over market_gen_defaults(); "" and NULL
 * are the defaults. On failure a sentence in why[GENERATE_WHY_MAX]. */
enum err generate_parse(const char *text, struct market_gen_setup *ret, char *why) MUST_CHECK;

/* A market that is being generated, as lines for io/recording_file.h. Set [market] by
 * market_gen_init() and the rest to zero; box_text_free(&g->line) at the end. */
struct generated {
    struct market_gen market;
    struct box_text line;
};
/* A recording_line_fn; [ctx] is the struct generated. */
enum err generated_line(void *ctx, char **ret, size_t *ret_len) MUST_CHECK;

#endif
