/* Recordings of websockets. */
#include "io/datafile_parts.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

bool recording_is(const char *line, size_t len)
{
    size_t digits = 0;
    while (digits < len && isdigit((unsigned char)line[digits]))
        digits++;
    return (len > 0 && line[0] == '{') ||
           (digits >= 16 && digits + 1 < len && line[digits] == ' ' && line[digits + 1] == '{');
}

enum err recording_load(struct loading *l, struct lines *lines, char *why, size_t cap)
{
    (void)l;
    (void)lines;
    snprintf(why, cap, "recordings of messages are not supported");
    return ERR_UNSUPPORTED;
}
