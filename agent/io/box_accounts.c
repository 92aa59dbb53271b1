#include "io/box_accounts.h"

#include "base/clock.h"
#include "io/box_sign.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t wall_us(void *ctx)
{
    (void)ctx;
    return clock_wall_ns() / NS_PER_US;
}

static enum err read_all(const char *path, char **ret, size_t *ret_len, char *why, size_t why_cap)
{
    FILE *f = fopen(path, "re");
    char *text = f ? malloc(BOX_ACCOUNTS_FILE_MAX + 1) : NULL;
    if (!text) {
        snprintf(why, why_cap, "--accounts %s: %s", path, strerror(errno));
        if (f)
            fclose(f);
        return ERR_IO;
    }
    size_t n = fread(text, 1, BOX_ACCOUNTS_FILE_MAX + 1, f);
    bool bad = ferror(f) != 0;
    fclose(f);
    if (bad || n > BOX_ACCOUNTS_FILE_MAX) {
        snprintf(why, why_cap, "--accounts %s: %s", path,
                 bad ? "it cannot be read" : "it is larger than 1 MiB");
        free(text);
        return bad ? ERR_IO : ERR_RANGE;
    }
    *ret = text;
    *ret_len = n;
    return ERR_OK;
}

enum err box_accounts_open(struct box_trading *t, struct box *box, const char *path, char *why,
                           size_t why_cap)
{
    char *text, wrong[BOX_WHY_MAX];
    size_t len;
    enum err e = read_all(path, &text, &len, why, why_cap);
    if (e)
        return e;
    box_trading_init(t, box);
    e = box_trading_read(t, text, len, wrong);
    free(text);
    if (e) {
        snprintf(why, why_cap, "--accounts %s: %s", path, wrong);
        box_trading_free(t);
        return e;
    }
    t->clock = wall_us;
    t->verify = box_sign_verify;
    box->trading = t;
    return ERR_OK;
}
