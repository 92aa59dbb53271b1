/* A configuration that ignores one of its keys: KEY_IGNORED="risk.max_drawdown" takes it out of
 * every file that is parsed, wherever it stands. KEY_IGNORED=list prints all keys, one a line.
 * Without the variable nothing changes. The linker's --wrap puts it behind toml_root(). */
#include "config/schema.h"
#include "config/toml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct toml_node *__wrap_toml_root(const struct toml_doc *doc);
const struct toml_node *__real_toml_root(const struct toml_doc *doc);

/* Takes [path], "strategy.risk.daily_loss", out of [table], which may be an array of tables. The
 * tree is made for one reader: nothing else sees that it is changed. */
static void take_out(const struct toml_node *table, const char *path)
{
    size_t n = strcspn(path, ".");
    struct toml_node *t = (struct toml_node *)(uintptr_t)table;
    for (const struct toml_node *e = t->first; t->type == TOML_NODE_ARRAY && e; e = e->next)
        take_out(e, path);
    if (t->type != TOML_NODE_TABLE)
        return;
    const struct toml_node **link = &t->first;
    for (; *link; link = &((struct toml_node *)(uintptr_t)*link)->next) {
        if ((*link)->key_len != n || memcmp((*link)->key, path, n) != 0)
            continue;
        if (path[n]) {
            take_out(*link, path + n + 1);
            continue;
        }
        *link = (*link)->next;
        t->count--;
        return;
    }
}

const struct toml_node *__wrap_toml_root(const struct toml_doc *doc)
{
    const struct toml_node *root = __real_toml_root(doc);
    const char *ignored = getenv("KEY_IGNORED");
    if (ignored)
        take_out(root, ignored);
    return root;
}

/* Required keys are not listed: without them no file is good. */
__attribute__((constructor)) static void list_all(void)
{
    const char *ignored = getenv("KEY_IGNORED");
    if (!ignored || strcmp(ignored, "list") != 0)
        return;
    for (const struct section *const *s = SCHEMA; *s; s++)
        for (const struct key_spec *k = (*s)->keys; k->key; k++)
            if (!(k->flags & KEY_REQUIRED) && k->type != KEY_TABLE)
                printf("%s.%s\n", (*s)->path, k->key);
    exit(0);
}
