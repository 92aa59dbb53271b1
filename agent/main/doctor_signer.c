/* What `tradewind doctor` finds out about the signer: it asks it, as the daemon would. */
#include "main/doctor_signer.h"

#include "base/clock.h"
#include "io/signer.h"
#include "main/signer_paths.h"

#include <stdio.h>
#include <unistd.h>

struct question {
    struct loop *loop;
    struct signer *signer;
    struct loop_timer end;
};

static void on_signer(void *ctx, const struct signer_view *v)
{
    struct question *q = ctx;
    (void)v;
    loop_stop(q->loop);
}

static void on_end(void *ctx)
{
    struct question *q = ctx;
    loop_stop(q->loop);
}

static enum finding judge(const struct signer_setup *s, const struct signer_view *v, char *out,
                          size_t cap)
{
    enum finding bad = s->required ? FINDING_WRONG : FINDING_WARNING;
    char store[PATH_MAX_BYTES];
    switch (v->state) {
    case SIGNER_OPEN: snprintf(out, cap, "open, at %s", v->path); return FINDING_FINE;
    case SIGNER_SEALED: snprintf(out, cap, "sealed: %s", v->why); return FINDING_WARNING;
    case SIGNER_WRONG_VERSION:
    case SIGNER_NOT_ALLOWED:
        snprintf(out, cap, "%s: %s", signer_state_name(v->state), v->why);
        return bad;
    case SIGNER_ABSENT: break;
    }
    if (v->state != SIGNER_ABSENT) {
        snprintf(out, cap, "does not answer at %s", v->path);
        return bad;
    }
    if (signer_store_path(s, store) != ERR_OK) {
        snprintf(out, cap, "absent, and it is not known where its key store is: [signer] store");
        return bad;
    }
    if (access(store, F_OK) != 0) {
        snprintf(out, cap, "absent, and there is no key store %s: `tradewind key init` makes one",
                 store);
        return bad;
    }
    snprintf(out, cap, "absent; `tradewind run` starts it with %s", store);
    return FINDING_FINE;
}

enum finding doctor_signer(struct loop *loop, const struct signer_setup *s, char *out, size_t cap)
{
    struct question q = {.loop = loop};
    char path[PATH_MAX_BYTES];
    enum err rc = signer_socket_path(s, "trade.sock", path);
    if (rc == ERR_OK)
        rc = signer_open(&q.signer, loop, path, CAP_TRADE, on_signer, &q);
    if (rc != ERR_OK) {
        snprintf(out, cap, "its sockets cannot be reached: %s",
                 rc == ERR_RANGE ? "their path is too long" : err_name(rc));
        return FINDING_WRONG;
    }
    loop_timer_set(loop, &q.end, clock_mono_ns() + SIGNER_PATIENCE_NS, on_end, &q);
    enum finding f = FINDING_WRONG;
    if (loop_run(loop) != ERR_OK)
        snprintf(out, cap, "the event loop broke");
    else
        f = judge(s, signer_view(q.signer), out, cap);
    loop_timer_cancel(&q.end);
    signer_close(q.signer);
    return f;
}
