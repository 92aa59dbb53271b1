/* The daemon's connection to the signer: what becomes of it is logged, journaled, and shown. Paper
 * trading goes on whatever it is. */
#include "main/daemon_parts.h"

#include "base/log.h"
#include "main/signer_paths.h"

static void on_signer(void *ctx, const struct signer_view *v)
{
    struct daemon *d = ctx;
    if (v->state == d->signer_told)
        return; /* only its reason is another one: status shows that */
    d->signer_told = v->state;
    log_line(v->state == SIGNER_OPEN ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "signer", "%s%s%s",
             signer_state_name(v->state), v->why[0] ? ": " : "", v->why);
    struct event ev = daemon_own_event(d, EVENT_SIGNER);
    ev.signer = v->state;
    enum err told = daemon_event(d, &ev); /* a failure was dealt with where it happened */
    (void)told;
}

bool daemon_signer_open(struct daemon *d)
{
    const struct signer_setup *s = &d->config->setup->signer;
    char path[PATH_MAX_BYTES];
    if (!s->given)
        return true;
    enum err rc = signer_socket_path(s, "trade.sock", path);
    if (rc == ERR_OK)
        rc = signer_open(&d->signer, d->loop, path, CAP_TRADE, on_signer, d);
    if (rc == ERR_OK)
        return true;
    log_error("signer", rc == ERR_RANGE ? "the path of its sockets is too long: [signer] sockets"
                                        : "out of memory");
    return false;
}

const struct signer_view *daemon_signer_view(const struct daemon *d)
{
    return d->signer ? signer_view(d->signer) : NULL;
}
