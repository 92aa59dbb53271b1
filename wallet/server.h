/* The signer's sockets: who may connect, how much each may ask, and the loop.
 *
 * Four SEQPACKET sockets; the socket decides what a connection may ask. Only users that the socket
 * is for are served (SO_PEERCRED): its own, unless told otherwise. Nothing here waits for a client:
 * what cannot be sent at once ends the connection. A packet is read from each connection in turn.
 *
 *   connections   SERVER_CONNECTIONS of each socket; another one hears policy-busy and is closed
 *   requests      SERVER_RATE a second of each user of a socket, SERVER_BURST at once; what is
 *                 above hears policy-busy, and after SERVER_PATIENCE more of these than of others
 *                 the connection is closed
 *   HELLO         within SERVER_HELLO_MS
 */
#ifndef TW_WALLET_SERVER_H
#define TW_WALLET_SERVER_H

#include "wallet/dispatch.h"

#include <sys/types.h>

enum server_socket { SERVER_TRADE, SERVER_CANCEL, SERVER_WIRE, SERVER_ADMIN, SERVER_SOCKETS };

#define SERVER_PEERS       4 /* users of one socket */
#define SERVER_CONNECTIONS 8 /* of one socket */
#define SERVER_RATE        1000
#define SERVER_BURST       4000
#define SERVER_PATIENCE    256
#define SERVER_HELLO_MS    10000

const char *server_socket_name(enum server_socket s); /* "trade" */
unsigned server_socket_caps(enum server_socket s);

struct server_peer {
    uid_t uid;
    int64_t tokens, since_ms; /* thousandths of requests; boot time */
};

struct server_listener {
    int fd; /* -1: there is none */
    unsigned peers;
    struct server_peer peer[SERVER_PEERS];
};

struct server_connection {
    int fd; /* -1: free */
    enum server_socket socket;
    struct server_peer *peer;
    struct dispatch_client client;
    unsigned busy; /* times more than not */
    bool waits;    /* for the opener */
    int64_t since_ms;
};

struct server {
    struct dispatch *dispatch;
    struct server_listener listener[SERVER_SOCKETS];
    struct server_connection connection[SERVER_SOCKETS * SERVER_CONNECTIONS];
    uint32_t connections; /* since the start */
    int signals;          /* signalfd of SIGTERM and SIGINT */
    int seldom;           /* epoll of what is not a connection: one to look at in each turn */
    int notify;           /* connected to $NOTIFY_SOCKET, or -1 */
    int64_t watchdog_ms;  /* how often it wants to hear of us; 0: never */
    uint8_t *in, *out;    /* WIRE_BUFFER_MAX + 1 bytes each, guarded; wiped after each use */
    bool must_open;       /* not ready before the unlock at the start; end where that fails */
    int ready;            /* gets READY and a line end; -1: nobody */
    bool told_open;       /* what systemd was told last */
    int64_t idle_ms;      /* boot time of the last audit_idle() */
    int64_t told_ms;      /* of the last word to the watchdog */
    /* lines of the log */
    int64_t lines, lines_since_ms;
    uint32_t unsaid;
};

/* [s] zeroed. */
void server_init(struct server *s, struct dispatch *d);

/* Whether a user has a socket. ERR_FULL: SERVER_PEERS have. */
enum err server_add_peer(struct server *s, enum server_socket socket, uid_t uid) MUST_CHECK;

/* Makes and binds the sockets in [dir]; what a dead signer left there is replaced. ERR_STATE:
 * another one serves there; ERR_IO, ERR_RANGE. A sentence in why[WHY_MAX]. */
enum err server_listen(struct server *s, const char *dir, char *why) MUST_CHECK;

/* Takes those that systemd gives ($LISTEN_FDS, $LISTEN_FDNAMES). ERR_NOT_FOUND: it gives none;
 * ERR_RANGE. */
enum err server_inherit(struct server *s, char *why) MUST_CHECK;

/* Once all but the connections is there: gathers it, so that server_run() watches it as one. ERR_IO
 * with a sentence in why[WHY_MAX]. */
enum err server_gather(struct server *s, char *why) MUST_CHECK;

/* The descriptors in use; [out] has SERVER_SOCKETS + 5. */
size_t server_descriptors(const struct server *s, int *out);

/* Says that it is ready, and serves until SIGTERM or SIGINT (ERR_OK), or the opener is gone, or the
 * unlock at the start failed (ERR_STATE). Closes connections. */
enum err server_run(struct server *s) MUST_CHECK;

/* Tells systemd, where it listens. server_run() tells it READY, STATUS and WATCHDOG. */
void server_notify(const struct server *s, const char *text);

#endif
