#!/usr/bin/env python3
"""Warm-up from the venue's candles, over TLS: they are those of the trades, closed, in order, each once; a gap is filled;
a venue that fails is asked again, and the strategy waits meanwhile."""
import datetime, gzip, json, os, re, shutil, signal, sys, tempfile, time
from decimal import Decimal

sys.path[:0] = ["tests/tools", "tests/lib"]
import agent, tap
from agent import ask, tell, wait_for

SCRATCH = tempfile.mkdtemp(prefix="tw-warmup-")
FRAME = 10  # seconds


def directory(name):
    path = os.path.join(SCRATCH, name)
    os.mkdir(path)
    return path


def candles():
    """By start in seconds: (open, high, low, close, volume), of the recording's trades alone."""
    out = {}
    with gzip.open(agent.RECORDING, "rt") as f:
        for line in f:
            m = re.search(r'"e":"trade",.*?"p":"([\d.]+)","q":"([\d.]+)",.*?"T":(\d+)', line)
            if not m:
                continue
            p, q, t = Decimal(m.group(1)), Decimal(m.group(2)), int(m.group(3)) // 1000 // FRAME * FRAME
            o = out.setdefault(t, [p, p, p, p, Decimal(0)])
            out[t] = [o[0], max(o[1], p), min(o[2], p), p, o[4] + q]
    return out


def only_trend(more=""):
    def change(text):
        text = re.sub(r'\[\[strategy\]\]\nname = "(grid|dca)-btc".*?(?=\[\[strategy)', "", text, flags=re.S)
        return text.replace('name = "trend-btc"\n', 'name = "trend-btc"\n' + more)
    return change


def history(d):
    """Start in seconds and values of every candle that came from the venue, in order of the journal."""
    code, out = tell("journal", os.path.join(d, "state"))
    found = []
    for line in out.splitlines():
        m = re.search(r"\bhistory\b.* trend-btc start=(\S+) open=(\S+) high=(\S+) low=(\S+) close=(\S+) volume=(\S+)", line)
        if m:
            when = datetime.datetime.fromisoformat(m.group(1).replace("Z", "+00:00")).timestamp()
            found.append((int(when), [Decimal(x) for x in m.groups()[1:]]))
    return found, out


def figure(config, name):
    s = (ask(config, "strategies") or {"strategies": [{"figures": {}}]})["strategies"][0]
    return s["figures"].get(name, {}).get("value")


def seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def whole(d):
    """Starts of the candles that a live feed showed whole in this run, by its journal, and of those that the venue told
    though they are such ones. The last two seconds are left out: there the venue would not yet be asked."""
    live, spans, told, now = None, [], [], 0
    for line in tell("journal", os.path.join(d, "state"))[1].splitlines():
        m = re.match(r"\d+ in  (\w+) .*? (?:(live|stale|invalid) )?(\d{4}-\S+Z)$", line)
        if not m or m.group(3) < "2":
            continue
        if m.group(1) == "feed" and m.group(2) == "live":
            live = live or seconds(m.group(3))
        elif m.group(1) == "feed":
            spans += [(live, now)] if live else []
            live = None
        elif m.group(1) == "history":
            told.append(int(seconds(re.search(r" start=(\S+)", line).group(1))))
        now = max(now, seconds(m.group(3)))
    spans += [(live, now)] if live else []
    seen = [t for begin, end in spans for t in range(-int(-begin // FRAME) * FRAME, int(end) - FRAME - 1, FRAME)]
    return seen, sorted(set(seen) & set(told))


def test_box():
    first, d, none = directory("first"), directory("box"), directory("none")
    exchange = agent.Exchange(first, 6)
    for other in (d, none):
        shutil.copy(os.path.join(first, "ca.pem"), other)
    first_config = agent.write_config(first, exchange.port)
    other = agent.Program([agent.DAEMON, first_config], first)
    other.wait_log("is live")
    true = candles()
    start = min(true)

    def passed():
        """Of the recording, in seconds."""
        text = (ask(first_config, "status") or {}).get("engine_time")
        return seconds(text) - start if text else 0
    wait_for(lambda: passed() > 95, 60)

    without = agent.Program([agent.DAEMON, agent.write_config(
        none, exchange.port, change=only_trend('warmup = "none"\n'))], none)
    config = agent.write_config(d, exchange.port, change=only_trend())
    daemon = agent.Program([agent.DAEMON, config], d)
    m = daemon.wait_log(r"trend-btc: warmed up with (\d+) candles of 10s from binance")
    tap.ok(bool(m), "it_warms_up", daemon.log())
    tap.ok(wait_for(lambda: figure(config, "candles_missing") == "0"), "nothing_is_missing", daemon.log())
    tap.ok(daemon.wait_log("trend-btc: missed candles of 10s, got from binance"), "the_first_own_one_is_the_venues",
           daemon.log())
    seen, told = wait_for(lambda: (lambda x: x[0] and x)(whole(d))) or ([], [])
    tap.ok(seen and not told, "the_next_ones_are_its_own", "%s %s\n%s" % (seen, told, daemon.log()))
    found, text = history(d)
    starts = [t for t, _ in found]
    tap.ok(starts == sorted(set(starts)) and set(range(starts[0], starts[-1], FRAME)) <= set(starts + seen),
           "each_once_and_in_order", "%s %s" % (starts, seen))
    wrong = [(t, v, true.get(t)) for t, v in found if t != start // FRAME * FRAME and v != true.get(t)]
    tap.ok(len(found) > 5 and not wrong, "they_are_those_of_the_trades", wrong)
    wait_for(lambda: whole(none)[0])
    tap.ok(without.stop() == 0 and "is live" in without.log() and not history(none)[0], "warmup_none_asks_for_nothing",
           without.log())

    daemon.kill()
    gone = passed()
    wait_for(lambda: passed() > gone + 35)
    daemon = agent.Program([agent.DAEMON, config], d)
    m = daemon.wait_log(r"trend-btc: missed candles of 10s, got from binance: (\d+)")
    tap.ok(m and int(m.group(1)) >= 3, "a_gap_is_filled_after_a_kill", daemon.log())
    tap.ok("warmed up" not in daemon.log(), "it_is_no_warm_up_again", daemon.log())
    n = len(whole(d)[0])
    wait_for(lambda: len(whole(d)[0]) > n)
    seen, told = whole(d)
    tap.ok(len(seen) > n and not told, "what_it_sees_whole_is_its_own_again", "%s %s" % (seen, told))
    found, text = history(d)
    wrong = [(t, v, true.get(t)) for t, v in found if t != start // FRAME * FRAME and v != true.get(t)]
    starts = [t for t, _ in found]
    tap.ok(not wrong and starts == sorted(set(starts)), "the_gap_is_right", wrong)
    tap.ok(daemon.stop() == 0, "it_stops", daemon.log())
    code, out = tell("replay", os.path.join(d, "state"))
    tap.ok(code == 0 and "byte for byte" in out, "it_replays", out)
    other.stop()
    exchange.stop()


def test_failing_venue():
    """What it says instead of candles: told, asked again, and the strategy waits until it has them."""
    from fake_venue import Market, Venue
    from hostile import AGENT, AUTHORITY, HONEST, INSTRUMENT, VENUE
    d = directory("failing")
    venue = Venue(HONEST, Market("BTC"))
    asked = []
    mode = ["500"]

    def klines(query):
        asked.append(query)
        begin, end = int(query["startTime"][0]), int(query["endTime"][0])
        rows = []
        for t in range(begin, min(end + 1, begin + 1000 * 1000), 1000):
            price = "%d.00" % (95 + t // 1000 % 7)
            rows.append([t, price, price, price, price, "1.0", t + 999, "100.0", 3, "0.5", "50.0", "0"])
        if mode[0] == "500":
            return 500, {}, "{}"
        if mode[0] == "garbage":
            return 200, {}, "[[1,2"
        if mode[0] == "unasked":
            return 200, {}, json.dumps([[begin - 1000] + rows[0][1:6] + [begin - 1] + rows[0][7:]] + rows)
        return 200, {}, json.dumps(rows)
    venue.answer["/api/v3/klines"] = klines
    text = AGENT + VENUE % {"name": "fake", "host": "localhost", "port": venue.port, "ca": AUTHORITY.file}
    text += INSTRUMENT.partition("[[strategy]]")[0] % {"name": "fake", "base": "BTC", "rules": ""}
    text = text.replace(', ETH = "100"', "")
    text += ('[[strategy]]\nname = "trend-btc"\nkind = "momentum"\nbudget = "1000"\ninstrument = "BTC-USDT"\n'
             'timeframe = "2s"\nfast = 2\nslow = 5\namount = "50"\n')
    config = os.path.join(d, "agent.toml")
    with open(config, "w") as f:
        f.write(text)
    daemon = agent.Program([agent.DAEMON, config], d)
    tap.ok(daemon.wait_log("could not be got: HTTP status 500; asked again in 2 s, it waits", 60), "an_error_is_told",
           daemon.log())
    mode[0] = "garbage"
    tap.ok(daemon.wait_log("the answer is not one that was asked for", 60), "garbage_is_told", daemon.log())
    mode[0] = "unasked"
    wait_for(lambda: daemon.log().count("the answer is not one that was asked for") > 1, 60)
    tap.ok(daemon.log().count("the answer is not one that was asked for") > 1, "what_was_not_asked_for_is_refused",
           daemon.log())
    s = ask(config, "status")
    tap.ok(s["orders"] == 0 and s["denied"] == 0 and not history(d)[0], "the_strategy_waits_meanwhile", s)
    mode[0] = "good"
    tap.ok(daemon.wait_log("trend-btc: warmed up with", 90), "then_it_is_warm", daemon.log())
    now = time.time()
    tap.ok(all(int(q["endTime"][0]) < (now + 1) * 1000 and q["interval"] == ["1s"] and
               (int(q["endTime"][0]) + 1) % 2000 == 0 for q in asked), "only_closed_candles_are_asked_for", asked)
    found = wait_for(lambda: history(d)[0])  # it is told before it is in the file
    tap.ok(found and all(t % 2 == 0 and v[4] == 2 for t, v in found), "two_seconds_are_made_of_seconds", found)
    tap.ok(wait_for(lambda: figure(config, "candles_missing") == "0"), "nothing_is_missing_then", daemon.log())
    tap.ok(daemon.stop() == 0, "it_stops_after_that", daemon.log())
    code, out = tell("replay", os.path.join(d, "state"))
    tap.ok(code == 0, "it_replays_after_that", out)
    venue.close()


try:
    test_box()
    test_failing_venue()
finally:
    agent.stop_all()
    shutil.rmtree(SCRATCH, ignore_errors=True)
tap.done()
