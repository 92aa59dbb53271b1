#include "refuse.h"

enum err refuse(const char *key, const char *text, const char **ret_key, char *why, size_t cap)
{
    size_t n = strlen(text);
    n = n < cap ? n : cap - 1;
    memcpy(why, text, n);
    why[n] = 0;
    *ret_key = key;
    return ERR_RANGE;
}
