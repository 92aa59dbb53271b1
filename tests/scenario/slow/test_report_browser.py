#!/usr/bin/env python3
"""The report page of a backtest in a real browser: every chart is drawn, nothing fails, nothing is asked of a network."""
import os, re, shutil, subprocess, sys, tempfile

sys.path[:0] = ["tests/tools", "tests/lib"]
import tap
import backtest_case as case

OPTIONS = ("--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
           "--disable-component-update --disable-sync --enable-logging=stderr --virtual-time-budget=5000 "
           "--window-size=1280,2400").split()


def chromium(scratch, *more):
    return subprocess.run(["chromium", *OPTIONS, "--user-data-dir=" + os.path.join(scratch, "profile"), *more],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=120)


def main():
    with tempfile.TemporaryDirectory() as scratch:
        def path(name):
            return os.path.join(scratch, name)

        if not shutil.which("chromium") or chromium(scratch, "--dump-dom", "about:blank").returncode:
            tap.skip("browser", "no chromium that can be started")
            tap.done()
        config = case.write_config(path("case.toml"))
        data = [case.write(path("BTCUSDT-aggTrades-2024-01.csv"), case.agg_trades(case.walk(1, 20000, 6175000, 400))),
                case.write(path("ETHUSDT-aggTrades-2024-01.csv"), case.agg_trades(case.walk(2, 15000, 330000, 60)))]
        case.report(config, "--data", *data, "--report", path("r.html"))
        p = chromium(scratch, "--dump-dom", "file://" + path("r.html"))
        dom, log = p.stdout.decode("utf-8", "replace"), p.stderr.decode("utf-8", "replace")
        tap.ok('data-drawn="4"' in dom, "equity_drawdown_and_two_prices_are_drawn", dom[-300:])
        tap.ok(dom.count("<canvas") >= 8, "charts_are_canvases", dom.count("<canvas"))
        tap.ok(not re.search(r"CONSOLE.*(Error|Refused|Uncaught)", log), "nothing_fails_in_the_page", log)
        p = chromium(scratch, "--screenshot=" + path("r.png"), "file://" + path("r.html"))
        tap.ok(os.path.getsize(path("r.png")) > 50000, "the_page_can_be_looked_at", p.stderr)
    tap.done()


main()
