/* URLs, name resolution, TLS contexts. */
#include "base/clock.h"
#include "io/lws.h"
#include "io/resolve.h"
#include "io/tls.h"
#include "io/url.h"
#include "test_ca.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void urls(void **state)
{
    (void)state;
    static const struct {
        const char *text, *host, *path, *authority;
        int port;
        bool tls, websocket;
    } good[] = {
        {"wss://stream.binance.com:9443", "stream.binance.com", "/", "stream.binance.com:9443",
         9443, true, true},
        {"wss://Stream.Binance.COM/stream?streams=a@b/c", "stream.binance.com",
         "/stream?streams=a@b/c", "stream.binance.com", 443, true, true},
        {"ws://127.0.0.1:80/x", "127.0.0.1", "/x", "127.0.0.1", 80, false, true},
        {"https://api.binance.com", "api.binance.com", "/", "api.binance.com", 443, true, false},
        {"http://h:65535?q=1", "h", "/?q=1", "h:65535", 65535, false, false},
        {"http://[::1]:8080/", "::1", "/", "[::1]:8080", 8080, false, false},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct url u;
        const char *why = NULL;
        char authority[URL_AUTHORITY_MAX];
        assert_int_equal(url_parse(good[i].text, &u, &why), ERR_OK);
        url_authority(&u, authority);
        assert_string_equal(u.host, good[i].host);
        assert_string_equal(u.path, good[i].path);
        assert_string_equal(authority, good[i].authority);
        assert_int_equal(u.port, good[i].port);
        assert_int_equal(u.tls, good[i].tls);
        assert_int_equal(u.websocket, good[i].websocket);
    }
}

static void urls_that_are_none(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum err e;
    } bad[] = {
        {"", ERR_UNSUPPORTED},
        {"ftp://h", ERR_UNSUPPORTED},
        {"WSS://h", ERR_UNSUPPORTED},
        {"wss:/h", ERR_UNSUPPORTED},
        {"wss://", ERR_SYNTAX},
        {"wss:///path", ERR_SYNTAX},
        {"wss://h:", ERR_RANGE},
        {"wss://h:0", ERR_RANGE},
        {"wss://h:65536", ERR_RANGE},
        {"wss://h:99999999999999999999", ERR_RANGE},
        {"wss://user@h/", ERR_SYNTAX},
        {"wss://user:pass@h/", ERR_RANGE},
        {"wss://h h/", ERR_SYNTAX},
        {"wss://h/a b", ERR_SYNTAX},
        {"wss://h/a\r\nHost: evil", ERR_SYNTAX},
        {"wss://h/#f", ERR_SYNTAX},
        {"wss://[::1", ERR_SYNTAX},
        {"wss://[]/", ERR_SYNTAX},
        {"wss://h\xc3\xa9/", ERR_SYNTAX},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct url u = {.port = 7};
        const char *why = NULL;
        assert_int_equal(url_parse(bad[i].text, &u, &why), bad[i].e);
        assert_non_null(why);
        assert_int_equal(u.port, 7);
    }
    static char text[4096];
    struct url u;
    const char *why;
    /* At the limits of host and path. */
    snprintf(text, sizeof text, "wss://%0*d", URL_HOST_MAX - 1, 0);
    assert_int_equal(url_parse(text, &u, &why), ERR_OK);
    snprintf(text, sizeof text, "wss://%0*d", URL_HOST_MAX, 0);
    assert_int_equal(url_parse(text, &u, &why), ERR_RANGE);
    snprintf(text, sizeof text, "wss://h/%0*d", (int)sizeof u.path - 2, 0);
    assert_int_equal(url_parse(text, &u, &why), ERR_OK);
    snprintf(text, sizeof text, "wss://h/%0*d", (int)sizeof u.path - 1, 0);
    assert_int_equal(url_parse(text, &u, &why), ERR_RANGE);
}

static struct loop *loop;
static struct addresses found;
static char reason[256];
static int answers, expected;

static void on_resolved(void *ctx, const struct addresses *a, const char *why)
{
    (void)ctx;
    found = a ? *a : (struct addresses){0};
    snprintf(reason, sizeof reason, "%s", why);
    if (++answers == expected)
        loop_stop(loop);
}

static void look_up(const char *host, int64_t timeout_ns)
{
    struct resolve *r;
    answers = 0;
    expected = 1;
    assert_int_equal(resolve_start(&r, loop, host, timeout_ns, on_resolved, NULL), ERR_OK);
    assert_int_equal(answers, 0); /* never before the loop */
    assert_int_equal(loop_run(loop), ERR_OK);
    assert_int_equal(answers, 1);
}

static int open_loop(void **state)
{
    (void)state;
    return loop_open(&loop) != ERR_OK;
}

static int close_loop(void **state)
{
    (void)state;
    loop_close(loop);
    return 0;
}

static void names_that_need_no_asking(void **state)
{
    (void)state;
    look_up("127.0.0.7", 1);
    assert_int_equal(found.count, 1);
    assert_string_equal(found.text[0], "127.0.0.7");
    look_up("::1", 1);
    assert_int_equal(found.count, 1);
    assert_string_equal(found.text[0], "::1");
    look_up("localhost", 1);
    assert_int_equal(found.count, 2);
    assert_string_equal(found.text[0], "127.0.0.1");
    assert_string_equal(found.text[1], "::1");
}

static void names_that_are_asked_for(void **state)
{
    (void)state;
    /* The machine's own name is in its files, as a rule. */
    char name[64];
    assert_int_equal(gethostname(name, sizeof name), 0);
    name[sizeof name - 1] = '\0';
    look_up(name, 5 * NS_PER_S);
    if (found.count == 0)
        assert_non_null(strstr(reason, name));
    look_up("no-such-host.invalid", 5 * NS_PER_S);
    assert_int_equal(found.count, 0);
    assert_non_null(strstr(reason, "the name no-such-host.invalid cannot be resolved: "));
}

static void no_answer_in_time(void **state)
{
    (void)state;
    look_up("no-such-host.invalid", -1);
    assert_int_equal(found.count, 0);
    assert_non_null(strstr(reason, "no answer in time"));
}

static void forgotten_look_ups_stay_bounded(void **state)
{
    (void)state;
    struct resolve *r[RESOLVE_THREADS_MAX + 1] = {NULL};
    enum err e = ERR_OK;
    uint32_t n = 0;
    answers = 0;
    while (n <= RESOLVE_THREADS_MAX) {
        e = resolve_start(&r[n], loop, "no-such-host.invalid", NS_PER_S, on_resolved, NULL);
        if (e)
            break;
        n++;
    }
    /* Fast threads may be over before the last one begins. */
    if (n <= RESOLVE_THREADS_MAX)
        assert_int_equal(e, ERR_FULL);
    for (uint32_t i = 0; i < n; i++)
        resolve_cancel(r[i]);
    resolve_cancel(NULL);
    look_up("127.0.0.1", 1);
    assert_int_equal(answers, 1);
}

static void contexts_are_shared(void **state)
{
    (void)state;
    char dir[] = "/tmp/tradewind-tls-XXXXXX", ca[64], text[64], missing[64];
    assert_non_null(mkdtemp(dir));
    snprintf(ca, sizeof ca, "%s/ca.pem", dir);
    snprintf(text, sizeof text, "%s/ca.key", dir);
    snprintf(missing, sizeof missing, "%s/none.pem", dir);
    test_ca_make(dir, "ca");
    struct tls *a, *b, *system, *c = NULL;
    assert_int_equal(tls_open(&a, ca), ERR_OK);
    assert_int_equal(tls_open(&b, ca), ERR_OK);
    assert_int_equal(tls_open(&system, ""), ERR_OK);
    assert_ptr_equal(a, b);
    assert_ptr_not_equal(a, system);
    assert_int_equal(SSL_CTX_get_min_proto_version(tls_context(a)), TLS1_2_VERSION);
    assert_int_equal(SSL_CTX_get_verify_mode(tls_context(a)), SSL_VERIFY_PEER);
    assert_int_equal(tls_open(&c, missing), ERR_NOT_FOUND);
    assert_int_equal(tls_open(&c, text), ERR_SYNTAX); /* a key, no certificate */
    assert_null(c);
    tls_close(a);
    assert_non_null(tls_context(b));
    tls_close(b);
    tls_close(system);
    tls_close(NULL);
    unlink(ca);
    unlink(text);
    rmdir(dir);
}

static void contexts_are_bounded(void **state)
{
    (void)state;
    char dir[] = "/tmp/tradewind-tls-XXXXXX", name[16], path[64];
    struct tls *t[TLS_CONTEXTS_MAX], *more;
    assert_non_null(mkdtemp(dir));
    for (int i = 0; i <= TLS_CONTEXTS_MAX; i++) {
        snprintf(name, sizeof name, "ca%d", i);
        test_ca_make(dir, name);
        snprintf(path, sizeof path, "%s/%s.pem", dir, name);
        if (i < TLS_CONTEXTS_MAX)
            assert_int_equal(tls_open(&t[i], path), ERR_OK);
        else
            assert_int_equal(tls_open(&more, path), ERR_FULL);
    }
    for (int i = 0; i <= TLS_CONTEXTS_MAX; i++) {
        if (i < TLS_CONTEXTS_MAX)
            tls_close(t[i]);
        snprintf(path, sizeof path, "%s/ca%d.pem", dir, i);
        unlink(path);
        snprintf(path, sizeof path, "%s/ca%d.key", dir, i);
        unlink(path);
    }
    rmdir(dir);
}

static void verify_results_in_words(void **state)
{
    (void)state;
    char why[TLS_WHY_MAX];
    tls_explain(X509_V_ERR_CERT_HAS_EXPIRED, "h", why);
    assert_string_equal(why, "the certificate of h has expired");
    tls_explain(X509_V_ERR_CERT_REVOKED, "h", why);
    assert_string_equal(why, "the certificate of h was refused: certificate revoked");
}

#define T(name) cmocka_unit_test_setup_teardown(name, open_loop, close_loop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls),
        cmocka_unit_test(urls_that_are_none),
        T(names_that_need_no_asking),
        T(names_that_are_asked_for),
        T(no_answer_in_time),
        T(forgotten_look_ups_stay_bounded),
        cmocka_unit_test(contexts_are_shared),
        cmocka_unit_test(contexts_are_bounded),
        cmocka_unit_test(verify_results_in_words),
    };
    return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
