#!/usr/bin/env python3
"""How a daemon ends and begins again: on_stop and on_restart, told to stop or killed; the time it has for it."""
import os, re, shutil, signal, sys, tempfile, time

sys.path[:0] = ["tests/tools", "tests/lib"]
import agent, tap
from agent import ask, tell, wait_for

SCRATCH = tempfile.mkdtemp(prefix="tw-stop-")


def directory(name):
    path = os.path.join(SCRATCH, name)
    os.mkdir(path)
    return path


def keys(grid="", dca="", agent_keys=""):
    def change(text):
        text = text.replace('name = "grid-btc"\n', 'name = "grid-btc"\n' + grid)
        text = text.replace('name = "dca-btc"\n', 'name = "dca-btc"\n' + dca)
        # the trend would only get in the way
        text = re.sub(r'\[\[strategy\]\]\nname = "trend-btc".*', "", text, flags=re.S)
        return text.replace("[agent]\n", "[agent]\n" + agent_keys)
    return change


def orders(config, of="grid-btc"):
    return {o["order"] for o in (ask(config, "orders") or {"orders": []})["orders"] if o["strategy"] == of}


def settled(config):
    """The orders, once what was on its way has come."""
    last, now = None, orders(config)
    while now != last:
        time.sleep(0.5)
        last, now = now, orders(config)
    return now


def holds(config, of):
    return [p["qty"] for p in ask(config, "positions")["positions"] if p["strategy"] == of and p["qty"] != "0"]


def start(d, exchange, *changes):
    config = agent.write_config(d, exchange.port, change=keys(*changes))
    daemon = agent.Program([agent.DAEMON, config], d)
    tap.ok(daemon.wait_log("BTC-USDT on binance is live"), "%s_starts" % os.path.basename(d), daemon.log())
    wait_for(lambda: len(orders(config)) > 5 and holds(config, "dca-btc"))
    return config, daemon


def again(config, d, name):
    """A start without an exchange: what is there is what the stop left."""
    daemon = agent.Program([agent.DAEMON, config], d)
    tap.ok(daemon.wait_log("agent demo runs"), name, daemon.log())
    return daemon


def replays(d, name):
    code, out = tell("replay", os.path.join(d, "state"))
    tap.ok(code == 0 and "byte for byte" in out, name, out)


def test_keep():
    d = directory("keep")
    exchange = agent.Exchange(d, 8)
    config, daemon = start(d, exchange)
    exchange.signal(signal.SIGSTOP)  # nothing happens any more
    before, begin = settled(config), time.time()
    tap.ok(daemon.stop() == 0 and time.time() - begin < 10, "keep_stops_at_once", daemon.log())
    daemon = again(config, d, "keep_starts_again")
    tap.ok(orders(config) == before and len(before) > 5, "keep_keeps_and_adopt_adopts", before)
    tap.ok(holds(config, "dca-btc"), "keep_keeps_positions")
    daemon.stop()
    exchange.kill()
    replays(d, "keep_replays")


def test_cancel_and_close():
    d = directory("cancel")
    exchange = agent.Exchange(d, 8)
    config, daemon = start(d, exchange, 'on_stop = "cancel"\n', 'on_stop = "close"\n')
    held = holds(config, "grid-btc")
    begin = time.time()
    tap.ok(daemon.stop() == 0 and time.time() - begin < 20, "it_stops", daemon.log())
    log = daemon.log()
    tap.ok(log.count("grid-btc: canceled: ") > 5, "orders_are_cancelled", log)
    tap.ok("dca-btc: sold" in log, "positions_are_sold", log)
    tap.ok("stop_timeout" not in log and "still open" not in log, "nothing_is_left", log)
    m = re.search(r"dca-btc: not sold: 0\.0000\d+ BTC on binance: .*LOT_SIZE", log)
    exchange.stop()
    daemon = again(config, d, "it_starts_after_a_graceful_stop")
    tap.ok(orders(config) == set(), "no_order_is_open", orders(config))
    left = holds(config, "dca-btc")
    tap.ok(not left or (m and float(left[0]) < 0.00001), "dust_is_all_that_is_left_and_told", "%s %s" % (left, log))
    tap.ok(held and holds(config, "grid-btc"), "cancel_keeps_positions", held)
    tap.ok(ask(config, "status")["books_balance"], "books_balance")
    daemon.stop()
    replays(d, "cancel_and_close_replay")


def test_killed():
    """kill -9: on_stop never had its say; on_restart has."""
    d = directory("killed")
    exchange = agent.Exchange(d, 8)
    config, daemon = start(d, exchange, 'on_stop = "cancel"\n')
    exchange.signal(signal.SIGSTOP)
    before = settled(config)
    daemon.kill()
    daemon = again(config, d, "it_starts_after_a_kill")
    tap.ok(orders(config) == before and len(before) > 5, "a_kill_cancels_nothing", before)
    daemon.kill()
    exchange.kill()

    d = directory("killed2")
    exchange = agent.Exchange(d, 8)
    config, daemon = start(d, exchange, 'on_restart = "cancel"\n')
    before = orders(config)
    daemon.kill()
    daemon = again(config, d, "it_starts_with_on_restart_cancel")
    tap.ok(wait_for(lambda: not orders(config) & before), "on_restart_cancel_cancels", (before, daemon.log()))
    tap.ok(daemon.log().count("grid-btc: canceled: ") > 5, "and_says_so", daemon.log())
    tap.ok(ask(config, "status")["strategies"][0]["state"] == "ACTIVE", "and_the_strategy_goes_on", daemon.log())
    daemon.stop()
    exchange.stop()
    replays(d, "on_restart_cancel_replays")


def test_time():
    d = directory("time")
    exchange = agent.Exchange(d, 8)
    config, daemon = start(d, exchange, "", 'on_stop = "close"\n')
    exchange.kill()  # no price any more: it cannot sell
    daemon.wait_log("binance is invalid")
    daemon.signal(signal.SIGTERM)
    time.sleep(1)
    tap.ok(daemon.p.poll() is None, "it_waits_for_a_price", daemon.log())
    code, out = tell("status", config)
    tap.ok(code == 0, "it_answers_meanwhile", out)
    begin = time.time()
    daemon.signal(signal.SIGTERM)
    tap.ok(daemon.wait() == 0 and time.time() - begin < 10, "a_second_signal_ends_it_at_once", daemon.log())
    tap.ok("told to stop again: stopping at once" in daemon.log(), "and_it_says_so", daemon.log())

    d = directory("time2")
    exchange = agent.Exchange(d, 8)
    config, daemon = start(d, exchange, "", 'on_stop = "close"\n', 'stop_timeout = "1s"\n')
    exchange.kill()
    daemon.wait_log("binance is invalid")
    begin = time.time()
    tap.ok(daemon.stop() == 0 and 0.8 < time.time() - begin < 20, "stop_timeout_counts", daemon.log())
    tap.ok("stop_timeout is over" in daemon.log() and
           re.search(r"dca-btc: not sold: 0\.\d+ BTC on binance: .*\(FEED_INVALID\)", daemon.log()),
           "what_is_not_done_is_told", daemon.log())
    replays(d, "a_stop_that_ran_out_of_time_replays")


try:
    test_keep()
    test_cancel_and_close()
    test_killed()
    test_time()
finally:
    agent.stop_all()
    shutil.rmtree(SCRATCH, ignore_errors=True)
tap.done()
