#include "base/log.h"

#include "base/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 1024

static enum log_level level_now = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
    level_now = level;
}

static const char *level_name(enum log_level level)
{
    switch (level) {
    case LOG_LEVEL_DEBUG: return "debug";
    case LOG_LEVEL_INFO: return "info ";
    case LOG_LEVEL_WARN: return "warn ";
    case LOG_LEVEL_ERROR: return "error";
    }
    return "?    ";
}

void log_line(enum log_level level, const char *who, const char *format, ...)
{
    if (level < level_now)
        return;
    char line[LINE_MAX_BYTES], when[CLOCK_TEXT_MAX];
    clock_format_utc(clock_wall_ns(), when);
    int head = snprintf(line, sizeof line, "%s %s %s: ", when, level_name(level), who);
    if (head < 0 || (size_t)head >= sizeof line - 8)
        head = 0;
    va_list ap;
    va_start(ap, format);
    int body = vsnprintf(line + head, sizeof line - (size_t)head - 1, format, ap);
    va_end(ap);
    if (body < 0)
        return;
    size_t len = strlen(line);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
            line[i] = '?';
    line[len++] = '\n';
    /* One write, so that lines of several processes never mix; a full pipe loses a line, not the
     * agent. */
    ssize_t ignored = write(STDERR_FILENO, line, len);
    (void)ignored;
}
