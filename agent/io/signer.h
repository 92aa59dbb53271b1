/* The daemon's side of the signer's socket: asks tradewind-signer to sign, and watches whether it
 * can be asked at all.
 *
 * One struct signer is one connection, made again by itself after every loss, later each time. It
 * says HELLO, asks for its STATUS each SIGNER_STATUS_NS, and tells every change of the state. The
 * daemon never starts the signer and never sees a key: what comes back is a signed request.
 *
 * What a request costs: encoded into a fixed buffer and sent before signer_request() returns; the
 * answer is handled in the pass of the loop in which it arrives, or in signer_wait(). Nothing is
 * allocated.
 *
 * What its end means:
 *
 *   SIGNER_ANSWERED, reason WIRE_ALLOWED   the signature is in the reply. It counts against the
 *                             policy's limits from now on, whether it is sent or not.
 *   SIGNER_ANSWERED, another reason   refused, with limit and value where a number was compared.
 *                             This request has no signature and gets none. (POLICY_REPEATED: one
 *                             was made for this intent before, by a request whose answer was late
 *                             or lost; it may be alive only where that one's bytes were sent.)
 *   SIGNER_LATE, SIGNER_LOST  nobody knows whether there is a signature, and it does not matter to
 *                             the venue: it has not left this process and never will, a late reply
 *                             is dropped unseen. It may count against the limits. The same intent
 *                             will be refused (POLICY_REPEATED) if it was signed: who still wants
 *                             the order takes a new order number: one above the limit of that
 * refusal.
 *
 * An error of signer_request(): nothing was sent.
 */
#ifndef TW_IO_SIGNER_H
#define TW_IO_SIGNER_H

#include "io/loop.h"
#include "io/signer_view.h"
#include "wallet/wire.h"

#define SIGNER_IN_FLIGHT_MAX  32 /* requests without an answer; one of them is for STATUS */
#define SIGNER_STATUS_NS      INT64_C(1000000000)
#define SIGNER_PATIENCE_NS    INT64_C(5000000000) /* HELLO and STATUS are answered within that */
#define SIGNER_BACKOFF_MIN_NS INT64_C(50000000)
#define SIGNER_BACKOFF_MAX_NS INT64_C(2000000000)
#define SIGNER_REQUEST_NONE   UINT32_MAX

struct signer;

enum signer_outcome { SIGNER_ANSWERED = 1, SIGNER_LATE = 2, SIGNER_LOST = 3 };

/* [reply] is valid during the call only, NULL unless answered. May call anything here but
 * signer_close(). */
typedef void signer_done(void *ctx, enum signer_outcome outcome, const struct wire_reply *reply);

/* The state is another one, or has another reason. Must not call signer_close(). */
typedef void signer_changed(void *ctx, const struct signer_view *v);

/* Connects to [path], in the loop; [needs] are capabilities (CAP_*), of which the connection must
 * have at least one to be of use. ERR_RANGE for a path that is no socket's, ERR_NOMEM. */
enum err signer_open(struct signer **ret, struct loop *l, const char *path, unsigned needs,
                     signer_changed *changed, void *ctx) MUST_CHECK;

/* Ends it; what waits for an answer hears SIGNER_LOST. NULL is fine. */
void signer_close(struct signer *s);

const struct signer_view *signer_view(const struct signer *s);

/* Sends [r], whose id is set here; [done] is called exactly once, never before this returns: with
 * the answer, or when [deadline_ns] from now have passed. ERR_STATE: there is no connection;
 * ERR_FULL: too much is under way; ERR_RANGE: a field cannot be said. */
enum err signer_request(struct signer *s, struct wire_request *r, int64_t deadline_ns,
                        signer_done *done, void *ctx, uint32_t *ret_id) MUST_CHECK;

/* Handles answers here and now until request [id] has ended, at most [ns] long (and a tick of the
 * kernel's clock): saves the way through the loop. True: it has ended. False: it will end from the
 * loop. */
bool signer_wait(struct signer *s, uint32_t id, int64_t ns);

#endif
