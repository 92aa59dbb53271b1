/* The local certificate authority: what is kept, what is renewed, what is refused. */
#include "base/clock.h"
#include "io/ca.h"
#include "io/lws.h"

#include <openssl/pem.h>

#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW INT64_C(1790000000000000000) /* 2026-09-21 */

static char top[64], dir[96], why[CA_WHY_MAX];

static int start(void **state)
{
    (void)state;
    snprintf(top, sizeof top, "/tmp/tw-ca-XXXXXX");
    if (!mkdtemp(top))
        return -1;
    snprintf(dir, sizeof dir, "%s/box", top);
    return 0;
}

static void remove_file(const char *name)
{
    char path[160];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    unlink(path);
}

static int stop(void **state)
{
    (void)state;
    static const char *const FILES[] = {"ca.pem", "ca-key.pem", "server.pem", "server-key.pem",
                                        "ca.lock"};
    for (size_t i = 0; i < 5; i++)
        remove_file(FILES[i]);
    rmdir(dir);
    return rmdir(top);
}

static X509 *read_cert(const char *path)
{
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    X509 *c = PEM_read_X509(f, NULL, NULL, NULL);
    fclose(f);
    assert_non_null(c);
    return c;
}

/* Verifies the server's certificate as a client would, at a time, with nothing but the CA. */
static bool verifies(const struct ca_files *f, const char *host, const char *ip, int64_t at_ns)
{
    X509 *ca = read_cert(f->ca_cert), *server = read_cert(f->server_cert);
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    assert_int_equal(X509_STORE_add_cert(store, ca), 1);
    assert_int_equal(X509_STORE_CTX_init(ctx, store, server, NULL), 1);
    X509_VERIFY_PARAM *p = X509_STORE_CTX_get0_param(ctx);
    X509_VERIFY_PARAM_set_flags(p, X509_V_FLAG_X509_STRICT);
    X509_VERIFY_PARAM_set_time(p, (time_t)(at_ns / NS_PER_S));
    X509_VERIFY_PARAM_set_purpose(p, X509_PURPOSE_SSL_SERVER);
    if (host)
        assert_int_equal(X509_VERIFY_PARAM_set1_host(p, host, 0), 1);
    if (ip)
        assert_int_equal(X509_VERIFY_PARAM_set1_ip_asc(p, ip), 1);
    bool ok = X509_verify_cert(ctx) == 1;
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    X509_free(ca);
    X509_free(server);
    return ok;
}

static struct ca_files ensure(const char *ip, int64_t now)
{
    struct ca_files f;
    enum err e = ca_ensure(dir, ip, now, &f, why);
    if (e)
        print_message("%s: %s\n", err_name(e), why);
    assert_int_equal(e, ERR_OK);
    return f;
}

static void test_made_once(void **state)
{
    (void)state;
    struct ca_files f = ensure(NULL, NOW);
    assert_true(f.new_ca && f.new_server);
    assert_true(verifies(&f, "localhost", NULL, NOW));
    assert_true(verifies(&f, NULL, "127.0.0.1", NOW));
    assert_true(verifies(&f, NULL, "::1", NOW));
    assert_false(verifies(&f, "example.org", NULL, NOW));
    assert_false(verifies(&f, NULL, "10.0.0.1", NOW));
    struct stat st;
    assert_int_equal(stat(f.server_key, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    f = ensure(NULL, NOW);
    assert_false(f.new_ca || f.new_server);
}

static void test_renewed_near_its_end(void **state)
{
    (void)state;
    int64_t day = NS_PER_DAY;
    ensure(NULL, NOW);
    int64_t last = NOW + (CA_SERVER_DAYS - CA_SERVER_RENEW_DAYS) * day - NS_PER_S;
    struct ca_files f = ensure(NULL, last);
    assert_false(f.new_server);
    f = ensure(NULL, last + NS_PER_S);
    assert_true(f.new_server && !f.new_ca);
    assert_true(verifies(&f, "localhost", NULL, last));
    f = ensure(NULL, last);
    assert_false(f.new_server);
}

static void test_another_address(void **state)
{
    (void)state;
    ensure(NULL, NOW);
    struct ca_files f = ensure("192.0.2.7", NOW);
    assert_true(f.new_server && !f.new_ca);
    assert_true(verifies(&f, NULL, "192.0.2.7", NOW) && verifies(&f, "localhost", NULL, NOW));
    assert_int_equal(ca_ensure(dir, "not.an.address", NOW, &f, why), ERR_SYNTAX);
    assert_non_null(strstr(why, "not.an.address"));
}

static void test_what_is_missing_or_damaged(void **state)
{
    (void)state;
    struct ca_files f = ensure(NULL, NOW), same;
    remove_file("server-key.pem");
    assert_true(ensure(NULL, NOW).new_server);
    FILE *p = fopen(f.server_cert, "w");
    fputs("nonsense\n", p);
    fclose(p);
    f = ensure(NULL, NOW);
    assert_true(f.new_server && verifies(&f, "localhost", NULL, NOW));
    /* the CA itself is not replaced behind the back of those who trust it */
    p = fopen(f.ca_cert, "w");
    fputs("nonsense\n", p);
    fclose(p);
    assert_int_equal(ca_ensure(dir, NULL, NOW, &same, why), ERR_CORRUPT);
    assert_non_null(strstr(why, "ca.pem"));
    remove_file("ca.pem");
    f = ensure(NULL, NOW);
    assert_true(f.new_ca && f.new_server && verifies(&f, "localhost", NULL, NOW));
    remove_file("ca-key.pem");
    assert_int_equal(ca_ensure(dir, NULL, NOW, &same, why), ERR_CORRUPT);
    assert_non_null(strstr(why, "ca-key.pem"));
}

static void test_the_end_of_a_ca_is_told(void **state)
{
    (void)state;
    ensure(NULL, NOW);
    struct ca_files f;
    int64_t end = NOW + CA_DAYS * NS_PER_DAY;
    assert_int_equal(ca_ensure(dir, NULL, end, &f, why), ERR_CORRUPT);
    assert_non_null(strstr(why, "not valid now"));
    assert_int_equal(ca_ensure(dir, NULL, NOW - 2 * NS_PER_DAY, &f, why), ERR_CORRUPT);
}

static void test_places_that_cannot_be(void **state)
{
    (void)state;
    struct ca_files f;
    char path[CA_PATH_MAX + 8];
    assert_int_equal(mkdir(dir, 0755), 0); /* removed by stop() */
    snprintf(path, sizeof path, "%s/no/such", top);
    assert_int_equal(ca_ensure(path, NULL, NOW, &f, why), ERR_IO);
    assert_non_null(strstr(why, path));
    assert_int_equal(ca_ensure("/dev/null", NULL, NOW, &f, why), ERR_IO);
    memset(path, 'a', sizeof path);
    path[sizeof path - 1] = '\0';
    assert_int_equal(ca_ensure(path, NULL, NOW, &f, why), ERR_RANGE);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_made_once),
        CASE(test_renewed_near_its_end),
        CASE(test_another_address),
        CASE(test_what_is_missing_or_damaged),
        CASE(test_the_end_of_a_ca_is_told),
        CASE(test_places_that_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
