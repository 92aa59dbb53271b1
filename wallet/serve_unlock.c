#include "wallet/serve_unlock.h"

#include "base/check.h"
#include "wallet/key_store.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROMPT      "passphrase of the key store"
#define NOT_STARTED 127 /* exit status, as of a shell */

/* There is no secret in this process yet. Who asks for nobody any more ends, and its question goes.
 */
__attribute__((noreturn)) static void be_asker(int to, pid_t parent)
{
    char *const line[] = {"systemd-ask-password", "--id=tradewind-signer", "--timeout=0",
                          "Passphrase of the key store:", NULL};
    if (prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) == 0 && getppid() == parent &&
        dup2(to, STDOUT_FILENO) == STDOUT_FILENO)
        (void)execvp(line[0], line);
    _exit(NOT_STARTED);
}

/* systemd-ask-password shows a prompt wherever an administrator is looking. */
static enum err ask_password(struct secret *ret, char *why)
{
    int ends[2], status = 0;
    pid_t parent = getpid();
    if (pipe2(ends, O_CLOEXEC) != 0)
        return why_say(why, ERR_IO, "no pipe to systemd-ask-password: %s", strerror(errno));
    pid_t pid = fork();
    if (pid == 0)
        be_asker(ends[1], parent);
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return why_say(why, ERR_IO, "systemd-ask-password cannot be started: %s", strerror(errno));
    }
    const struct input from = {.has_fd = true, .fd = ends[0]};
    enum err e = input_read(&from, PROMPT, KEY_PASSPHRASE_MAX, 0, ret, why);
    close(ends[0]);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return e;
    if (!e)
        secret_free(ret);
    if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_STARTED)
        return why_say(why, ERR_NOT_FOUND, "systemd-ask-password cannot be started: is it there?");
    return why_say(
        why, ERR_STATE,
        "systemd-ask-password gave no passphrase: it was cancelled, or may not ask (only "
        "root may; others: a credential, or `tradewind signer unlock`)");
}

/* systemd shows it to us alone, by an entry in an access list that looks like a group's right to
 * read. Anything else was not put there by systemd. */
static enum err read_credential(const char *name, struct secret *ret, char *why)
{
    const char *dir = getenv("CREDENTIALS_DIRECTORY");
    char path[FILE_PATH_MAX];
    if (!dir || snprintf(path, sizeof path, "%s/%s", dir, name) >= (int)sizeof path)
        return why_say(why, ERR_NOT_FOUND,
                       "there are no credentials: LoadCredentialEncrypted= in a unit gives them");
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return file_fail(why, ERR_NOT_FOUND, path, "the credential cannot be opened");
    const struct input from = {.has_fd = true, .fd = fd};
    enum err e = ERR_OK;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_mode & (S_IWGRP | S_IRWXO))
        e = why_say(why, ERR_RANGE, "%.140s: is no file that only this user may read", path);
    if (!e)
        e = input_read(&from, "credential", WIRE_SECRET_MAX, INPUT_RAW, ret, why);
    close(fd);
    return e;
}

enum err serve_unlock_message(enum wire_unlock how, const struct secret *s, struct secret *ret)
{
    struct wire_request r;
    struct secret m;
    uint8_t *bytes = sodium_malloc(WIRE_BUFFER_MAX);
    size_t len = 0;
    if (!bytes)
        return ERR_NOMEM;
    memset(&r, 0, sizeof r);
    r.type = WIRE_UNLOCK;
    r.unlock = how;
    r.secret_len = (uint32_t)s->len;
    r.secret = s->data;
    secret_open(s);
    enum err e = wire_encode_request(&r, bytes, &len);
    secret_shut(s);
    if (!e)
        e = secret_copy(&m, bytes, len);
    sodium_free(bytes);
    if (!e)
        *ret = m;
    return e;
}

enum err serve_unlock_read(const struct serve_args *a, struct secret *ret, char *why)
{
    struct secret s = {NULL, 0};
    enum err e = ERR_OK;
    enum wire_unlock how = WIRE_PASSPHRASE;
    switch (a->unlock) {
    case UNLOCK_NONE: *ret = s; return ERR_OK;
    case UNLOCK_PROMPT:
        e = input_read(&a->passphrase, PROMPT, KEY_PASSPHRASE_MAX, 0, &s, why);
        break;
    case UNLOCK_ASK_PASSWORD: e = ask_password(&s, why); break;
    case UNLOCK_CREDENTIAL:
        e = read_credential(a->credential, &s, why);
        how = WIRE_CREDENTIAL;
        break;
    }
    if (!e && serve_unlock_message(how, &s, ret) != ERR_OK)
        e = why_say(why, ERR_NOMEM, "no memory that could be locked");
    secret_free(&s);
    return e;
}
