/* permessage-deflate of libwebsockets 4.1.6, with a fence around its faults.
 *
 * Everybody who speaks websocket lists one of these in his extensions instead of
 * lws_extension_callback_pm_deflate. What is wrong there, and what is done about it:
 *
 * - Receiving, it limits the buffer for inflated data to the protocol's rx_buffer_size. Where that
 *   buffer is full just when the input is eaten, it cuts the message or aborts by an assertion.
 * Here the buffer has 16 MiB (untouched memory costs nothing) and a piece of rx_buffer_size <= 8192
 *   bytes cannot fill it: deflate's ratio is at most 1032.
 * - Receiving a message that is not compressed, which the peer is free to mix in, it answers by a
 *   number that the client's parser takes for "more to come", for ever. Here: "nothing known".
 * - Sending, an empty message, or one whose compressed form ends within 3 bytes behind a full
 *   buffer, aborts by an assertion. Here the buffer is as large as what is compressed; empty and
 *   larger messages go out uncompressed, which the protocol allows.
 * - The other side can set its private options, like buffer sizes. Here they are not listened to.
 */
#ifndef TW_IO_WS_DEFLATE_H
#define TW_IO_WS_DEFLATE_H

#include "io/lws.h"

#define WS_DEFLATE_PIECE_MAX 8192 /* the largest rx_buffer_size that is safe */

/* For clients: inflates; compresses nothing, since what a client sends is small. */
lws_extension_callback_function ws_deflate_client;
/* For servers: inflates and compresses. */
lws_extension_callback_function ws_deflate_server;

#endif
