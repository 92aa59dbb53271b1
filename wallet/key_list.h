/* What may be shown of a key store. */
#ifndef TW_WALLET_KEY_LIST_H
#define TW_WALLET_KEY_LIST_H

#include "wallet/keystore.h"

#include <cJSON.h>
#include <stdbool.h>

/* Prints [root] on standard output and deletes it. ERR_NOMEM. */
enum err key_print_json(cJSON *root, char *why) MUST_CHECK;

/* A table, or JSON, on standard output. Of a store that is not open, too. ERR_NOMEM. */
enum err key_list(const struct keystore *k, bool json, char *why) MUST_CHECK;

/* The address of a key of kind evm, or the public half of an Ed25519 key in PEM, of an open store:
 * what is shown has been authenticated. ERR_NOT_FOUND, ERR_UNSUPPORTED. */
enum err key_show_address(const struct keystore *k, const char *label, char *why) MUST_CHECK;

/* A line on a key that was just made, and what to do next. */
void key_print_made(const struct keystore *k, const char *label);

#endif
