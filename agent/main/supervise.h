/* A program that is kept running: started, started again after a crash, later each time, stopped.
 */
#ifndef TW_MAIN_SUPERVISE_H
#define TW_MAIN_SUPERVISE_H

#include "base/clock.h"

#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#define SUPERVISE_ARGUMENTS_MAX  24
#define SUPERVISE_BACKOFF_MIN_NS (200 * NS_PER_MS)
#define SUPERVISE_BACKOFF_MAX_NS (10 * NS_PER_S)
#define SUPERVISE_CRASHES_MAX    8               /* in a row */
#define SUPERVISE_WELL_NS        (60 * NS_PER_S) /* a run of that length ends the row */
/* An error of a program that ran well so far is worth another start; an error at the start would
 * only come again. */
#define SUPERVISE_RAN_NS (10 * NS_PER_S)

/* Zeroed, then name, program and argument are the caller's to fill. */
struct supervised {
    const char *name; /* in log lines: "the daemon" */
    char program[PATH_MAX];
    char *argument[SUPERVISE_ARGUMENTS_MAX + 1]; /* the first is the program, NULL the last */
    bool own_session;  /* it does not hear the terminal's signals: it is told when its turn comes */
    bool once;         /* it is never started again */
    int pass_fd;       /* a descriptor that it inherits, close-on-exec here; 0: none */
    pid_t pid;         /* 0: it does not run */
    unsigned stopping; /* how often it was told to end */
    bool over;         /* it is not started again; code is how it ended */
    int code;
    int crashes;
    int64_t since_ns, backoff_ns; /* monotonic */
    int64_t again_ns;             /* when it is to be started again; 0: nothing is due */
    int64_t kill_ns;              /* when it is killed; 0: it is not */
};

/* [name] beside the running program into s->program; false where it cannot be started. */
bool supervise_find(struct supervised *s, const char *name);

/* Starts it; the signals in [taken], which the caller has blocked, are the child's again, and it is
 * told SIGTERM when the caller dies. False: it cannot be, and is over. */
bool supervise_start(struct supervised *s, const sigset_t *taken);

/* Sends [signo]; SIGTERM and SIGINT count as telling it to stop, and kill it [patience_ns] later.
 */
void supervise_signal(struct supervised *s, int signo, int64_t patience_ns);

/* To be called after each signal and at supervise_due_ns(): notices its end, decides what comes
 * next, starts it again when that is due, kills it when its time is over. */
void supervise_look(struct supervised *s, const sigset_t *taken);
int64_t supervise_due_ns(const struct supervised *s); /* INT64_MAX: nothing */

/* Waits at most until [end_ns] for one of [taken]; its number, or 0. */
int supervise_wait(const sigset_t *taken, int64_t end_ns);

#endif
