/* `tradewind-signer key ...`: making, filling and looking at key stores. */
#ifndef TW_WALLET_KEY_CMD_H
#define TW_WALLET_KEY_CMD_H

/* argv[0] is "key". Runs the command that argv[1] names; returns an exit code. The process is
 * hardened (harden.h) already. */
int key_cmd(int argc, char **argv);

#endif
