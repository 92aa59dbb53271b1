"""Random configurations on random data, small and full of collisions: equal times, limits that bind, tiny balances."""
import os, random
from compare import config
from units import ONE, show

START = {"BTC-USDT": 1000 * ONE, "ETH-USDT": 300 * ONE, "ETH-BTC": 3 * ONE // 10, "BNB-USDT": 50 * ONE}
TIGHT = {"max_order_value": ("20", "100", "1000"), "max_position_value": ("500", "2000"),
         "max_gross_exposure": ("600", "3000"), "daily_loss": ("1", "20"), "max_drawdown": ("0.001", "0.02"),
         "max_open_orders": (1, 3, 10), "price_collar": ("0.0001", "0.01", "0.5")}
OWN = {"price_collar": ("0.0001",), "max_order_value": ("19",), "max_position_value": ("400", "100"),
       "max_gross_exposure": ("400", "100"), "daily_loss": ("0.5",), "max_drawdown": ("0.0005",), "max_open_orders": (1,)}


def trades(r, path, price, tick):
    at = 1700000000000 + r.randrange(7200) * 1000
    with open(path, "w") as f:
        f.write("agg_trade_id,price,quantity,first_trade_id,last_trade_id,time_ms,is_buyer_maker\n")
        for n in range(1, r.randrange(20, 300)):
            at += r.choice((0, 0, 1, 250, 999, 1000, 1000, 2000, 5000, 10000, 59000, 60000, 60000, 61000, 120000,
                            r.randrange(1, 300000)))
            at += r.randrange(10 ** 7) if r.random() < .01 else 0
            price = max(5 * tick, price + r.choice((-1, 0, 1)) * r.choice((1, 1, 2, 3, 1000)) * tick)
            quantity = r.choice((1, 5, 10, 50, 1000, r.randrange(1, 3000))) * ONE // 1000
            f.write("%d,%s,%s,%d,%d,%d,true\n" % (n, show(price), show(quantity), n, n, at))


def candles(r, path, price, tick):
    length = r.choice((60, 300, 600)) * 1000
    at, step = 1700000000000 // 3600000 * 3600000, r.choice((100, 1000, 3000))
    with open(path, "w") as f:
        f.write("open_time_ms,open,high,low,close,volume\n")
        for n in range(r.randrange(10, 100)):
            at += length * (1 + (r.randrange(5) if n > 1 and r.random() < .05 else 0))
            way = [price]
            for _ in range(5):
                way.append(max(5 * tick, way[-1] + r.randrange(-step, step + 1) * tick))
            price = way[-1]
            volume = r.choice((0, 1, 10, 77, 1001, 10 ** 6)) * ONE // 1000
            f.write("%d,%s,%s,%s,%s,%s\n" % (at, *map(show, (way[0], max(way), min(way), price, volume))))


def strategy(r, name, symbol, balances, trends):
    base, quote = symbol.split("-")
    share = lambda asset: show(int(float(balances[asset]) * 1000) * ONE // 1000 // r.choice((3, 4)))
    s = {"name": name, "instrument": symbol, "budget": share(quote)}
    if r.random() < .6:
        s["inventory"] = share(base)
    start = START[symbol]
    around = lambda parts: show(start * (1000 + parts) // 1000)
    if not trends and r.random() < .6:
        s.update(kind="grid", lower=around(-r.choice((10, 30, 100))), upper=around(r.choice((10, 30, 100))),
                 min_profit="-1")
        if r.random() < .8:
            s["levels"] = r.choice((2, 3, 5, 9, 20))
            s["spacing"] = r.choice(("arithmetic", "geometric"))
        elif r.random() < .5:
            s.update(spacing="geometric", step=r.choice(("0.0013", "0.007", "0.02")))
        else:
            s["step"] = show(start * r.choice((2, 5, 19)) // 1000)
        how = r.choice(("size", "size", "amount", "investment"))
        s[how] = {"size": r.choice(("0.1", "0.05", "0.33")), "amount": show(start * r.choice((55, 101, 330)) // 1000),
                  "investment": show(start * r.choice((9, 17)))}[how]
        for key, often, values in (("post_only", .3, (False,)), ("reprice", .3, (False,)), ("max_open", .3, (1, 2, 5)),
                                   ("cooldown", .2, ("1s", "61s", "20m"))):
            if r.random() < often:
                s[key] = r.choice(values)
        if "post_only" in s:
            s.pop("reprice", None)  # without use there, and refused
    elif trends:
        s.update(kind="momentum", timeframe=r.choice(("1s", "7s", "1m", "5m")), fast=r.choice((1, 2, 3)),
                 slow=r.choice((4, 7)), amount=show(start * r.choice((4, 40, 300)) // 1000))
        for key, often, values in (("exit_signal", .2, (True,)), ("take_profit", .3, ("0.001", "0.02")),
                                   ("stop_loss", .3, ("0.001", "0.02")), ("trailing_stop", .3, ("0.0007", "0.01")),
                                   ("time_limit", .3, ("9s", "5m", "2h")), ("cooldown", .3, ("10s", "3m"))):
            if r.random() < often:
                s[key] = r.choice(values)
        if "trailing_stop" in s and r.random() < .5:
            s["trailing_activation"] = r.choice(("0.001", "0.01"))
        if r.random() < .3:
            s.update(return_after=["0s", "1m"], return_min=[r.choice(("0.003", "0.03")), r.choice(("0", "-0.001"))])
    else:
        s.update(kind="dca", interval=r.choice(("7s", "1m", "5m", "61s")),
                 amount=show(start // 1000 * r.choice((3, 11, 50))))
        if r.random() < .3:
            s["price_ceiling"] = around(1)
        if r.random() < .3:
            s["total"] = show(start // 5)
    own = {k: r.choice(v) for k, v in OWN.items() if r.random() < .1}
    if own:
        s["risk"] = own
    return s


def case(seed, scratch, trends=False):
    """(TOML, data) of one seed; the data's files are in `scratch`. `trends`: momentum, else grid and dca."""
    r = random.Random(seed)
    symbols = ["BTC-USDT"] + [s for s, often in (("ETH-USDT", .5), ("ETH-BTC", .25), ("BNB-USDT", .4))
                              if r.random() < often]
    data = []
    for s in symbols:
        path = os.path.join(scratch, s + ".csv")
        (trades if r.random() < .6 else candles)(r, path, START[s], ONE // (100000 if s == "ETH-BTC" else 100))
        data.append(s + "=" + path)
    balances = {"USDT": r.choice(("500", "2000", "100000")), "BTC": r.choice(("0", "1", "5.5"))}
    if "ETH-USDT" in symbols or "ETH-BTC" in symbols:
        balances["ETH"] = r.choice(("0", "20"))
    venue = {"maker_fee": r.choice(("0", "0.001", "0.0075", "0.1")), "taker_fee": r.choice(("0.001", "0.0013", "0.05"))}
    if "BNB-USDT" in symbols:
        balances["BNB"] = r.choice(("0", "0.01", "10", "100"))
        venue["fee_asset"] = "BNB"
    paper = {"fill_model": r.choice(("touch", "cross", "queue")), "slippage": r.choice(("0", "0.0005", "0.0123", "0.5")),
             "order_latency": r.choice(("0ms", "1ms", "50ms", "1s", "1500ms", "1m"))}
    risk = {"cancel_reserve": r.choice((0, 1)), "message_interval": r.choice(("1s", "10s", "1m")),
            "max_messages": r.choice((2, 10, 100)), "day_start": r.choice(("0h", "7h")), "price_collar": "0.5"}
    risk.update({k: r.choice(v) for k, v in TIGHT.items() if r.random() < .25})
    strategies = [strategy(r, "s%d" % n, r.choice([s for s in symbols if s != "BNB-USDT"]), balances, trends)
                  for n in range(r.choice((1, 1, 2, 3)))]
    for s in strategies:
        s.get("risk", {}).pop("max_open_orders" if risk.get("max_open_orders") == 1 else "", None)
    instrument = {"min_notional": r.choice(("0", "0.001")), "lot_size": r.choice(("0.0001", "0.001", "0.005"))}
    if r.random() < .3:
        instrument["base_precision"] = "0.001"
    if r.random() < .3:
        instrument["quote_precision"] = "0.01"
    if r.random() < .3:
        instrument["max_qty"] = "20"
    return config("USDT", balances, strategies, symbols, risk, venue, paper, instrument), data
