/* `tradewind-signer serve`: the process that signs, and the one that opens the key store for it. */
#ifndef TW_WALLET_SERVE_CMD_H
#define TW_WALLET_SERVE_CMD_H

/* argv[0] is "serve"; returns an exit code. Hardens the process itself. [build] goes into the audit
 * log. */
int serve_cmd(int argc, char **argv, const char *build);

#endif
