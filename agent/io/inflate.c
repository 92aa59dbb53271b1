#include "io/inflate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#define IN_CAP (256 * 1024)

enum packing { PACKING_PLAIN, PACKING_GZIP, PACKING_ZSTD };

struct inflate {
    int fd;
    enum packing packing;
    uint64_t position, size;
    bool eof;       /* the file has no more bytes */
    bool in_member; /* inside a gzip member or zstd frame: the end of the file here is an error */
    bool gzip_ready;
    z_stream gzip;
    ZSTD_DStream *zstd;
    uint8_t *in;
    size_t in_pos, in_len;
};

static enum err read_file(struct inflate *z, void *to, size_t cap, size_t *ret, char *why)
{
    ssize_t n;
    do
        n = read(z->fd, to, cap);
    while (n < 0 && errno == EINTR);
    if (n < 0) {
        snprintf(why, INFLATE_WHY_MAX, "cannot be read: %s", strerror(errno));
        return ERR_IO;
    }
    z->position += (uint64_t)n;
    z->eof = n == 0;
    *ret = (size_t)n;
    return ERR_OK;
}

static enum err fill_input(struct inflate *z, char *why)
{
    if (z->in_pos < z->in_len || z->eof)
        return ERR_OK;
    z->in_pos = z->in_len = 0;
    return read_file(z, z->in, IN_CAP, &z->in_len, why);
}

/* What the first bytes say. An archive is refused by name: it may hold several files. */
static enum err tell_packing(struct inflate *z, char *why)
{
    static const struct {
        uint8_t magic[6];
        size_t len;
        const char *refusal;
    } ARCHIVES[] = {
        {{'P', 'K', 3, 4}, 4, "is a zip archive: unpack it first (unzip FILE)"},
        {{0xfd, '7', 'z', 'X', 'Z', 0}, 6, "is packed with xz: unpack it first (unxz FILE)"},
        {{'B', 'Z', 'h'}, 3, "is packed with bzip2: unpack it first (bunzip2 FILE)"},
        {{'7', 'z', 0xbc, 0xaf, 0x27, 0x1c}, 6, "is a 7z archive: unpack it first"},
    };
    for (size_t i = 0; i < sizeof ARCHIVES / sizeof ARCHIVES[0]; i++)
        if (z->in_len >= ARCHIVES[i].len &&
            memcmp(z->in, ARCHIVES[i].magic, ARCHIVES[i].len) == 0) {
            snprintf(why, INFLATE_WHY_MAX, "%s", ARCHIVES[i].refusal);
            return ERR_UNSUPPORTED;
        }
    static const uint8_t GZIP[] = {0x1f, 0x8b}, ZSTD[] = {0x28, 0xb5, 0x2f, 0xfd};
    z->packing = PACKING_PLAIN;
    if (z->in_len >= sizeof GZIP && memcmp(z->in, GZIP, sizeof GZIP) == 0)
        z->packing = PACKING_GZIP;
    else if (z->in_len >= sizeof ZSTD && memcmp(z->in, ZSTD, sizeof ZSTD) == 0)
        z->packing = PACKING_ZSTD;
    return ERR_OK;
}

static enum err start_unpacker(struct inflate *z, char *why)
{
    bool ready = true;
    switch (z->packing) {
    case PACKING_PLAIN: break;
    case PACKING_GZIP:
        ready = z->gzip_ready = inflateInit2(&z->gzip, 16 + MAX_WBITS) == Z_OK;
        break;
    case PACKING_ZSTD:
        z->zstd = ZSTD_createDStream();
        ready = z->zstd && !ZSTD_isError(ZSTD_initDStream(z->zstd));
        break;
    }
    if (ready)
        return ERR_OK;
    snprintf(why, INFLATE_WHY_MAX, "no memory to unpack it");
    return ERR_NOMEM;
}

static enum err start(struct inflate *z, const char *path, char *why)
{
    struct stat st;
    z->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (z->fd < 0 || fstat(z->fd, &st) != 0) {
        snprintf(why, INFLATE_WHY_MAX, "cannot be opened: %s", strerror(errno));
        return ERR_IO;
    }
    if (S_ISDIR(st.st_mode)) {
        snprintf(why, INFLATE_WHY_MAX, "is a directory, not a file");
        return ERR_IO;
    }
    z->size = (uint64_t)st.st_size;
    z->in = malloc(IN_CAP);
    if (!z->in) {
        snprintf(why, INFLATE_WHY_MAX, "no memory to read it");
        return ERR_NOMEM;
    }
    enum err e = fill_input(z, why);
    if (!e)
        e = tell_packing(z, why);
    if (!e)
        e = start_unpacker(z, why);
    return e;
}

enum err inflate_open(struct inflate **ret, const char *path, char *why)
{
    struct inflate *z = calloc(1, sizeof *z);
    if (!z) {
        snprintf(why, INFLATE_WHY_MAX, "no memory to read it");
        return ERR_NOMEM;
    }
    z->fd = -1;
    enum err e = start(z, path, why);
    if (e) {
        inflate_close(z);
        return e;
    }
    *ret = z;
    return ERR_OK;
}

/* One call of an unpacker with what is there; *n bytes came out. */
static enum err step_gzip(struct inflate *z, uint8_t *out, size_t cap, size_t *n, char *why)
{
    if (!z->in_member && inflateReset(&z->gzip) != Z_OK) {
        snprintf(why, INFLATE_WHY_MAX, "cannot be unpacked");
        return ERR_CORRUPT;
    }
    z->in_member = true;
    uInt give = (uInt)(z->in_len - z->in_pos), room = (uInt)(cap > IN_CAP ? IN_CAP : cap);
    z->gzip.next_in = z->in + z->in_pos;
    z->gzip.avail_in = give;
    z->gzip.next_out = out;
    z->gzip.avail_out = room;
    int r = inflate(&z->gzip, Z_NO_FLUSH);
    z->in_pos += give - z->gzip.avail_in;
    *n = room - z->gzip.avail_out;
    z->in_member = r != Z_STREAM_END;
    if (r == Z_OK || r == Z_BUF_ERROR || r == Z_STREAM_END)
        return ERR_OK;
    snprintf(why, INFLATE_WHY_MAX, "its gzip data is damaged (%s)",
             z->gzip.msg ? z->gzip.msg : "no detail");
    return ERR_CORRUPT;
}

static enum err step_zstd(struct inflate *z, uint8_t *out, size_t cap, size_t *n, char *why)
{
    ZSTD_inBuffer in = {z->in + z->in_pos, z->in_len - z->in_pos, 0};
    ZSTD_outBuffer o = {out, cap, 0};
    size_t r = ZSTD_decompressStream(z->zstd, &o, &in);
    if (ZSTD_isError(r)) {
        snprintf(why, INFLATE_WHY_MAX, "its zstd data is damaged (%s)", ZSTD_getErrorName(r));
        return ERR_CORRUPT;
    }
    z->in_pos += in.pos;
    z->in_member = r != 0;
    *n = o.pos;
    return ERR_OK;
}

static enum err read_packed(struct inflate *z, uint8_t *out, size_t cap, size_t *ret, char *why)
{
    size_t len = 0;
    while (len < cap) {
        enum err e = fill_input(z, why);
        if (e)
            return e;
        /* Without new input an unpacker may still hold output, so it is asked once more. */
        bool drained = z->in_pos == z->in_len;
        if (drained && !z->in_member)
            break;
        size_t n = 0;
        e = z->packing == PACKING_GZIP ? step_gzip(z, out + len, cap - len, &n, why)
                                       : step_zstd(z, out + len, cap - len, &n, why);
        if (e)
            return e;
        if (drained && n == 0 && z->in_member) {
            snprintf(why, INFLATE_WHY_MAX,
                     "ends in the middle of its %s data (a download cut short?)",
                     z->packing == PACKING_GZIP ? "gzip" : "zstd");
            return ERR_TRUNCATED;
        }
        len += n;
    }
    *ret = len;
    return ERR_OK;
}

/* Straight into the caller's memory, but for what tell_packing() looked at. */
static enum err read_plain(struct inflate *z, uint8_t *out, size_t cap, size_t *ret, char *why)
{
    size_t have = z->in_len - z->in_pos, len = have < cap ? have : cap;
    memcpy(out, z->in + z->in_pos, len);
    z->in_pos += len;
    while (len < cap && !z->eof) {
        size_t n = 0;
        enum err e = read_file(z, out + len, cap - len, &n, why);
        if (e)
            return e;
        len += n;
    }
    *ret = len;
    return ERR_OK;
}

enum err inflate_read(struct inflate *z, void *out, size_t cap, size_t *ret_len, char *why)
{
    return z->packing == PACKING_PLAIN ? read_plain(z, out, cap, ret_len, why)
                                       : read_packed(z, out, cap, ret_len, why);
}

uint64_t inflate_position(const struct inflate *z)
{
    return z->position;
}

uint64_t inflate_size(const struct inflate *z)
{
    return z->size;
}

void inflate_close(struct inflate *z)
{
    if (!z)
        return;
    if (z->gzip_ready)
        inflateEnd(&z->gzip);
    ZSTD_freeDStream(z->zstd);
    if (z->fd >= 0)
        close(z->fd);
    free(z->in);
    free(z);
}
