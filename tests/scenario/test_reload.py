#!/usr/bin/env python3
"""A configuration that changes: live parameters while it runs, by SIGHUP and by command; what cannot change is refused
as a whole; at a start the journal goes on where only live parameters differ."""
import json, os, re, shutil, signal, sys, tempfile

sys.path[:0] = ["tests/tools", "tests/lib"]
import agent, tap
from agent import ask, tell, wait_for

SCRATCH = tempfile.mkdtemp(prefix="tw-reload-")


def directory(name):
    path = os.path.join(SCRATCH, name)
    os.mkdir(path)
    return path


def amount(n, more=lambda t: t):
    """A purchase every few seconds, as the recording runs as slowly as it was made: it must last for the whole test."""
    return lambda text: more(text.replace('interval = "1m"\namount = "50"', 'interval = "4s"\namount = "%s"' % n))


def params(d):
    """The changes of parameters in the newest journal, one line each."""
    code, out = tell("journal", os.path.join(d, "state"))
    return [line for line in out.splitlines() if re.search(r"\bin\b.*\bparam\b", line)]


def test_while_it_runs():
    d = directory("live")
    exchange = agent.Exchange(d, 1)
    config = agent.write_config(d, exchange.port, change=amount(50))
    daemon = agent.Program([agent.DAEMON, config], d)
    tap.ok(daemon.wait_log("BTC-USDT on binance is live"), "it_starts", daemon.log())
    wait_for(lambda: ask(config, "status")["open_orders"] > 3)
    before = {o["order"] for o in ask(config, "orders")["orders"]}

    agent.write_config(d, exchange.port, change=amount(50, lambda t: "# nothing but a comment\n" + t))
    code, out = tell("reload", config)
    tap.ok(code == 0 and out == "nothing has changed\n" and params(d) == [], "a_comment_changes_nothing", out)

    agent.write_config(d, exchange.port, change=amount(60))
    code, out = tell("reload", config)
    tap.ok(code == 0 and out == "strategy dca-btc: amount: 50 -> 60\n", "a_live_parameter_is_applied_and_told", out)
    tap.ok("reload: strategy dca-btc: amount: 50 -> 60" in daemon.log(), "and_logged", daemon.log())
    tap.ok(len(params(d)) == 1, "and_journaled", params(d))
    tap.ok(wait_for(lambda: any(59 < float(f["price"]) * float(f["qty"]) <= 60.01
                                for f in ask(config, "fills")["fills"] if f["strategy"] == "dca-btc")),
           "and_used", tell("fills", config)[1])
    code, out = tell("reload", config, "--json")
    tap.ok(code == 0 and json.loads(out)["changes_in_all"] == 0, "a_second_time_nothing_is_left", out)

    agent.write_config(d, exchange.port, change=amount(70))
    daemon.signal(signal.SIGHUP)
    tap.ok(daemon.wait_log("strategy dca-btc: amount: 60 -> 70"), "sighup_does_the_same", daemon.log())

    # A live one together with one that is not: nothing of it, and every difference is named.
    agent.write_config(d, exchange.port, change=amount(80, lambda t: t.replace("levels = 15", "levels = 9")
                                                       .replace('daily_loss = "500"', 'daily_loss = "501"')))
    code, out = tell("reload", config)
    tap.ok(code == 4 and "strategy grid-btc: levels: 15 -> 9" in out and "risk: daily_loss: 500 -> 501" in out and
           "nothing is applied" in out, "what_cannot_change_is_refused_as_a_whole", out)
    tap.ok(len(params(d)) == 2, "nothing_of_it_is_applied", params(d))

    for name, change, word in (("a_bad_value", amount("-1"), "amount"), ("no_toml", lambda t: t + "[[[", "parsing"),
                               ("what_the_strategy_refuses", lambda t: t.replace("slow = 8", "slow = 2"), "slow")):
        agent.write_config(d, exchange.port, change=change)
        daemon.signal(signal.SIGHUP)
        wait_for(lambda: daemon.log().count("nothing is applied: the configuration is wrong") > 0)
        code, out = tell("reload", "--state-dir", os.path.join(d, "state"))
        tap.ok(code == 4 and "demo.toml:" in out and word in out and len(params(d)) == 2, "refused_" + name, out)
    os.unlink(config)
    code, out = tell("reload", "--state-dir", os.path.join(d, "state"))
    tap.ok(code == 4 and "cannot be read" in out, "a_file_that_is_gone", out)
    agent.write_config(d, exchange.port, change=amount(70))

    after = ask(config, "status")
    tap.ok(after["venues"][0]["reconnects"] == 0 and after["state"] == "ACTIVE", "feeds_stay", after)
    grid = [o["order"] for o in ask(config, "orders")["orders"]]
    tap.ok(set(grid) & before, "orders_stay", "%s %s" % (before, grid))
    fills = after["fills"]

    # Killed: the journal has what was changed, and the file says the same.
    daemon.kill()
    daemon = agent.Program([agent.DAEMON, config], d)
    tap.ok(daemon.wait_log("agent demo runs"), "start_after_a_kill", daemon.log())
    tap.ok("recovered journal-0001.twj" in daemon.log() and len(params(d)) == 2, "the_journal_goes_on", daemon.log())
    tap.ok(ask(config, "status")["fills"] >= fills, "nothing_is_forgotten", daemon.log())
    daemon.stop()

    agent.write_config(d, exchange.port, change=amount(90))
    daemon = agent.Program([agent.DAEMON, config], d)
    tap.ok(daemon.wait_log("agent demo runs"), "start_with_a_live_change", daemon.log())
    tap.ok("only live parameters have changed" in daemon.log() and "strategy dca-btc: amount: 70 -> 90" in daemon.log()
           and not os.path.exists(os.path.join(d, "state/journal-0002.twj")), "the_same_journal_goes_on", daemon.log())
    tap.ok(len(params(d)) == 3, "one_more_change_in_it", params(d))
    code, out = tell("reload", config)
    tap.ok(code == 0 and out == "nothing has changed\n", "and_it_is_the_present_one", out)
    daemon.stop()
    code, out = tell("replay", os.path.join(d, "state"))
    tap.ok(code == 0 and "byte for byte" in out, "it_replays", out)

    agent.write_config(d, exchange.port, change=amount(90, lambda t: t.replace("levels = 15", "levels = 9")))
    daemon = agent.Program([agent.DAEMON, config], d)
    tap.ok(daemon.wait_log("agent demo runs"), "start_with_another_change", daemon.log())
    tap.ok("its balances are carried over" in daemon.log() and "strategy grid-btc: levels: 15 -> 9" in daemon.log(),
           "a_new_journal_for_what_is_not_live", daemon.log())
    agent.write_config(d, exchange.port, change=amount(95, lambda t: t.replace("levels = 15", "levels = 9")))
    code, out = tell("reload", config)
    tap.ok(code == 0 and "amount: 90 -> 95" in out, "a_carried_run_can_be_reloaded", out)
    daemon.stop()
    daemon = agent.Program([agent.DAEMON, config], d)
    tap.ok(daemon.wait_log("recovered journal-0002.twj") and daemon.wait_log("agent demo runs"),
           "and_goes_on", daemon.log())
    daemon.stop()
    code, out = tell("replay", os.path.join(d, "state"))
    tap.ok(code == 0 and "byte for byte" in out, "the_carried_one_replays", out)
    exchange.stop()


try:
    if re.search(r"amount +.*; live", tell("check", "--explain")[1]):
        test_while_it_runs()
    else:
        tap.skip("reload", "no strategy of the demo has a live parameter")
finally:
    agent.stop_all()
    shutil.rmtree(SCRATCH, ignore_errors=True)
tap.done()
