/* Starts tests/tools/odd_server.py with certificates of every bad kind. */
#ifndef TW_TEST_ODD_SERVER_H
#define TW_TEST_ODD_SERVER_H

#include <sys/types.h>

enum odd_port {
    ODD_PLAIN,      /* no TLS */
    ODD_GOOD,       /* for localhost and 127.0.0.1, signed by ca */
    ODD_EXPIRED,    /* since an hour */
    ODD_FUTURE,     /* valid in an hour */
    ODD_OTHER_HOST, /* for example.org */
    ODD_OTHER_CA,   /* for localhost, signed by other */
    ODD_PORTS,
};

struct odd_server {
    pid_t pid;
    int stdin_fd;
    int port[ODD_PORTS];
    char dir[64];      /* ca.pem and the rest */
    char ca_file[128]; /* the authority to believe */
};

/* Starts it; the test fails where that is impossible. The server ends with odd_server_stop() or
 * with this process. */
void odd_server_start(struct odd_server *s);
void odd_server_stop(struct odd_server *s);

#endif
