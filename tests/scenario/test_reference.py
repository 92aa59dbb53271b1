#!/usr/bin/env python3
"""Backtests agree to the last unit with a second implementation, written from docs/definitions.md alone in another
language (tests/reference/): every fill, every sample of the equity series, every number of the report."""
import os, sys, tempfile

sys.path[:0] = ["tests/tools", "tests/reference"]
import tap
from compare import config, run

SHARED = os.path.join(os.environ.get("TRADEWIND_SHARED", "../shared"), "data")
BTC = "BTC-USDT=tests/data/binance-spot-btcusdt-5m-20240301_07.csv.gz"
ETH = "ETH-USDT=tests/data/binance-spot-ethusdt-5m-20240301_07.csv.gz"
ACCOUNT = {"USDT": "10000", "BTC": "0.1"}
GRID = {"name": "grid", "kind": "grid", "budget": "8000", "inventory": "0.05", "instrument": "BTC-USDT",
        "lower": "60000", "upper": "70000", "levels": 40, "size": "0.003", "min_profit": "-1"}
DCA = {"name": "dca", "kind": "dca", "budget": "1500", "instrument": "ETH-USDT", "interval": "7m", "amount": "37.3"}
TREND = {"name": "trend", "kind": "momentum", "budget": "5000", "instrument": "BTC-USDT", "timeframe": "15m",
         "fast": 5, "slow": 13, "amount": "4700"}
XRP = {"name": "grid", "kind": "grid", "budget": "5", "inventory": "5000", "instrument": "XRP-ETH", "lower": "0.00138",
       "upper": "0.00150", "levels": 60, "size": "37", "min_profit": "-1"}
XRP_DCA = {"name": "dca", "kind": "dca", "budget": "2", "instrument": "XRP-ETH", "interval": "11m", "amount": "0.021"}
XRP_ACCOUNT = {"ETH": "10", "XRP": "9000"}


def compare(name, toml, data, at_least):
    """`at_least`: fills and refusals that make the case worth its name."""
    for d in data:
        path = d.split("=", 1)[1]
        if not os.path.exists(path):
            tap.skip(name, "needs %s (see docs/testing.md)" % path)
            return
    with tempfile.TemporaryDirectory() as scratch:
        differences, report = run(scratch, toml, data)
    if not differences:
        seen = {"fills": report["fills"]}
        for s in report["per_strategy"]:
            for key in ("denied", "rejected", "canceled"):
                seen[key] = seen.get(key, 0) + s[key]
        differences = ["only %d %s: the case is empty" % (seen[k], k) for k, n in at_least.items() if seen[k] < n]
    tap.ok(not differences, name, "\n".join(differences))


def main():
    one = lambda strategy, **more: config("USDT", ACCOUNT, [strategy], ["BTC-USDT"], **more)
    eth = lambda strategy, **more: config("USDT", {"USDT": "10000"}, [strategy], ["ETH-USDT"], **more)
    compare("grid_on_candles", one(GRID), [BTC], {"fills": 400})
    compare("grid_without_latency", one({**GRID, "size": "0.00301"}, paper={"order_latency": "0ms"},
                                         venue={"maker_fee": "0.00075"}), [BTC], {"fills": 400})
    compare("grid_that_takes", one({**GRID, "post_only": False}, paper={"order_latency": "1m"}), [BTC], {"fills": 300})
    compare("grid_daily_loss", one(GRID, risk={"daily_loss": "300"}), [BTC], {"fills": 100})
    compare("grid_drawdown_halts", one(GRID, risk={"max_drawdown": "0.05"}), [BTC], {"fills": 100, "canceled": 10})
    compare("grid_limits", one({**GRID, "risk": {"max_position_value": "3500"}}, risk={
        "max_open_orders": 30, "max_order_value": "205", "max_messages": 34}), [BTC], {"fills": 100, "denied": 1000})
    count = {k: v for k, v in GRID.items() if k not in ("levels", "size")}
    compare("grid_geometric", one({**GRID, "spacing": "geometric", "levels": 37}), [BTC], {"fills": 300})
    compare("grid_step_and_amount", one({**count, "step": "333.33", "amount": "177"}), [BTC], {"fills": 200})
    compare("grid_ratio_and_investment", one({**count, "spacing": "geometric", "step": "0.0043", "investment": "6900"}),
            [BTC], {"fills": 200})
    compare("grid_window", one({**GRID, "max_open": 3}), [BTC], {"fills": 300, "canceled": 50})
    compare("grid_cooldown", one({**GRID, "cooldown": "47m"}), [BTC], {"fills": 100})
    compare("dca_slippage", eth({**DCA, "budget": "5000"}, paper={"slippage": "0.0013"}), [ETH],
            {"fills": 100, "denied": 500})
    compare("dca_ceiling_and_total", eth({**DCA, "interval": "5m", "price_ceiling": "3600", "total": "900"}), [ETH],
            {"fills": 20})
    compare("momentum_on_candles", one(TREND), [BTC], {"fills": 40})
    compare("momentum_protected", one({**TREND, "stop_loss": "0.01", "take_profit": "0.02", "trailing_stop": "0.006",
                                       "trailing_activation": "0.01", "time_limit": "11h", "cooldown": "37m",
                                       "return_after": ["0s", "3h", "7h"], "return_min": ["0.015", "0.006", "-0.002"]},
                                      paper={"order_latency": "1s", "slippage": "0.002"}), [BTC], {"fills": 30})
    compare("momentum_short_of_money", one({**TREND, "budget": "1000", "exit_signal": False, "time_limit": "61m"},
                                           risk={"price_collar": "0.02"}), [BTC], {"fills": 20, "denied": 1})
    compare("momentum_daily_loss", config("USDT", {"USDT": "10000"}, [{**TREND, "stop_loss": "0.004"}], ["BTC-USDT"],
                                          risk={"daily_loss": "60"}), [BTC], {"fills": 5})
    compare("momentum_slow_venue", one({**TREND, "timeframe": "30s", "fast": 2, "slow": 3},
                                       paper={"order_latency": "1m"}), [BTC], {"fills": 100})
    compare("two_strategies_two_symbols", config("USDT", ACCOUNT, [GRID, DCA], ["BTC-USDT", "ETH-USDT"]), [BTC, ETH],
            {"fills": 400})
    compare("fees_in_a_third_asset", config("USDT", {**ACCOUNT, "ETH": "0.05"}, [GRID], ["BTC-USDT", "ETH-USDT"],
                                            venue={"fee_asset": "ETH"}), [ETH, BTC], {"fills": 400})

    trades = "XRP-ETH=" + os.path.join(SHARED, "trades/binance-spot-XRPETH-aggtrades-2019-10-11_13.csv.gz")
    for model in ("touch", "cross", "queue"):
        compare("xrp_trades_" + model, config("ETH", XRP_ACCOUNT, [XRP, XRP_DCA], ["XRP-ETH"],
                                              paper={"fill_model": model, "order_latency": "3s"}), [trades],
                {"fills": 700, "rejected": 1})
    compare("grid_at_its_level", config("ETH", XRP_ACCOUNT, [{**XRP, "reprice": False}], ["XRP-ETH"],
                                        paper={"order_latency": "3s"}), [trades], {"fills": 700, "rejected": 50})
    minutes = "XRP-ETH=" + os.path.join(SHARED, "trades/binance-spot-XRPETH-1m-2019-10-11_13.csv")
    compare("xrp_candles_in_parts", config("ETH", XRP_ACCOUNT, [{**XRP, "size": "127"}], ["XRP-ETH"]), [minutes],
            {"fills": 300})
    hours = "BTC-USDT=" + os.path.join(SHARED, "candles/binance-spot-BTCUSDT-1h-2024.csv.gz")
    compare("grid_eight_months", one({**GRID, "lower": "38000", "upper": "72000", "levels": 16, "size": "0.01"}), [hours],
            {"fills": 40})
    tap.done()


main()
