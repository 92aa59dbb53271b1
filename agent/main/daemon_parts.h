/* What the daemon's files share. */
#ifndef TW_MAIN_DAEMON_PARTS_H
#define TW_MAIN_DAEMON_PARTS_H

#include "config/compare.h"
#include "io/control.h"
#include "io/feed.h"
#include "io/loop.h"
#include "io/signer.h"
#include "io/state_dir.h"
#include "io/status.h"
#include "main/carry.h"
#include "main/daemon.h"
#include "main/daemon_log.h"
#include "main/run.h"

#define DAEMON_WHY_MAX 2048

struct daemon {
    struct config *config;
    struct daemon_options options;
    /* Where the journal goes on with the configuration it was begun with: the file as it is now,
     * which differs in live parameters at most; applied and closed when the run begins. */
    struct config wanted;
    struct journal_setup journal_keys; /* of the file as it is now */
    struct state_dir dir;
    struct run *run;
    struct loop *loop;
    struct control *control;
    struct feed *feed[SETUP_VENUES_MAX];
    struct daemon_history *history;
    struct signer *signer;         /* NULL: none is configured */
    enum signer_state signer_told; /* to the log and the engine; 0: nothing yet */
    struct loop_timer tick, watchdog;
    int64_t tick_due_ns; /* 0: none was asked for */
    struct daemon_log log;
    struct status_fills fills;
    bool resync[SETUP_INSTRUMENTS_MAX]; /* asked for by the engine in the present step */
    bool any_resync, in_step, stopping, failed;
    bool ready; /* the run has begun: strategies may have to be put to rest */
    /* The graceful end, monotonic: by when; 0: not asked for. And when it was, by both clocks. */
    int64_t stop_by_ns, stop_mono_ns, stop_engine_ns;
    int64_t started_ns;
    uint32_t journal; /* number of the one being written */
    char journal_path[STATE_DIR_FILE_MAX];
    struct latch latch; /* as it was at the start */
    /* Latched states that the old run leaves to this one; empty where the journal went on. */
    enum trading_state carried_agent, carried_below, carried_strategy[SETUP_STRATEGIES_MAX];
    uint32_t carried_from; /* journal number, 0: nothing was carried */
};

/* daemon_start.c: makes d->run: recovered, carried over, or new. On failure writes a sentence (or a
 * few lines) into why (DAEMON_WHY_MAX bytes) and returns ERR_RANGE for what the configuration would
 * have to change, else another error. */
enum err daemon_open_run(struct daemon *d, run_observer *observer, char *why) MUST_CHECK;

/* daemon_reload.c */
/* Reads the file again and applies what may change: the answer, as JSON, malloc'd; NULL without
 * memory. Not from within a step. */
char *daemon_reload(struct daemon *d);
/* What differs between the configuration that is running (without a run: as its text has it) and
 * [wanted]. */
enum err daemon_compare(const struct daemon *d, const struct setup *wanted,
                        struct config_changes *ret) MUST_CHECK;
/* At a start: journals and tells the live parameters that the file has otherwise than the journal.
 */
enum err daemon_begin_params(struct daemon *d) MUST_CHECK;
/* A configuration from a text, as if it stood in the daemon's file. */
enum err daemon_parse_as_here(const struct daemon *d, const char *text, size_t len,
                              struct config *ret) MUST_CHECK;
void daemon_log_changes(const struct config_changes *c, bool live);

/* daemon_history.c: candles that strategies lack come from their venues. */
bool daemon_history_open(struct daemon *d); /* false: a line was logged */
void daemon_history_close(struct daemon *d);
/* Asks for what is lacking now. */
void daemon_history_tick(struct daemon *d, int64_t mono_ns);

/* daemon_signer.c: the connection to the signer, where one is configured. */
bool daemon_signer_open(struct daemon *d); /* false: a line was logged */
const struct signer_view *daemon_signer_view(const struct daemon *d);

/* daemon_stop.c */
/* Told to stop: puts the strategies to rest and waits for what on_stop wants; the second time, and
 * where nothing is to be waited for, at once. [why]: "interrupted". */
void daemon_stop_begin(struct daemon *d, const char *why);
/* Whether the loop is to end: all is done, or the time is over. Tells what is left then. */
bool daemon_stop_is_done(struct daemon *d, int64_t mono_ns);
/* Engine time while stopping without a venue that could tell it; INT64_MAX otherwise. */
int64_t daemon_stop_time(const struct daemon *d, int64_t mono_ns);

/* daemon_control.c: answers the control socket. */
control_fn daemon_on_control;
/* The whole summary on stdout: status, positions, balances. */
void daemon_print_summary(struct daemon *d);

/* daemon.c: one event from outside into the run. After a failure, and while stopping, ERR_STATE. */
enum err daemon_event(struct daemon *d, const struct event *ev) MUST_CHECK;
/* An event of our own, at the engine's present time: it moves no clock. */
struct event daemon_own_event(const struct daemon *d, enum event_kind kind);
enum err daemon_command(struct daemon *d, const struct event_command *c) MUST_CHECK;

/* daemon_notify.c: tells systemd, where it asked to be told; nothing otherwise. */
void daemon_notify(const char *message);
/* Nanoseconds between WATCHDOG=1 messages, 0 for none. */
int64_t daemon_watchdog_ns(void);

#endif
