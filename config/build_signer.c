/* [signer]: it may be left out, and may be empty. */
#include "config/section.h"

void build_signer(struct build *b)
{
    const struct toml_node *t = section_subtable(b, b->root, "", "signer");
    struct signer_setup *out = &b->setup->signer;
    out->given = t != NULL;
    if (!t)
        return;
    section_unknown(b, &SECTION_SIGNER, t, NULL);
    (void)section_read(b, &SECTION_SIGNER, t, out); /* each error was told */
}
