/* Becoming tradewind-signer, the only program that opens key stores. */
#ifndef TW_MAIN_SIGNER_EXEC_H
#define TW_MAIN_SIGNER_EXEC_H

/* Replaces this process by the tradewind-signer beside it, with [argc] arguments. Comes back only
 * with an exit code, where that failed and was told as [who]. */
int signer_exec(const char *who, int argc, char **argv);

#endif
