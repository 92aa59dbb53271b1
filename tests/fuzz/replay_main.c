/* Runs a fuzz target over the files of its corpus, with any compiler: `make test` does so under the
 * sanitizers.
 *
 * usage: fuzz_NAME [FILE | DIRECTORY]...     (default: tests/fuzz/corpus/NAME)
 *
 * Speaks TAP: one test per argument. A crash or a sanitizer's report ends the program, and the file
 * at work is the last one named. An empty corpus fails: a target without inputs proves nothing.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PATH_BYTES 1024

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f || fseek(f, 0, SEEK_END)) {
        printf("# %s: %s\n", path, strerror(errno));
        return -1;
    }
    long size = ftell(f);
    rewind(f);
    uint8_t *data = malloc(size > 0 ? (size_t)size : 1);
    if (size < 0 || !data || fread(data, 1, (size_t)size, f) != (size_t)size) {
        printf("# %s: cannot be read\n", path);
        free(data);
        fclose(f);
        return -1;
    }
    fclose(f);
    printf("# %s\n", path);
    fflush(stdout);
    LLVMFuzzerTestOneInput(data, (size_t)size);
    free(data);
    return 1;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* Number of inputs run below [path]; -1 where something could not be read. */
static int run_path(const char *path)
{
    struct stat st;
    if (stat(path, &st)) {
        printf("# %s: %s\n", path, strerror(errno));
        return -1;
    }
    if (!S_ISDIR(st.st_mode))
        return run_file(path);
    struct dirent **names;
    int n = scandir(path, &names, NULL, by_name), done = 0;
    for (int i = 0; i < n; i++) {
        char sub[PATH_BYTES];
        int len = snprintf(sub, sizeof sub, "%s/%s", path, names[i]->d_name);
        if (names[i]->d_name[0] != '.' && done >= 0) {
            int got = len > 0 && (size_t)len < sizeof sub ? run_path(sub) : -1;
            done = got < 0 ? -1 : done + got;
        }
        free(names[i]);
    }
    if (n >= 0)
        free(names);
    return n < 0 ? -1 : done;
}

int main(int argc, char **argv)
{
    char corpus[PATH_BYTES];
    const char *name = strrchr(argv[0], '/');
    name = name ? name + 1 : argv[0];
    snprintf(corpus, sizeof corpus, "tests/fuzz/corpus/%s",
             strncmp(name, "fuzz_", 5) == 0 ? name + 5 : name);
    char *fallback[] = {corpus};
    char **paths = argc > 1 ? argv + 1 : fallback;
    int n = argc > 1 ? argc - 1 : 1, failed = 0;
    printf("1..%d\n", n);
    for (int i = 0; i < n; i++) {
        int done = run_path(paths[i]);
        printf("%sok %d - %s, %d inputs\n", done > 0 ? "" : "not ", i + 1, paths[i], done);
        failed += done <= 0;
    }
    return failed != 0;
}
