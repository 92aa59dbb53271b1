/* The state directory: one daemon, a latch that survives, journals found by number. */
#include "io/state_dir.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char base[64], path[128], why[STATE_DIR_WHY_MAX];

static int make(void **state)
{
    (void)state;
    snprintf(base, sizeof base, "/tmp/tw-state-XXXXXX");
    if (!mkdtemp(base))
        return -1;
    snprintf(path, sizeof path, "%s/state", base);
    return 0;
}

static int clean(void **state)
{
    (void)state;
    char command[160];
    snprintf(command, sizeof command, "rm -rf '%s'", base);
    return system(command);
}

static struct state_dir opened(void)
{
    struct state_dir d;
    if (state_dir_open(&d, path, why) != ERR_OK)
        fail_msg("%s", why);
    return d;
}

static void made_for_the_owner_only(void **state)
{
    (void)state;
    struct state_dir d = opened();
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_false(d.tightened);
    state_dir_close(&d);
    assert_int_equal(chmod(path, 0755), 0);
    d = opened();
    assert_true(d.tightened);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    state_dir_close(&d);
    struct state_dir none;
    char deep[256];
    snprintf(deep, sizeof deep, "%s/a/b", base);
    assert_int_equal(state_dir_open(&none, deep, why), ERR_IO);
    assert_non_null(strstr(why, deep));
}

static void second_daemon_is_refused(void **state)
{
    (void)state;
    struct state_dir d = opened();
    pid_t child = fork();
    if (child == 0) {
        struct state_dir other;
        char pid[32];
        enum err rc = state_dir_open(&other, path, why);
        snprintf(pid, sizeof pid, "process %ld)", (long)getppid());
        _exit(rc == ERR_EXISTS && strstr(why, pid) && strstr(why, path) ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    state_dir_close(&d);
    d = opened(); /* free again */
    state_dir_close(&d);
}

static void latch_survives(void **state)
{
    (void)state;
    struct state_dir d = opened();
    struct latch l = {.kind = LATCH_ENGINE, .journal = 7, .record = UINT64_MAX}, got;
    snprintf(l.text, sizeof l.text, "a\nb");
    assert_int_equal(state_dir_get_latch(&d, &got), ERR_OK);
    assert_int_equal(got.kind, LATCH_NONE);
    assert_int_equal(state_dir_set_latch(&d, &l), ERR_OK);
    state_dir_close(&d);
    d = opened();
    assert_int_equal(state_dir_get_latch(&d, &got), ERR_OK);
    assert_int_equal(got.kind, LATCH_ENGINE);
    assert_int_equal(got.journal, 7);
    assert_true(got.record == UINT64_MAX);
    assert_string_equal(got.text, "a b");
    memset(l.text, 'x', sizeof l.text - 1); /* the longest */
    l.text[sizeof l.text - 1] = 0;
    l.kind = LATCH_HOST;
    assert_int_equal(state_dir_set_latch(&d, &l), ERR_OK);
    assert_int_equal(state_dir_get_latch(&d, &got), ERR_OK);
    assert_int_equal(got.kind, LATCH_HOST);
    assert_string_equal(got.text, l.text);
    l.kind = LATCH_NONE;
    assert_int_equal(state_dir_set_latch(&d, &l), ERR_OK);
    assert_int_equal(state_dir_get_latch(&d, &got), ERR_OK);
    assert_int_equal(got.kind, LATCH_NONE);
    assert_int_equal(pwrite(d.latch_fd, "garbage", 7, 0), 7); /* rather halted than wrong */
    assert_int_equal(state_dir_get_latch(&d, &got), ERR_OK);
    assert_int_equal(got.kind, LATCH_ENGINE);
    assert_string_equal(got.text, "garbage");
    l.kind = LATCH_NONE;
    assert_int_equal(state_dir_set_latch(&d, &l), ERR_OK);
    state_dir_close(&d);
}

static void touch(const char *name)
{
    char file[256];
    snprintf(file, sizeof file, "%s/%s", path, name);
    int fd = open(file, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    close(fd);
}

static void journals_are_found_by_number(void **state)
{
    (void)state;
    uint32_t n;
    char file[STATE_DIR_FILE_MAX], expect[STATE_DIR_FILE_MAX];
    assert_int_equal(state_dir_last_journal("/nonexistent/dir", &n), ERR_NOT_FOUND);
    assert_int_equal(state_dir_last_journal(path, &n), ERR_OK);
    assert_int_equal(n, 0);
    touch("journal-0002.twj");
    touch("journal-0010.twj");
    touch("journal-0011.twj.new");
    touch("journal-0012.twj.aside");
    touch("xjournal-0013.twj");
    assert_int_equal(state_dir_last_journal(path, &n), ERR_OK);
    assert_int_equal(n, 10);
    state_dir_journal_path(path, 10, file);
    snprintf(expect, sizeof expect, "%s/journal-0010.twj", path);
    assert_string_equal(file, expect);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(made_for_the_owner_only),
        cmocka_unit_test(second_daemon_is_refused),
        cmocka_unit_test(latch_survives),
        cmocka_unit_test(journals_are_found_by_number),
    };
    return cmocka_run_group_tests_name("state_dir", tests, make, clean);
}
