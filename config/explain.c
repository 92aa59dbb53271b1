/* `tradewind check --explain`: the schema, printed. */
#include "config/config.h"
#include "config/value.h"

#include <string.h>

#define TEXT_COLUMN 22
#define TEXT_WIDTH  78 /* of the columns behind TEXT_COLUMN */

/* Wraps [text] at blanks into lines that begin at TEXT_COLUMN; the first line is begun already. */
static void print_wrapped(FILE *out, const char *text)
{
    for (bool first = true; *text; first = false) {
        size_t len = strlen(text);
        if (len > TEXT_WIDTH) {
            len = TEXT_WIDTH;
            while (len > 0 && text[len] != ' ')
                len--;
            if (len == 0)
                len = strcspn(text, " ");
        }
        fprintf(out, "%*s%.*s\n", first ? 0 : TEXT_COLUMN, "", (int)len, text);
        text += len + strspn(text + len, " ");
    }
}

static void print_key(FILE *out, const struct key_spec *k)
{
    char allowed[256], line[512];
    const char *quoted = k->flags & KEY_LIST || k->type == KEY_DECIMAL || k->type == KEY_INTEGER ||
                                 k->type == KEY_BOOL
                             ? ""
                             : "\"";
    fprintf(out, "  %-*s", TEXT_COLUMN - 2, k->key);
    if (strlen(k->key) > TEXT_COLUMN - 4)
        fprintf(out, "\n%*s", TEXT_COLUMN, "");
    if (k->flags & KEY_REQUIRED)
        snprintf(line, sizeof line, "%s; required", value_allowed(k, allowed, sizeof allowed));
    else if (k->default_value)
        snprintf(line, sizeof line, "%s; default %s%s%s", value_allowed(k, allowed, sizeof allowed),
                 quoted, k->default_value, quoted);
    else
        snprintf(line, sizeof line, "%s; optional", value_allowed(k, allowed, sizeof allowed));
    if (k->flags & KEY_LIVE)
        snprintf(line + strlen(line), sizeof line - strlen(line), "; live");
    print_wrapped(out, line);
    fprintf(out, "%*s", TEXT_COLUMN, "");
    print_wrapped(out, k->help);
}

void schema_explain(FILE *out, const struct section *s)
{
    if (s->path[0])
        fprintf(out, s->array ? "[[%s]]  " : "[%s]  ", s->path);
    fputs(s->help, out);
    if (s->array)
        fprintf(out, ", at most %u", s->max);
    fputs("\n\n", out);
    for (const struct key_spec *k = s->keys; k->key; k++)
        print_key(out, k);
    fputc('\n', out);
}

static void print_strategy(FILE *out, const struct strategy_ops *s)
{
    fprintf(out, "[[strategy]] with kind = \"%s\"  %s\n\n", s->name, s->summary);
    for (const struct param_spec *p = s->params; p->key; p++) {
        struct key_spec k = schema_param(p);
        print_key(out, &k);
    }
    fputc('\n', out);
}

void config_explain(FILE *out, const struct config_kinds *kinds)
{
    fputs("The configuration is one TOML file. Decimals are written as strings (\"0.001\") or "
          "numbers and are\nexact, up to 18 decimal places. Secrets cannot be given in this file, "
          "and environment variables\ndo not change it. Relative paths are relative to the file's "
          "directory.\n\n",
          out);
    for (const struct section *const *s = SCHEMA; *s; s++)
        schema_explain(out, *s);
    fputs("Venue kinds\n\n", out);
    for (const char *const *k = kinds->venues; *k; k++) {
        const char *ws = schema_public_ws_url(*k), *rest = schema_public_rest_url(*k);
        fprintf(out, "  %-*s%s%s%s\n", TEXT_COLUMN - 2, *k, ws ? ws : "no public endpoint",
                rest ? "  " : "", rest ? rest : "");
    }
    fputc('\n', out);
    for (const struct strategy_ops *const *s = kinds->strategies; *s; s++)
        print_strategy(out, *s);
}
