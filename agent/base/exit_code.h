/* Exit codes of every program (README, docs/operations.md). */
#ifndef TW_BASE_EXIT_CODE_H
#define TW_BASE_EXIT_CODE_H

enum exit_code {
    EXIT_CODE_OK = 0,
    EXIT_CODE_ERROR = 1,
    EXIT_CODE_USAGE = 2,
    EXIT_CODE_NOT_RUNNING = 3,
    EXIT_CODE_CONFIG = 4,
    EXIT_CODE_TIMEOUT = 5,
};

#endif
