"""Runs `tradewind backtest` and the reference on the same configuration and data, and says where they differ."""
import json, os, subprocess, sys

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ.get("TRADEWIND_BUILD", "build")
INSTRUMENTS = {
    "BTC-USDT": {"tick_size": "0.01", "lot_size": "0.00001", "min_qty": "0.00001", "min_notional": "5"},
    "ETH-USDT": {"tick_size": "0.01", "lot_size": "0.0001", "min_qty": "0.0001", "min_notional": "5"},
    "ETH-BTC": {"tick_size": "0.00001", "lot_size": "0.0001", "min_qty": "0.0001", "min_notional": "0.0001"},
    "BNB-USDT": {"tick_size": "0.01", "lot_size": "0.001"},
    "XRP-ETH": {"tick_size": "0.00000001", "lot_size": "1", "min_qty": "1", "min_notional": "0.01"},
}
# Self-trades, repeated executions and duplicates are not in the reference: their tests are those of the risk manager.
# The reference price ages in tradewind as it does live; candles are far apart.
RISK = {"max_reference_age": "10s", "max_order_value": "100000", "max_position_value": "1000000",
        "max_gross_exposure": "1000000", "daily_loss": "1000000", "max_drawdown": "1", "self_trade": "off", "max_executions": 1000,
        "duplicate_window": "0s"}


def value(v):
    if isinstance(v, dict):
        return "{ " + ", ".join(k + " = " + value(x) for k, x in v.items()) + " }"
    return json.dumps(v)


def table(t):
    return "".join("%s = %s\n" % (k, value(v)) for k, v in t.items())


def config(quote, balances, strategies, symbols, risk=None, venue=None, paper=None, instrument=None):
    """A configuration as TOML. A strategy is a table; its key "risk" becomes [strategy.risk]."""
    out = "[agent]\nname = \"ref\"\nquote = \"%s\"\n[risk]\n" % quote + table({**RISK, **(risk or {})})
    out += "[[venue]]\n" + table({"name": "binance", "kind": "binance-spot", "maker_fee": "0.001", "taker_fee": "0.001",
                                  **(venue or {})})
    out += "[venue.paper]\n" + table({**(paper or {}), "balances": balances})
    for s in symbols:
        out += "[[instrument]]\n" + table({"symbol": s, "venue": "binance", **INSTRUMENTS[s], **(instrument or {})})
    for s in strategies:
        own = s.get("risk")
        out += "[[strategy]]\n" + table({k: v for k, v in s.items() if k != "risk"})
        out += "[strategy.risk]\n" + table(own) if own else ""
    return out


def flat(x, path=""):
    if isinstance(x, dict):
        for k, v in x.items():
            yield from flat(v, path + "." + k)
    elif isinstance(x, list):
        for n, v in enumerate(x):
            yield from flat(v, "%s[%s]" % (path, v.get("asset", n)))
    else:
        yield path, x


def rows(path):
    with open(path) as f:
        return f.read().splitlines()


def first_difference(what, a, b):
    n = next((n for n, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
    show = lambda lines: lines[n] if n < len(lines) else "(no such row)"
    return "%s, row %d of %d and %d:\n  tradewind %s\n  reference %s" % (what, n, len(a), len(b), show(a), show(b))


def run(scratch, toml, data, files=("fills", "equity")):
    """(differences as text, tradewind's report); data: ["SYMBOL=FILE", ...]; files: what to compare row by row."""
    path = lambda name: os.path.join(scratch, name)
    with open(path("c.toml"), "w") as f:
        f.write(toml)
    reports = []
    for who, command in (("tradewind", [os.path.join(BUILD, "tradewind"), "backtest", "--quiet"]),
                         ("reference", [sys.executable, os.path.join(HERE, "reference.py")])):
        p = subprocess.run(command + [path("c.toml"), "--json", "--fills", path(who + ".fills"), "--equity",
                                      path(who + ".equity"), "--data", *data], capture_output=True, text=True)
        if p.returncode:
            return ["%s failed (%d): %s" % (who, p.returncode, p.stderr[-2000:])], None
        reports.append(json.loads(p.stdout))
    a, b = (dict(flat(r)) for r in reports)
    differences = []
    for k in sorted(set(a) | set(b)):
        if ".figures." in k or k == ".locks" or k.startswith(".stops"):
            continue  # what a strategy says of itself, what stopped it: their own tests have that
        x, y = a.get(k, "-"), b.get(k, "-")
        if x != y and not (k == ".sharpe" and x and y and abs(x - y) < 2e-6):
            differences.append("%s: tradewind %s, reference %s" % (k, x, y))
    for what in files:
        x, y = rows(path("tradewind." + what)), rows(path("reference." + what))
        if x != y:
            differences.append(first_difference(what, x, y))
    return differences, reports[0]
