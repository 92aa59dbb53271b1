/* `tradewind-signer signer`: status, unlock and seal of a signer that serves. */
#ifndef TW_WALLET_SIGNER_CMD_H
#define TW_WALLET_SIGNER_CMD_H

/* argv[0] is "signer"; returns an exit code. */
int signer_cmd(int argc, char **argv);

#endif
