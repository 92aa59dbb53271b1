#include "main/client.h"

#include "base/clock.h"
#include "config/config.h"
#include "main/cmd.h"
#include "main/kinds.h"

#include <cJSON.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

bool client_option(struct client_where *w, int argc, char **argv, int *i)
{
    const char **to = NULL;
    if (strcmp(argv[*i], "--config") == 0)
        to = &w->config;
    else if (strcmp(argv[*i], "--state-dir") == 0)
        to = &w->state_dir;
    else if (strcmp(argv[*i], "--socket") == 0)
        to = &w->socket;
    if (!to || *i + 1 >= argc)
        return false;
    *to = argv[++*i];
    return true;
}

bool client_is_config(const char *argument)
{
    return strpbrk(argument, "./") != NULL;
}

static int path_into(char *out, const char *who, const char *dir, const char *name)
{
    int n = snprintf(out, PATH_MAX_BYTES, "%s%s", dir, name);
    if (n > 0 && n < PATH_MAX_BYTES)
        return EXIT_CODE_OK;
    fprintf(stderr, "tradewind %s: the path of the socket is too long\n", who);
    return EXIT_CODE_USAGE;
}

int client_find(const struct client_where *w, const char *who, char *out)
{
    if (w->socket)
        return path_into(out, who, w->socket, "");
    if (w->state_dir)
        return path_into(out, who, w->state_dir, "/control.sock");
    const char *path = w->config ? w->config : CLIENT_CONFIG_DEFAULT;
    if (!w->config && access(path, F_OK) != 0) {
        fprintf(stderr,
                "tradewind %s: there is no ./" CLIENT_CONFIG_DEFAULT
                "; name the configuration: tradewind %s ... --config FILE\n",
                who, who);
        return EXIT_CODE_USAGE;
    }
    struct config c;
    struct config_report report = {.line = NULL};
    enum err rc = config_load(&c, path, program_kinds(), &report);
    for (size_t i = 0; i < report.count; i++)
        fprintf(stderr, "%s\n", report.line[i]);
    config_report_clear(&report);
    if (rc != ERR_OK)
        return EXIT_CODE_CONFIG;
    int code = path_into(out, who, c.setup->control_socket, "");
    config_close(&c);
    return code;
}

/* ---- one request ---- */

static int failed(const char *who, const char *socket)
{
    fprintf(stderr, "tradewind %s: %s: %s\n", who, socket, strerror(errno));
    return EXIT_CODE_ERROR;
}

static int timed_out(const char *who, const char *socket)
{
    fprintf(stderr, "tradewind %s: the daemon on %s does not answer within %d s\n", who, socket,
            CLIENT_TIMEOUT_MS / 1000);
    return EXIT_CODE_TIMEOUT;
}

/* Waits until [fd] is ready, at most until [end_ns]. 1, 0 (time is over) or -1. */
static int wait_for(int fd, short events, int64_t end_ns)
{
    for (;;) {
        int64_t left_ms = (end_ns - clock_mono_ns()) / NS_PER_MS;
        struct pollfd p = {.fd = fd, .events = events};
        int n = poll(&p, 1, left_ms > 0 ? (int)left_ms : 0);
        if (n >= 0 || errno != EINTR)
            return n;
    }
}

static int open_socket(const char *who, const char *path, int *ret)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof to.sun_path) {
        fprintf(stderr, "tradewind %s: %s: too long for a socket\n", who, path);
        return EXIT_CODE_USAGE;
    }
    memcpy(to.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return failed(who, path);
    if (connect(fd, (const struct sockaddr *)&to, sizeof to) == 0) {
        *ret = fd;
        return EXIT_CODE_OK;
    }
    int code = EXIT_CODE_NOT_RUNNING;
    if (errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR)
        fprintf(stderr, "tradewind %s: no daemon runs there: nobody listens on %s\n", who, path);
    else if (errno == EAGAIN)
        code = timed_out(who, path); /* its queue of connections is full */
    else
        code = failed(who, path);
    close(fd);
    return code;
}

static int send_all(const char *who, const char *path, int fd, const char *text, size_t len,
                    int64_t end_ns)
{
    for (size_t done = 0; done < len;) {
        int ready = wait_for(fd, POLLOUT, end_ns);
        if (ready == 0)
            return timed_out(who, path);
        ssize_t n = ready < 0 ? -1 : send(fd, text + done, len - done, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return failed(who, path);
        done += n > 0 ? (size_t)n : 0;
    }
    return EXIT_CODE_OK;
}

/* Reads to the end of the connection: the request asked for it to be closed. */
static int read_all(const char *who, const char *path, int fd, int64_t end_ns, char **ret)
{
    size_t len = 0, cap = 65536;
    char *text = malloc(cap + 1);
    int code = text ? EXIT_CODE_OK : failed(who, path);
    while (code == EXIT_CODE_OK) {
        int ready = wait_for(fd, POLLIN, end_ns);
        if (ready == 0) {
            code = timed_out(who, path);
            break;
        }
        ssize_t n = ready < 0 ? -1 : read(fd, text + len, cap - len);
        if (n == 0)
            break;
        if (n < 0) {
            if (errno != EAGAIN && errno != EINTR)
                code = failed(who, path);
            continue;
        }
        len += (size_t)n;
        if (len == cap) {
            char *more = cap < CLIENT_ANSWER_MAX ? realloc(text, cap * 2 + 1) : NULL;
            if (!more) {
                errno = EMSGSIZE;
                code = failed(who, path);
                break;
            }
            text = more;
            cap *= 2;
        }
    }
    if (code != EXIT_CODE_OK) {
        free(text);
        return code;
    }
    text[len] = 0;
    *ret = text;
    return EXIT_CODE_OK;
}

/* Splits the answer: status and body. */
static bool split(char *text, int *status, char **body)
{
    if (sscanf(text, "HTTP/1.%*d %d", status) != 1)
        return false;
    char *end = strstr(text, "\r\n\r\n");
    if (!end)
        return false;
    *body = end + 4;
    return true;
}

static int judge(const char *who, const char *path, char *text, char **ret_json)
{
    int status = 0;
    char *body = NULL;
    if (!split(text, &status, &body)) {
        fprintf(stderr, "tradewind %s: what listens on %s is not a tradewind daemon\n", who, path);
        return EXIT_CODE_ERROR;
    }
    cJSON *o = cJSON_Parse(body);
    if (status != 200 || !cJSON_IsObject(o)) {
        const char *error = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, "error"));
        fprintf(stderr, "tradewind %s: %s\n", who, error ? error : "the answer is not whole");
        cJSON_Delete(o);
        return EXIT_CODE_ERROR;
    }
    cJSON_Delete(o);
    *ret_json = strdup(body);
    return *ret_json ? EXIT_CODE_OK : EXIT_CODE_ERROR;
}

int client_ask(const char *who, const char *socket, const char *path, const char *body,
               char **ret_json)
{
    char request[8192];
    int64_t end_ns = clock_mono_ns() + CLIENT_TIMEOUT_MS * NS_PER_MS;
    int n = body
                ? snprintf(request, sizeof request,
                           "POST %s HTTP/1.1\r\nHost: tradewind\r\nContent-Type: "
                           "application/json\r\nContent-Length: %zu\r\nConnection: "
                           "close\r\n\r\n%s",
                           path, strlen(body), body)
                : snprintf(request, sizeof request,
                           "GET %s HTTP/1.1\r\nHost: tradewind\r\nConnection: close\r\n\r\n", path);
    if (n < 0 || n >= (int)sizeof request) {
        fprintf(stderr, "tradewind %s: the request is too long\n", who);
        return EXIT_CODE_USAGE;
    }
    int fd = -1;
    char *text = NULL;
    int code = open_socket(who, socket, &fd);
    if (code != EXIT_CODE_OK)
        return code;
    code = send_all(who, socket, fd, request, (size_t)n, end_ns);
    if (code == EXIT_CODE_OK)
        code = read_all(who, socket, fd, end_ns, &text);
    close(fd);
    if (code == EXIT_CODE_OK)
        code = judge(who, socket, text, ret_json);
    free(text);
    return code;
}
