#!/usr/bin/env python3
"""Backtests agree with the reference (tests/reference/) in random configurations on random data, and over half a year.

The cases are seeds 1 to 150, once of grid and dca, once of momentum. REFERENCE_SEED=n runs the one case n, REFERENCE_CASES=n that many from a random seed on."""
import os, random, re, sys, tempfile

sys.path[:0] = ["tests/tools", "tests/reference"]
import tap
from compare import config, run
from random_runs import case

SHARED = os.path.join(os.environ.get("TRADEWIND_SHARED", "../shared"), "data")


def main():
    first = os.environ.get("REFERENCE_SEED")
    many = os.environ.get("REFERENCE_CASES")
    cases = 1 if first else int(many or 150)
    first = int(first) if first else random.SystemRandom().randrange(10 ** 9) if many else 1
    print("# seeds %d to %d" % (first, first + cases - 1), flush=True)
    for trends, name in ((False, "random_runs"), (True, "random_trends")):
        fills, bad = 0, []
        for seed in range(first, first + cases):
            with tempfile.TemporaryDirectory() as scratch:
                # Not the rows of the equity series: a timer at which nothing happens makes a sample, too, and when a
                # strategy wakes up in vain is its own affair. Its first, last and worst values are in the report.
                toml, data = case(seed, scratch, trends)
                differences, report = run(scratch, toml, data, files=["fills"])
            # Nor the count of denials where a loss is latched: whether an order of that very moment is denied or not even
            # asked for depends on when within the second one looks.
            if re.search(r'daily_loss = "(?!1000000)|max_drawdown = "0', toml):
                differences = [d for d in differences if ".denied:" not in d]
            fills += report["fills"] if report else 0
            if differences:
                bad.append("REFERENCE_SEED=%d\n%s" % (seed, "\n".join(differences)))
        tap.ok(not bad, name + "_agree", "\n".join(bad))
        tap.ok(fills >= cases or cases == 1, name + "_trade", "%d fills" % fills)

    files = {s: os.path.join(SHARED, "candles/binance-spot-%s-5m-2024-01_06.csv.gz" % s.replace("-", ""))
             for s in ("BTC-USDT", "ETH-USDT")}
    if not all(os.path.exists(f) for f in files.values()):
        tap.skip("half_a_year", "needs the candles in %s (see docs/testing.md)" % SHARED)
    else:
        grid = {"name": "grid", "kind": "grid", "budget": "8000", "inventory": "0.05", "instrument": "BTC-USDT",
                "lower": "40000", "upper": "73000", "levels": 100, "size": "0.002"}
        dca = {"name": "dca", "kind": "dca", "budget": "1500", "instrument": "ETH-USDT", "interval": "1d", "amount": "9"}
        with tempfile.TemporaryDirectory() as scratch:
            differences, _ = run(scratch, config("USDT", {"USDT": "10000", "BTC": "0.1"}, [grid, dca], list(files)),
                                 ["%s=%s" % f for f in files.items()])
        tap.ok(not differences, "half_a_year", "\n".join(differences))
    tap.done()


main()
