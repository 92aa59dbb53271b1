/* The words that people say for the bits of a policy: in its TOML, in tables, in what changed. */
#ifndef TW_WALLET_POLICY_WORDS_H
#define TW_WALLET_POLICY_WORDS_H

#include <stddef.h>

/* All words, joined by '|', in the order of enum bits: bit n of the operations is word n. */
#define POLICY_OP_WORDS   "order|cancel|cancel-replace|cancel-all|query|account|stream"
#define POLICY_TYPE_WORDS "limit|limit-maker|market|stop-loss-limit|take-profit-limit"

/* The bits of [ops] and of [types] in words, joined by ", "; "none" where there are none. [out] has
 * POLICY_WORDS_MAX bytes; both return it. */
#define POLICY_WORDS_MAX 128
const char *policy_op_words(unsigned ops, char out[static POLICY_WORDS_MAX]);
const char *policy_type_words(unsigned types, char out[static POLICY_WORDS_MAX]);

#endif
