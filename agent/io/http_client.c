#include "io/http_client.h"

#include "base/check.h"
#include "base/log.h"
#include "io/lws.h"
#include "io/resolve.h"
#include "io/url.h"

#include <curl/curl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

/* How long an answer of the resolver is used. */
#define ADDRESSES_NS (60 * NS_PER_S)
#define WHY_MAX      512
#define USER_AGENT   "tradewind"

struct request {
    struct http_client *client;
    http_fn *fn; /* NULL: free slot */
    void *ctx;
    CURL *easy;
    bool running; /* with libcurl; else it waits for the name */
    int64_t deadline_ns;
    char *path;
    char *body;
    size_t len, cap;
    bool too_long, no_memory;
    char error[CURL_ERROR_SIZE];
};

struct http_client {
    struct loop *loop;
    const struct tls *tls;
    struct http_options o;
    struct url url;
    CURLM *multi;
    struct loop_timer timer; /* libcurl's */
    struct resolve *resolve;
    struct curl_slist *pinned; /* "host:port:address,address" for CURLOPT_RESOLVE */
    int64_t pinned_until_ns;   /* 0: look the name up again */
    struct loop_timer failed;  /* answers requests for which the name was not found */
    char why[WHY_MAX];
    struct request request[HTTP_REQUESTS_MAX];
    bool inside, gone; /* closed while the owner is called from in here */
};

/* libcurl wants to be told once per process; a second time only counts. */
static bool curl_ready(void)
{
    static bool ready;
    if (!ready)
        ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    return ready;
}

static void clear(struct request *r)
{
    if (r->easy) {
        if (r->running)
            curl_multi_remove_handle(r->client->multi, r->easy);
        curl_easy_cleanup(r->easy);
    }
    free(r->path);
    free(r->body);
    *r = (struct request){0};
}

static void free_client(struct http_client *c)
{
    curl_slist_free_all(c->pinned);
    free(c);
}

/* Ends [r] and tells its owner; false where he closed the client in it. */
static bool answer(struct request *r, int status, int retry_after_s, const char *why)
{
    struct http_client *c = r->client;
    struct request over = *r;
    if (over.running)
        curl_multi_remove_handle(c->multi, over.easy);
    curl_easy_cleanup(over.easy);
    *r = (struct request){0};
    struct http_answer a = {
        .status = status,
        .retry_after_s = retry_after_s,
        .body = status && over.body ? over.body : "",
        .len = status ? over.len : 0,
        .why = why,
    };
    over.fn(over.ctx, &a);
    free(over.path);
    free(over.body);
    return !c->gone;
}

static size_t on_body(char *data, size_t one, size_t n, void *ctx)
{
    (void)one;
    struct request *r = ctx;
    if (n > r->client->o.body_max - r->len) {
        r->too_long = true;
        return 0;
    }
    size_t need = r->len + n + 1;
    if (need > r->cap) {
        size_t cap = r->cap ? r->cap : 16384;
        while (cap < need)
            cap *= 2;
        char *p = realloc(r->body, cap);
        if (!p) {
            r->no_memory = true;
            return 0;
        }
        r->body = p;
        r->cap = cap;
    }
    memcpy(r->body + r->len, data, n);
    r->len += n;
    r->body[r->len] = '\0';
    return n;
}

/* libcurl knows only files and directories; what is believed here is decided in tls.c. */
static CURLcode on_ssl(CURL *easy, void *ssl_context, void *ctx)
{
    (void)easy;
    const struct http_client *c = ctx;
    SSL_CTX *ours = tls_context(c->tls);
    SSL_CTX_set1_cert_store(ssl_context, SSL_CTX_get_cert_store(ours));
    return CURLE_OK;
}

static void explain(const struct request *r, CURLcode code, char *out)
{
    const struct http_client *c = r->client;
    long verify = X509_V_OK;
    curl_easy_getinfo(r->easy, CURLINFO_SSL_VERIFYRESULT, &verify);
    const char *text = *r->error ? r->error : curl_easy_strerror(code);
    if (code == CURLE_PEER_FAILED_VERIFICATION)
        /* libcurl checks the name by itself, once OpenSSL is content, and has no code for that. */
        tls_explain(verify == X509_V_OK || verify == X509_V_ERR_UNSPECIFIED
                        ? X509_V_ERR_HOSTNAME_MISMATCH
                        : verify,
                    c->url.host, out);
    else if (r->too_long)
        snprintf(out, WHY_MAX, "%s sent more than %zu bytes", c->url.host, c->o.body_max);
    else if (r->no_memory || code == CURLE_OUT_OF_MEMORY)
        snprintf(out, WHY_MAX, "out of memory for an answer of %s", c->url.host);
    else if (code == CURLE_PARTIAL_FILE)
        snprintf(out, WHY_MAX, "the answer of %s ended before its end", c->url.host);
    else
        snprintf(out, WHY_MAX, "no answer from %s: %s", c->url.host, text);
}

/* The Retry-After of the answer; -1 where there is none. */
static int retry_after(CURL *easy)
{
    struct curl_header *h;
    curl_off_t seconds = 0;
    if (curl_easy_header(easy, "Retry-After", 0, CURLH_HEADER, -1, &h) != CURLHE_OK)
        return -1;
    curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &seconds);
    return seconds < 0 ? 0 : seconds > INT_MAX ? INT_MAX : (int)seconds;
}

/* Answers what libcurl has finished. */
static void collect(struct http_client *c)
{
    CURLMsg *m;
    int left;
    c->inside = true;
    while (!c->gone && (m = curl_multi_info_read(c->multi, &left))) {
        if (m->msg != CURLMSG_DONE)
            continue;
        struct request *r = NULL;
        CURLcode code = m->data.result;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&r);
        if (code == CURLE_OK) {
            long status = 0;
            curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &status);
            answer(r, (int)status, retry_after(r->easy), "");
        } else {
            char why[WHY_MAX];
            explain(r, code, why);
            if (code == CURLE_COULDNT_CONNECT || code == CURLE_OPERATION_TIMEDOUT)
                c->pinned_until_ns = 0; /* perhaps it lives elsewhere by now */
            answer(r, 0, -1, why);
        }
    }
    c->inside = false;
    if (c->gone)
        free_client(c);
}

/* libcurl's side of the loop. */

static void act(struct http_client *c, curl_socket_t s, int mask)
{
    int running;
    curl_multi_socket_action(c->multi, s, mask, &running);
    collect(c);
}

static void on_socket(void *ctx, int fd, uint32_t ready)
{
    int mask = (ready & EPOLLIN ? CURL_CSELECT_IN : 0) | (ready & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
               (ready & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
    act(ctx, fd, mask);
}

static void on_timer(void *ctx)
{
    act(ctx, CURL_SOCKET_TIMEOUT, 0);
}

static int want_socket(CURL *easy, curl_socket_t s, int what, void *ctx, void *socket_ctx)
{
    (void)easy, (void)socket_ctx;
    struct http_client *c = ctx;
    if (what == CURL_POLL_REMOVE) {
        loop_unwatch(c->loop, s);
        return 0;
    }
    uint32_t events = (what & CURL_POLL_IN ? EPOLLIN : 0) | (what & CURL_POLL_OUT ? EPOLLOUT : 0);
    return loop_watch(c->loop, s, events, on_socket, c) == ERR_OK ? 0 : -1;
}

static int want_timer(CURLM *multi, long ms, void *ctx)
{
    (void)multi;
    struct http_client *c = ctx;
    if (ms < 0)
        loop_timer_cancel(&c->timer);
    else
        loop_timer_set(c->loop, &c->timer, clock_mono_ns() + ms * NS_PER_MS, on_timer, c);
    return 0;
}

/* Requests. */

static bool set_options(struct http_client *c, struct request *r)
{
    CURL *e = r->easy;
    char url[sizeof c->url.path + URL_AUTHORITY_MAX + 16], authority[URL_AUTHORITY_MAX];
    url_authority(&c->url, authority);
    snprintf(url, sizeof url, "%s://%s%s", c->url.tls ? "https" : "http", authority, r->path);
    long left_ms = (long)((r->deadline_ns - clock_mono_ns()) / NS_PER_MS);
    long connect_ms = (long)(c->o.connect_ns / NS_PER_MS);
    return curl_easy_setopt(e, CURLOPT_URL, url) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_PRIVATE, r) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_ERRORBUFFER, r->error) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, c->url.tls ? "https" : "http") == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, "gzip") == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_USERAGENT, USER_AGENT) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, connect_ms) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, left_ms > 1 ? left_ms : 1) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_WRITEDATA, r) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_RESOLVE, c->pinned) == CURLE_OK &&
           (!c->url.tls ||
            (curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
             curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
             curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
             curl_easy_setopt(e, CURLOPT_CAINFO, NULL) == CURLE_OK &&
             curl_easy_setopt(e, CURLOPT_CAPATH, NULL) == CURLE_OK &&
             curl_easy_setopt(e, CURLOPT_SSL_CTX_FUNCTION, on_ssl) == CURLE_OK &&
             curl_easy_setopt(e, CURLOPT_SSL_CTX_DATA, c) == CURLE_OK));
}

/* Hands a request whose name is known to libcurl. */
static bool run(struct http_client *c, struct request *r)
{
    if (!set_options(c, r) || curl_multi_add_handle(c->multi, r->easy) != CURLM_OK)
        return false;
    r->running = true;
    return true;
}

/* Answers all that wait for the name with c->why. */
static void on_failed(void *ctx)
{
    struct http_client *c = ctx;
    bool alive = true;
    c->inside = true;
    for (size_t i = 0; i < HTTP_REQUESTS_MAX && alive; i++)
        if (c->request[i].fn && !c->request[i].running) {
            char why[WHY_MAX];
            snprintf(why, sizeof why, "%s", c->why);
            alive = answer(&c->request[i], 0, -1, why);
        }
    c->inside = false;
    if (!alive)
        free_client(c);
}

static void fail_waiting(struct http_client *c, const char *why)
{
    snprintf(c->why, sizeof c->why, "%s", why);
    loop_timer_set(c->loop, &c->failed, 0, on_failed, c);
}

static bool pin(struct http_client *c, const struct addresses *a)
{
    c->pinned_until_ns = clock_mono_ns() + ADDRESSES_NS;
    if (strchr(c->url.host, ':'))
        return true; /* an IPv6 address has no name to pin, nor can that line hold it */
    char line[URL_HOST_MAX + 16 + RESOLVE_ADDRESSES_MAX * (RESOLVE_TEXT_MAX + 3)];
    /* '+': libcurl forgets it like an answer of its own resolver */
    int n = snprintf(line, sizeof line, "+%s:%u:", c->url.host, c->url.port);
    for (uint32_t i = 0; i < a->count; i++)
        n += snprintf(line + n, sizeof line - (size_t)n, "%s%s", i ? "," : "", a->text[i]);
    CHECK((size_t)n < sizeof line);
    curl_slist_free_all(c->pinned);
    c->pinned = curl_slist_append(NULL, line);
    return c->pinned != NULL;
}

static void on_resolved(void *ctx, const struct addresses *a, const char *why)
{
    struct http_client *c = ctx;
    c->resolve = NULL;
    bool failed = !a || !pin(c, a);
    for (size_t i = 0; i < HTTP_REQUESTS_MAX && !failed; i++)
        if (c->request[i].fn && !c->request[i].running)
            failed = !run(c, &c->request[i]);
    if (failed)
        fail_waiting(c, a ? "out of memory for a request" : why);
}

enum err http_get(struct http_client *c, const char *path, http_fn *fn, void *ctx)
{
    if (*path != '/' || strlen(path) >= sizeof c->url.path)
        return ERR_RANGE;
    struct request *r = NULL;
    for (size_t i = 0; i < HTTP_REQUESTS_MAX && !r; i++)
        if (!c->request[i].fn)
            r = &c->request[i];
    if (!r)
        return ERR_FULL;
    int64_t now = clock_mono_ns();
    *r = (struct request){.client = c, .fn = fn, .ctx = ctx, .deadline_ns = now + c->o.total_ns};
    r->path = strdup(path);
    r->easy = curl_easy_init();
    enum err e = r->path && r->easy ? ERR_OK : ERR_NOMEM;
    if (!e && now < c->pinned_until_ns)
        e = run(c, r) ? ERR_OK : ERR_NOMEM;
    else if (!e && !c->resolve)
        e = resolve_start(&c->resolve, c->loop, c->url.host, c->o.connect_ns, on_resolved, c);
    if (e)
        clear(r);
    return e;
}

static bool set_multi_options(struct http_client *c)
{
    return curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, want_socket) == CURLM_OK &&
           curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c) == CURLM_OK &&
           curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, want_timer) == CURLM_OK &&
           curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c) == CURLM_OK &&
           curl_multi_setopt(c->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS,
                             (long)HTTP_CONNECTIONS_MAX) == CURLM_OK;
}

enum err http_client_open(struct http_client **ret, struct loop *l, const char *base,
                          const struct tls *tls, const struct http_options *o, const char **why)
{
    struct url url;
    enum err e = url_parse(base, &url, why);
    if (e)
        return e;
    *why = "it must be https:// or http:// and a host, without a path";
    if (url.websocket || strcmp(url.path, "/") != 0)
        return ERR_SYNTAX;
    CHECK(!url.tls || tls);
    *why = "out of memory";
    struct http_client *c = curl_ready() ? calloc(1, sizeof *c) : NULL;
    if (!c)
        return ERR_NOMEM;
    c->loop = l;
    c->tls = tls;
    c->url = url;
    if (o)
        c->o = *o;
    c->o.connect_ns = c->o.connect_ns ? c->o.connect_ns : HTTP_CONNECT_NS;
    c->o.total_ns = c->o.total_ns ? c->o.total_ns : HTTP_TOTAL_NS;
    c->o.body_max = c->o.body_max ? c->o.body_max : HTTP_BODY_MAX;
    CHECK(c->o.body_max <= HTTP_BODY_MAX);
    c->multi = curl_multi_init();
    if (!c->multi || !set_multi_options(c)) {
        http_client_close(c);
        return ERR_NOMEM;
    }
    *ret = c;
    return ERR_OK;
}

void http_client_close(struct http_client *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < HTTP_REQUESTS_MAX; i++)
        if (c->request[i].fn)
            clear(&c->request[i]);
    curl_multi_cleanup(c->multi);
    resolve_cancel(c->resolve);
    loop_timer_cancel(&c->timer);
    loop_timer_cancel(&c->failed);
    c->gone = true;
    if (!c->inside)
        free_client(c);
}
