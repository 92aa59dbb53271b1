#include "io/wire_secret.h"

#include "base/check.h"

#include <sodium.h>
#include <string.h>

void wire_secret_open(const struct wire_secret *w)
{
    if (w->data)
        CHECK(sodium_mprotect_readonly(w->data) == 0);
}

void wire_secret_shut(const struct wire_secret *w)
{
    if (w->data)
        CHECK(sodium_mprotect_noaccess(w->data) == 0);
}

void wire_secret_free(struct wire_secret *w)
{
    sodium_free(w->data);
    *w = (struct wire_secret){.data = NULL};
}

static void on_answer(void *ctx, enum signer_outcome outcome, const struct wire_reply *r)
{
    struct wire_secret_fetch *f = ctx;
    enum wire_reason reason = r ? r->reason : WIRE_ALLOWED;
    if (r && reason == WIRE_ALLOWED) {
        uint8_t *data = sodium_malloc(r->secret_len);
        if (data) {
            memcpy(data, r->secret, r->secret_len);
            sodium_free(f->into->data);
            f->into->data = data;
            f->into->len = r->secret_len;
            wire_secret_shut(f->into);
        } else {
            reason = POLICY_BUSY;
        }
    }
    f->done(f->ctx, outcome, reason);
}

enum err wire_secret_fetch(struct signer *s, struct wire_secret_fetch *f, const char *label,
                           int64_t deadline_ns)
{
    struct wire_request r = {.type = WIRE_GET_SECRET};
    uint32_t id;
    size_t len = strlen(label);
    if (len >= sizeof r.label)
        return ERR_RANGE;
    memcpy(r.label, label, len);
    enum err rc = signer_request(s, &r, deadline_ns, on_answer, f, &id);
    if (rc == ERR_OK)
        memcpy(f->into->label, r.label, sizeof r.label);
    return rc;
}
