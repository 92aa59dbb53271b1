/* Says what is wrong with a command line, before its help text. */
#ifndef TW_MAIN_USAGE_H
#define TW_MAIN_USAGE_H

/* Prints to standard error, "PROGRAM: " in front, that [argument] is an option that is unknown or
 * lacks a good value, or one argument too many; NULL: that one is missing. */
void usage_wrong(const char *program, const char *argument);

#endif
