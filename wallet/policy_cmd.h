/* `tradewind-signer policy set`: makes a compiled policy the one of a key store. */
#ifndef TW_WALLET_POLICY_CMD_H
#define TW_WALLET_POLICY_CMD_H

/* argv[0] is "policy"; returns an exit code. */
int policy_cmd(int argc, char **argv);

#endif
