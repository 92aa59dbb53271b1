/* tradewind doctor: looks at everything a run needs, and says what is wrong before it is started.
 */
#include "base/clock.h"
#include "config/config.h"
#include "io/http_client.h"
#include "io/state_dir.h"
#include "io/tls.h"
#include "main/cmd.h"
#include "main/doctor_signer.h"
#include "main/kinds.h"
#include "main/usage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <sys/un.h>
#include <unistd.h>

#define DISK_LOW_BYTES  (1024ull * 1024 * 1024)
#define DISK_FULL_BYTES (64ull * 1024 * 1024)
#define CLOCK_OFF_NS    (1 * NS_PER_S)

static const char HELP[] =
    "usage: tradewind doctor CONFIG\n"
    "\n"
    "Checks the configuration, the state directory, disk space, this machine's clock, the\n"
    "certificates, the control socket, the signer where [signer] is given, and whether each venue\n"
    "answers over TLS.\n"
    "Exit codes: 0 nothing is wrong, 1 something is, 2 usage, 4 the configuration is wrong.\n";

static int wrong;

__attribute__((format(printf, 3, 4))) static void say(enum finding f, const char *what,
                                                      const char *format, ...)
{
    static const char *const WORD[] = {"ok", "warn", "WRONG"};
    va_list ap;
    printf("%-6s %-16s ", WORD[f], what);
    va_start(ap, format);
    vprintf(format, ap);
    va_end(ap);
    putchar('\n');
    wrong += f == FINDING_WRONG;
}

static void look_at_space(const char *path)
{
    struct statvfs v;
    if (statvfs(path, &v) != 0) {
        say(FINDING_WRONG, "disk space", "%s: %s", path, strerror(errno));
        return;
    }
    unsigned long long left = (unsigned long long)v.f_bavail * v.f_frsize;
    say(left < DISK_FULL_BYTES  ? FINDING_WRONG
        : left < DISK_LOW_BYTES ? FINDING_WARNING
                                : FINDING_FINE,
        "disk space", "%llu MB free at %s", left / 1000000, path);
}

/* Whether a daemon holds the lock. */
static bool is_locked(const char *path)
{
    char file[STATE_DIR_FILE_MAX];
    snprintf(file, sizeof file, "%s/lock", path);
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    bool locked = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0;
    if (fd >= 0)
        close(fd);
    return locked;
}

static void look_at_latch(const char *path)
{
    char file[STATE_DIR_FILE_MAX];
    snprintf(file, sizeof file, "%s/latch", path);
    struct state_dir d = {.latch_fd = open(file, O_RDONLY | O_CLOEXEC)};
    struct latch l;
    if (d.latch_fd < 0)
        return; /* the first start makes it */
    if (state_dir_get_latch(&d, &l) != ERR_OK)
        say(FINDING_WRONG, "latch", "%s cannot be read", file);
    else if (l.kind != LATCH_NONE)
        say(FINDING_WARNING, "latch", "the next start begins HALTED: %s", l.text);
    close(d.latch_fd);
}

static void look_at_state(const struct setup *s)
{
    struct stat st;
    const char *path = s->state_dir;
    char parent[PATH_MAX_BYTES];
    uint32_t last = 0;
    if (stat(path, &st) != 0) {
        char *slash = strrchr(memcpy(parent, path, strlen(path) + 1), '/');
        if (slash)
            *slash = 0;
        bool can = errno == ENOENT && access(slash ? (*parent ? parent : "/") : ".", W_OK) == 0;
        say(can ? FINDING_FINE : FINDING_WRONG, "state directory", "%s: %s", path,
            can ? "the first start makes it" : strerror(errno));
        look_at_space(slash ? (*parent ? parent : "/") : ".");
        return;
    }
    if (!S_ISDIR(st.st_mode))
        say(FINDING_WRONG, "state directory", "%s is not a directory", path);
    else if (access(path, R_OK | W_OK | X_OK) != 0)
        say(FINDING_WRONG, "state directory", "%s: %s", path, strerror(errno));
    else if (st.st_mode & 077)
        say(FINDING_WARNING, "state directory",
            "%s: others may look in (mode %03o); a start makes it 700", path,
            (unsigned)st.st_mode & 0777);
    else
        say(FINDING_FINE, "state directory", "%s", path);
    look_at_space(path);
    look_at_latch(path);
    if (state_dir_last_journal(path, &last) != ERR_OK)
        say(FINDING_WRONG, "journal", "%s cannot be read", path);
    else if (last)
        say(FINDING_FINE, "journal", "%lu in it; `tradewind replay %s` proves the newest",
            (unsigned long)last, path);
    say(FINDING_FINE, "daemon", "%s", is_locked(path) ? "runs" : "does not run");
}

static void look_at_socket(const struct setup *s)
{
    struct sockaddr_un address;
    struct stat st;
    if (strlen(s->control_socket) >= sizeof address.sun_path)
        say(FINDING_WRONG, "control socket", "%s: a socket's path may have at most %zu bytes",
            s->control_socket, sizeof address.sun_path - 1);
    else if (lstat(s->control_socket, &st) == 0 && !S_ISSOCK(st.st_mode))
        say(FINDING_WRONG, "control socket", "%s is there and is not a socket", s->control_socket);
    else
        say(FINDING_FINE, "control socket", "%s", s->control_socket);
}

static void look_at_clock(void)
{
    struct timex t = {.modes = 0};
    int state = adjtimex(&t);
    if (state < 0)
        say(FINDING_WARNING, "clock", "adjtimex: %s", strerror(errno));
    else if (state == TIME_ERROR || (t.status & STA_UNSYNC))
        say(FINDING_WARNING, "clock", "is not kept in time by NTP, as the kernel knows it");
    else
        say(FINDING_FINE, "clock", "is kept in time by NTP");
}

/* ---- one venue ---- */

struct question {
    struct loop *loop;
    const struct venue_setup *venue;
    int64_t asked_ns; /* wall clock */
};

/* The number behind "serverTime": in milliseconds; 0 where it is not there. */
static int64_t server_time_ms(const char *body)
{
    const char *p = strstr(body, "\"serverTime\":");
    return p ? strtoll(p + strlen("\"serverTime\":"), NULL, 10) : 0;
}

static void on_answer(void *ctx, const struct http_answer *a)
{
    struct question *q = ctx;
    const char *name = q->venue->name;
    int64_t now_ns = clock_wall_ns(), ms = a->status == 200 ? server_time_ms(a->body) : 0;
    if (a->status == 0)
        say(FINDING_WRONG, name, "%s: %s", q->venue->rest_url, a->why);
    else if (a->status != 200 || ms == 0)
        say(FINDING_WRONG, name, "%s answers %d to a question for its time", q->venue->rest_url,
            a->status);
    else {
        int64_t off_ns = ms * NS_PER_MS - (q->asked_ns + (now_ns - q->asked_ns) / 2);
        bool far = off_ns > CLOCK_OFF_NS || off_ns < -CLOCK_OFF_NS;
        say(far ? FINDING_WARNING : FINDING_FINE, name,
            "answers in %.1f ms over TLS; its clock is %s%.3f s from ours%s",
            (double)(now_ns - q->asked_ns) / 1e6, off_ns < 0 ? "-" : "+",
            (double)(off_ns < 0 ? -off_ns : off_ns) / 1e9,
            far ? " (a replay of old data is, too)" : "");
    }
    loop_stop(q->loop);
}

static void look_at_venue(struct loop *loop, const struct venue_setup *v)
{
    struct tls *tls = NULL;
    struct http_client *client = NULL;
    const char *why = "";
    enum err rc = tls_open(&tls, v->ca_file);
    if (rc != ERR_OK) {
        say(FINDING_WRONG, v->name, "ca_file \"%s\": %s", v->ca_file,
            rc == ERR_NOT_FOUND ? "cannot be read"
            : rc == ERR_SYNTAX  ? "there is no certificate in it"
                                : err_name(rc));
        return;
    }
    struct question q = {.loop = loop, .venue = v, .asked_ns = clock_wall_ns()};
    rc = http_client_open(&client, loop, v->rest_url, tls, NULL, &why);
    if (rc == ERR_OK)
        rc = http_get(client, "/api/v3/time", on_answer, &q);
    if (rc != ERR_OK)
        say(FINDING_WRONG, v->name, "%s: %s", v->rest_url, why[0] ? why : err_name(rc));
    else if (loop_run(loop) != ERR_OK)
        say(FINDING_WRONG, v->name, "the event loop broke");
    http_client_close(client);
    tls_close(tls);
}

static void look_at_all(const struct setup *s)
{
    look_at_state(s);
    look_at_socket(s);
    look_at_clock();
    struct loop *loop = NULL;
    if (loop_open(&loop) != ERR_OK) {
        say(FINDING_WRONG, "venues", "the event loop cannot be opened");
        return;
    }
    if (s->signer.given) {
        char text[2 * PATH_MAX_BYTES];
        enum finding f = doctor_signer(loop, &s->signer, text, sizeof text);
        say(f, "signer", "%s", text);
    }
    for (uint32_t v = 0; v < s->venues; v++)
        look_at_venue(loop, &s->venue[v]);
    loop_close(loop);
}

int cmd_doctor(int argc, char **argv)
{
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        fputs(HELP, stdout);
        return EXIT_CODE_OK;
    }
    if (argc != 2 || argv[1][0] == '-') {
        usage_wrong("tradewind doctor", argc < 2 ? NULL : argv[1][0] == '-' ? argv[1] : argv[2]);
        fputs(HELP, stderr);
        return EXIT_CODE_USAGE;
    }
    struct config c;
    struct config_report report = {.line = NULL};
    enum err rc = config_load(&c, argv[1], program_kinds(), &report);
    for (size_t i = 0; i < report.count; i++)
        say(FINDING_WRONG, "configuration", "%s", report.line[i]);
    config_report_clear(&report);
    if (rc != ERR_OK)
        return EXIT_CODE_CONFIG;
    say(FINDING_FINE, "configuration", "%s: agent %s, %lu strategies", argv[1], c.setup->agent_name,
        (unsigned long)c.setup->strategies);
    look_at_all(c.setup);
    config_close(&c);
    if (wrong)
        printf("things that are wrong: %d\n", wrong);
    return wrong ? EXIT_CODE_ERROR : EXIT_CODE_OK;
}
