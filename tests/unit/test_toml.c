/* The TOML tree: the official vectors (toml-test), positions, exact tokens, and the limits. */
#include "config/toml.h"

#include <cJSON.h>
#include <ftw.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *read_file(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    long size = ftell(f);
    assert_true(size >= 0);
    rewind(f);
    char *text = malloc((size_t)size + 1);
    assert_non_null(text);
    *len = fread(text, 1, (size_t)size, f);
    text[*len] = 0;
    fclose(f);
    return text;
}

/* ---- comparing with the typed JSON of toml-test ---- */

static const char *json_type(enum toml_type t)
{
    switch (t) {
    case TOML_NODE_STRING: return "string";
    case TOML_NODE_INTEGER: return "integer";
    case TOML_NODE_FLOAT: return "float";
    case TOML_NODE_BOOL: return "bool";
    case TOML_NODE_OFFSET_DATETIME: return "datetime";
    case TOML_NODE_LOCAL_DATETIME: return "datetime-local";
    case TOML_NODE_LOCAL_DATE: return "date-local";
    case TOML_NODE_LOCAL_TIME: return "time-local";
    case TOML_NODE_TABLE:
    case TOML_NODE_ARRAY: break;
    }
    return "?";
}

/* One spelling for equal times: "T" and "Z", no zeros at the end of a fraction. */
static void normalize_time(char *s)
{
    for (char *p = s; *p; p++)
        *p = (char)(*p == 't' || *p == ' ' ? 'T' : *p == 'z' ? 'Z' : *p);
    char *dot = strchr(s, '.');
    if (!dot)
        return;
    char *end = dot + 1 + strspn(dot + 1, "0123456789"), *cut = end;
    while (cut[-1] == '0')
        cut--;
    if (cut[-1] == '.')
        cut--;
    memmove(cut, end, strlen(end) + 1);
}

static bool equal_float(const char *token, const char *expected)
{
    char plain[512];
    size_t n = 0;
    for (; *token && n < sizeof plain - 1; token++)
        if (*token != '_')
            plain[n++] = *token;
    plain[n] = 0;
    double a = strtod(plain, NULL), b = strtod(expected, NULL);
    return isnan(a) ? isnan(b) : !(a < b) && !(a > b);
}

static bool equal_scalar(const struct toml_node *n, const char *expected)
{
    char a[64], b[64];
    switch (n->type) {
    case TOML_NODE_STRING:
        return strlen(expected) == n->len && memcmp(n->text, expected, n->len) == 0;
    case TOML_NODE_INTEGER: return n->integer == strtoll(expected, NULL, 10);
    case TOML_NODE_FLOAT: return equal_float(n->text, expected);
    case TOML_NODE_BOOL:
        return strcmp(n->boolean ? "true" : "false", expected) == 0 &&
               strcmp(n->text, expected) == 0;
    case TOML_NODE_OFFSET_DATETIME:
    case TOML_NODE_LOCAL_DATETIME:
    case TOML_NODE_LOCAL_DATE:
    case TOML_NODE_LOCAL_TIME:
        snprintf(a, sizeof a, "%s", n->text);
        snprintf(b, sizeof b, "%s", expected);
        normalize_time(a);
        normalize_time(b);
        return strcmp(a, b) == 0;
    case TOML_NODE_TABLE:
    case TOML_NODE_ARRAY: break;
    }
    return false;
}

static const cJSON *member(const cJSON *object, const char *key, size_t len)
{
    const cJSON *j;
    cJSON_ArrayForEach(j, object) if (strlen(j->string) == len &&
                                      memcmp(j->string, key, len) == 0) return j;
    return NULL;
}

static bool equal_tree(const struct toml_node *n, const cJSON *j)
{
    const cJSON *type = cJSON_GetObjectItemCaseSensitive(j, "type");
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(j, "value");
    if (n->type == TOML_NODE_ARRAY) {
        if (!cJSON_IsArray(j) || (uint32_t)cJSON_GetArraySize(j) != n->count)
            return false;
        const cJSON *e = j->child;
        for (const struct toml_node *c = n->first; c; c = c->next, e = e->next)
            if (!equal_tree(c, e))
                return false;
        return true;
    }
    if (n->type == TOML_NODE_TABLE) {
        if (!cJSON_IsObject(j) || (uint32_t)cJSON_GetArraySize(j) != n->count)
            return false;
        for (const struct toml_node *c = n->first; c; c = c->next) {
            const cJSON *e = member(j, c->key, c->key_len);
            if (!e || !equal_tree(c, e))
                return false;
        }
        return true;
    }
    return cJSON_IsString(type) && cJSON_IsString(value) &&
           strcmp(json_type(n->type), type->valuestring) == 0 &&
           equal_scalar(n, value->valuestring);
}

/* ---- the vectors ---- */

static unsigned vectors, wrong;

static const char *vector_dir(char *out, size_t cap, const char *which)
{
    const char *shared = getenv("TRADEWIND_SHARED");
    snprintf(out, cap, "%s/data/toml/%s", shared ? shared : "../shared", which);
    return out;
}

static bool ends_with(const char *s, const char *tail)
{
    size_t n = strlen(s), t = strlen(tail);
    return n >= t && strcmp(s + n - t, tail) == 0;
}

static int visit_valid(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st, (void)ftw;
    if (flag != FTW_F || !ends_with(path, ".toml"))
        return 0;
    vectors++;
    size_t len, json_len;
    char *text = read_file(path, &len);
    char json_path[1024];
    snprintf(json_path, sizeof json_path, "%.*s.json", (int)(strlen(path) - 5), path);
    char *json = read_file(json_path, &json_len);
    cJSON *expected = cJSON_ParseWithLength(json, json_len);
    assert_non_null(expected);
    struct toml_doc *doc = NULL;
    struct toml_error error = {0};
    if (toml_parse(&doc, text, len, &error)) {
        print_message("%s is refused: %u:%u: %s\n", path, error.at.line, error.at.column,
                      error.text);
        wrong++;
    } else {
        if (!equal_tree(toml_root(doc), expected)) {
            print_message("%s is not what its .json says\n", path);
            wrong++;
        }
        toml_close(doc);
    }
    cJSON_Delete(expected);
    free(json);
    free(text);
    return 0;
}

static int visit_invalid(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st, (void)ftw;
    if (flag != FTW_F || !ends_with(path, ".toml"))
        return 0;
    vectors++;
    size_t len;
    char *text = read_file(path, &len);
    struct toml_doc *doc = NULL;
    struct toml_error error = {0};
    if (toml_parse(&doc, text, len, &error) == ERR_OK) {
        print_message("%s is accepted\n", path);
        wrong++;
        toml_close(doc);
    } else if (error.at.line == 0 || error.at.column == 0 || error.text[0] == 0) {
        print_message("%s is refused without a position or a reason\n", path);
        wrong++;
    }
    free(text);
    return 0;
}

static void run_vectors(const char *which, unsigned at_least,
                        int (*visit)(const char *, const struct stat *, int, struct FTW *))
{
    char dir[512];
    vectors = wrong = 0;
    if (nftw(vector_dir(dir, sizeof dir, which), visit, 16, FTW_PHYS) != 0) {
        print_message("%s is not there\n", dir);
        skip();
    }
    assert_int_equal(wrong, 0);
    assert_true(vectors >= at_least);
}

static void toml_valid_vectors(void **state)
{
    (void)state;
    run_vectors("valid", 110, visit_valid);
}

static void toml_invalid_vectors(void **state)
{
    (void)state;
    run_vectors("invalid", 252, visit_invalid);
}

/* ---- positions and tokens ---- */

static struct toml_doc *parse(const char *text)
{
    struct toml_doc *doc = NULL;
    struct toml_error error = {0};
    enum err e = toml_parse(&doc, text, strlen(text), &error);
    if (e)
        print_message("%u:%u: %s\n", error.at.line, error.at.column, error.text);
    assert_int_equal(e, ERR_OK);
    return doc;
}

static void assert_pos(struct toml_pos at, uint32_t line, uint32_t column)
{
    assert_int_equal(at.line, line);
    assert_int_equal(at.column, column);
}

static void toml_positions(void **state)
{
    (void)state;
    struct toml_doc *d = parse("\xef\xbb\xbf# comment\n"
                               "[agent]\n"
                               "  name = \"\xc3\xa4\xc3\xb6\" # two characters, four bytes\n"
                               "x = { \"\xc3\xa4\" = 1, b.c = 2.50 }\n"
                               "[[venue]]\n"
                               "fee = 0.10\n"
                               "[venue.paper]\n"
                               "a = 1\n"
                               "[[venue]]\n");
    const struct toml_node *root = toml_root(d), *agent = toml_get(root, "agent");
    assert_pos(agent->key_at, 2, 2);
    assert_pos(toml_get(agent, "name")->key_at, 3, 3);
    assert_pos(toml_get(agent, "name")->at, 3, 10);
    const struct toml_node *x = toml_get(agent, "x");
    assert_pos(x->at, 4, 5);
    assert_pos(toml_get(x, "\xc3\xa4")->key_at, 4, 7);
    assert_pos(toml_get(x, "\xc3\xa4")->at, 4, 13);
    const struct toml_node *c = toml_get(toml_get(x, "b"), "c");
    assert_pos(c->key_at, 4, 18);
    assert_pos(c->at, 4, 22);
    assert_string_equal(c->text, "2.50");
    const struct toml_node *venues = toml_get(root, "venue");
    assert_int_equal(venues->type, TOML_NODE_ARRAY);
    assert_int_equal(venues->count, 2);
    assert_pos(venues->first->at, 5, 1);
    assert_pos(toml_get(venues->first, "paper")->at, 7, 1);
    assert_pos(venues->first->next->at, 9, 1);
    assert_null(venues->first->next->next);
    toml_close(d);
}

static void toml_token_texts(void **state)
{
    (void)state;
    struct toml_doc *d = parse("a = 0.1000\nb = +1_000.5e3\nc=[0xf_f,-0.0]\n"
                               "d = 1979-05-27 07:32:00.5Z # c\ne = 1979-05-27 \n"
                               "f = 12345678901234567.123456789012345678\n"
                               "g = [true,07:32:00,1979-05-27T07:32:00]\nh = 5");
    const struct toml_node *r = toml_root(d);
    assert_string_equal(toml_get(r, "a")->text, "0.1000");
    assert_string_equal(toml_get(r, "b")->text, "+1_000.5e3");
    assert_string_equal(toml_get(r, "c")->first->text, "0xf_f");
    assert_int_equal(toml_get(r, "c")->first->integer, 255);
    assert_string_equal(toml_get(r, "c")->first->next->text, "-0.0");
    assert_string_equal(toml_get(r, "d")->text, "1979-05-27 07:32:00.5Z");
    assert_int_equal(toml_get(r, "d")->type, TOML_NODE_OFFSET_DATETIME);
    assert_string_equal(toml_get(r, "e")->text, "1979-05-27");
    assert_string_equal(toml_get(r, "f")->text, "12345678901234567.123456789012345678");
    const struct toml_node *g = toml_get(r, "g")->first;
    assert_string_equal(g->text, "true");
    assert_true(g->boolean);
    assert_string_equal(g->next->text, "07:32:00");
    assert_string_equal(g->next->next->text, "1979-05-27T07:32:00");
    assert_string_equal(toml_get(r, "h")->text, "5");
    toml_close(d);
}

static void toml_members_in_file_order(void **state)
{
    (void)state;
    struct toml_doc *d = parse("z = 1\na = 2\nm = 3\n");
    const struct toml_node *n = toml_root(d)->first;
    assert_string_equal(n->key, "z");
    assert_string_equal(n->next->key, "a");
    assert_string_equal(n->next->next->key, "m");
    toml_close(d);
}

/* ---- refusals and limits ---- */

static struct toml_error refused(const char *text, size_t len, enum err expected)
{
    struct toml_doc *doc = NULL;
    struct toml_error error = {0};
    assert_int_equal(toml_parse(&doc, text, len, &error), expected);
    assert_null(doc);
    assert_true(error.text[0] != 0);
    return error;
}

static void toml_bad_bytes(void **state)
{
    (void)state;
    assert_pos(refused("a = 1\nb = \0", 11, ERR_SYNTAX).at, 2, 5);
    assert_pos(refused("# \xc3\xa4\xff\n", 6, ERR_SYNTAX).at, 1, 4);
    static const char *const BAD[] = {
        "\xc0\x80",         /* not the shortest form */
        "\xed\xa0\x80",     /* a surrogate */
        "\xf4\x90\x80\x80", /* above U+10FFFF */
        "\xf5\x80\x80\x80",
        "\x80", /* a byte that cannot begin a character */
        "\xe0\x80\x80",
        "\xf0\x80\x80\x80",
        "\xc3",
        "\xe2\x82",
    };
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        char text[16];
        int n = snprintf(text, sizeof text, "# %s", BAD[i]);
        assert_pos(refused(text, (size_t)n, ERR_SYNTAX).at, 1, 3);
    }
    struct toml_doc *d = parse("# \xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xf0\x90\x80"
                               "\x80\xf4\x8f\xbf\xbf\n");
    toml_close(d);
}

static void toml_error_position(void **state)
{
    (void)state;
    struct toml_error e = refused("a = 1\nb = = 2\n", 14, ERR_SYNTAX);
    assert_int_equal(e.at.line, 2);
    /* Conditions on which toml++ 3.3.0 aborts unless it is told not to. */
    refused("[", 1, ERR_SYNTAX);
    refused("[.]", 3, ERR_SYNTAX);
    refused("[a.!]", 5, ERR_SYNTAX);
    refused("[\n", 2, ERR_SYNTAX);
}

/* Characters that toml++ 3.3.0 takes for blanks, and such as its test for blanks stumbles over. */
static void toml_blanks_are_ascii(void **state)
{
    (void)state;
    static const char *const CHARACTERS[] = {
        "\xc2\xa0",     "\xc3\x84",     "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\xa8",
        "\xe3\x80\x80", "\xe2\xba\x80", "\xef\xad\x80", "\xef\xbb\xba", "\xef\xbb\xbf",
    };
    for (size_t i = 0; i < sizeof CHARACTERS / sizeof CHARACTERS[0]; i++) {
        const char *c = CHARACTERS[i];
        char text[64];
        /* Inside a string they are content, also behind the end of a line that is left out. */
        snprintf(text, sizeof text, "a = \"\"\"x\\\n \t%sy\"\"\" # %s\n", c, c);
        struct toml_doc *d = parse(text);
        snprintf(text, sizeof text, "x%sy", c);
        assert_string_equal(toml_get(toml_root(d), "a")->text, text);
        toml_close(d);
        static const char *const PLACES[] = {"%sa = 1\n",   "a%s= 1\n", "a =%s1\n", "a = 1%s\n",
                                             "a = [%s1]\n", "[a%s]\n",  "[a]%s\n",  "a = 1\n%s\n"};
        for (size_t k = 0; k < sizeof PLACES / sizeof PLACES[0]; k++) {
            const char *at = strchr(PLACES[k], '%');
            int n = snprintf(text, sizeof text, "%.*s%s%s", (int)(at - PLACES[k]), PLACES[k], c,
                             at + 2);
            if (k > 0 || strcmp(c, "\xef\xbb\xbf") != 0) /* there it is the byte order mark */
                refused(text, (size_t)n, ERR_SYNTAX);
        }
    }
}

static char *repeat(const char *head, const char *part, size_t times, const char *tail)
{
    size_t h = strlen(head), p = strlen(part);
    char *s = malloc(h + p * times + strlen(tail) + 1);
    assert_non_null(s);
    memcpy(s, head, h);
    for (size_t i = 0; i < times; i++)
        memcpy(s + h + i * p, part, p);
    memcpy(s + h + p * times, tail, strlen(tail) + 1);
    return s;
}

static void toml_depth_limit(void **state)
{
    (void)state;
    for (unsigned more = 0; more <= 1; more++) {
        char text[2 * TOML_DEPTH_MAX + 16] = "a = ";
        size_t n = 4;
        for (unsigned i = 0; i < TOML_DEPTH_MAX + more; i++)
            text[n++] = '[';
        for (unsigned i = 0; i < TOML_DEPTH_MAX + more; i++)
            text[n++] = ']';
        if (more)
            refused(text, n, ERR_SYNTAX);
        else
            toml_close(parse(text));
    }
    char *deep = repeat("a = ", "[", 200000, "");
    refused(deep, strlen(deep), ERR_SYNTAX);
    free(deep);
    deep = repeat("a = ", "{a=", 200000, "");
    refused(deep, strlen(deep), ERR_SYNTAX);
    free(deep);
}

static void toml_dotted_key_limit(void **state)
{
    (void)state;
    char *text = repeat("", "a.", TOML_KEY_PARTS_MAX - 1, "a = 1");
    toml_close(parse(text));
    free(text);
    text = repeat("", "a.", TOML_KEY_PARTS_MAX, "a = 1");
    struct toml_error e = refused(text, strlen(text), ERR_FULL);
    assert_pos(e.at, 1, 2 * TOML_KEY_PARTS_MAX);
    free(text);
    text = repeat("[", "a.", 400000, "a]");
    refused(text, strlen(text), ERR_FULL);
    free(text);
    /* Dots in strings and comments are no key, and the limit is one key's, not the line's. */
    text = repeat("a = \"", ".", 100,
                  "\" # ................................................"
                  "\nb = '''''.......................................'''\n"
                  "c = \"\\\".........................................\"\n");
    toml_close(parse(text));
    free(text);
    text = repeat("a = [", "1.0,", 100, "]");
    toml_close(parse(text));
    free(text);
}

static void toml_size_limit(void **state)
{
    (void)state;
    char *text = repeat("", "#", TOML_SIZE_MAX, "#");
    struct toml_doc *d = NULL;
    struct toml_error error;
    assert_int_equal(toml_parse(&d, text, TOML_SIZE_MAX, &error), ERR_OK);
    toml_close(d);
    refused(text, TOML_SIZE_MAX + 1, ERR_FULL);
    free(text);
}

static void toml_long_line_is_quick(void **state)
{
    (void)state;
    char *text = repeat("a = [", "1,", TOML_SIZE_MAX / 2 - 8, "]");
    struct toml_doc *d = parse(text);
    const struct toml_node *n = toml_get(toml_root(d), "a");
    assert_int_equal(n->count, TOML_SIZE_MAX / 2 - 8);
    toml_close(d);
    free(text);
}

static void toml_get_is_careful(void **state)
{
    (void)state;
    struct toml_doc *d = parse("a = 1\n\"b\\u0000c\" = 2\n");
    assert_null(toml_get(NULL, "a"));
    assert_null(toml_get(toml_get(toml_root(d), "a"), "a"));
    assert_null(toml_get(toml_root(d), "b"));
    assert_int_equal(toml_get(toml_root(d), "a")->next->key_len, 3);
    toml_close(d);
    toml_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(toml_valid_vectors),
        cmocka_unit_test(toml_invalid_vectors),
        cmocka_unit_test(toml_positions),
        cmocka_unit_test(toml_token_texts),
        cmocka_unit_test(toml_members_in_file_order),
        cmocka_unit_test(toml_bad_bytes),
        cmocka_unit_test(toml_blanks_are_ascii),
        cmocka_unit_test(toml_error_position),
        cmocka_unit_test(toml_depth_limit),
        cmocka_unit_test(toml_dotted_key_limit),
        cmocka_unit_test(toml_size_limit),
        cmocka_unit_test(toml_long_line_is_quick),
        cmocka_unit_test(toml_get_is_careful),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
