/* Log lines a person can read: one per event worth their time.
 *
 *   2024-08-08T23:54:15.208Z info  grid-btc: order 12 filled  qty=0.001 price=61837.63
 *
 * Written to stderr (journald picks it up). Never formats secrets: there is no secret type here.
 * Programs and agent/io log; library code returns errors instead.
 */
#ifndef TW_BASE_LOG_H
#define TW_BASE_LOG_H

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

/* Lines below [level] are dropped. Default LOG_LEVEL_INFO. */
void log_set_level(enum log_level level);

/* One line; a trailing newline is added, control characters in the text become '?'. [who] names the
 * part of the program or the strategy; keep it short. */
__attribute__((format(printf, 3, 4))) void log_line(enum log_level level, const char *who,
                                                    const char *format, ...);

#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)
#define log_info(...)  log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)

#endif
