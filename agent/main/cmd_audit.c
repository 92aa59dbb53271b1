/* tradewind audit: hands over to tradewind-signer, which writes the audit log. */
#include "main/cmd.h"
#include "main/signer_exec.h"

int cmd_audit(int argc, char **argv)
{
    return signer_exec("tradewind audit", argc, argv);
}
