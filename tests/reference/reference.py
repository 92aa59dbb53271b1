#!/usr/bin/env python3
"""The definitions (docs/definitions.md) once more: grid and dca on files of candles and trades.

usage: reference.py CONFIG --data SYMBOL=FILE ... [--fills FILE] [--equity FILE]

Written from the definitions alone, to be compared with `tradewind backtest` to the last unit. It takes the same
configuration and prints the same JSON; what it does not cover (books, tops of book, several venues) it refuses.
"""
import argparse, json, math, os, sys, tomllib
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import data
from agent import Agent
from strategies import KINDS
import momentum  # noqa: adds itself to KINDS
from units import DAY, div_down, duration, mul_down, parse, show, stamp
from venue import Instrument, Venue

DECIMAL_LIMITS = ("max_order_value", "max_order_qty", "max_position_value", "max_gross_exposure", "price_collar",
                  "daily_loss", "max_drawdown")
COUNTS = ("max_open_orders", "max_messages", "cancel_reserve")
DEFAULTS = {"max_order_value": "1000", "max_position_value": "10000", "max_gross_exposure": "20000",
            "price_collar": "0.05", "daily_loss": "500", "max_drawdown": "0.2", "max_open_orders": 200,
            "max_messages": 100, "message_interval": "10s", "cancel_reserve": 20}


def limits_of(table):
    out = {k: parse(table[k]) for k in DECIMAL_LIMITS if k in table}
    out.update({k: table[k] for k in COUNTS if k in table})
    if "message_interval" in table:
        out["message_interval"] = duration(table["message_interval"])
    return out


def build(path):
    with open(path) as f:
        c = tomllib.loads(f.read(), parse_float=str)
    assert len(c["venue"]) == 1, "one venue only"
    v = c["venue"][0]
    paper = v.get("paper", {})
    venue = Venue(v["name"], paper.get("fill_model", "queue"), duration(paper.get("order_latency", "50ms")),
                  parse(paper.get("slippage", "0.0005")), parse(v["maker_fee"]), parse(v["taker_fee"]),
                  v.get("fee_asset"), {a: parse(x) for a, x in paper.get("balances", {}).items()})
    instruments = []
    for t in c["instrument"]:
        rules = {k: parse(t.get(k, "0")) for k in ("min_price", "max_price", "min_qty", "max_qty", "min_notional",
                                                   "max_notional")}
        instruments.append(Instrument(t["symbol"], v["name"], parse(t["tick_size"]), parse(t["lot_size"]), rules,
                                      parse(t.get("base_precision", "0.00000001")),
                                      parse(t.get("quote_precision", "0.00000001"))))
    strategies = []
    for t in c["strategy"]:
        if "risk" in t:
            t["risk"] = limits_of(t["risk"])
        symbol = t["instrument"].split("@")[0]
        strategies.append(KINDS[t["kind"]](t, next(i for i in instruments if i.symbol == symbol)))
    risk = c.get("risk", {})
    return Agent(c["agent"]["quote"], duration(risk.get("day_start", "0h")), limits_of({**DEFAULTS, **risk}), venue,
                 instruments, strategies)


def max_drawdown(samples):
    """Rounded up at 8 places."""
    peak, worst = 0, 0
    for _, equity in samples:
        peak = max(peak, equity)
        if peak:
            worst = max(worst, -(-(peak - equity) * 10 ** 8 // peak))
    return worst * 10 ** 10


def sharpe(samples):
    days = {}
    for at, equity in samples:
        days[at // DAY] = equity
    closes = [samples[0][1]] + [days[d] for d in sorted(days)]
    returns = [(b - a) / a for a, b in zip(closes, closes[1:])]
    if len(returns) < 10:
        return None
    mean = sum(returns) / len(returns)
    deviation = math.sqrt(sum((r - mean) ** 2 for r in returns) / (len(returns) - 1))
    return mean / deviation * math.sqrt(365) if deviation else None


def results(samples):
    if not samples:
        return {"equity_start": None, "equity_end": None, "pnl": None, "max_drawdown": None}
    return {"equity_start": show(samples[0][1]), "equity_end": show(samples[-1][1]),
            "pnl": show(samples[-1][1] - samples[0][1]), "max_drawdown": show(max_drawdown(samples))}


def report(a):
    total = lambda key: sum(s.seen[key] for s in a.strategies)
    out = {"schema": 1, "events": a.events, "orders": total("orders"), "fills": total("fills"),
           "volume_quote": show(sum(s.volume for s in a.strategies)),
           "fees_quote": show(sum(s.fees for s in a.strategies)),
           "balances": [{"venue": a.venue.name, "asset": k, "amount": show(x)} for k, x in a.venue.balances.items()],
           "positions": [{"strategy": s.name, "venue": a.venue.name, "symbol": s.instrument.symbol,
                          "quantity": show(s.position), "cost": show(s.cost), "realized": show(s.realized)}
                         for s in a.strategies]}
    out.update(results(a.series.samples))
    realized = [a.convert(s.realized, s.instrument.quote, a.quote, mul_down, div_down) for s in a.strategies]
    out["pnl_realized"] = show(sum(realized))
    out["sharpe"] = sharpe(a.series.samples) if a.series.samples else None
    out["per_strategy"] = []
    for s, result in zip(a.strategies, realized):
        one = {"name": s.name, "kind": s.kind, **s.seen, "volume_quote": show(s.volume), "fees_quote": show(s.fees)}
        one.update(results(s.series.samples))
        one["pnl_realized"] = show(result)
        out["per_strategy"].append(one)
    return out


def main():
    p = argparse.ArgumentParser()
    p.add_argument("config")
    p.add_argument("--data", nargs="+", required=True)
    p.add_argument("--trace", action="store_true", help="every order and what risk said, on standard error")
    p.add_argument("--to", type=int, help="nanoseconds: only events before")
    p.add_argument("--fills")
    p.add_argument("--equity")
    p.add_argument("--json", action="store_true", help="always so")
    args = p.parse_args()
    agent = build(args.config)
    if args.trace:
        agent.trace = lambda *words: print(*words, file=sys.stderr)
    prints = data.merged([d.split("=", 1) for d in args.data])
    agent.run([e for e in prints if args.to is None or e[0] < args.to])
    if args.fills:
        with open(args.fills, "w") as f:
            f.write("time,venue,symbol,strategy,order,side,liquidity,price,qty,fee,fee_asset,realized\n")
            for t, v, symbol, s, n, side, liquidity, price, qty, fee, asset, realized in agent.fills:
                f.write(",".join((t, v, symbol, s, str(n), side, liquidity, show(price), show(qty), show(fee), asset,
                                  show(realized))) + "\n")
    if args.equity:
        with open(args.equity, "w") as f:
            f.write("time,equity\n")
            for at, equity in agent.series.samples:
                f.write(stamp(at) + "," + show(equity) + "\n")
    print(json.dumps(report(agent), indent=2))


if __name__ == "__main__":
    main()
