/* tradewind key: hands over to tradewind-signer, the only program that opens key stores. */
#include "main/cmd.h"
#include "main/signer_exec.h"

int cmd_key(int argc, char **argv)
{
    return signer_exec("tradewind key", argc, argv);
}
