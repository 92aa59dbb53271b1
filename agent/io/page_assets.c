/* The files that become parts of the report page, put into the program as they are: the chart
 * library from Debian's libjs-dygraphs, and our own script and style beside this file. The Makefile
 * says where the assembler finds them. */
#include "io/page.h"

#define EMBED(name, file)                                                                          \
    __asm__(".pushsection .rodata\n"                                                               \
            "page_asset_" #name ":\n"                                                              \
            ".incbin \"" file "\"\n"                                                               \
            "page_asset_" #name "_end:\n"                                                          \
            ".byte 0\n"                                                                            \
            ".popsection\n");                                                                      \
    extern const char page_asset_##name[], page_asset_##name##_end[];                              \
    const struct page_asset page_##name = {page_asset_##name, page_asset_##name##_end}

EMBED(dygraph_js, "dygraph.min.js");
EMBED(dygraph_css, "dygraph.min.css");
EMBED(synchronizer_js, "src/extras/synchronizer.js");
EMBED(js, "agent/io/page.js");
EMBED(css, "agent/io/page.css");
