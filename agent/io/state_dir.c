#include "io/state_dir.h"

#include "io/journal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LATCH_BYTES 512 /* of the file, always */
#define LATCH_WORD  "HALTED"

/* ---- the latch: "HALTED <kind> <journal> <record> <text>\n", padded with spaces ---- */

struct text {
    char *at, *end;
};

static void add(struct text *t, const char *s)
{
    for (; *s && t->at < t->end; s++)
        *t->at++ = (unsigned char)*s < 0x20 ? ' ' : *s;
}

static void add_number(struct text *t, uint64_t n)
{
    char digits[24], *p = digits + sizeof digits - 1;
    *p = 0;
    do
        *--p = (char)('0' + n % 10);
    while (n /= 10);
    add(t, p);
    add(t, " ");
}

enum err state_dir_set_latch(const struct state_dir *d, const struct latch *l)
{
    char line[LATCH_BYTES];
    memset(line, ' ', sizeof line);
    line[sizeof line - 1] = '\n';
    struct text t = {line, line + sizeof line - 1};
    if (l->kind != LATCH_NONE) {
        add(&t, LATCH_WORD " ");
        add_number(&t, (uint64_t)l->kind);
        add_number(&t, l->journal);
        add_number(&t, l->record);
        add(&t, l->text);
    }
    if (pwrite(d->latch_fd, line, sizeof line, 0) != (ssize_t)sizeof line ||
        fdatasync(d->latch_fd) != 0)
        return ERR_IO;
    return ERR_OK;
}

enum err state_dir_get_latch(const struct state_dir *d, struct latch *ret)
{
    char line[LATCH_BYTES + 1];
    ssize_t n = pread(d->latch_fd, line, LATCH_BYTES, 0);
    if (n < 0)
        return ERR_IO;
    line[n] = 0;
    size_t len = strlen(line);
    while (len && (line[len - 1] == ' ' || line[len - 1] == '\n'))
        line[--len] = 0;
    struct latch l = {.kind = LATCH_NONE};
    if (len) {
        char *rest = line + strlen(LATCH_WORD);
        unsigned long long kind = 0, journal = 0, record = 0;
        if (strncmp(line, LATCH_WORD " ", strlen(LATCH_WORD) + 1) == 0) {
            kind = strtoull(rest, &rest, 10);
            journal = strtoull(rest, &rest, 10);
            record = strtoull(rest, &rest, 10);
            rest += *rest == ' ';
        } else
            rest = line;
        l.kind = kind == LATCH_HOST ? LATCH_HOST : LATCH_ENGINE;
        l.journal = (uint32_t)journal;
        l.record = record;
        snprintf(l.text, sizeof l.text, "%.*s", (int)sizeof l.text - 1, rest);
    }
    *ret = l;
    return ERR_OK;
}

/* ---- the directory ---- */

static int open_in(const char *dir, const char *name)
{
    char path[STATE_DIR_FILE_MAX];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

static enum err take_lock(struct state_dir *d, char *why)
{
    d->lock_fd = open_in(d->path, "lock");
    if (d->lock_fd < 0) {
        snprintf(why, STATE_DIR_WHY_MAX, "%s/lock: %s", d->path, strerror(errno));
        return ERR_IO;
    }
    char pid[32] = "";
    if (flock(d->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) {
            snprintf(why, STATE_DIR_WHY_MAX, "%s/lock: %s", d->path, strerror(errno));
            return ERR_IO;
        }
        ssize_t n = pread(d->lock_fd, pid, sizeof pid - 1, 0);
        pid[n > 0 ? n : 0] = 0;
        pid[strcspn(pid, "\n")] = 0;
        snprintf(why, STATE_DIR_WHY_MAX,
                 "%s is in use by another tradewindd (process %s): stop that one, or give this "
                 "agent a state_dir of its own",
                 d->path, pid[0] ? pid : "unknown");
        return ERR_EXISTS;
    }
    int n = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    if (ftruncate(d->lock_fd, 0) != 0 || pwrite(d->lock_fd, pid, (size_t)n, 0) != n) {
        snprintf(why, STATE_DIR_WHY_MAX, "%s/lock: cannot write: %s", d->path, strerror(errno));
        return ERR_IO;
    }
    return ERR_OK;
}

static enum err open_latch(struct state_dir *d, char *why)
{
    struct stat st;
    d->latch_fd = open_in(d->path, "latch");
    if (d->latch_fd < 0 || fstat(d->latch_fd, &st) != 0) {
        snprintf(why, STATE_DIR_WHY_MAX, "%s/latch: %s", d->path, strerror(errno));
        return ERR_IO;
    }
    struct latch none = {.kind = LATCH_NONE};
    if (st.st_size < LATCH_BYTES && state_dir_set_latch(d, &none) != ERR_OK) {
        snprintf(why, STATE_DIR_WHY_MAX, "%s/latch: cannot write: %s", d->path, strerror(errno));
        return ERR_IO;
    }
    return ERR_OK;
}

static enum err check_directory(struct state_dir *d, char *why)
{
    if (mkdir(d->path, 0700) != 0 && errno != EEXIST) {
        snprintf(why, STATE_DIR_WHY_MAX, "%s: cannot be made: %s%s", d->path, strerror(errno),
                 errno == ENOENT ? " (only the last part of the path is made)" : "");
        return ERR_IO;
    }
    int fd = open(d->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) {
        snprintf(why, STATE_DIR_WHY_MAX, "%s: %s", d->path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return ERR_IO;
    }
    enum err rc = ERR_OK;
    if (st.st_uid != geteuid() && geteuid() != 0) {
        snprintf(why, STATE_DIR_WHY_MAX, "%s: belongs to user %lu, not to this one (%lu)", d->path,
                 (unsigned long)st.st_uid, (unsigned long)geteuid());
        rc = ERR_IO;
    } else if (st.st_mode & 077) {
        d->tightened = fchmod(fd, 0700) == 0;
        if (!d->tightened) {
            snprintf(why, STATE_DIR_WHY_MAX, "%s: others may look in, and chmod 700 fails: %s",
                     d->path, strerror(errno));
            rc = ERR_IO;
        }
    }
    close(fd);
    return rc;
}

enum err state_dir_open(struct state_dir *ret, const char *path, char *why)
{
    struct state_dir d = {.lock_fd = -1, .latch_fd = -1};
    if (strlen(path) >= sizeof d.path) {
        snprintf(why, STATE_DIR_WHY_MAX, "the path of the state directory is too long");
        return ERR_IO;
    }
    memcpy(d.path, path, strlen(path) + 1);
    enum err rc = check_directory(&d, why);
    if (rc == ERR_OK)
        rc = take_lock(&d, why);
    if (rc == ERR_OK)
        rc = open_latch(&d, why);
    if (rc != ERR_OK) {
        state_dir_close(&d);
        return rc;
    }
    *ret = d;
    return ERR_OK;
}

void state_dir_close(struct state_dir *d)
{
    if (d->latch_fd >= 0)
        close(d->latch_fd);
    if (d->lock_fd >= 0)
        close(d->lock_fd); /* the lock goes with it; the file stays, so that nobody races */
    d->latch_fd = d->lock_fd = -1;
}

enum err state_dir_last_journal(const char *path, uint32_t *ret)
{
    DIR *dir = opendir(path);
    if (!dir)
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    uint32_t last = 0;
    struct dirent *e;
    while ((e = readdir(dir)) != NULL) {
        unsigned n = 0;
        int used = 0;
        char name[JOURNAL_NAME_MAX];
        uint32_t segment;
        journal_segment_of(e->d_name, name, &segment); /* the first one may be gone */
        if (sscanf(name, "journal-%4u.twj%n", &n, &used) == 1 && used > 0 && !name[used] &&
            n > last)
            last = n;
    }
    closedir(dir);
    *ret = last;
    return ERR_OK;
}

void state_dir_journal_path(const char *path, uint32_t number, char *out)
{
    snprintf(out, STATE_DIR_FILE_MAX, "%s/journal-%04u.twj", path,
             number % (STATE_DIR_JOURNALS_MAX + 1));
}
