/* tradewind policy: what the signer may sign, from TOML to what the signer reads. */
#include "main/cmd.h"
#include "main/policy_file.h"
#include "main/policy_show.h"
#include "main/policy_warn.h"
#include "main/signer_exec.h"
#include "main/usage.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const char HELP[] =
    "usage: tradewind policy check FILE [--json]  whether it is good, and what is dangerous in it\n"
    "       tradewind policy check --explain      every key with its type, range and meaning\n"
    "       tradewind policy show FILE [--json]   what each key may do, and the worst day\n"
    "       tradewind policy set FILE [OPTIONS]   make it the policy of a key store\n"
    "\n"
    "FILE is TOML, or a compiled policy (KEYSTORE.policy). Set shows what becomes looser and what\n"
    "tighter than the policy before, asks, and wants the passphrase of the key store; where a\n"
    "signer is running, it takes the policy over at once.\n"
    "\n"
    "  --store FILE         the key store (default ~/.local/share/tradewind/keys)\n"
    "  --policy FILE        where its policy is kept (default: the store's name and .policy)\n"
    "  --sockets DIR        where a running signer has its sockets\n"
    "  --passphrase-fd N, --passphrase-file FILE  instead of the terminal\n"
    "  --yes                do not ask\n"
    "\n"
    "Errors in TOML go to standard error as file:line:col: key: what is wrong, what is allowed.\n"
    "Exit codes: 0 good, done, 1 not done, 2 usage, 4 the policy is not good.\n";

static struct policy_file file;
static struct policy_warnings warnings;

/* Reads and compiles; tells the errors. */
static bool load(const char *command, const char *path, struct config_report *report)
{
    enum err e = policy_file_load(path, &file, report);
    for (size_t i = 0; i < report->count; i++)
        fprintf(stderr, "%s\n", report->line[i]);
    if (e && report->count == 0)
        fprintf(stderr, "tradewind policy %s: %s: %s\n", command, path, err_name(e));
    if (!e)
        policy_warn(&file.policy, &warnings);
    return !e;
}

static void print_warnings(FILE *out)
{
    for (uint32_t i = 0; i < warnings.count && i < POLICY_WARNINGS_MAX; i++)
        fprintf(out, "warning: %s\n", warnings.text[i]);
    if (warnings.count > POLICY_WARNINGS_MAX)
        fprintf(out, "and %u more warnings\n", warnings.count - POLICY_WARNINGS_MAX);
}

static bool add_lines(cJSON *o, const struct config_report *report, bool good)
{
    cJSON *all = cJSON_AddArrayToObject(o, good ? "warnings" : "errors");
    for (uint32_t i = 0; all && good && i < warnings.count && i < POLICY_WARNINGS_MAX; i++)
        if (!cJSON_AddItemToArray(all, cJSON_CreateString(warnings.text[i])))
            return false;
    for (size_t i = 0; all && !good && i < report->count; i++)
        if (!cJSON_AddItemToArray(all, cJSON_CreateString(report->line[i])))
            return false;
    return all != NULL;
}

static bool print_json(const char *path, const struct config_report *report, bool good)
{
    cJSON *o = cJSON_CreateObject();
    bool ok = o && cJSON_AddNumberToObject(o, "schema", 1) &&
              cJSON_AddStringToObject(o, "file", path) && cJSON_AddBoolToObject(o, "good", good) &&
              add_lines(o, report, good) && (!good || policy_show_json(o, &file.policy));
    char *text = ok ? cJSON_PrintUnformatted(o) : NULL;
    if (text)
        puts(text);
    cJSON_free(text);
    cJSON_Delete(o);
    return text != NULL;
}

static void print_verdict(const char *path)
{
    const struct policy *p = &file.policy;
    if (p->keys == 0)
        printf("%s is good: it allows nothing\n", path);
    else
        printf("%s is good: %u %s, %u %s\n", path, p->keys, p->keys == 1 ? "key" : "keys",
               p->instruments, p->instruments == 1 ? "instrument" : "instruments");
    print_warnings(stdout);
}

static int look(const char *command, const char *path, bool json)
{
    struct config_report report;
    bool good = load(command, path, &report), printed = true;
    if (json)
        printed = print_json(path, &report, good);
    else if (good && strcmp(command, "check") == 0)
        print_verdict(path);
    else if (good)
        policy_show(stdout, &file.policy);
    config_report_clear(&report);
    if (!printed || fflush(stdout) != 0) {
        fprintf(stderr, "tradewind policy %s: the answer cannot be written\n", command);
        return EXIT_CODE_ERROR;
    }
    return good ? EXIT_CODE_OK : EXIT_CODE_CONFIG;
}

/* The compiled policy in a file of this process's own that the next program reads. */
static int hand_over(void)
{
    int fd = memfd_create("policy", 0);
    if (fd < 0 || write(fd, file.bytes, file.len) != (ssize_t)file.len ||
        lseek(fd, 0, SEEK_SET) != 0) {
        fprintf(stderr, "tradewind policy set: %s\n", strerror(errno));
        return -1;
    }
    return fd;
}

/* [argv] is "set", the file, and options that are the signer's to read. */
static int set(int argc, char **argv)
{
    struct config_report report;
    bool good = load("set", argv[1], &report);
    config_report_clear(&report);
    if (!good)
        return EXIT_CODE_CONFIG;
    print_warnings(stdout);
    int fd = hand_over();
    if (fd < 0 || fflush(stdout) != 0)
        return EXIT_CODE_ERROR;
    char number[16];
    char *rest[64] = {"policy", "set", "--compiled-fd", number};
    int n = 4;
    snprintf(number, sizeof number, "%d", fd);
    for (int i = 2; i < argc; i++) {
        if (n == sizeof rest / sizeof *rest) {
            fputs("tradewind policy set: too many arguments\n", stderr);
            return EXIT_CODE_USAGE;
        }
        rest[n++] = argv[i];
    }
    return signer_exec("tradewind policy set", n, rest);
}

int cmd_policy(int argc, char **argv)
{
    const char *command = argc > 1 ? argv[1] : "";
    bool check = strcmp(command, "check") == 0, show = strcmp(command, "show") == 0;
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            fputs(HELP, stdout);
            return EXIT_CODE_OK;
        }
    if (check && argc == 3 && strcmp(argv[2], "--explain") == 0) {
        policy_file_explain(stdout);
        return EXIT_CODE_OK;
    }
    const char *path = NULL, *wrong = NULL;
    bool json = false;
    for (int i = 2; i < argc && (check || show) && !wrong; i++) {
        if (strcmp(argv[i], "--json") == 0 && !json)
            json = true;
        else if (argv[i][0] != '-' && !path)
            path = argv[i];
        else
            wrong = argv[i];
    }
    if (path && !wrong)
        return look(command, path, json);
    if (strcmp(command, "set") == 0 && argc > 2 && argv[2][0] != '-')
        return set(argc - 1, argv + 1);
    if (check || show || strcmp(command, "set") == 0)
        usage_wrong("tradewind policy", wrong);
    else if (argc > 1)
        usage_wrong("tradewind policy", command);
    fputs(HELP, stderr);
    return EXIT_CODE_USAGE;
}
