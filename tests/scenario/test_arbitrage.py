#!/usr/bin/env python3
"""Arbitrage in backtests of several venues: the generated market, recorded ones (the figures of
docs/strategies/arbitrage.md), and no look into the other venue's future."""
import csv, gzip, json, os, re, subprocess, sys, tempfile
from decimal import Decimal

sys.path[:0] = ["tests/tools", "tests/lib"]
import tap
import backtest_case as case

DATA = os.path.join(os.environ.get("TRADEWIND_SHARED", "../shared"), "data/cross-venue")
EXAMPLE, DEPEG = "config/examples/arbitrage.toml", "config/examples/arbitrage-depeg.toml"
BYBIT, COINBASE = "config/examples/arbitrage-binance-bybit.toml", "config/examples/arbitrage-kraken-coinbase.toml"

TWO = """
[agent]
name = "two"
mode = "paper"
quote = "%(quote)s"
seed = 1
[risk]
max_order_value = "5000"
max_position_value = "100000"
max_gross_exposure = "200000"
daily_loss = "20000"
max_drawdown = "0.5"
[[venue]]
name = "%(a)s"
kind = "binance-spot"
maker_fee = "%(fee_a)s"
taker_fee = "%(fee_a)s"
[venue.paper]
fill_model = "touch"
order_latency = "50ms"
balances = { %(quote)s = "30000", BTC = "2" }
[[venue]]
name = "%(b)s"
kind = "binance-spot"
maker_fee = "%(fee_b)s"
taker_fee = "%(fee_b)s"
[venue.paper]
fill_model = "touch"
order_latency = "50ms"
balances = { %(quote)s = "30000", BTC = "2" }
[[instrument]]
symbol = "BTC-%(quote)s"
venue = "%(a)s"
tick_size = "0.01"
lot_size = "0.00001"
min_qty = "0.00001"
[[instrument]]
symbol = "BTC-%(quote)s"
venue = "%(b)s"
tick_size = "0.01"
lot_size = "0.00001"
min_qty = "0.00001"
[[strategy]]
name = "two"
kind = "arbitrage"
instrument = "BTC-%(quote)s@%(a)s"
other = "BTC-%(quote)s@%(b)s"
size = "%(size)s"
min_profit = "%(min_profit)s"
slippage = "%(slippage)s"
use_last = true
max_age = "%(max_age)s"
max_imbalance = "0.5"
max_stranded = 1
legs = "concurrent"
deadline = "5m"
[strategy.funds]
%(a)s = { %(quote)s = "30000", BTC = "2" }
%(b)s = { %(quote)s = "30000", BTC = "2" }
"""
KRAKEN_COINBASE = dict(quote="USD", a="kraken", b="coinbase", fee_a="0.0026", fee_b="0.006", size="0.1",
                       min_profit="0.0005", slippage="0.0005", max_age="1s")
BINANCE_BYBIT = dict(quote="USDT", a="binance", b="bybit", fee_a="0.001", fee_b="0.001", size="0.05",
                     min_profit="0.0002", slippage="0.0001", max_age="1s")


def figures(r):
    return {k: v["value"] for k, v in r["per_strategy"][0]["figures"].items()}


def changed(source, target, **values):
    text = open(source).read()
    for key, value in values.items():
        text, n = re.subn(r"(?m)^%s = \S+" % key, '%s = "%s"' % (key, value), text)
        assert n == 1, key
    return case.write(target, text)


def generated(path):
    near, far = path("near.txt"), path("far.txt")
    for out, words in ((near, "seed=1"), (far, "seed=1,edge=0")):
        subprocess.run([os.path.join(case.BUILD, "tradewind"), "generate", "--out", out, words], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    data = ["--data", "@near=" + near, "@far=" + far]
    code, out, err = case.run(EXAMPLE, *data)
    tap.ok(code == 0 and "books balance: yes" in out, "generated_books_balance", out + err)
    r = case.report(EXAMPLE, *data)
    f = figures(r)
    tap.ok(f["trades"] == "54" and f["hedged"] == "2" and f["stranded"] == "0" and Decimal(f["profit"]) > Decimal("0.004"),
           "generated_market_is_traded", f)
    # The own count agrees with the balances: BTC that came, and ETH that went at its price.
    btc = sum(Decimal(b["amount"]) for b in r["balances"] if b["asset"] == "BTC") - Decimal("0.2")
    eth = sum(Decimal(b["amount"]) for b in r["balances"] if b["asset"] == "ETH") - 4
    tap.ok(eth == Decimal(f["dust"]), "what_was_not_evened_out_is_dust", "%s %s" % (eth, f))
    tap.ok(abs(btc + eth * Decimal("0.05") - Decimal(f["profit"])) < Decimal("0.000002"), "profit_is_what_came",
           "%s %s %s" % (btc, eth, f["profit"]))
    # A strategy that asks for more gets less; one that asks for too much, nothing.
    for want, trades in (("0.0034", "few"), ("0.01", "none")):
        r = case.report(changed(EXAMPLE, path("more.toml"), min_profit=want), *data)
        n = int(figures(r)["trades"])
        tap.ok(0 < n < 54 if trades == "few" else n == 0, "min_profit_%s_%s" % (want, trades), figures(r))


def rows(name):
    with gzip.open(os.path.join("tests/data", name), "rt") as f:
        return list(csv.reader(f))


def written(path, table):
    with open(path, "w") as f:
        csv.writer(f, lineterminator="\n").writerows(table)
    return path


def no_lookahead(path):
    """Of one venue's file everything from a row on is changed: what was done before stays, to the byte."""
    a, b = rows("binance-spot-BTCBUSD-1m-trade-20221213.csv.gz")[:722], rows("bybit-spot-BTCUSDT-1m-quote-20221213.csv.gz")
    config = case.write(path("two.toml"), TWO % {**BINANCE_BYBIT, "max_age": "16s", "min_profit": "0"})

    def run(left, right, name):
        fills = path(name)
        case.report(config, "--fills", fills, "--data", "BTC-USDT@binance=" + written(path("a.csv"), left),
                    "BTC-USDT@bybit=" + written(path("b.csv"), right))
        return open(fills).read().splitlines()[1:]

    whole = run(a, b, "whole.csv")
    tap.ok(len(whole) >= 16, "there_is_something_to_compare", len(whole))
    for cut in (60, 200, 301, 450, 600):
        open_ms = int(a[cut][0])
        end = "%s" % __import__("datetime").datetime.fromtimestamp(open_ms / 1000, __import__("datetime").timezone.utc).strftime(
            "%Y-%m-%dT%H:%M:%S")

        def other_future(table, columns):
            return table[:cut] + [[r[0]] + [("%.2f" % (float(x) * 1.01) if i in columns else x)
                                            for i, x in enumerate(r[1:], 1)] for r in table[cut:]]

        for name, left, right in (("near", other_future(a, range(1, 5)), b),
                                  ("far", a, other_future(b, [1, 2, 3, 4, 6, 7, 8, 9]))):
            changed_future = run(left, right, "other.csv")
            before = [x for x in whole if x.split(",")[0] < end]
            same = [x for x in changed_future if x.split(",")[0] < end]
            tap.ok(before == same, "nothing_before_row_%d_of_%s_knows_it" % (cut, name),
                   "%d and %d fills" % (len(before), len(same)))
            tap.ok(changed_future != whole, "what_comes_after_row_%d_of_%s_does" % (cut, name))


def recorded(path):
    lean = ["--data", "BTC-USDT@binance=tests/data/binance-spot-BTCBUSD-1m-trade-20221213.csv.gz",
            "BTC-USDT@bybit=tests/data/bybit-spot-BTCUSDT-1m-quote-20221213.csv.gz", "--to", "2022-12-13T12:01:00"]
    f = figures(case.report(BYBIT, *lean))
    tap.ok(f["trades"] == "0" and f["best_edge"] == "-0.000697336508847576", "binance_bybit", f)
    f = figures(case.report(changed(BYBIT, path("bb.toml"), max_age="16s"), *lean))
    tap.ok(f["trades"] == f["hedged"] == "8" and f["profit"][:5] == "-2.31", "binance_bybit_with_old_prices", f)

    names = ["kraken-XBTUSD-1m", "kraken-XBTUSDC-1m", "kraken-USDCUSD-1m", "coinbase-BTC-USD-1m"]
    usd, usdc, rate, coinbase = (os.path.join(DATA, n + "-2023-03-01_11.csv.gz") for n in names)
    if not all(map(os.path.exists, (usd, usdc, rate, coinbase))):
        tap.skip("march_2023", "needs %s (no licence to copy it)" % DATA)
        return
    data = ["--data", "BTC-USD=" + usd, "BTC-USDC=" + usdc, "USDC-USD=" + rate]
    idle = case.report(changed(DEPEG, path("idle.toml"), min_profit="0.5"), *data)
    for name, values, trades, profit, gain in (("as_it_stands", {}, "94", "1571.81", "854.57"),
                                               ("more_slippage", {"slippage": "0.003"}, "44", "1089.89", "625.97"),
                                               ("more_profit", {"min_profit": "0.01"}, "26", "929.80", "1124.76")):
        r = case.report(changed(DEPEG, path("depeg.toml"), **values), *data)
        f, more = figures(r), Decimal(r["pnl"]) - Decimal(idle["pnl"])
        tap.ok(f["trades"] == trades and "%.2f" % Decimal(f["profit"]) == profit and "%.2f" % more == gain and
               f["stranded"] == "0", "depeg_" + name, "%s %s" % (more, f))
    data = ["--data", "BTC-USD@kraken=" + usd, coinbase]
    for name, values, trades, profit in (("real_fees", {}, "0", "0.00"),
                                         ("smaller_fees", {"fee_a": "0.001", "fee_b": "0.001"}, "10", "47.35"),
                                         ("old_prices", {"max_age": "16s"}, "7", "-40.21")):
        config = case.write(path("kc.toml"), TWO % {**KRAKEN_COINBASE, **values}) if "fee_a" in values else \
            changed(COINBASE, path("kc.toml"), **values)
        f = figures(case.report(config, *data))
        tap.ok(f["trades"] == trades and "%.2f" % Decimal(f["profit"]) == profit, "kraken_coinbase_" + name, f)


def without_quotes(path):
    """Candles show no quotes: what trades on these only is refused, and told by which key it would not be."""
    a, b = rows("binance-spot-BTCBUSD-1m-trade-20221213.csv.gz")[:50], rows("binance-spot-BTCBUSD-1m-trade-20221213.csv.gz")[:50]
    text = TWO % {**BINANCE_BYBIT, "max_age": "16s", "min_profit": "0"}
    data = ("--data", "BTC-USDT@binance=" + written(path("qa.csv"), a), "BTC-USDT@bybit=" + written(path("qb.csv"), b))
    code, out, err = case.run(case.write(path("noquotes.toml"), text.replace("use_last = true\n", "")), *data)
    tap.ok(code == 4 and not out and "strategy two looks at quotes, and the data for BTC-USDT@binance has only trades" in err and
           "use_last = true" in err, "candles_without_use_last_are_refused", (code, out, err))
    code, out, err = case.run(case.write(path("quotes.toml"), text), *data)
    tap.ok(code == 0, "with_it_they_are_taken", err)
    empty = figures(case.report(path("quotes.toml"), "--data", data[1]))
    tap.ok(empty["best_edge"] is None and empty["trades"] == "0", "what_was_not_measured_is_null", empty)


def main():
    with tempfile.TemporaryDirectory() as scratch:
        def path(name):
            return os.path.join(scratch, name)
        generated(path)
        no_lookahead(path)
        recorded(path)
        without_quotes(path)
    tap.done()


main()
