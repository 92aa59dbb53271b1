#include "base/err.h"

const char *err_name(enum err e)
{
    switch (e) {
    case ERR_OK: return "ok";
    case ERR_SYNTAX: return "syntax error";
    case ERR_RANGE: return "out of range";
    case ERR_PRECISION: return "too many digits";
    case ERR_OVERFLOW: return "overflow";
    case ERR_FULL: return "full";
    case ERR_TRUNCATED: return "truncated";
    case ERR_UNSUPPORTED: return "unsupported";
    case ERR_UNKNOWN: return "unknown";
    case ERR_NOT_FOUND: return "not found";
    case ERR_EXISTS: return "exists already";
    case ERR_STATE: return "not allowed now";
    case ERR_CORRUPT: return "corrupt";
    case ERR_IO: return "input/output error";
    case ERR_NOMEM: return "out of memory";
    case ERR_TIMEOUT: return "timed out";
    case ERR_COUNT: break;
    }
    return "invalid error code";
}
