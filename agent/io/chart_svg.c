/* The picture of a run as SVG, for documents. Lines and triangles: a library would be more than the
 * picture. */
#include "io/chart.h"

#include "base/clock.h"
#include "io/describe.h"

#include <math.h>
#include <string.h>
#include <time.h>

#define WIDTH        1000.0
#define LEFT         78.0
#define RIGHT        14.0
#define TOP          34.0
#define PRICE_HEIGHT 300.0
#define SMALL_HEIGHT 110.0
#define GAP          30.0
#define BOTTOM       26.0
#define TICKS        5

/* One panel: values from low to high between two heights. */
struct panel {
    const struct chart *c;
    FILE *out;
    double top, height, low, high;
};

static double x_of(const struct chart *c, int64_t ts_ns)
{
    if (ts_ns < c->first_ns)
        ts_ns = c->first_ns;
    if (ts_ns > c->last_ns)
        ts_ns = c->last_ns;
    double part = (double)(ts_ns - c->first_ns) / (double)(c->last_ns - c->first_ns);
    return LEFT + part * (WIDTH - LEFT - RIGHT);
}

static double y_of(const struct panel *p, double v)
{
    return p->top + p->height * (1.0 - (v - p->low) / (p->high - p->low));
}

static void put_text(FILE *out, const char *text)
{
    for (; *text; text++)
        if (*text == '<')
            fputs("&lt;", out);
        else if (*text == '&')
            fputs("&amp;", out);
        else if ((unsigned char)*text >= 0x20)
            fputc(*text, out);
}

/* 1, 2 or 5 times a power of ten, so that about TICKS fit. */
static double tick_step(double span)
{
    double raw = span / TICKS, step = 1.0;
    while (step > raw)
        step /= 10.0;
    while (step * 10.0 <= raw)
        step *= 10.0;
    return raw <= step         ? step
           : raw <= 2.0 * step ? 2.0 * step
           : raw <= 5.0 * step ? 5.0 * step
                               : 10.0 * step;
}

static int places_for(double step)
{
    int places = 0;
    while (places < 10 && step < 0.999999) {
        step *= 10.0;
        places++;
    }
    return places;
}

static void panel_frame(struct panel *p, const char *name, bool percent)
{
    if (!(p->high > p->low)) {
        double half = fabs(p->low) * 0.001 + 1e-9;
        p->low -= half;
        p->high += half;
    }
    double step = tick_step(p->high - p->low);
    int places = places_for(percent ? step * 100.0 : step);
    fprintf(p->out, "<text x=\"%.0f\" y=\"%.1f\" class=\"n\">", LEFT, p->top - 7.0);
    put_text(p->out, name);
    fputs("</text>\n", p->out);
    for (double v = ceil(p->low / step) * step; v <= p->high + step * 1e-9; v += step) {
        double y = y_of(p, v);
        if (fabs(v) < step / 2.0)
            v = 0.0; /* not "-0" */
        fprintf(p->out,
                "<line x1=\"%.0f\" x2=\"%.0f\" y1=\"%.1f\" y2=\"%.1f\" class=\"g\"/>"
                "<text x=\"%.0f\" y=\"%.1f\" class=\"y\">%.*f%s</text>\n",
                LEFT, WIDTH - RIGHT, y, y, LEFT - 6.0, y + 4.0, places, percent ? v * 100.0 : v,
                percent ? " %" : "");
    }
}

static void time_axis(const struct chart *c, double y, FILE *out)
{
    bool days = c->last_ns - c->first_ns > 3 * NS_PER_DAY;
    for (int k = 0; k <= TICKS; k++) {
        int64_t at = c->first_ns + (c->last_ns - c->first_ns) / TICKS * k;
        time_t s = (time_t)(at / NS_PER_S);
        struct tm tm;
        char text[32];
        if (!gmtime_r(&s, &tm) ||
            !strftime(text, sizeof text, days ? "%Y-%m-%d" : "%m-%d %H:%M:%S", &tm))
            continue;
        fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" class=\"x\" text-anchor=\"%s\">%s</text>\n",
                x_of(c, at), y,
                k == 0       ? "start"
                : k == TICKS ? "end"
                             : "middle",
                text);
    }
}

/* ---- panels ---- */

static void price_range(const struct chart *c, instrument_id i, struct panel *p)
{
    bool any = false;
    for (size_t k = 0; k < CHART_BUCKETS; k++) {
        const struct chart_bucket *b = &c->price[i][k];
        if (!b->any)
            continue;
        double low = dec_to_double(b->low), high = dec_to_double(b->high);
        p->low = !any || low < p->low ? low : p->low;
        p->high = !any || high > p->high ? high : p->high;
        any = true;
    }
    double margin = (p->high - p->low) * 0.05;
    p->low -= margin;
    p->high += margin;
}

static void draw_orders(const struct panel *p, instrument_id i)
{
    const struct chart *c = p->c;
    for (size_t k = 0; k < c->orders; k++) {
        const struct chart_order *o = &c->order[k];
        double price = dec_to_double(o->price);
        if (o->instrument != i || price < p->low || price > p->high)
            continue;
        double y = y_of(p, price);
        fprintf(p->out, "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\" class=\"%s\"/>\n",
                x_of(c, o->begin_ns), x_of(c, o->end_ns), y, y, o->side == SIDE_BUY ? "ob" : "os");
    }
}

static void draw_fills(const struct panel *p, instrument_id i)
{
    const struct chart *c = p->c;
    for (size_t k = 0; k < c->fills; k++) {
        const struct chart_fill *f = &c->fill[k];
        if (f->instrument != i)
            continue;
        double x = x_of(c, f->ts_ns), y = y_of(p, dec_to_double(f->price));
        double d = f->side == SIDE_BUY ? 1.0 : -1.0;
        fprintf(p->out, "<path d=\"M%.1f %.1fl4 %.0fh-8z\" class=\"%s\"/>\n", x, y, 7.0 * d,
                f->side == SIDE_BUY ? "b" : "s");
    }
}

static void draw_price(const struct chart *c, instrument_id i, double top, FILE *out)
{
    struct panel p = {.c = c, .out = out, .top = top, .height = PRICE_HEIGHT};
    char name[SYMBOL_MAX + NAME_MAX_BYTES + 1];
    price_range(c, i, &p);
    panel_frame(&p, describe_instrument(c->setup, i, name), false);
    draw_orders(&p, i);
    fputs("<path class=\"p\" d=\"", out);
    bool begun = false;
    for (size_t k = 0; k < CHART_BUCKETS; k++) {
        const struct chart_bucket *b = &c->price[i][k];
        if (!b->any)
            continue;
        double x = x_of(c, chart_bucket_ns(c, k));
        fprintf(out, "%c%.1f %.1fV%.1fV%.1f", begun ? 'L' : 'M', x, y_of(&p, dec_to_double(b->low)),
                y_of(&p, dec_to_double(b->high)), y_of(&p, dec_to_double(b->last)));
        begun = true;
    }
    fputs("\"/>\n", out);
    draw_fills(&p, i);
}

static void draw_series(struct panel *p, const char *name, bool drawdown)
{
    const struct chart *c = p->c;
    bool any = false;
    for (size_t k = 0; k < CHART_BUCKETS; k++) {
        if (!c->equity[k].any)
            continue;
        double v = drawdown ? -c->drawdown[k] : dec_to_double(c->equity[k].last);
        p->low = !any || v < p->low ? v : p->low;
        p->high = drawdown ? 0.0 : !any || v > p->high ? v : p->high;
        any = true;
    }
    panel_frame(p, name, drawdown);
    fprintf(p->out, "<path class=\"%s\" d=\"", drawdown ? "d" : "e");
    bool begun = false;
    for (size_t k = 0; k < CHART_BUCKETS; k++) {
        if (!c->equity[k].any)
            continue;
        double v = drawdown ? -c->drawdown[k] : dec_to_double(c->equity[k].last);
        fprintf(p->out, "%c%.1f %.1f", begun ? 'L' : 'M', x_of(c, chart_bucket_ns(c, k)),
                y_of(p, v));
        begun = true;
    }
    fputs("\"/>\n", p->out);
}

void chart_svg(const struct chart *c, const char *title, FILE *out)
{
    uint32_t panels = 0;
    for (instrument_id i = 0; i < c->setup->instruments; i++)
        panels += c->price[i] != NULL;
    double height = TOP + panels * (PRICE_HEIGHT + GAP) + 2.0 * (SMALL_HEIGHT + GAP) + BOTTOM;
    fprintf(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" "
        "font-family=\"sans-serif\" font-size=\"12\">\n<style>"
        ".g{stroke:#ddd}.n{font-weight:bold;fill:#222}.y{text-anchor:end;fill:#555}.x{fill:#555}"
        ".p,.e,.d{fill:none;stroke-width:1.2}.p{stroke:#333}.e{stroke:#1667b7;stroke-width:1.6}"
        ".d{stroke:#b3261e}.b{fill:#12813d}.s{fill:#c62828}.ob{stroke:#12813d;opacity:.25}"
        ".os{stroke:#c62828;opacity:.25}</style>\n"
        "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n"
        "<text x=\"%.0f\" y=\"14\" class=\"n\">",
        WIDTH, height, LEFT);
    put_text(out, title);
    fputs("</text>\n", out);
    double top = TOP + 14.0;
    for (instrument_id i = 0; i < c->setup->instruments; i++) {
        if (!c->price[i])
            continue;
        draw_price(c, i, top, out);
        top += PRICE_HEIGHT + GAP;
    }
    char name[64];
    struct panel p = {.c = c, .out = out, .top = top, .height = SMALL_HEIGHT};
    snprintf(name, sizeof name, "equity, %s", c->setup->asset[c->setup->quote]);
    draw_series(&p, name, false);
    p = (struct panel){.c = c, .out = out, .top = top + SMALL_HEIGHT + GAP, .height = SMALL_HEIGHT};
    draw_series(&p, "drawdown", true);
    time_axis(c, p.top + SMALL_HEIGHT + 16.0, out);
    if (c->fills_seen > c->fills || c->orders_seen > c->orders)
        fprintf(out,
                "<text x=\"%.0f\" y=\"14\" class=\"y\">first %zu of %llu fills, %zu of %llu "
                "orders</text>\n",
                WIDTH - RIGHT, c->fills, (unsigned long long)c->fills_seen, c->orders,
                (unsigned long long)c->orders_seen);
    fputs("</svg>\n", out);
}
