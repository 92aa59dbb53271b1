/* `tradewind-signer audit verify|show|accept`. */
#ifndef TW_WALLET_AUDIT_CMD_H
#define TW_WALLET_AUDIT_CMD_H

/* argv[0] is "audit"; returns an exit code. */
int audit_cmd(int argc, char **argv);

#endif
