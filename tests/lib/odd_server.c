#include "odd_server.h"

#include "base/check.h"
#include "test_ca.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const names[ODD_PORTS] = {
    [ODD_GOOD] = "good",         [ODD_EXPIRED] = "expired",
    [ODD_FUTURE] = "future",     [ODD_OTHER_HOST] = "other-host",
    [ODD_OTHER_CA] = "other-ca",
};

static void make_certificates(struct odd_server *s)
{
    static const char here[] = "DNS:localhost,IP:127.0.0.1";
    snprintf(s->dir, sizeof s->dir, "%s/tradewind-odd-XXXXXX", "/tmp");
    CHECK(mkdtemp(s->dir));
    snprintf(s->ca_file, sizeof s->ca_file, "%s/ca.pem", s->dir);
    test_ca_make(s->dir, "ca");
    test_ca_make(s->dir, "other");
    test_ca_sign(s->dir, "ca", "good", here, -3600, 3600);
    test_ca_sign(s->dir, "ca", "expired", here, -7200, -3600);
    test_ca_sign(s->dir, "ca", "future", here, 3600, 7200);
    test_ca_sign(s->dir, "ca", "other-host", "DNS:example.org", -3600, 3600);
    test_ca_sign(s->dir, "other", "other-ca", here, -3600, 3600);
}

void odd_server_start(struct odd_server *s)
{
    make_certificates(s);
    int in[2], out[2];
    CHECK(pipe(in) == 0 && pipe(out) == 0);
    s->pid = fork();
    CHECK(s->pid >= 0);
    if (s->pid == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        for (int fd = 3; fd < 256; fd++)
            close(fd);
        char paths[ODD_PORTS][2][128];
        char *argv[2 + 2 * ODD_PORTS + 1] = {NULL};
        static char python[] = "python3", script[] = "tests/tools/odd_server.py";
        int n = 0;
        argv[n++] = python;
        argv[n++] = script;
        for (int i = ODD_PLAIN + 1; i < ODD_PORTS; i++) {
            snprintf(paths[i][0], sizeof paths[i][0], "%s/%s.pem", s->dir, names[i]);
            snprintf(paths[i][1], sizeof paths[i][1], "%s/%s.key", s->dir, names[i]);
            argv[n++] = paths[i][0];
            argv[n++] = paths[i][1];
        }
        execvp("python3", argv);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    s->stdin_fd = in[1];
    FILE *f = fdopen(out[0], "r");
    CHECK(f);
    for (int i = 0; i < ODD_PORTS; i++)
        CHECK(fscanf(f, "%d", &s->port[i]) == 1);
    fclose(f);
}

void odd_server_stop(struct odd_server *s)
{
    close(s->stdin_fd);
    CHECK(waitpid(s->pid, NULL, 0) == s->pid);
    char path[256];
    static const char *const files[] = {"ca", "other"};
    for (size_t i = 0; i < 2 + ODD_PORTS; i++) {
        const char *name = i < 2 ? files[i] : names[i - 2];
        for (int key = 0; key < 2 && name; key++) {
            snprintf(path, sizeof path, "%s/%s.%s", s->dir, name, key ? "key" : "pem");
            unlink(path);
        }
    }
    rmdir(s->dir);
}
