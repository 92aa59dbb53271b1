/* OpenSSL's headers. It has a type ERR_STATE, we have an error code of that name: theirs, which
 * nobody needs, is renamed while its headers are read. */
#ifndef TW_WALLET_OPENSSL_H
#define TW_WALLET_OPENSSL_H

#define ERR_STATE openssl_err_state
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#undef ERR_STATE

#endif
