#include "io/ca.h"

#include "base/clock.h"
#include "io/lws.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SERIAL_BYTES 16

/* What one call of ca_ensure() works on. */
struct work {
    const char *dir, *extra_ip;
    time_t now;
    char *why;
    EVP_PKEY *ca_key, *server_key;
    X509 *ca_cert, *server_cert;
};

static enum err fail(struct work *w, enum err e, const char *what, const char *path)
{
    unsigned long ssl = ERR_peek_last_error();
    char detail[160] = "";
    if (e == ERR_IO)
        snprintf(detail, sizeof detail, ": %s", strerror(errno));
    else if (ssl)
        ERR_error_string_n(ssl, detail + snprintf(detail, sizeof detail, ": "), 150);
    snprintf(w->why, CA_WHY_MAX, "%s %s%s", what, path, detail);
    ERR_clear_error();
    return e;
}

static bool path_in(const char *dir, const char *name, char *out)
{
    int n = snprintf(out, CA_PATH_MAX, "%s/%s", dir, name);
    return n > 0 && n < CA_PATH_MAX - 8; /* room for the suffix of a temporary file */
}

static enum err read_cert(struct work *w, const char *path, X509 **ret)
{
    FILE *f = fopen(path, "r");
    if (!f)
        return errno == ENOENT ? ERR_NOT_FOUND : fail(w, ERR_IO, "cannot read", path);
    X509 *c = PEM_read_X509(f, NULL, NULL, NULL);
    fclose(f);
    if (!c)
        return fail(w, ERR_CORRUPT, "no certificate in", path);
    *ret = c;
    return ERR_OK;
}

static enum err read_key(struct work *w, const char *path, EVP_PKEY **ret)
{
    FILE *f = fopen(path, "r");
    if (!f)
        return errno == ENOENT ? ERR_NOT_FOUND : fail(w, ERR_IO, "cannot read", path);
    EVP_PKEY *k = PEM_read_PrivateKey(f, NULL, NULL, NULL);
    fclose(f);
    if (!k)
        return fail(w, ERR_CORRUPT, "no private key in", path);
    *ret = k;
    return ERR_OK;
}

/* Writes beside the target and renames: a reader never sees half a file. */
static enum err write_pem(struct work *w, const char *path, EVP_PKEY *key, X509 *cert)
{
    char tmp[CA_PATH_MAX];
    snprintf(tmp, sizeof tmp, "%s.new", path);
    int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, key ? 0600 : 0644);
    if (fd < 0)
        return fail(w, ERR_IO, "cannot create", tmp);
    FILE *f = fdopen(fd, "w");
    if (!f) {
        close(fd);
        return fail(w, ERR_IO, "cannot open", tmp);
    }
    /* The mode of a file left over from an interrupted run is not trusted. */
    bool ok = fchmod(fd, key ? 0600 : 0644) == 0;
    ok = ok && (key ? PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) == 1
                    : PEM_write_X509(f, cert) == 1);
    ok = ok && fflush(f) == 0 && fsync(fd) == 0;
    if (fclose(f) != 0)
        ok = false;
    if (!ok || rename(tmp, path) != 0) {
        enum err e = fail(w, ERR_IO, "cannot write", path);
        unlink(tmp);
        return e;
    }
    return ERR_OK;
}

static bool add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    bool ok = e && X509_add_ext(cert, e, -1) == 1;
    X509_EXTENSION_free(e);
    return ok;
}

static bool random_serial(X509 *cert)
{
    unsigned char bytes[SERIAL_BYTES];
    if (RAND_bytes(bytes, sizeof bytes) != 1)
        return false;
    bytes[0] = (unsigned char)((bytes[0] & 0x7f) | 0x40); /* positive, and always 16 bytes */
    BIGNUM *n = BN_bin2bn(bytes, sizeof bytes, NULL);
    bool ok = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert));
    BN_free(n);
    return ok;
}

/* The parts both certificates share; the caller adds extensions and signs. */
static X509 *new_cert(const char *cn, EVP_PKEY *key, X509 *issuer, time_t now, int days)
{
    X509 *c = X509_new();
    X509_NAME *name = c ? X509_get_subject_name(c) : NULL;
    time_t from = now - 86400; /* a client's clock may be a little behind */
    time_t to = now + (time_t)days * 86400;
    bool ok = c && X509_set_version(c, 2) == 1 && random_serial(c) &&
              X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC,
                                         (const unsigned char *)"tradewind exchange in a box", -1,
                                         -1, 0) == 1 &&
              X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)cn, -1,
                                         -1, 0) == 1 &&
              X509_set_issuer_name(c, issuer ? X509_get_subject_name(issuer) : name) == 1 &&
              ASN1_TIME_set(X509_getm_notBefore(c), from) &&
              ASN1_TIME_set(X509_getm_notAfter(c), to) && X509_set_pubkey(c, key) == 1;
    if (!ok) {
        X509_free(c);
        return NULL;
    }
    return c;
}

static enum err make_ca(struct work *w, const char *cert_path, const char *key_path)
{
    w->ca_key = EVP_EC_gen("P-256");
    /* The time in the name tells two CAs of one machine apart in a trust store's listing. */
    char cn[64], when[CLOCK_TEXT_MAX];
    clock_format_utc((int64_t)w->now * NS_PER_S, when);
    snprintf(cn, sizeof cn, "tradewind local CA %.10s", when);
    X509 *c = w->ca_key ? new_cert(cn, w->ca_key, NULL, w->now, CA_DAYS) : NULL;
    bool ok = c && add_extension(c, c, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
              add_extension(c, c, NID_key_usage, "critical,keyCertSign,cRLSign") &&
              add_extension(c, c, NID_subject_key_identifier, "hash") &&
              X509_sign(c, w->ca_key, EVP_sha256()) > 0;
    w->ca_cert = c;
    if (!ok)
        return fail(w, ERR_CORRUPT, "cannot make a certificate authority in", w->dir);
    /* The key first: a certificate without its key would be kept and be useless. */
    enum err e = write_pem(w, key_path, w->ca_key, NULL);
    return e != ERR_OK ? e : write_pem(w, cert_path, NULL, c);
}

static enum err make_server(struct work *w, const char *cert_path, const char *key_path)
{
    char names[160] = "DNS:localhost,IP:127.0.0.1,IP:::1";
    if (w->extra_ip)
        snprintf(names + strlen(names), sizeof names - strlen(names), ",IP:%s", w->extra_ip);
    w->server_key = EVP_EC_gen("P-256");
    X509 *c = w->server_key
                  ? new_cert("localhost", w->server_key, w->ca_cert, w->now, CA_SERVER_DAYS)
                  : NULL;
    bool ok = c && add_extension(c, w->ca_cert, NID_basic_constraints, "critical,CA:FALSE") &&
              add_extension(c, w->ca_cert, NID_key_usage, "critical,digitalSignature") &&
              add_extension(c, w->ca_cert, NID_ext_key_usage, "serverAuth") &&
              add_extension(c, w->ca_cert, NID_subject_alt_name, names) &&
              add_extension(c, w->ca_cert, NID_subject_key_identifier, "hash") &&
              add_extension(c, w->ca_cert, NID_authority_key_identifier, "keyid:always") &&
              X509_sign(c, w->ca_key, EVP_sha256()) > 0;
    w->server_cert = c;
    if (!ok)
        return fail(w, ERR_CORRUPT, "cannot make a server certificate in", w->dir);
    enum err e = write_pem(w, key_path, w->server_key, NULL);
    return e != ERR_OK ? e : write_pem(w, cert_path, NULL, c);
}

static bool valid_for(X509 *c, time_t now, int days)
{
    time_t then = now + (time_t)days * 86400;
    return X509_cmp_time(X509_get0_notBefore(c), &now) < 0 &&
           X509_cmp_time(X509_get0_notAfter(c), &then) > 0;
}

static bool server_usable(const struct work *w)
{
    X509 *c = w->server_cert;
    return c && w->server_key && X509_check_private_key(c, w->server_key) == 1 &&
           X509_verify(c, w->ca_key) == 1 && valid_for(c, w->now, CA_SERVER_RENEW_DAYS) &&
           X509_check_host(c, "localhost", 0, 0, NULL) == 1 &&
           X509_check_ip_asc(c, "127.0.0.1", 0) == 1 && X509_check_ip_asc(c, "::1", 0) == 1 &&
           (!w->extra_ip || X509_check_ip_asc(c, w->extra_ip, 0) == 1);
}

static enum err ensure_locked(struct work *w, struct ca_files *f)
{
    char ca_key_path[CA_PATH_MAX];
    if (!path_in(w->dir, "ca.pem", f->ca_cert) || !path_in(w->dir, "ca-key.pem", ca_key_path) ||
        !path_in(w->dir, "server.pem", f->server_cert) ||
        !path_in(w->dir, "server-key.pem", f->server_key))
        return fail(w, ERR_RANGE, "the path is too long:", w->dir);

    enum err cert = read_cert(w, f->ca_cert, &w->ca_cert);
    if (cert != ERR_OK && cert != ERR_NOT_FOUND)
        return cert;
    enum err key = read_key(w, ca_key_path, &w->ca_key);
    if (key != ERR_OK && key != ERR_NOT_FOUND)
        return key;
    /* A CA that clients may already trust is never replaced silently because a file was lost. */
    if (cert == ERR_OK && key == ERR_NOT_FOUND)
        return fail(w, ERR_CORRUPT, "ca.pem is there but ca-key.pem is not: restore it, or remove",
                    f->ca_cert);
    if (cert == ERR_OK && X509_check_private_key(w->ca_cert, w->ca_key) != 1)
        return fail(w, ERR_CORRUPT, "ca-key.pem does not belong to", f->ca_cert);
    if (cert == ERR_OK && !valid_for(w->ca_cert, w->now, 1))
        return fail(w, ERR_CORRUPT,
                    "the CA is not valid now (ten years are over, or the clock is wrong): remove "
                    "it to get a new one:",
                    f->ca_cert);
    if (cert == ERR_NOT_FOUND) {
        EVP_PKEY_free(w->ca_key); /* of an interrupted first start: nobody trusts it yet */
        w->ca_key = NULL;
        enum err e = make_ca(w, f->ca_cert, ca_key_path);
        if (e != ERR_OK)
            return e;
        f->new_ca = true;
    }

    /* Whatever is wrong with the server's pair, a new one mends it. */
    if (read_cert(w, f->server_cert, &w->server_cert) == ERR_OK &&
        read_key(w, f->server_key, &w->server_key) == ERR_OK && server_usable(w))
        return ERR_OK;
    ERR_clear_error();
    X509_free(w->server_cert);
    EVP_PKEY_free(w->server_key);
    w->server_cert = NULL;
    w->server_key = NULL;
    f->new_server = true;
    return make_server(w, f->server_cert, f->server_key);
}

enum err ca_ensure(const char *dir, const char *extra_ip, int64_t wall_ns, struct ca_files *ret,
                   char *why)
{
    struct work w = {
        .dir = dir, .extra_ip = extra_ip, .now = (time_t)(wall_ns / NS_PER_S), .why = why};
    struct ca_files f = {0};
    ERR_clear_error();
    if (extra_ip) {
        ASN1_OCTET_STRING *ip = a2i_IPADDRESS(extra_ip);
        ERR_clear_error();
        if (!ip)
            return fail(&w, ERR_SYNTAX, "not a numeric address:", extra_ip);
        ASN1_OCTET_STRING_free(ip);
    }
    char lock_path[CA_PATH_MAX];
    if (!path_in(dir, "ca.lock", lock_path))
        return fail(&w, ERR_RANGE, "the path is too long:", dir);
    if (mkdir(dir, 0755) != 0 && errno != EEXIST)
        return fail(&w, ERR_IO, "cannot make the directory", dir);
    int lock = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock < 0)
        return fail(&w, ERR_IO, "cannot create", lock_path);
    enum err e;
    if (flock(lock, LOCK_EX) != 0)
        e = fail(&w, ERR_IO, "cannot lock", lock_path);
    else
        e = ensure_locked(&w, &f);
    close(lock);
    X509_free(w.ca_cert);
    X509_free(w.server_cert);
    EVP_PKEY_free(w.ca_key);
    EVP_PKEY_free(w.server_key);
    if (e == ERR_OK)
        *ret = f;
    return e;
}
