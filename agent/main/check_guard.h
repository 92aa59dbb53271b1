/* What `tradewind check` prints of guards, schedules, believable prices and alerts. */
#ifndef TW_MAIN_CHECK_GUARD_H
#define TW_MAIN_CHECK_GUARD_H

#include "model/setup.h"

#include <stdio.h>

/* [guard.agent], the price guards and the alerts: nothing where there are none. */
void check_print_guards(FILE *out, const struct setup *s);

/* The guards and the schedule in force for one strategy, likewise. */
void check_print_strategy_guards(FILE *out, const struct setup *s, const struct strategy_setup *st);

#endif
