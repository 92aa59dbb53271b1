/* Assertions that stay on in release builds.
 *
 * CHECK(x) states what the programmer knows to be true. When it does not hold, check_failed() calls
 * the hook of the running program (the daemon's latches HALT on disk) and then aborts. Bad input is
 * never a CHECK: it is an enum err.
 */
#ifndef TW_BASE_CHECK_H
#define TW_BASE_CHECK_H

#define CHECK(x) ((x) ? (void)0 : check_failed(#x, __FILE__, __LINE__))

typedef void check_hook(const char *expression, const char *file, int line);

/* Prints the failed expression to stderr, runs the hook if one is set, and aborts. */
__attribute__((noreturn, cold)) void check_failed(const char *expression, const char *file,
                                                  int line);

/* Sets the hook; NULL removes it. The hook must be async-signal-safe in spirit: no heap, no locks.
 */
void check_set_hook(check_hook *hook);

#endif
