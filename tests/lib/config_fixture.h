/* Configurations for tests: the pieces of a good file, a strategy with every type of parameter, and
 * how a test says what a text must become. */
#ifndef TW_TESTS_CONFIG_FIXTURE_H
#define TW_TESTS_CONFIG_FIXTURE_H

#include "config/config.h"

#define AGENT "[agent]\nname = \"demo\"\nquote = \"USDT\"\n"
#define VENUE                                                                                      \
    "[[venue]]\nname = \"binance\"\nkind = \"binance-spot\"\nmaker_fee = \"0.001\"\n"              \
    "taker_fee = \"0.001\"\n"
#define PAPER      "[venue.paper]\nbalances = { USDT = \"10000\", BTC = \"0.1\" }\n"
#define INSTRUMENT "[[instrument]]\nsymbol = \"BTC-USDT\"\nvenue = \"binance\"\n"
#define STRATEGY   "[[strategy]]\nname = \"s\"\nkind = \"tester\"\ninstrument = \"BTC-USDT\"\n"
#define GOOD       AGENT VENUE PAPER INSTRUMENT STRATEGY
#define TWO_VENUES                                                                                 \
    AGENT VENUE "[[venue]]\nname = \"two\"\nkind = \"other-spot\"\nmaker_fee=0\ntaker_fee=0\n"     \
                "[venue.paper]\nbalances = { USDT = 10 }\n" INSTRUMENT                             \
                "[[instrument]]\nsymbol = \"BTC-USDT\"\nvenue = \"two\"\n"

/* Kinds "tester" (every type of parameter) and "loner" (none); venues "binance-spot", "other-spot".
 */
extern const struct config_kinds FIXTURE_KINDS;
extern const struct strategy_ops FIXTURE_TESTER;

/* The report of the last parse. */
extern struct config_report fixture_report;

/* Parses as the file "t.toml" in the directory "dir". */
enum err fixture_parse(struct config *c, const char *text);

/* Fails the test unless the text is good; the caller closes what it gets. */
struct config fixture_good(const char *text);
void fixture_is_good(const char *text);

/* Exactly one error, which is [line] behind "t.toml:". */
void fixture_bad(const char *text, const char *line);

/* At least one error, one of which holds [part]. */
void fixture_bad_part(const char *text, const char *part);

/* [before], [line] as a line of its own, [after]; valid until the next call. */
const char *fixture_with(const char *before, const char *line, const char *after);

void fixture_assert_dec(dec d, const char *expected);

/* Teardown: clears the report. */
int fixture_cleanup(void **state);

#endif
