#include "io/ws_deflate.h"

#include "base/check.h"

#include <stdbool.h>
#include <stdint.h>

/* What the extension answers; libwebsockets names them in a private header only. */
#define UNKNOWN        0
#define NOT_COMPRESSED 5
/* The last option that the other side may set; the rest are sizes and levels of our own. */
#define PUBLIC_OPTIONS 4

#define INFLATE_BITS  24
#define INFLATE_BYTES (1u << INFLATE_BITS)
#define DEFLATE_RATIO 1032
#define DEFLATE_BITS  21
/* Compressed text may be longer than the text, by 5 bytes for each 16 KiB and a few. */
#define DEFLATE_MAX ((1 << DEFLATE_BITS) / 2)

_Static_assert(WS_DEFLATE_PIECE_MAX *DEFLATE_RATIO < INFLATE_BYTES,
               "a piece may not fill the buffer for what it is inflated to");

#define TEXT_(x) #x
#define TEXT(x)  TEXT_(x)

static void set(struct lws_context *context, const struct lws_extension *ext, struct lws *wsi,
                void *extension, const char *name, const char *value)
{
    struct lws_ext_option_arg option = {.option_name = name, .start = value};
    /* The extension looks at the protocol to limit its buffer; the table that it looks at is the
     * vhost's own copy, not the constant it was made from. */
    struct lws_protocols *p = (struct lws_protocols *)(uintptr_t)lws_get_protocol(wsi);
    size_t piece = p->rx_buffer_size;
    CHECK(piece > 0 && piece <= WS_DEFLATE_PIECE_MAX);
    p->rx_buffer_size = INFLATE_BYTES;
    lws_extension_callback_pm_deflate(context, ext, wsi, LWS_EXT_CB_NAMED_OPTION_SET, extension,
                                      &option, 0);
    p->rx_buffer_size = piece;
}

static int inflate_only(struct lws_context *context, const struct lws_extension *ext,
                        struct lws *wsi, enum lws_extension_callback_reasons reason, void *user,
                        void *in, size_t len)
{
    if (reason == LWS_EXT_CB_OPTION_SET) {
        const struct lws_ext_option_arg *option = in;
        if (!option->option_name && option->option_index >= PUBLIC_OPTIONS)
            return 0;
    }
    int r = lws_extension_callback_pm_deflate(context, ext, wsi, reason, user, in, len);
    if (reason == LWS_EXT_CB_PAYLOAD_RX && r == NOT_COMPRESSED)
        return UNKNOWN;
    bool made = reason == LWS_EXT_CB_CONSTRUCT || reason == LWS_EXT_CB_CLIENT_CONSTRUCT;
    /* Setting any option limits the buffer again: the size is put back after each. */
    if (r == 0 && (made || reason == LWS_EXT_CB_OPTION_SET)) {
        void *extension = made ? *(void **)user : user;
        set(context, ext, wsi, extension, "rx_buf_size", TEXT(INFLATE_BITS));
        set(context, ext, wsi, extension, "tx_buf_size", TEXT(DEFLATE_BITS));
    }
    return r;
}

int ws_deflate_client(struct lws_context *context, const struct lws_extension *ext, struct lws *wsi,
                      enum lws_extension_callback_reasons reason, void *user, void *in, size_t len)
{
    if (reason == LWS_EXT_CB_PAYLOAD_TX)
        return UNKNOWN;
    return inflate_only(context, ext, wsi, reason, user, in, len);
}

int ws_deflate_server(struct lws_context *context, const struct lws_extension *ext, struct lws *wsi,
                      enum lws_extension_callback_reasons reason, void *user, void *in, size_t len)
{
    if (reason == LWS_EXT_CB_PAYLOAD_TX) {
        const struct lws_tokens *text = in; /* the first member of what is passed */
        if (text->len == 0 || text->len > DEFLATE_MAX)
            return UNKNOWN;
    }
    return inflate_only(context, ext, wsi, reason, user, in, len);
}
