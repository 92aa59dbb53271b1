#include "wallet/serve_unlock.h"

#include "base/check.h"
#include "wallet/key_store.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROMPT "passphrase of the key store"

/* systemd-ask-password shows a prompt wherever an administrator is looking. */
static enum err ask_password(struct secret *ret, char *why)
{
    char *const line[] = {"systemd-ask-password", "--id=tradewind-signer", "--timeout=0",
                          "Passphrase of the key store:", NULL};
    int ends[2], status = 0;
    pid_t pid;
    posix_spawn_file_actions_t files;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return why_say(why, ERR_IO, "no pipe to systemd-ask-password: %s", strerror(errno));
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, ends[1], STDOUT_FILENO);
    int error = posix_spawnp(&pid, line[0], &files, NULL, line, environ);
    posix_spawn_file_actions_destroy(&files);
    close(ends[1]);
    if (error) {
        close(ends[0]);
        return why_say(why, ERR_IO, "systemd-ask-password cannot be started: %s", strerror(error));
    }
    const struct input from = {.has_fd = true, .fd = ends[0]};
    enum err e = input_read(&from, PROMPT, KEY_PASSPHRASE_MAX, 0, ret, why);
    close(ends[0]);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
    return e;
}

/* systemd shows it to us alone, by an entry in an access list that looks like a group's right. */
static enum err read_credential(const char *name, struct secret *ret, char *why)
{
    const char *dir = getenv("CREDENTIALS_DIRECTORY");
    char path[FILE_PATH_MAX];
    if (!dir || snprintf(path, sizeof path, "%s/%s", dir, name) >= (int)sizeof path)
        return why_say(why, ERR_NOT_FOUND,
                       "there are no credentials: LoadCredentialEncrypted= in a unit gives them");
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return file_fail(why, ERR_NOT_FOUND, path, "the credential cannot be opened");
    const struct input from = {.has_fd = true, .fd = fd};
    enum err e = input_read(&from, "credential", WIRE_SECRET_MAX, INPUT_RAW, ret, why);
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
