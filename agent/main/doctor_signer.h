/* A part of `tradewind doctor`. */
#ifndef TW_MAIN_DOCTOR_SIGNER_H
#define TW_MAIN_DOCTOR_SIGNER_H

#include "io/loop.h"
#include "model/setup.h"

#include <stddef.h>

enum finding { FINDING_FINE, FINDING_WARNING, FINDING_WRONG };

/* Asks the signer of [s], which is given, and writes a sentence into [out]. */
enum finding doctor_signer(struct loop *loop, const struct signer_setup *s, char *out, size_t cap);

#endif
