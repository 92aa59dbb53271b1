/* Records of the audit log for people and for programs. */
#ifndef TW_WALLET_AUDIT_SHOW_H
#define TW_WALLET_AUDIT_SHOW_H

#include "wallet/audit_args.h"
#include "wallet/audit_format.h"

/* A line for each record that the arguments ask for. */
void audit_show_head(const struct audit_args *a);
void audit_show(const struct audit_args *a, const struct audit_record *r, bool keyed);

#define AUDIT_TIME_MAX 32
void audit_time_text(int64_t wall_ms, char out[AUDIT_TIME_MAX]); /* UTC, with milliseconds */

#endif
