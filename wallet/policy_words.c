#include "wallet/policy_words.h"

#include "wallet/policy.h"

/* Which words of [all] have their bit, the first one being bit 0. */
static const char *words(unsigned bits, const char *all, char *out)
{
    size_t n = 0;
    for (unsigned bit = 0; *all; bit++) {
        size_t len = strcspn(all, "|");
        if (bits >> bit & 1) {
            memcpy(out + n, ", ", 2);
            n += n ? 2 : 0;
            memcpy(out + n, all, len);
            n += len;
        }
        all += len + (all[len] == '|');
    }
    memcpy(out + n, n ? "" : "none", n ? 1 : 5);
    return out;
}

_Static_assert(sizeof POLICY_OP_WORDS + 2 * 7 < POLICY_WORDS_MAX, "all of them fit");
_Static_assert(sizeof POLICY_TYPE_WORDS + 2 * 5 < POLICY_WORDS_MAX, "all of them fit");

const char *policy_op_words(unsigned ops, char out[static POLICY_WORDS_MAX])
{
    return words(ops, POLICY_OP_WORDS, out);
}

const char *policy_type_words(unsigned types, char out[static POLICY_WORDS_MAX])
{
    return words(types >> 1, POLICY_TYPE_WORDS, out);
}
