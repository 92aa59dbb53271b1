#!/usr/bin/env python3
"""The same input gives the same bytes: gcc and clang, -O0 and -O2."""
import os, shutil, subprocess, sys, tempfile

sys.path[:0] = ["tests/tools", "tests/lib"]
import tap
import backtest_case as case

VARIANTS = [(cc, cxx, opt) for cc, cxx in (("gcc", "g++"), ("clang", "clang++")) for opt in ("-O0", "-O2")]


def build(cc, cxx, opt):
    """The build directory of a variant; the program in it is new."""
    where = os.path.join(case.BUILD, "determinism", cc + opt)
    p = subprocess.run(["make", "-j2", "BUILD=" + where, "CC=" + cc, "CXX=" + cxx, "OPT=" + opt, where + "/tradewind"],
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return where, p.returncode, p.stdout.decode("utf-8", "replace")


def outputs(where, scratch, config, data):
    """Everything a run prints and writes."""
    out = []
    for name in ("fills.csv", "equity.csv"):
        path = os.path.join(scratch, name)
        if os.path.exists(path):
            os.unlink(path)
    fills, equity = os.path.join(scratch, "fills.csv"), os.path.join(scratch, "equity.csv")
    code, text, err = case.run("--json", "--quiet", "--fills", fills, "--equity", equity, config, "--data", *data,
                               build=where)
    out.append("%d %s%s" % (code, text, err))
    out.append(case.run("--quiet", config, "--data", *data, build=where)[1])
    for name in (fills, equity):
        with open(name) as f:
            out.append(f.read())
    return out


def main():
    with tempfile.TemporaryDirectory() as scratch:
        def path(name):
            return os.path.join(scratch, name)

        btc = case.walk(1, 60000, 6175000, 400)
        # Two weeks of coarser data, so that there is a Sharpe ratio, the only double in the report.
        long_walk = case.walk(3, 60000, 6175000, 900, step_ms=40000)
        fine = case.write_config(path("fine.toml"))
        queue = case.write_config(path("queue.toml"), model="queue")
        coarse = case.write_config(path("coarse.toml"), age="1h")
        live = case.write_config(path("live.toml"), model="queue", text=case.CONFIG.replace(", ETH = \"1\"", ""))
        trades = [case.write(path("BTCUSDT-trades.csv"), case.agg_trades(btc)),
                  case.write(path("ETHUSDT-trades.csv"), case.agg_trades(case.walk(2, 50000, 330000, 60)))]
        bars = [case.write(path("BTCUSDT-5m.csv"), case.candles(long_walk, 300000)),
                case.write(path("ETHUSDT-5m.csv"), case.candles(case.walk(4, 60000, 330000, 90, step_ms=40000), 300000))]
        runs = [("trades", fine, trades), ("queue", queue, trades), ("candles", coarse, bars),
                ("recording", live, ["tests/data/binance-spot-btcusdt-2024080%d.gz" % d for d in (8, 9)])]

        first = None
        for cc, cxx, opt in VARIANTS:
            name = cc + opt
            if not shutil.which(cc) or not shutil.which(cxx):
                tap.ok(False, "build_" + name, cc + " is not installed")
                continue
            where, code, log = build(cc, cxx, opt)
            if not tap.ok(code == 0, "build_" + name, log[-4000:]):
                continue
            got = {run: outputs(where, scratch, config, data) for run, config, data in runs}
            if first is None:
                first = got
                tap.ok(all(o[0].startswith("0 {") for o in got.values()), "runs", [o[0] for o in got.values()])
                tap.ok('\n  "fills": 0,' not in "".join(o[0] for o in got.values()), "something_is_traded")
                tap.ok('"sharpe": null' not in got["candles"][0], "there_is_a_sharpe_ratio", got["candles"][0])
                continue
            for run in got:
                tap.ok(got[run] == first[run], "same_bytes_%s_%s" % (run, name),
                       [(a[:2000], b[:2000]) for a, b in zip(got[run], first[run]) if a != b])
    tap.done()


main()
