#include "datafiles.h"

#include "base/check.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

static char path_now[512];

static void add_instrument(struct setup *s, const char *symbol, venue_id venue)
{
    struct instrument *in = &s->instrument[s->instruments++];
    snprintf(in->symbol, sizeof in->symbol, "%s", symbol);
    in->venue = venue;
}

void datafiles_open(struct datafiles *d)
{
    memset(d, 0, sizeof *d);
    snprintf(d->dir, sizeof d->dir, "/tmp/tradewind-test-XXXXXX");
    CHECK(mkdtemp(d->dir) != NULL);
    d->setup = calloc(1, sizeof *d->setup);
    CHECK(d->setup != NULL);
    d->setup->venues = 2;
    for (int v = 0; v < 2; v++) {
        snprintf(d->setup->venue[v].name, NAME_MAX_BYTES, "%s", v ? "kraken" : "binance");
        snprintf(d->setup->venue[v].kind, NAME_MAX_BYTES, "binance-spot");
    }
    add_instrument(d->setup, "BTC-USDT", 0);
    add_instrument(d->setup, "ETH-USDT", 0);
    add_instrument(d->setup, "BTC-USDT", 1);
    add_instrument(d->setup, "XRP-ETH", 1);
    CHECK(tape_open(&d->tape) == ERR_OK);
    d->all = (struct datafile_options){.from_ns = INT64_MIN, .to_ns = INT64_MAX};
    CHECK(datafile_sessions_open(&d->all.sessions) == ERR_OK);
}

void datafiles_close(struct datafiles *d)
{
    DIR *dir = opendir(d->dir);
    struct dirent *entry;
    while (dir && (entry = readdir(dir)) != NULL) {
        snprintf(path_now, sizeof path_now, "%s/%s", d->dir, entry->d_name);
        unlink(path_now);
    }
    if (dir)
        closedir(dir);
    rmdir(d->dir);
    tape_close(d->tape);
    datafile_sessions_close(d->all.sessions);
    free(d->setup);
}

static void write_gzip(const char *path, const void *content, size_t len)
{
    gzFile f = gzopen(path, "wb");
    CHECK(f != NULL);
    CHECK(len == 0 || gzwrite(f, content, (unsigned)len) == (int)len);
    CHECK(gzclose(f) == Z_OK);
}

static void write_plain(const char *path, const void *content, size_t len)
{
    FILE *f = fopen(path, "wb");
    CHECK(f != NULL);
    CHECK(fwrite(content, 1, len, f) == len);
    CHECK(fclose(f) == 0);
}

static void write_zstd(const char *path, const void *content, size_t len)
{
    size_t cap = ZSTD_compressBound(len);
    void *packed = malloc(cap);
    CHECK(packed != NULL);
    size_t n = ZSTD_compress(packed, cap, content, len, 1);
    CHECK(!ZSTD_isError(n));
    write_plain(path, packed, n);
    free(packed);
}

const char *datafiles_write(struct datafiles *d, const char *name, const void *content, size_t len,
                            enum datafiles_packing packing)
{
    snprintf(path_now, sizeof path_now, "%s/%s", d->dir, name);
    switch (packing) {
    case PACK_PLAIN: write_plain(path_now, content, len); break;
    case PACK_GZIP: write_gzip(path_now, content, len); break;
    case PACK_ZSTD: write_zstd(path_now, content, len); break;
    }
    return path_now;
}

enum err datafiles_load(struct datafiles *d, const char *prefix, const char *name, const char *text)
{
    char argument[640];
    datafiles_write(d, name, text, strlen(text), PACK_PLAIN);
    snprintf(argument, sizeof argument, "%s%s", prefix, path_now);
    d->why[0] = 0;
    return datafile_load(d->tape, d->setup, argument, &d->all, &d->info, d->why);
}

struct event datafiles_event(const struct datafiles *d, uint64_t n)
{
    static struct tape_cursor c;
    tape_cursor_init(&c, d->tape);
    const struct event *ev = tape_next(&c);
    for (uint64_t i = 0; ev && i < n; i++)
        ev = tape_next(&c);
    CHECK(ev != NULL);
    return *ev;
}
