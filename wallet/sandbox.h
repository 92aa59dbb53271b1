/* What the signer's two processes give up before they meet anybody, each measure with its outcome.
 *
 * The one that serves and signs has the calls of sandbox_calls_of(SANDBOX_SERVE) left: it can take
 * connections on the sockets it has, read, write, make new files in the audit log's directory and
 * open and shut the pages of its secrets. The one that opens key stores (opener.h) can read and
 * write files, and talks to the other one only. Neither can make a socket, start a program, or be
 * looked into; any other call ends the process at once (SIGSYS).
 */
#ifndef TW_WALLET_SANDBOX_H
#define TW_WALLET_SANDBOX_H

#include "wallet/why.h"

#include <stdbool.h>
#include <stddef.h>

enum sandbox_role { SANDBOX_SERVE, SANDBOX_OPEN };
enum sandbox_state { SANDBOX_ON, SANDBOX_PARTLY, SANDBOX_MISSING };

struct sandbox_measure {
    const char *name;
    enum sandbox_state state; /* strict: MISSING is refused */
    char detail[WHY_MAX];
};

#define SANDBOX_MEASURES_MAX 8

struct sandbox {
    unsigned count;
    struct sandbox_measure measure[SANDBOX_MEASURES_MAX];
};

/* The network: a name space of its own with nothing in it, or the one that is there where that is
 * empty already. Before harden(), and before anything secret is read. [foreign]: other users'
 * connections will have to be told apart, which a user name space of one's own does not allow. */
void sandbox_network(struct sandbox *s, bool foreign);

/* Reports what harden() has done: it either did all of it or ended. */
void sandbox_hardened(struct sandbox *s);

/* Reserves [places] for secrets (secret_reserve) and locks all memory as far as it may be. */
void sandbox_memory(struct sandbox *s, size_t places);

/* The heap asks the system for nothing back and gives it nothing: both may be forbidden later.
 * Once, at the start. */
void sandbox_heap(void);

#define SANDBOX_NOBODY   65534u /* the user whom a user name space shows for all that it lacks */
#define SANDBOX_KEEP_MAX 32

/* Closes all descriptors but standard error and the [n] of keep[], which it sorts. */
void sandbox_descriptors(struct sandbox *s, int *keep, size_t n);

/* From here on only the calls of the role. */
void sandbox_calls(struct sandbox *s, enum sandbox_role role);

/* Names of the calls of a role that this machine has. [ret_name] has SANDBOX_CALLS_MAX. */
#define SANDBOX_CALLS_MAX 64
size_t sandbox_calls_of(enum sandbox_role role, const char **ret_name);

/* The first measure that is missing; NULL: none is. */
const struct sandbox_measure *sandbox_missing(const struct sandbox *s);

const char *sandbox_state_name(enum sandbox_state state); /* "on" */

#endif
