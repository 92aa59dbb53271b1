/* The policy for people, compiled: TOML to the one binary form that the signer reads.
 *
 * Keys and instruments may come in any order; what is the same policy compiles to the same bytes.
 * An empty file is a policy that allows nothing. Errors are all reported, each as "file:line:col:
 * key: what is wrong, what is allowed"; a syntax error alone.
 */
#ifndef TW_MAIN_POLICY_FILE_H
#define TW_MAIN_POLICY_FILE_H

#include "config/config.h"
#include "wallet/policy.h"

#include <stdio.h>

struct policy_file {
    struct policy policy;
    uint8_t bytes[WIRE_POLICY_MAX];
    size_t len;
};

/* [name] stands for the file in messages. ERR_SYNTAX, ERR_RANGE, ERR_FULL, ERR_NOMEM, as
 * config_parse(); [report] is to be cleared with config_report_clear() in any case. */
enum err policy_file_parse(const char *name, const char *text, size_t len, struct policy_file *ret,
                           struct config_report *report) MUST_CHECK;

/* Reads a file and compiles it, or takes it as it is where it is a compiled one. */
enum err policy_file_load(const char *path, struct policy_file *ret,
                          struct config_report *report) MUST_CHECK;

/* Prints every key with type, range, default and meaning. */
void policy_file_explain(FILE *out);

#endif
