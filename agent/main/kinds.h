/* What a configuration may name: the strategies and venues built into the programs. */
#ifndef TW_MAIN_KINDS_H
#define TW_MAIN_KINDS_H

#include "config/config.h"

/* For config_load() and config_explain(); the same in every command. */
const struct config_kinds *program_kinds(void);
/* The same for a configuration that already runs or ran: the text in a journal. */
const struct config_kinds *journal_kinds(void);

#endif
