#include "wallet/input.h"

#include "wallet/why.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

bool input_is_terminal(const struct input *from)
{
    return !from->has_fd && !from->file;
}

/* ---- terminal ---- */

static int terminal_fd;
static struct termios terminal_before;

/* A signal that ends the process gives the terminal its echo back first. */
static void restore_and_end(int sig)
{
    (void)tcsetattr(terminal_fd, TCSAFLUSH, &terminal_before);
    _exit(128 + sig);
}

static void catch_signals(struct sigaction before[3], bool catch)
{
    static const int SIGNALS[] = {SIGTERM, SIGHUP, SIGQUIT};
    struct sigaction ours = {.sa_handler = restore_and_end};
    for (int i = 0; i < 3; i++)
        (void)(catch ? sigaction(SIGNALS[i], &ours, &before[i])
                     : sigaction(SIGNALS[i], &before[i], NULL));
}

/* One line, byte by byte, into [s]: the terminal keeps no copy of it. ERR_STATE: Ctrl-C or the end.
 */
static enum err read_line(struct secret *s, size_t max, size_t *ret_len)
{
    size_t len = 0;
    enum err e = ERR_OK;
    for (bool done = false; !done && !e;) {
        ssize_t n = read(terminal_fd, s->data + len, 1);
        if (n < 0 && errno == EINTR)
            continue;
        uint8_t c = n == 1 ? s->data[len] : 4;
        if (c == '\n' || c == '\r')
            done = true;
        else if (c == 3 || c == 4)
            e = ERR_STATE;
        else if (c == 0x7f || c == '\b') { /* a character of UTF-8 is several bytes */
            while (len > 0 && (s->data[len - 1] & 0xc0) == 0x80)
                len--;
            len -= len > 0;
        } else if (c == 21) /* Ctrl-U */
            len = 0;
        else if (len++ == max)
            e = ERR_RANGE;
    }
    sodium_memzero(s->data + (e ? 0 : len), s->len - (e ? 0 : len));
    *ret_len = len;
    return e;
}

static void say(const char *text)
{
    (void)!write(terminal_fd, text, strlen(text));
}

static enum err ask(const char *prompt, const char *name, size_t max, unsigned flags,
                    struct secret *ret, char *why)
{
    struct sigaction before[3];
    struct termios quiet = terminal_before;
    quiet.c_lflag &= ~(tcflag_t)(ICANON | ISIG | ECHO | ECHONL);
    if (flags & INPUT_SHOWN)
        quiet.c_lflag |= ECHO;
    quiet.c_cc[VMIN] = 1;
    quiet.c_cc[VTIME] = 0;
    size_t len = 0;
    enum err e = secret_make(ret, max + 1);
    if (e)
        return why_say(why, e, "no memory that could be locked");
    catch_signals(before, true);
    if (tcsetattr(terminal_fd, TCSAFLUSH, &quiet) != 0)
        e = why_say(why, ERR_IO, "the terminal cannot be kept from showing what is typed");
    if (!e) {
        say(prompt);
        say(name);
        say(": ");
        e = read_line(ret, max, &len);
        say("\r\n");
        (void)tcsetattr(terminal_fd, TCSAFLUSH, &terminal_before);
        if (e == ERR_STATE)
            (void)why_say(why, e, "given up");
        else if (e)
            (void)why_say(why, e, "%s: more than %zu bytes", name, max);
    }
    catch_signals(before, false);
    ret->len = len;
    if (e)
        secret_free(ret);
    return e;
}

static enum err from_terminal(const char *name, size_t max, unsigned flags, struct secret *ret,
                              char *why)
{
    struct secret again = {NULL, 0};
    terminal_fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (terminal_fd < 0 || tcgetattr(terminal_fd, &terminal_before) != 0) {
        if (terminal_fd >= 0)
            close(terminal_fd);
        return why_say(why, ERR_NOT_FOUND,
                       "%s: there is no terminal to ask on; give a file or a descriptor (--help)",
                       name);
    }
    enum err e = ask("", name, max, flags, ret, why);
    if (!e && flags & INPUT_TWICE) {
        e = ask("Again, ", name, max, flags, &again, why);
        if (!e && (again.len != ret->len || sodium_memcmp(again.data, ret->data, ret->len) != 0))
            e = why_say(why, ERR_STATE, "%s: the two are not the same", name);
        if (e)
            secret_free(ret);
    }
    secret_free(&again);
    close(terminal_fd);
    return e;
}

/* ---- files ---- */

static enum err from_fd(int fd, const char *name, size_t max, struct secret *ret, char *why)
{
    size_t len = 0, room = max + 2; /* a line end, and one byte too many to see it */
    struct secret s;
    enum err e = secret_make(&s, room + 1);
    if (e)
        return why_say(why, e, "no memory that could be locked");
    while (len < room) {
        ssize_t n = read(fd, s.data + len, room - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            e = why_say(why, ERR_IO, "%s: cannot be read: %s", name, strerror(errno));
            secret_free(&s);
            return e;
        }
        if (n == 0)
            break;
        len += (size_t)n;
    }
    s.len = len;
    *ret = s;
    return ERR_OK;
}

static enum err from_file(const char *path, const char *name, size_t max, struct secret *ret,
                          char *why)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return why_say(why, ERR_NOT_FOUND, "%s: %.100s: %s", name, path, strerror(errno));
    enum err e = ERR_OK;
    if (fstat(fd, &st) != 0 || (S_ISREG(st.st_mode) && st.st_mode & (S_IRWXG | S_IRWXO)))
        e = why_say(why, ERR_RANGE,
                    "%s: %.100s: others may read or write it; allowed: mode 0600 (chmod 600)", name,
                    path);
    if (!e)
        e = from_fd(fd, name, max, ret, why);
    close(fd);
    return e;
}

static enum err check(struct secret *s, const char *name, size_t max, unsigned flags, char *why)
{
    if (!(flags & INPUT_RAW) && s->len && s->data[s->len - 1] == '\n')
        s->data[--s->len] = 0;
    if (!(flags & INPUT_RAW) && s->len && s->data[s->len - 1] == '\r')
        s->data[--s->len] = 0;
    if (s->len > max)
        return why_say(why, ERR_RANGE, "%s: more than %zu bytes", name, max);
    if (s->len == 0 && !(flags & INPUT_EMPTY))
        return why_say(why, ERR_RANGE, "%s: there is nothing", name);
    for (size_t i = 0; i < s->len && !(flags & INPUT_RAW); i++)
        if (s->data[i] < 0x20 || s->data[i] == 0x7f)
            return why_say(why, ERR_RANGE, "%s: holds a control character, or a second line", name);
    return ERR_OK;
}

enum err input_read(const struct input *from, const char *name, size_t max, unsigned flags,
                    struct secret *ret, char *why)
{
    struct secret s;
    enum err e = from->has_fd ? from_fd(from->fd, name, max, &s, why)
                 : from->file ? from_file(from->file, name, max, &s, why)
                              : from_terminal(name, max, flags, &s, why);
    if (e)
        return e;
    e = check(&s, name, max, flags, why);
    if (e) {
        secret_free(&s);
        return e;
    }
    secret_shut(&s);
    *ret = s;
    return ERR_OK;
}
