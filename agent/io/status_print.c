/* Tables from the JSON of status.c: the command line prints what any other client gets, too. */
#include "io/status_parts.h"

#include <string.h>

#define COLUMNS_MAX 12
#define CELL_MAX    64

const char *status_text_of(const cJSON *o, const char *key)
{
    const char *s = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, key));
    return s ? s : "-";
}

static double count_of(const cJSON *o, const char *key)
{
    const cJSON *m = cJSON_GetObjectItemCaseSensitive(o, key);
    return cJSON_IsNumber(m) ? cJSON_GetNumberValue(m) : 0;
}

/* A decimal text with so many places; other texts as they are. */
const char *status_rounded(const char *text, int places, char *out)
{
    dec d;
    if (places < 0 || dec_parse(text, strlen(text), &d) != ERR_OK)
        return text;
    dec_format_places(d, (unsigned)places, DEC_HALF_EVEN, out);
    return out;
}

static const char *cell(const cJSON *row, const struct status_column *c, char *out)
{
    const cJSON *m = cJSON_GetObjectItemCaseSensitive(row, c->key);
    char number[DEC_TEXT_MAX];
    const char *text = "-";
    if (cJSON_IsNumber(m)) {
        snprintf(out, CELL_MAX, "%.0f", cJSON_GetNumberValue(m));
        return out;
    }
    if (cJSON_IsString(m))
        text = status_rounded(cJSON_GetStringValue(m), c->places, number);
    snprintf(out, CELL_MAX, "%s", text);
    return out;
}

/* A table as wide as its widest cells; [n] columns. */
static void print_table(FILE *out, const cJSON *list, const struct status_column *column, int n)
{
    int width[COLUMNS_MAX];
    char text[CELL_MAX];
    const cJSON *row;
    for (int c = 0; c < n; c++) {
        width[c] = (int)strlen(column[c].title);
        cJSON_ArrayForEach(row, list)
        {
            int w = (int)strlen(cell(row, &column[c], text));
            width[c] = w > width[c] ? w : width[c];
        }
    }
    for (int c = 0; c < n; c++)
        fprintf(out, "%s%*s", c ? "  " : "",
                column[c].right ? width[c]
                : c == n - 1    ? 0
                                : -width[c],
                column[c].title);
    fputc('\n', out);
    cJSON_ArrayForEach(row, list)
    {
        for (int c = 0; c < n; c++)
            fprintf(out, "%s%*s", c ? "  " : "",
                    column[c].right ? width[c]
                    : c == n - 1    ? 0
                                    : -width[c],
                    cell(row, &column[c], text));
        fputc('\n', out);
    }
}

enum err status_print_list(FILE *out, const cJSON *o, const char *key, const char *none,
                           const struct status_column *column, int n)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(o, key);
    if (!cJSON_IsArray(list))
        return ERR_SYNTAX;
    if (cJSON_GetArraySize(list) == 0)
        fprintf(out, "%s\n", none);
    else
        print_table(out, list, column, n);
    return ERR_OK;
}

static enum err print_orders(FILE *out, const cJSON *o)
{
    static const struct status_column COLUMNS[] = {{"strategy", "strategy", false, -1},
                                                   {"order", "order", true, -1},
                                                   {"instrument", "instrument", false, -1},
                                                   {"side", "side", false, -1},
                                                   {"type", "type", false, -1},
                                                   {"price", "price", true, -1},
                                                   {"qty", "quantity", true, -1},
                                                   {"filled_qty", "filled", true, -1},
                                                   {"state", "state", false, -1},
                                                   {"submitted", "submitted", false, -1}};
    return status_print_list(out, o, "orders", "no open order", COLUMNS,
                             sizeof COLUMNS / sizeof COLUMNS[0]);
}

static enum err print_positions(FILE *out, const cJSON *o)
{
    static const struct status_column COLUMNS[] = {
        {"strategy", "strategy", false, -1}, {"instrument", "instrument", false, -1},
        {"qty", "quantity", true, -1},       {"average", "average", true, 2},
        {"mark", "mark", true, 2},           {"cost", "cost", true, 2},
        {"value", "value", true, 2},         {"unrealized", "unrealized", true, 2},
        {"realized", "realized", true, 2},   {"quote", "in", false, -1}};
    return status_print_list(out, o, "positions", "no position", COLUMNS,
                             sizeof COLUMNS / sizeof COLUMNS[0]);
}

static enum err print_balances(FILE *out, const cJSON *o)
{
    static const struct status_column ACCOUNTS[] = {{"venue", "venue", false, -1},
                                                    {"asset", "asset", false, -1},
                                                    {"total", "balance", true, -1},
                                                    {"value_quote", "value", true, 2}};
    static const struct status_column LEDGERS[] = {
        {"owner", "strategy", false, -1},    {"venue", "venue", false, -1},
        {"asset", "asset", false, -1},       {"total", "total", true, -1},
        {"reserved", "in orders", true, -1}, {"free", "free", true, -1},
        {"value_quote", "value", true, 2}};
    fprintf(out, "accounts, values in %s\n", status_text_of(o, "quote"));
    enum err rc = status_print_list(out, o, "accounts", "no balance", ACCOUNTS,
                                    sizeof ACCOUNTS / sizeof ACCOUNTS[0]);
    fprintf(out, "\nwhose it is\n");
    if (rc == ERR_OK)
        rc = status_print_list(out, o, "ledgers", "nobody's", LEDGERS,
                               sizeof LEDGERS / sizeof LEDGERS[0]);
    fprintf(out, "\n%s\n", status_text_of(o, "books"));
    return rc;
}

static enum err print_fills(FILE *out, const cJSON *o)
{
    static const struct status_column COLUMNS[] = {{"time", "time", false, -1},
                                                   {"strategy", "strategy", false, -1},
                                                   {"instrument", "instrument", false, -1},
                                                   {"side", "side", false, -1},
                                                   {"qty", "quantity", true, -1},
                                                   {"price", "price", true, -1},
                                                   {"fee", "fee", true, -1},
                                                   {"fee_asset", "", false, -1},
                                                   {"liquidity", "as", false, -1},
                                                   {"realized", "result", true, 4},
                                                   {"quote", "", false, -1}};
    enum err rc = status_print_list(out, o, "fills", "no fill yet", COLUMNS,
                                    sizeof COLUMNS / sizeof COLUMNS[0]);
    double all = count_of(o, "fills_in_all");
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(o, "fills");
    if (rc == ERR_OK && all > cJSON_GetArraySize(list))
        fprintf(out, "(%d of %.0f fills since the journal began; --limit N shows more, up to %d)\n",
                cJSON_GetArraySize(list), all, STATUS_FILLS_MAX);
    return rc;
}

static void print_amount(FILE *out, const cJSON *o, const char *title, const char *key,
                         const char *quote)
{
    char number[DEC_TEXT_MAX];
    fprintf(out, "  %-14s %16s %s\n", title, status_rounded(status_text_of(o, key), 2, number),
            quote);
}

/* Which strategies may only reduce, and for how long. */
static void print_locks(FILE *out, const cJSON *o)
{
    const cJSON *s, *list = cJSON_GetObjectItemCaseSensitive(o, "strategies");
    cJSON_ArrayForEach(s, list)
    {
        if (cJSON_IsString(cJSON_GetObjectItemCaseSensitive(s, "locked_by")))
            fprintf(out, "%s may only reduce until %s (%s)\n", status_text_of(s, "strategy"),
                    status_text_of(s, "locked_until"), status_text_of(s, "locked_by"));
    }
}

static enum err print_status(FILE *out, const cJSON *o)
{
    static const struct status_column VENUES[] = {
        {"venue", "venue", false, -1},         {"session", "session", false, -1},
        {"state", "state", false, -1},         {"messages", "messages", true, -1},
        {"malformed", "malformed", true, -1},  {"gaps", "gaps", true, -1},
        {"reconnects", "reconnects", true, -1}};
    static const struct status_column INSTRUMENTS[] = {{"instrument", "instrument", false, -1},
                                                       {"feed", "feed", false, -1},
                                                       {"bid", "bid", true, -1},
                                                       {"ask", "ask", true, -1}};
    static const struct status_column STRATEGIES[] = {{"strategy", "strategy", false, -1},
                                                      {"kind", "kind", false, -1},
                                                      {"state", "state", false, -1},
                                                      {"open_orders", "open", true, -1},
                                                      {"fills", "fills", true, -1},
                                                      {"denied", "denied", true, -1},
                                                      {"rejected", "rejected", true, -1},
                                                      {"volume_quote", "volume", true, 2},
                                                      {"fees_quote", "fees", true, 2},
                                                      {"pnl_realized", "realized", true, 2},
                                                      {"pnl_unrealized", "unrealized", true, 2}};
    const char *quote = status_text_of(o, "quote");
    fprintf(out, "%s is %s, %s mode, process %.0f, build %s\n", status_text_of(o, "agent"),
            status_text_of(o, "state"), status_text_of(o, "mode"), count_of(o, "pid"),
            status_text_of(o, "build"));
    fprintf(out, "  started %s, engine time %s\n", status_text_of(o, "started"),
            status_text_of(o, "engine_time"));
    fprintf(out, "  journal %s: %.0f records, %.1f MB\n", status_text_of(o, "journal"),
            count_of(o, "journal_records"), count_of(o, "journal_bytes") / 1e6);
    status_print_signer(out, o);
    fputc('\n', out);
    print_amount(out, o, "equity, start", "equity_start", quote);
    print_amount(out, o, "equity, now", "equity", quote);
    print_amount(out, o, "result", "pnl", quote);
    print_amount(out, o, "  realized", "pnl_realized", quote);
    print_amount(out, o, "  unrealized", "pnl_unrealized", quote);
    print_amount(out, o, "  not allotted", "pnl_unallotted", quote);
    print_amount(out, o, "fees, in it", "fees_quote", quote);
    print_amount(out, o, "volume", "volume_quote", quote);
    fprintf(out,
            "  %.0f orders (%.0f open), %.0f fills, %.0f denied, %.0f rejected, %.0f canceled\n",
            count_of(o, "orders"), count_of(o, "open_orders"), count_of(o, "fills"),
            count_of(o, "denied"), count_of(o, "rejected"), count_of(o, "canceled"));
    fprintf(out, "  %s\n\n", status_text_of(o, "books"));
    enum err rc = status_print_list(out, o, "strategies", "no strategy", STRATEGIES,
                                    sizeof STRATEGIES / sizeof STRATEGIES[0]);
    print_locks(out, o);
    fputc('\n', out);
    if (rc == ERR_OK)
        rc = status_print_list(out, o, "instruments", "no instrument", INSTRUMENTS,
                               sizeof INSTRUMENTS / sizeof INSTRUMENTS[0]);
    fputc('\n', out);
    if (rc == ERR_OK)
        rc = status_print_list(out, o, "venues", "no venue", VENUES,
                               sizeof VENUES / sizeof VENUES[0]);
    return rc;
}

enum err status_print(FILE *out, const char *what, const char *json)
{
    static const struct {
        const char *what;
        enum err (*print)(FILE *out, const cJSON *o);
    } KINDS[] = {{"status", print_status},
                 {"orders", print_orders},
                 {"positions", print_positions},
                 {"balances", print_balances},
                 {"strategies", status_print_strategies},
                 {"risk", status_print_risk},
                 {"alerts", status_print_alerts},
                 {"fills", print_fills}};
    cJSON *o = cJSON_Parse(json);
    enum err rc = ERR_SYNTAX;
    for (size_t i = 0; cJSON_IsObject(o) && i < sizeof KINDS / sizeof KINDS[0]; i++)
        if (strcmp(KINDS[i].what, what) == 0)
            rc = KINDS[i].print(out, o);
    cJSON_Delete(o);
    return rc;
}
