/* A certificate authority of one's own: what the exchange in a box proves itself with.
 *
 * On first use a directory gets four PEM files: ca.pem (the CA's certificate: what clients are told
 * to trust), ca-key.pem, server.pem (for localhost, 127.0.0.1 and ::1) and server-key.pem. Keys are
 * ECDSA P-256, files with keys have mode 0600. Later calls keep the CA and make a new server
 * certificate where the old one is missing, near its end, of another CA, or lacks a name asked for.
 */
#ifndef TW_IO_CA_H
#define TW_IO_CA_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CA_PATH_MAX          512
#define CA_WHY_MAX           640
#define CA_SERVER_DAYS       365 /* validity of a server certificate */
#define CA_SERVER_RENEW_DAYS 30  /* renewed when less than this remains */
#define CA_DAYS              3650

struct ca_files {
    char ca_cert[CA_PATH_MAX];     /* DIR/ca.pem */
    char server_cert[CA_PATH_MAX]; /* DIR/server.pem */
    char server_key[CA_PATH_MAX];  /* DIR/server-key.pem */
    bool new_ca, new_server;       /* made by this call */
};

/* Makes what is missing in [dir] (created with its parents' permissions, mode 0755, if absent; the
 * parent must exist) and tells where the files are. [extra_ip] is NULL or a numeric address the
 * server certificate shall cover too. [wall_ns] is the time now. Several processes may share a
 * directory: a file lock keeps them apart. On failure (ERR_IO, ERR_CORRUPT, ERR_RANGE: path too
 * long, ERR_SYNTAX: extra_ip is no address) [why] (CA_WHY_MAX bytes) holds a sentence for a person.
 */
enum err ca_ensure(const char *dir, const char *extra_ip, int64_t wall_ns, struct ca_files *ret,
                   char *why) MUST_CHECK;

#endif
