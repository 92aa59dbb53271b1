/* TLS as a client: which certificates are believed, and words for why one was not.
 *
 * A struct tls is an OpenSSL client context: TLS 1.2 or newer, chain and validity always checked.
 * The host name is checked by whoever connects (libwebsockets and libcurl both do). There is no
 * way to switch a check off. The contexts are shared: all users of the same ca_file get the same
 * one, since a context with the system's store may cost 40 ms and a megabyte.
 */
#ifndef TW_IO_TLS_H
#define TW_IO_TLS_H

#include "base/err.h"

#include <stddef.h>

struct ssl_ctx_st; /* OpenSSL's SSL_CTX */
struct tls;

/* [ca_file]: PEM file with the only authorities that are believed; "" is the system's store, which
 * is read certificate by certificate as needed. Returns ERR_NOT_FOUND (cannot be read), ERR_SYNTAX
 * (no certificate in it), ERR_NOMEM, ERR_FULL (more than TLS_CONTEXTS_MAX different files). */
#define TLS_CONTEXTS_MAX 16
enum err tls_open(struct tls **ret, const char *ca_file) MUST_CHECK;
/* Gives back one tls_open(). NULL is allowed. */
void tls_close(struct tls *t);

/* Owned by [t]; connections that exist keep it alive. */
struct ssl_ctx_st *tls_context(const struct tls *t);

#define TLS_WHY_MAX 256
/* The sentence for a result of SSL_get_verify_result() that is not X509_V_OK, into [out]
 * (TLS_WHY_MAX bytes). */
void tls_explain(long verify_result, const char *host, char *out);

#endif
