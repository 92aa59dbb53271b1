/* The control socket: what is answered, what is refused, and to whom. */
#include "io/control.h"
#include "io/loop.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[64], path[128], why[CONTROL_WHY_MAX];
static struct setup *setup;

/* ---- commands ---- */

static enum err parse(const char *body, struct event_command *c)
{
    why[0] = 0;
    return control_parse_command(setup, body, strlen(body), 1000, c, why);
}

static void commands_are_read(void **state)
{
    (void)state;
    struct event_command c;
    assert_int_equal(
        parse("{\"command\":\"pause\",\"strategy\":\"grid-btc\",\"reason\":\"lunch\"}", &c),
        ERR_OK);
    assert_int_equal(c.kind, COMMAND_PAUSE);
    assert_int_equal(c.strategy, 1);
    assert_string_equal(c.reason, "lunch");
    assert_int_equal(c.uid, 1000);
    assert_int_equal(parse(" { \"command\" : \"resume\" } \n", &c), ERR_OK);
    assert_int_equal(c.kind, COMMAND_RESUME);
    assert_int_equal(c.strategy, STRATEGY_NONE);
    assert_int_equal(parse("{\"command\":\"stopentry\"}", &c), ERR_OK);
    assert_int_equal(parse("{\"command\":\"halt\",\"reason\":\"\"}", &c), ERR_OK);
    assert_int_equal(parse("{\"command\":\"unhalt\",\"reason\":\"looked at it\"}", &c), ERR_OK);
    assert_int_equal(c.kind, COMMAND_UNHALT);
}

static void bad_commands_are_refused(void **state)
{
    (void)state;
    static const char *const BAD[][2] = {
        {"", "empty"},
        {"x", "not JSON"},
        {"{\"command\":\"halt\"} x", "not JSON"},
        {"{\"command\":\"halt\"", "not JSON"},
        {"[]", "must be an object"},
        {"null", "must be an object"},
        {"{}", "command must be one of"},
        {"{\"command\":\"sell everything\"}", "command must be one of"},
        {"{\"command\":5}", "must be strings"},
        {"{\"command\":\"halt\",\"reason\":null}", "must be strings"},
        {"{\"command\":\"pause\"}", "needs a strategy"},
        {"{\"command\":\"pause\",\"strategy\":\"nobody\"}", "no strategy of that name"},
        {"{\"command\":\"halt\",\"strategy\":\"dca\"}", "whole agent"},
        {"{\"command\":\"unhalt\"}", "needs a reason"},
        {"{\"command\":\"unhalt\",\"reason\":\"\"}", "needs a reason"},
        {"{\"command\":\"halt\",\"reason\":\"a\\nb\"}", "control characters"},
        {"{\"command\":\"halt\",\"why\":\"x\"}", "has a key"},
    };
    struct event_command c;
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        assert_int_equal(parse(BAD[i][0], &c), ERR_SYNTAX);
        if (!strstr(why, BAD[i][1]))
            fail_msg("%s: %s", BAD[i][0], why);
    }
    char body[CONTROL_BODY_MAX + 64], reason[COMMAND_REASON_MAX + 1];
    for (size_t n = COMMAND_REASON_MAX - 1; n <= COMMAND_REASON_MAX; n++) { /* at the limit */
        memset(reason, 'r', n);
        reason[n] = 0;
        snprintf(body, sizeof body, "{\"command\":\"halt\",\"reason\":\"%s\"}", reason);
        assert_int_equal(parse(body, &c), n < COMMAND_REASON_MAX ? ERR_OK : ERR_SYNTAX);
    }
    memset(body, ' ', sizeof body);
    memcpy(body, "{\"command\":\"halt\"}", 18);
    body[CONTROL_BODY_MAX] = 0;
    assert_int_equal(parse(body, &c), ERR_OK);
    body[CONTROL_BODY_MAX] = ' ';
    body[CONTROL_BODY_MAX + 1] = 0;
    assert_int_equal(parse(body, &c), ERR_SYNTAX);
    memset(body, '[', CONTROL_BODY_MAX); /* deeply nested */
    body[CONTROL_BODY_MAX] = 0;
    assert_int_equal(parse(body, &c), ERR_SYNTAX);
    assert_int_equal(control_parse_command(setup, "{}\0{}", 5, 0, &c, why), ERR_SYNTAX);
}

/* ---- the socket: the client is a child, the server runs in this process ---- */

static void serve(void *ctx, const struct control_request *q, struct control_answer *a)
{
    (void)ctx;
    char text[512];
    if (strcmp(q->path, "/big") == 0) {
        a->status = 200;
        a->json = malloc(500001);
        memset(a->json, 'b', 500000);
        a->json[500000] = 0;
        return;
    }
    snprintf(text, sizeof text, "%s %s limit=%u len=%zu uid=%d [%.100s]", q->post ? "POST" : "GET",
             q->path, (unsigned)q->limit, q->len, q->uid == geteuid(), q->body);
    a->status = strcmp(q->path, "/missing") == 0 ? 404 : 200;
    a->json = control_error(text);
}

/* Sends [request], reads until the server closes or [seconds] are over. */
static size_t talk(const char *request, size_t len, char *out, size_t cap)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        return 0;
    size_t n = 0;
    ssize_t sent = send(fd, request, len, MSG_NOSIGNAL);
    (void)sent;
    struct pollfd p = {.fd = fd, .events = POLLIN};
    while (n + 1 < cap && poll(&p, 1, 1500) == 1) {
        ssize_t got = read(fd, out + n, cap - 1 - n);
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    out[n] = 0;
    close(fd);
    return n;
}

static void stop_on_child(void *ctx, int signo)
{
    (void)signo;
    loop_stop(ctx);
}

static int child_status;
static void run_server(int (*client)(void))
{
    struct loop *l = NULL;
    struct control *c = NULL;
    assert_int_equal(loop_open(&l), ERR_OK);
    if (control_open(&c, l, path, serve, NULL, why) != ERR_OK)
        fail_msg("%s", why);
    loop_on_signal(l, SIGCHLD, stop_on_child, l);
    pid_t child = fork();
    if (child == 0)
        _exit(client());
    assert_int_equal(loop_run(l), ERR_OK);
    assert_int_equal(waitpid(child, &child_status, 0), child);
    loop_close(l);
    control_close(c);
    assert_true(access(path, F_OK) != 0);
    assert_true(WIFEXITED(child_status));
    assert_int_equal(WEXITSTATUS(child_status), 0);
}

static char reply[600000];
static bool says(const char *request, const char *status, const char *text)
{
    talk(request, strlen(request), reply, sizeof reply);
    if (strncmp(reply, status, strlen(status)) == 0 && strstr(reply, text))
        return true;
    fprintf(stderr, "# to: %.200s\n# came: %.600s\n", request, reply);
    return false;
}

static int ask_all(void)
{
    char request[8192], body[4300];
    memset(body, 'x', sizeof body);
    body[sizeof body - 1] = 0;
    if (!says("GET /v1/status HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 200",
              "GET /v1/status limit=0 len=0 uid=1 []"))
        return 1;
    if (!says("GET /v1/fills?limit=25 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
              "HTTP/1.1 200", "GET /v1/fills limit=25 "))
        return 2;
    if (!says("GET /missing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 404",
              "GET /missing"))
        return 3;
    if (!says("POST /v1/command HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
              "Connection: close\r\n\r\nhello",
              "HTTP/1.1 200", "POST /v1/command limit=0 len=5 uid=1 [hello]"))
        return 4;
    if (!says("POST /v1/command HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n"
              "Connection: close\r\n\r\n",
              "HTTP/1.1 200", "len=0"))
        return 5;
    if (!says("POST /v1/command HTTP/1.1\r\nHost: x\r\nContent-Length: 4097\r\n\r\nx",
              "HTTP/1.1 413", "4096"))
        return 6;
    snprintf(request, sizeof request,
             "POST /v1/command HTTP/1.1\r\nHost: x\r\nContent-Length: 4096\r\nConnection: "
             "close\r\n\r\n%.4096s",
             body);
    if (!says(request, "HTTP/1.1 200", "len=4096"))
        return 7;
    if (!says("POST /v1/command HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 411", "Content-Length"))
        return 8;
    if (!says("DELETE /v1/status HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 405",
              "GET and POST"))
        return 9;
    talk("rubbish\r\n\r\n", 11, reply, sizeof reply);
    if (strstr(reply, "200"))
        return 10;
    if (!says("GET /big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 200",
              "bbbb") ||
        strlen(strstr(reply, "bbbb")) < 500000)
        return 11;
    snprintf(request, sizeof request, "GET /%.4000s HTTP/1.1\r\nHost: x\r\n\r\n", body);
    talk(request, strlen(request), reply, sizeof reply);
    if (strstr(reply, " 200"))
        return 12;
    /* and it is still there */
    return says("GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 200",
                "GET /a ")
               ? 0
               : 13;
}

static void requests_are_answered(void **state)
{
    (void)state;
    run_server(ask_all);
}

static int ask_as_nobody(void)
{
    if (setgid(65534) != 0 || setuid(65534) != 0)
        return 20;
    return says("GET /v1/status HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 403",
                "own user")
               ? 0
               : 21;
}

static int ask_as_nobody_through_modes(void)
{
    /* Even where the modes would let them. */
    chmod(dir, 0777);
    chmod(path, 0777);
    int rc = ask_as_nobody();
    return rc;
}

static int cannot_connect(void)
{
    if (setgid(65534) != 0 || setuid(65534) != 0)
        return 20;
    return talk("GET / HTTP/1.1\r\n\r\n", 18, reply, sizeof reply) == 0 ? 0 : 22;
}

static void other_users_are_refused(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        print_message("needs root to become another user\n");
        skip();
    }
    run_server(cannot_connect);
    run_server(ask_as_nobody_through_modes);
    chmod(dir, 0700);
}

static int nothing(void)
{
    struct stat st;
    return lstat(path, &st) == 0 && (st.st_mode & 0777) == 0600 ? 0 : 1;
}

static void stale_socket_is_replaced(void **state)
{
    (void)state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 1), 0);
    struct loop *l = NULL;
    struct control *c = NULL;
    assert_int_equal(loop_open(&l), ERR_OK);
    assert_int_equal(control_open(&c, l, path, serve, NULL, why), ERR_EXISTS);
    assert_non_null(strstr(why, "listens there already"));
    loop_close(l);
    close(fd); /* the file stays, nobody listens */
    assert_int_equal(access(path, F_OK), 0);
    run_server(nothing);

    int file = open(path, O_CREAT | O_WRONLY, 0600); /* not ours to remove */
    close(file);
    assert_int_equal(loop_open(&l), ERR_OK);
    assert_int_equal(control_open(&c, l, path, serve, NULL, why), ERR_IO);
    assert_non_null(strstr(why, "not a socket"));
    assert_int_equal(unlink(path), 0);
    char longer[256];
    snprintf(longer, sizeof longer, "%s/%0150d", dir, 0);
    assert_int_equal(control_open(&c, l, longer, serve, NULL, why), ERR_RANGE);
    loop_close(l);
}

static int make(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/tw-control-XXXXXX");
    setup = calloc(1, sizeof *setup);
    if (!setup || !mkdtemp(dir))
        return -1;
    snprintf(path, sizeof path, "%s/control.sock", dir);
    setup->strategies = 2;
    memcpy(setup->strategy[0].name, "dca", 4);
    memcpy(setup->strategy[1].name, "grid-btc", 9);
    return 0;
}

static int clean(void **state)
{
    (void)state;
    free(setup);
    unlink(path);
    return rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_are_read),        cmocka_unit_test(bad_commands_are_refused),
        cmocka_unit_test(requests_are_answered),    cmocka_unit_test(other_users_are_refused),
        cmocka_unit_test(stale_socket_is_replaced),
    };
    return cmocka_run_group_tests_name("control", tests, make, clean);
}
