#include "refuse.h"

/* Appends what of [text] fits. */
static void say(char *why, size_t cap, size_t *len, const char *text)
{
    size_t n = strlen(text);
    n = n < cap - *len ? n : cap - 1 - *len;
    memcpy(why + *len, text, n);
    *len += n;
    why[*len] = 0;
}

enum err refuse(const char *key, const char *text, const char **ret_key, char *why, size_t cap)
{
    size_t len = 0;
    say(why, cap, &len, text);
    *ret_key = key;
    return ERR_RANGE;
}

enum err refuse_unused(const struct param_spec *spec, const struct params *p,
                       const struct usable *all, size_t n, const char **ret_key, char *why,
                       size_t cap)
{
    size_t len = 0;
    for (size_t k = 0; k < n; k++) {
        if (all[k].used || !p->value[all[k].param].given)
            continue;
        say(why, cap, &len, "is not used; allowed: with ");
        say(why, cap, &len, all[k].by);
        say(why, cap, &len, ", or leave it out");
        *ret_key = spec[all[k].param].key;
        return ERR_RANGE;
    }
    return ERR_OK;
}
