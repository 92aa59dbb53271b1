/* tradewind signer: hands over to tradewind-signer, which knows its own protocol. */
#include "main/cmd.h"
#include "main/signer_exec.h"

int cmd_signer(int argc, char **argv)
{
    return signer_exec("tradewind signer", argc, argv);
}
