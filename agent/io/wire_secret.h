/* A wire secret: a token or password of a service, which the signer gives out by name and which
 * cannot move money. Held in guarded memory that nobody can read between two uses; there is no
 * function that prints one, and a log line names its label. */
#ifndef TW_IO_WIRE_SECRET_H
#define TW_IO_WIRE_SECRET_H

#include "io/signer.h"

struct wire_secret {
    char label[WIRE_LABEL_MAX];
    uint8_t *data; /* NULL: not there yet; readable between wire_secret_open() and _shut() */
    size_t len;
};

/* [ret], which must outlive the request, is filled (replacing what it held) when the signer has
 * answered; then [done], or with another outcome, or another reason than WIRE_ALLOWED, unchanged.
 * POLICY_BUSY also stands for a machine without memory to guard. Errors as signer_request(). */
typedef void wire_secret_done(void *ctx, enum signer_outcome outcome, enum wire_reason reason);
struct wire_secret_fetch {
    struct wire_secret *into;
    wire_secret_done *done;
    void *ctx;
};
enum err wire_secret_fetch(struct signer *s, struct wire_secret_fetch *f, const char *label,
                           int64_t deadline_ns) MUST_CHECK;

void wire_secret_open(const struct wire_secret *w);
void wire_secret_shut(const struct wire_secret *w);
void wire_secret_free(struct wire_secret *w); /* wipes; an empty one is fine */

#endif
