#include "io/tls.h"

#include "io/lws.h"
#include "model/setup.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct tls {
    SSL_CTX *context; /* NULL: free slot */
    unsigned users;
    char ca_file[PATH_MAX_BYTES];
};

static struct tls slots[TLS_CONTEXTS_MAX];

static enum err load_authorities(SSL_CTX *c, const char *ca_file)
{
    if (!*ca_file)
        return SSL_CTX_set_default_verify_paths(c) == 1 ? ERR_OK : ERR_NOMEM;
    if (access(ca_file, R_OK) != 0)
        return ERR_NOT_FOUND;
    return SSL_CTX_load_verify_file(c, ca_file) == 1 ? ERR_OK : ERR_SYNTAX;
}

enum err tls_open(struct tls **ret, const char *ca_file)
{
    struct tls *t = NULL;
    for (size_t i = 0; i < TLS_CONTEXTS_MAX; i++) {
        if (slots[i].context && strcmp(slots[i].ca_file, ca_file) == 0) {
            slots[i].users++;
            *ret = &slots[i];
            return ERR_OK;
        }
        if (!slots[i].context && !t)
            t = &slots[i];
    }
    if (!t)
        return ERR_FULL;
    if (strlen(ca_file) >= sizeof t->ca_file)
        return ERR_RANGE;
    SSL_CTX *c = SSL_CTX_new(TLS_client_method());
    if (!c)
        return ERR_NOMEM;
    SSL_CTX_set_verify(c, SSL_VERIFY_PEER, NULL);
    /* Buffers of idle connections are given back; libwebsockets moves its write buffer. */
    SSL_CTX_set_mode(c, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    enum err e = SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION) == 1 ? ERR_OK : ERR_NOMEM;
    if (!e)
        e = load_authorities(c, ca_file);
    ERR_clear_error();
    if (e) {
        SSL_CTX_free(c);
        return e;
    }
    *t = (struct tls){.context = c, .users = 1};
    memcpy(t->ca_file, ca_file, strlen(ca_file));
    *ret = t;
    return ERR_OK;
}

void tls_close(struct tls *t)
{
    if (!t || --t->users)
        return;
    SSL_CTX_free(t->context);
    t->context = NULL;
}

struct ssl_ctx_st *tls_context(const struct tls *t)
{
    return t->context;
}

void tls_explain(long verify_result, const char *host, char *out)
{
    const char *what = NULL, *hint = "";
    if (verify_result == X509_V_ERR_CERT_HAS_EXPIRED)
        what = "has expired";
    else if (verify_result == X509_V_ERR_CERT_NOT_YET_VALID) {
        what = "is not valid yet";
        hint = " (is this machine's clock right?)";
    } else if (verify_result == X509_V_ERR_HOSTNAME_MISMATCH ||
               verify_result == X509_V_ERR_IP_ADDRESS_MISMATCH)
        what = "is for another host name";
    else if (verify_result == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT ||
             verify_result == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN ||
             verify_result == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT ||
             verify_result == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
             verify_result == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE) {
        what = "is signed by an authority that is not trusted";
        hint = " (see ca_file)";
    }
    if (what)
        snprintf(out, TLS_WHY_MAX, "the certificate of %s %s%s", host, what, hint);
    else
        snprintf(out, TLS_WHY_MAX, "the certificate of %s was refused: %s", host,
                 X509_verify_cert_error_string(verify_result));
}
