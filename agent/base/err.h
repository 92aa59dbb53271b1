/* Error codes: what every fallible function of the project returns.
 *
 * Library code returns one of these and leaves its outputs untouched; programs turn it into one log
 * line with the ids a person needs. Programmer errors are not here: they are CHECK() failures.
 */
#ifndef TW_BASE_ERR_H
#define TW_BASE_ERR_H

enum err {
    ERR_OK = 0,
    ERR_SYNTAX,      /* text or bytes are not of the expected form */
    ERR_RANGE,       /* well formed, but outside what is allowed */
    ERR_PRECISION,   /* a number has more digits than can be held exactly */
    ERR_OVERFLOW,    /* arithmetic left the representable range */
    ERR_FULL,        /* a bounded container has no room */
    ERR_TRUNCATED,   /* the input ends before the thing it describes */
    ERR_UNSUPPORTED, /* known, and deliberately not handled */
    ERR_UNKNOWN,     /* not known: never to be read as success or failure */
    ERR_NOT_FOUND,
    ERR_EXISTS,
    ERR_STATE,   /* not allowed in the present state */
    ERR_CORRUPT, /* a checksum or an invariant of stored data does not hold */
    ERR_IO,      /* the operating system refused; errno tells */
    ERR_NOMEM,
    ERR_TIMEOUT,
    ERR_COUNT
};

/* Returns a short lower-case English name; never NULL. */
const char *err_name(enum err e);

/* Every fallible function carries this: an ignored error is a compile error. */
#define MUST_CHECK __attribute__((warn_unused_result))

#endif
