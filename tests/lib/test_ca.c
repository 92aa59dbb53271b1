#include "test_ca.h"

#include "base/check.h"
#include "io/lws.h"

#include <stdio.h>

static FILE *open_file(const char *dir, const char *name, const char *ext, const char *mode)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s.%s", dir, name, ext);
    FILE *f = fopen(path, mode);
    CHECK(f);
    return f;
}

static void save(const char *dir, const char *name, X509 *x, EVP_PKEY *key)
{
    FILE *f = open_file(dir, name, "pem", "w");
    CHECK(PEM_write_X509(f, x) == 1 && fclose(f) == 0);
    f = open_file(dir, name, "key", "w");
    CHECK(PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) == 1 && fclose(f) == 0);
}

static void extend(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX c;
    X509V3_set_ctx(&c, issuer, x, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &c, nid, value);
    CHECK(e && X509_add_ext(x, e, -1) == 1);
    X509_EXTENSION_free(e);
}

static X509 *bare(const char *name, EVP_PKEY *key, long from_s, long to_s)
{
    static long serial = 1;
    X509 *x = X509_new();
    CHECK(x && X509_set_version(x, 2) == 1);
    CHECK(ASN1_INTEGER_set(X509_get_serialNumber(x), serial++) == 1);
    CHECK(X509_gmtime_adj(X509_getm_notBefore(x), from_s));
    CHECK(X509_gmtime_adj(X509_getm_notAfter(x), to_s));
    CHECK(X509_set_pubkey(x, key) == 1);
    CHECK(X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                                     (const unsigned char *)name, -1, -1, 0) == 1);
    return x;
}

void test_ca_make(const char *dir, const char *name)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    CHECK(key);
    X509 *x = bare(name, key, -86400, 86400);
    CHECK(X509_set_issuer_name(x, X509_get_subject_name(x)) == 1);
    extend(x, x, NID_basic_constraints, "critical,CA:TRUE");
    extend(x, x, NID_key_usage, "critical,keyCertSign,cRLSign");
    CHECK(X509_sign(x, key, EVP_sha256()) > 0);
    save(dir, name, x, key);
    X509_free(x);
    EVP_PKEY_free(key);
}

void test_ca_sign(const char *dir, const char *ca, const char *name, const char *san, long from_s,
                  long to_s)
{
    FILE *f = open_file(dir, ca, "pem", "r");
    X509 *issuer = PEM_read_X509(f, NULL, NULL, NULL);
    fclose(f);
    f = open_file(dir, ca, "key", "r");
    EVP_PKEY *issuer_key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
    fclose(f);
    EVP_PKEY *key = EVP_EC_gen("P-256");
    CHECK(issuer && issuer_key && key);
    X509 *x = bare(name, key, from_s, to_s);
    CHECK(X509_set_issuer_name(x, X509_get_subject_name(issuer)) == 1);
    extend(x, issuer, NID_basic_constraints, "critical,CA:FALSE");
    extend(x, issuer, NID_subject_alt_name, san);
    CHECK(X509_sign(x, issuer_key, EVP_sha256()) > 0);
    save(dir, name, x, key);
    X509_free(x);
    X509_free(issuer);
    EVP_PKEY_free(issuer_key);
    EVP_PKEY_free(key);
}
