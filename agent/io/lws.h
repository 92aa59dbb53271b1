/* The one way to include libwebsockets or OpenSSL: their names and ours meet here.
 *
 * OpenSSL has a type ERR_STATE, we have an error code of that name; theirs, which nobody needs, is
 * renamed while its headers are read. Include this instead of <libwebsockets.h> or <openssl/...>.
 */
#ifndef TW_IO_LWS_H
#define TW_IO_LWS_H

#define ERR_STATE openssl_err_state
#include <libwebsockets.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#undef ERR_STATE

#endif
