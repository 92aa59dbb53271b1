/* The report of a backtest as one self-contained HTML page: equity and drawdown, prices with orders
 * and fills, months, strategies, fees, settings. It needs no network: the chart library (dygraphs,
 * MIT) is inside. Equal runs give equal bytes. */
#ifndef TW_IO_PAGE_H
#define TW_IO_PAGE_H

#include "io/chart.h"
#include "io/report.h"

struct page {
    const char *title;
    const struct report *report;
    const struct chart *chart;
    const char *config_path, *config_text;
    const char *const *data; /* the files, as given */
    uint32_t files;
};

void page_write(const struct page *p, FILE *out);

/* The parts that are files of their own, from page_assets.c. */
struct page_asset {
    const char *begin, *end;
};
extern const struct page_asset page_dygraph_js, page_dygraph_css, page_synchronizer_js, page_js,
    page_css;

#endif
