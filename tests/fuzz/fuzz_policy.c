/* Policies of any bytes. As TOML: nothing crashes, a refusal has its lines, and what is accepted
 * has the one compiled form. Compiled: what decodes encodes to the same bytes. Both: it can be
 * shown, warned of and compared.
 *
 * Input: 't' and TOML, 'c' and a compiled policy. */
#include "base/check.h"
#include "main/policy_file.h"
#include "main/policy_show.h"
#include "main/policy_warn.h"
#include "wallet/policy_diff.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void count_change(void *arg, enum policy_direction direction, const char *line)
{
    struct policy_changes *c = arg;
    CHECK(line[0] && strlen(line) < POLICY_CHANGE_MAX);
    if (direction == POLICY_LOOSER)
        c->looser++;
    else
        c->tighter++;
}

/* Against nothing everything is new; against itself nothing changes. */
static void compare(const struct policy *p)
{
    static struct policy empty;
    struct policy_changes told = {0, 0, 0}, c = policy_diff(&empty, p, count_change, &told);
    CHECK(c.looser == told.looser && c.looser == p->keys + p->instruments && c.tighter == 0);
    c = policy_diff(p, &empty, count_change, &told);
    CHECK(c.looser == 0 && c.tighter == p->keys + p->instruments);
    c = policy_diff(p, p, count_change, &told);
    CHECK(c.looser == 0 && c.tighter == 0 && c.same == 7 * p->keys + 8 * p->instruments);
}

static void use(const struct policy *p, const uint8_t *bytes, size_t len)
{
    static uint8_t out[WIRE_POLICY_MAX];
    static struct policy_warnings warnings;
    static FILE *nowhere;
    size_t out_len = 0;
    CHECK(policy_encode(p, out, &out_len) == ERR_OK);
    CHECK(out_len == len && memcmp(out, bytes, len) == 0);
    compare(p);
    policy_warn(p, &warnings);
    if (!nowhere)
        CHECK(nowhere = fopen("/dev/null", "w"));
    policy_show(nowhere, p);
    cJSON *o = cJSON_CreateObject();
    CHECK(o && policy_show_json(o, p));
    cJSON_Delete(o);
}

static void compile(const char *text, size_t len)
{
    static struct policy_file f;
    struct config_report report;
    enum err e = policy_file_parse("p.toml", text, len, &f, &report);
    CHECK((e == ERR_OK) == (report.count == 0));
    if (!e) {
        static struct policy back;
        CHECK(policy_decode(f.bytes, f.len, &back) == ERR_OK);
        CHECK(memcmp(&back, &f.policy, sizeof back) == 0);
        use(&f.policy, f.bytes, f.len);
    }
    config_report_clear(&report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct policy p;
    if (size == 0)
        return 0;
    char what = (char)*data++;
    size--;
    uint8_t *bytes = malloc(size ? size : 1); /* its own block: a read past the end is seen */
    if (!bytes)
        return 0;
    memcpy(bytes, data, size);
    if (what == 't')
        compile((const char *)bytes, size);
    else if (what == 'c' && policy_decode(bytes, size, &p) == ERR_OK)
        use(&p, bytes, size);
    free(bytes);
    return 0;
}
