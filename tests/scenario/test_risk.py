#!/usr/bin/env python3
"""A strategy that executes too often on one side is latched: over a crash, a restart and a changed configuration, until a
person resumes it; and `tradewind risk` tells it."""
import json, os, shutil, sys, tempfile

sys.path[:0] = ["tests/tools", "tests/lib"]
import agent, tap
from agent import tell

SCRATCH = tempfile.mkdtemp(prefix="tw-risk-")


def latched(config):
    code, out = tell("risk", config, "--json")
    return {x["of"]: (x["state"], x["reason"], x["release"]) for x in json.loads(out)["latched"]} if code == 0 else out


def limit(config, of, key):
    code, out = tell("risk", config, "--json")
    return next((x for x in json.loads(out)["limits"] if (x["of"], x["limit"]) == (of, key)), None)


def change(text):
    return text.replace("max_open_orders = 100", "max_open_orders = 100\nmax_executions = 2\nexecution_interval = \"1h\"")


def with_drawdown(text):
    text = change(text)
    end = text.index("[[strategy]]", text.index('name = "grid-btc"'))
    return text[:end] + '[strategy.risk]\nmax_drawdown = "0.00000001"\n' + text[end:]


GRID = "strategy grid-btc"
HELD = ("REDUCING", "REPEATED_EXECUTION", "tradewind resume grid-btc")
try:
    exchange = agent.Exchange(SCRATCH, 10)
    config = agent.write_config(SCRATCH, exchange.port, change=change)
    daemon = agent.Program([agent.DAEMON, config], SCRATCH)
    tap.ok(daemon.wait_log("grid-btc: ACTIVE -> REDUCING: more executions"), "it_is_latched", daemon.log())
    tap.ok(latched(config).get(GRID) == HELD, "risk_says_what_is_latched_and_what_releases_it", latched(config))
    row = limit(config, GRID, "max_executions")
    tap.ok(row and row["value"] == "2" and row["state"] == "hit", "risk_shows_the_limit_as_hit", row)
    code, out = tell("risk", config)
    tap.ok(code == 0 and "strategy grid-btc is REDUCING since" in out and "to release it: tradewind resume grid-btc" in out,
           "the_table_says_it_in_words", out)

    code, out = tell("orders", config, "--json")
    open_buys = [o for o in json.loads(out)["orders"] if o["strategy"] == "grid-btc" and o["side"] == "buy"]
    tap.ok(code == 0 and all(o["state"] == "pending_cancel" for o in open_buys), "its_open_buys_are_cancelled", out)
    daemon.kill()
    daemon = agent.Program([agent.DAEMON, config], SCRATCH)
    tap.ok(daemon.wait_log("agent demo runs"), "it_starts_after_a_crash", daemon.log())
    tap.ok(latched(config).get(GRID) == HELD, "latched_over_a_crash", latched(config))
    tap.ok(daemon.stop() == 0, "it_stops", daemon.log())

    other = agent.write_config(SCRATCH, exchange.port, change=lambda t: change(t).replace("daily_loss = \"500\"", "daily_loss = \"400\""))
    daemon = agent.Program([agent.DAEMON, other], SCRATCH)
    tap.ok(daemon.wait_log("carried over|carries") and daemon.wait_log("agent demo runs"),
           "it_starts_with_another_configuration", daemon.log())
    tap.ok(latched(other).get(GRID, ("",))[0] == "REDUCING", "latched_over_a_changed_configuration", latched(other))
    tap.ok(tell("resume", other)[0] == 0 and latched(other).get(GRID, ("",))[0] == "REDUCING",
           "the_agents_resume_is_not_the_strategys", latched(other))
    tap.ok(tell("resume", "grid-btc", other)[0] == 0 and GRID not in latched(other), "a_person_releases_it", latched(other))
    tap.ok(daemon.stop() == 0, "it_stops_again", daemon.log())
    exchange.stop()
    exchange = agent.Exchange(SCRATCH, 10)  # the recording from its beginning
    third = agent.write_config(SCRATCH, exchange.port, change=with_drawdown)
    daemon = agent.Program([agent.DAEMON, third], SCRATCH)
    tap.ok(daemon.wait_log("grid-btc: .*-> HALTED"), "a_drawdown_halts_it", daemon.log())
    tap.ok(daemon.stop() == 0, "it_stops_halted", daemon.log())
    other = agent.write_config(SCRATCH, exchange.port, change=change)
    daemon = agent.Program([agent.DAEMON, other], SCRATCH)
    tap.ok(daemon.wait_log("agent demo runs"), "it_starts_without_that_limit", daemon.log())
    tap.ok(latched(other).get(GRID, ("",))[0] == "HALTED", "halted_over_a_changed_configuration", latched(other))
    tap.ok(daemon.stop() == 0, "it_stops_once_more", daemon.log())
    code, out = tell("replay", os.path.join(SCRATCH, "state"))
    tap.ok(code == 0 and "byte for byte" in out, "the_journal_replays", out)
    exchange.stop()
finally:
    agent.stop_all()
    shutil.rmtree(SCRATCH, ignore_errors=True)
tap.done()
