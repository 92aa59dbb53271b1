#include "io/page.h"

#include "base/clock.h"
#include "io/describe.h"
#include "strategies/strategy.h"

#include <string.h>

#define NS_TO_MS(ns) ((long long)((ns) / NS_PER_MS))

/* ---- texts and numbers ---- */

static void put(FILE *out, const char *text)
{
    for (; *text; text++)
        switch (*text) {
        case '<': fputs("&lt;", out); break;
        case '>': fputs("&gt;", out); break;
        case '&': fputs("&amp;", out); break;
        case '"': fputs("&quot;", out); break;
        default: fputc(*text, out);
        }
}

static void put_asset(FILE *out, const struct page_asset *a)
{
    fwrite(a->begin, 1, (size_t)(a->end - a->begin), out);
}

/* For people: [places] decimals. */
static const char *money(dec d, unsigned places, char *text)
{
    dec_format_places(d, places, DEC_HALF_EVEN, text);
    return text;
}

/* A ratio in percent with two decimals and its sign. */
static const char *percent(dec ratio, char *text)
{
    dec hundred;
    if (!dec_mul_int(ratio, 100, &hundred))
        return "?";
    size_t n = dec_format_places(hundred, 2, DEC_HALF_EVEN, text);
    memcpy(text + n, " %", 3);
    return text;
}

static const char *sign_class(dec d)
{
    return dec_is_pos(d) ? "good" : dec_is_neg(d) ? "bad" : "";
}

static void put_number(FILE *out, dec d)
{
    char text[DEC_TEXT_MAX];
    dec_format(d, text);
    fputs(text, out);
}

/* ---- the head ---- */

static void card(FILE *out, const char *name, const char *value, const char *unit,
                 const char *class)
{
    fprintf(out, "<div class=\"card\"><span>%s</span><b class=\"%s\">", name, class);
    put(out, value);
    fprintf(out, "</b> %s</div>\n", unit);
}

static void card_count(FILE *out, const char *name, uint64_t n)
{
    char text[32];
    snprintf(text, sizeof text, "%llu", (unsigned long long)n);
    card(out, name, text, "", "");
}

static void put_cards(const struct page *p, FILE *out)
{
    const struct report *r = p->report;
    const struct setup *s = p->chart->setup;
    const char *quote = s->asset[s->quote];
    char text[DEC_TEXT_MAX];
    dec ratio;
    fputs("<div class=\"cards\">\n", out);
    if (r->valued) {
        card(out, "result", money(r->pnl, 2, text), quote, sign_class(r->pnl));
        if (dec_is_pos(r->totals.equity_start) &&
            dec_div(r->pnl, r->totals.equity_start, DEC_HALF_EVEN, &ratio))
            card(out, "return", percent(ratio, text), "", sign_class(ratio));
        card(out, "of it realized", money(r->pnl_realized, 2, text), quote,
             sign_class(r->pnl_realized));
        card(out, "equity at start", money(r->totals.equity_start, 2, text), quote, "");
        card(out, "equity at end", money(r->totals.equity, 2, text), quote, "");
        card(out, "max drawdown", percent(r->max_drawdown, text), "", "");
    } else {
        card(out, "equity", "unknown", "an asset never had a price", "bad");
    }
    if (r->has_sharpe)
        snprintf(text, sizeof text, "%.2f", r->sharpe);
    card(out, "sharpe", r->has_sharpe ? text : "-", r->has_sharpe ? "" : "needs 10 days", "");
    card(out, "volume", money(r->totals.volume_quote, 2, text), quote, "");
    card(out, "fees", money(r->totals.fees_quote, 2, text), quote, "");
    card_count(out, "market events", r->events);
    card_count(out, "orders", r->totals.orders);
    card_count(out, "fills", r->totals.fills);
    card(out, "books balance", r->books_balance ? "yes" : "NO",
         r->books_balance ? "to the last unit" : "", r->books_balance ? "good" : "bad");
    fputs("</div>\n", out);
}

static void put_charts(const struct page *p, FILE *out)
{
    const struct chart *c = p->chart;
    fputs("<h2>Equity</h2>\n<div class=\"chart\" id=\"equity\"></div>\n"
          "<div class=\"chart low\" id=\"drawdown\"></div>\n"
          "<p class=\"note\">Drag to zoom, double click to go back; all charts follow.</p>\n",
          out);
    uint32_t n = 0;
    for (instrument_id i = 0; i < c->setup->instruments; i++) {
        char name[DESCRIBE_INSTRUMENT_MAX];
        if (!c->price[i])
            continue;
        fputs("<h2>", out);
        put(out, describe_instrument(c->setup, i, name));
        fprintf(out, "</h2>\n<div class=\"chart tall\" id=\"price-%u\"></div>\n", n++);
    }
    fputs("<p class=\"note\">Triangles: own fills. Thin lines: own limit orders while they were "
          "open.",
          out);
    if (c->fills_seen > c->fills || c->orders_seen > c->orders)
        fprintf(out, " Shown are the first %zu of %llu fills and %zu of %llu orders.", c->fills,
                (unsigned long long)c->fills_seen, c->orders, (unsigned long long)c->orders_seen);
    fputs("</p>\n", out);
}

/* ---- tables ---- */

static bool change(dec from, dec to, dec *ret)
{
    dec gain;
    return dec_is_pos(from) && dec_sub(to, from, &gain) && dec_div(gain, from, DEC_HALF_EVEN, ret);
}

static void cell_ratio(FILE *out, bool known, dec ratio)
{
    char text[DEC_TEXT_MAX];
    fprintf(out, "<td class=\"%s\">%s</td>", known ? sign_class(ratio) : "",
            known ? percent(ratio, text) : "");
}

/* A row per year: the change of equity in each month, and in the year. */
static void put_months(const struct chart *c, FILE *out)
{
    static const char *const NAMES[12] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    dec before = c->equity_start;
    if (c->months == 0)
        return;
    fputs("<h2>Months</h2>\n<div class=\"scroll\"><table><tr><th>year</th>", out);
    for (int m = 0; m < 12; m++)
        fprintf(out, "<th>%s</th>", NAMES[m]);
    fputs("<th>year</th></tr>\n", out);
    for (size_t k = 0; k < c->months;) {
        int year = c->month[k].year;
        dec begin = before, ratio = DEC_ZERO;
        fprintf(out, "<tr><td>%d</td>", year);
        for (int m = 1; m <= 12; m++) {
            bool there = k < c->months && c->month[k].year == year && c->month[k].month == m;
            bool known = there && change(before, c->month[k].equity, &ratio);
            cell_ratio(out, known, ratio);
            if (there)
                before = c->month[k++].equity;
        }
        cell_ratio(out, change(begin, before, &ratio), ratio);
        fputs("</tr>\n", out);
    }
    fputs("</table></div>\n", out);
}

static void cell_money(FILE *out, dec d, bool colored)
{
    char text[DEC_TEXT_MAX];
    fprintf(out, "<td class=\"%s\">%s</td>", colored ? sign_class(d) : "", money(d, 2, text));
}

static void put_strategies(const struct page *p, FILE *out)
{
    const struct setup *s = p->chart->setup;
    fprintf(out, "<h2>Strategies</h2>\n<div class=\"scroll\"><table><tr><th>name</th><th "
                 "class=\"text\">kind</th>"
                 "<th>orders</th><th>denied</th><th>rejected</th><th>canceled</th><th>fills</th>"
                 "<th>volume</th><th>fees</th><th>result</th><th>max drawdown</th><th>won</th>"
                 "<th>lost</th><th>best</th><th>worst</th></tr>\n");
    for (strategy_id id = 0; id < s->strategies; id++) {
        struct engine_totals t;
        engine_totals(p->report->engine, id, &t);
        struct engine_closes n;
        engine_closes(p->report->engine, id, &n);
        dec pnl = DEC_ZERO;
        char text[DEC_TEXT_MAX];
        fputs("<tr><td>", out);
        put(out, s->strategy[id].name);
        fprintf(out,
                "</td><td "
                "class=\"text\">%s</td><td>%llu</td><td>%llu</td><td>%llu</td><td>%llu</"
                "td><td>%llu</td>",
                s->strategy[id].ops->name, (unsigned long long)t.orders,
                (unsigned long long)t.denied, (unsigned long long)t.rejected,
                (unsigned long long)t.canceled, (unsigned long long)t.fills);
        cell_money(out, t.volume_quote, false);
        cell_money(out, t.fees_quote, false);
        if (t.valued && dec_sub(t.equity, t.equity_start, &pnl))
            cell_money(out, pnl, true);
        else
            fputs("<td>unknown</td>", out);
        fprintf(out, "<td>%s</td><td>%llu</td><td>%llu</td>",
                percent(report_drawdown(t.max_drawdown), text), (unsigned long long)n.won,
                (unsigned long long)n.lost);
        cell_money(out, n.best, true);
        cell_money(out, n.worst, true);
        fputs("</tr>\n", out);
    }
    fprintf(out,
            "</table></div>\n<p class=\"note\">Volume, fees and result in %s. Won and lost count "
            "closes: sells that have ended and sold something, by what they realized in all, fees "
            "included; what is still held counts in neither. Best and worst are of closes, in the "
            "instrument's quote.</p>\n",
            s->asset[s->quote]);
}

static void put_figures(const struct page *p, FILE *out)
{
    const struct setup *s = p->chart->setup;
    bool begun = false;
    for (strategy_id id = 0; id < s->strategies; id++) {
        struct figure f[FIGURES_MAX];
        uint32_t n = engine_figures(p->report->engine, id, f);
        for (uint32_t k = 0; k < n; k++) {
            char text[DEC_TEXT_MAX];
            if (!begun)
                fputs("<h2>What the strategies say</h2>\n<div "
                      "class=\"scroll\"><table><tr><th>strategy"
                      "</th><th class=\"text\">figure</th><th>value</th><th "
                      "class=\"text\">unit</th></tr>\n",
                      out);
            begun = true;
            if (figure_known(&f[k]))
                dec_format(f[k].value, text);
            else
                memcpy(text, "-", 2);
            fputs("<tr><td>", out);
            put(out, s->strategy[id].name);
            fprintf(out,
                    "</td><td class=\"text\">%s</td><td>%s</td><td class=\"text\">%s</td></tr>\n",
                    f[k].name, text, describe_figure_unit(s, id, f[k].unit));
        }
    }
    if (begun)
        fputs("</table></div>\n", out);
}

static void put_balances(const struct page *p, FILE *out)
{
    const struct engine *e = p->report->engine;
    const struct setup *s = p->chart->setup;
    fputs("<h2>Balances</h2>\n<div class=\"scroll\"><table><tr><th>venue</th><th "
          "class=\"text\">asset</th><th>at "
          "the end"
          "</th></tr>\n",
          out);
    for (venue_id v = 0; v < s->venues; v++)
        for (asset_id a = 0; a < s->assets; a++) {
            dec sum = engine_balance(e, STRATEGY_NONE, v, a);
            for (strategy_id id = 0; id < s->strategies; id++)
                if (!dec_add(sum, engine_balance(e, id, v, a), &sum))
                    return; /* the account held the sum */
            if (dec_is_zero(sum))
                continue;
            fputs("<tr><td>", out);
            put(out, s->venue[v].name);
            fprintf(out, "</td><td class=\"text\">%s</td><td>", s->asset[a]);
            put_number(out, sum);
            fputs("</td></tr>\n", out);
        }
    fputs("</table></div>\n", out);
}

static void rows_of_reasons(FILE *out, const char *what, const uint64_t *count)
{
    for (unsigned i = 0; i < REPORT_REASONS; i++)
        if (count[i])
            fprintf(out,
                    "<tr><td>%s</td><td>%llu</td><td class=\"text\">%s</td><td "
                    "class=\"text\">%s</td></tr>\n",
                    what, (unsigned long long)count[i], reason_name((enum reason)i),
                    reason_text((enum reason)i));
}

static void put_refusals(const struct page *p, FILE *out)
{
    bool any = false;
    for (unsigned i = 0; i < REPORT_REASONS; i++)
        any = any || p->report->denied[i] || p->report->rejected[i];
    if (!any)
        return;
    fputs("<h2>Orders that were refused</h2>\n<div "
          "class=\"scroll\"><table><tr><th>by</th><th>orders</th>"
          "<th class=\"text\">reason</th><th></th></tr>\n",
          out);
    rows_of_reasons(out, "risk (denied)", p->report->denied);
    rows_of_reasons(out, "venue (rejected)", p->report->rejected);
    fputs("</table></div>\n", out);
}

/* Which strategy did not run to the end, and why; how often guards locked entries. */
static void put_stops(const struct page *p, FILE *out)
{
    const struct report *r = p->report;
    bool any = r->stops > 0;
    for (unsigned i = 0; i < REPORT_REASONS; i++)
        any = any || r->locked[i];
    if (!any)
        return;
    fputs("<h2>Stops and locks</h2>\n<div class=\"scroll\"><table><tr><th>what</th>"
          "<th>when, times</th><th class=\"text\">reason</th><th></th></tr>\n",
          out);
    for (uint32_t i = 0; i < r->stops && i < REPORT_STOPS_MAX; i++) {
        const struct effect_state *st = &r->stop[i].state;
        char when[CLOCK_TEXT_MAX];
        clock_format_utc(r->stop[i].ts_ns, when);
        fputs("<tr><td>", out);
        put(out, report_stop_who(r, &r->stop[i]));
        fprintf(out,
                " is %s</td><td>%s</td><td class=\"text\">%s</td><td class=\"text\">%s</td></tr>\n",
                trading_state_name(st->to), when, reason_name(st->reason), reason_text(st->reason));
    }
    if (r->stops > REPORT_STOPS_MAX)
        fprintf(out, "<tr><td>more changes</td><td>%llu</td><td></td><td></td></tr>\n",
                (unsigned long long)(r->stops - REPORT_STOPS_MAX));
    rows_of_reasons(out, "entries locked", r->locked);
    fputs("</table></div>\n", out);
}

static void put_settings(const struct page *p, FILE *out)
{
    fputs("<h2>Data</h2>\n<ul>\n", out);
    for (uint32_t i = 0; i < p->files; i++) {
        fputs("<li>", out);
        put(out, p->data[i]);
        fputs("</li>\n", out);
    }
    fputs("</ul>\n<h2>Settings: ", out);
    put(out, p->config_path);
    fputs("</h2>\n<pre>", out);
    put(out, p->config_text);
    fputs("</pre>\n", out);
}

/* ---- the numbers for the charts ---- */

static void put_instrument(const struct chart *c, instrument_id i, FILE *out)
{
    const char *separator = "";
    fputs("{\"price\":[", out);
    for (size_t k = 0; k < CHART_BUCKETS; k++) {
        const struct chart_bucket *b = &c->price[i][k];
        if (!b->any)
            continue;
        fprintf(out, "%s[%lld,", separator, NS_TO_MS(chart_bucket_ns(c, k)));
        put_number(out, b->low);
        fputc(',', out);
        put_number(out, b->high);
        fputc(',', out);
        put_number(out, b->last);
        fputc(']', out);
        separator = ",";
    }
    fputs("],\n\"fills\":[", out);
    separator = "";
    for (size_t k = 0; k < c->fills; k++) {
        const struct chart_fill *f = &c->fill[k];
        if (f->instrument != i)
            continue;
        fprintf(out, "%s[%lld,%d,", separator, NS_TO_MS(f->ts_ns), f->side == SIDE_BUY);
        put_number(out, f->price);
        fputc(']', out);
        separator = ",";
    }
    fputs("],\n\"orders\":[", out);
    separator = "";
    for (size_t k = 0; k < c->orders; k++) {
        const struct chart_order *o = &c->order[k];
        if (o->instrument != i)
            continue;
        fprintf(out, "%s[%lld,", separator, NS_TO_MS(o->begin_ns));
        if (o->end_ns == INT64_MAX)
            fputs("null,", out);
        else
            fprintf(out, "%lld,", NS_TO_MS(o->end_ns));
        put_number(out, o->price);
        fprintf(out, ",%d]", o->side == SIDE_BUY);
        separator = ",";
    }
    fputs("]}", out);
}

static void put_data(const struct chart *c, FILE *out)
{
    const char *separator = "";
    fprintf(out, "{\"first\":%lld,\"last\":%lld,\n\"equity\":[", NS_TO_MS(c->first_ns),
            NS_TO_MS(c->last_ns));
    for (size_t k = 0; k < CHART_BUCKETS; k++) {
        if (!c->equity[k].any)
            continue;
        fprintf(out, "%s[%lld,", separator, NS_TO_MS(chart_bucket_ns(c, k)));
        put_number(out, c->equity[k].last);
        fprintf(out, ",%.6f]", c->drawdown[k]);
        separator = ",";
    }
    fputs("],\n\"instruments\":[", out);
    separator = "";
    for (instrument_id i = 0; i < c->setup->instruments; i++) {
        if (!c->price[i])
            continue;
        fputs(separator, out);
        put_instrument(c, i, out);
        separator = ",\n";
    }
    fputs("]}\n", out);
}

void page_write(const struct page *p, FILE *out)
{
    fputs("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src "
          "'unsafe-inline'; style-src 'unsafe-inline'\">\n<title>tradewind: ",
          out);
    put(out, p->title);
    fputs("</title>\n<style>\n", out);
    put_asset(out, &page_dygraph_css);
    fputc('\n', out);
    put_asset(out, &page_css);
    fputs("</style></head><body>\n<h1>tradewind backtest</h1>\n<p class=\"sub\">", out);
    put(out, p->title);
    fputs("</p>\n", out);
    put_cards(p, out);
    put_stops(p, out);
    put_charts(p, out);
    put_months(p->chart, out);
    put_strategies(p, out);
    put_figures(p, out);
    put_balances(p, out);
    put_refusals(p, out);
    put_settings(p, out);
    fputs("<p class=\"note\">Past results say little about future ones. Charts: dygraphs 2.2 "
          "(MIT).</p>\n"
          "<script>",
          out);
    put_asset(out, &page_dygraph_js);
    fputs("</script>\n<script>", out);
    put_asset(out, &page_synchronizer_js);
    fputs("</script>\n<script type=\"application/json\" id=\"data\">", out);
    put_data(p->chart, out);
    fputs("</script>\n<script>", out);
    put_asset(out, &page_js);
    fputs("</script>\n</body></html>\n", out);
}
