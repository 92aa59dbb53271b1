/* The control socket: HTTP/1.1 with JSON on a Unix socket, for the command line and the owner's own
 * scripts. Whoever connects is known by SO_PEERCRED; only the daemon's own user and root are
 * answered, everybody else gets 403, whatever the modes of files and directories are.
 */
#ifndef TW_IO_CONTROL_H
#define TW_IO_CONTROL_H

#include "base/err.h"
#include "io/loop.h"
#include "model/event.h"
#include "model/setup.h"

#include <stddef.h>
#include <stdint.h>

#define CONTROL_BODY_MAX 4096 /* bytes of a request's body */
#define CONTROL_PATH_MAX 128
#define CONTROL_WHY_MAX  256

struct control;

struct control_request {
    bool post;        /* else GET */
    const char *path; /* "/v1/status" */
    uint32_t limit;   /* of ?limit=N; 0 where it is absent or no number */
    const char *body; /* of a POST; NUL-terminated */
    size_t len;
    uint32_t uid; /* who asks */
};

/* [json] is one whole text, malloc'd, handed over. */
struct control_answer {
    int status;
    char *json;
};

/* Called from the loop, once for every whole request. */
typedef void control_fn(void *ctx, const struct control_request *request,
                        struct control_answer *answer);

/* Listens on [path]; a socket file that nobody listens on any more is replaced. On failure a
 * sentence is written to why (CONTROL_WHY_MAX bytes). ERR_EXISTS: somebody listens there. */
enum err control_open(struct control **ret, struct loop *l, const char *path, control_fn *fn,
                      void *ctx, char *why) MUST_CHECK;
/* Removes the socket file and frees. Only after loop_close(). NULL is fine. */
void control_close(struct control *c);

/* {"schema":1,"error":"..."}, malloc'd. */
char *control_error(const char *text);

/* The body of POST /v1/command: {"command":"pause","strategy":"x","reason":"..."}. Returns ERR_OK
 * and the command (uid as given), or ERR_SYNTAX with a sentence in why (CONTROL_WHY_MAX bytes). */
enum err control_parse_command(const struct setup *s, const char *body, size_t len, uint32_t uid,
                               struct event_command *ret, char *why) MUST_CHECK;

#endif
