"""What backtest scenarios share: a configuration, market data made by a seeded walk, and the program."""
import json, os, random, subprocess

BUILD = os.environ.get("TRADEWIND_BUILD", "build")

CONFIG = """
[agent]
name = "case"
mode = "paper"
quote = "USDT"
state_dir = "state"
seed = 1

[risk]
max_order_value = "5000"
max_position_value = "50000"
max_gross_exposure = "50000"
max_open_orders = 200
max_messages = 200
message_interval = "1s"
cancel_reserve = 20
max_reference_age = "%(age)s"

[[venue]]
name = "binance"
kind = "binance-spot"
ws_url = "wss://stream.example:9443"
rest_url = "https://api.example"
maker_fee = "0.001"
taker_fee = "0.001"
stale_after = "10s"
[venue.paper]
fill_model = "%(model)s"
order_latency = "50ms"
slippage = "0.0005"
balances = { USDT = "20000", BTC = "0.1", ETH = "1" }

[[instrument]]
symbol = "BTC-USDT"
venue = "binance"
tick_size = "0.01"
lot_size = "0.00001"
min_qty = "0.00001"
min_notional = "5"

[[instrument]]
symbol = "ETH-USDT"
venue = "binance"
tick_size = "0.01"
lot_size = "0.0001"
min_qty = "0.0001"
min_notional = "5"

[[strategy]]
name = "grid-btc"
kind = "grid"
budget = "5000"
inventory = "0.05"
instrument = "BTC-USDT"
lower = "61000"
upper = "62500"
levels = 31
size = "0.002"
min_profit = "-1"

[[strategy]]
name = "dca-eth"
kind = "dca"
budget = "5000"
instrument = "ETH-USDT"
interval = "20m"
amount = "25"

[[strategy]]
name = "momentum-btc"
kind = "momentum"
budget = "5000"
instrument = "BTC-USDT"
timeframe = "1m"
fast = 3
slow = 8
amount = "300"
"""


def write_config(path, age="10s", model="touch", text=CONFIG):
    with open(path, "w") as f:
        f.write(text % {"age": age, "model": model})
    return path


def walk(seed, n, cents, spread, start_ms=1704067200000, step_ms=400):
    """n trades (id, price in cents, quantity in 10^-5, ms, buyer is maker) of a random walk."""
    r = random.Random(seed)
    ms, out = start_ms, []
    for i in range(n):
        cents += r.randrange(-spread, spread + 1)
        ms += r.randrange(step_ms)
        out.append((1000 + i, cents, r.randrange(1, 200000), ms, r.random() < 0.5))
    return out


def agg_trades(trades):
    return "".join("%d,%d.%02d000000,%d.%05d000,%d,%d,%d,%s,True\n" %
                   (i, c // 100, c % 100, q // 100000, q % 100000, i, i, ms, m) for i, c, q, ms, m in trades)


def candles(trades, timeframe_ms=60000):
    out, bars = ["open_time_ms,open,high,low,close,volume\n"], {}
    for _, c, q, ms, _ in trades:
        bars.setdefault(ms - ms % timeframe_ms, []).append((c, q))
    for t in sorted(bars):
        prices = [c for c, _ in bars[t]]
        volume = sum(q for _, q in bars[t])
        out.append("%d,%s,%d.%05d\n" % (t, ",".join("%d.%02d" % (p // 100, p % 100) for p in
                                                  (prices[0], max(prices), min(prices), prices[-1])),
                                       volume // 100000, volume % 100000))
    return "".join(out)


def write(path, text):
    with open(path, "w") as f:
        f.write(text)
    return path


def run(*arguments, build=BUILD, **more):
    p = subprocess.run([os.path.join(build, "tradewind"), "backtest", *arguments], stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=120, **more)
    return p.returncode, p.stdout.decode(), p.stderr.decode()


def report(*arguments, **more):
    """The JSON of a run that must go well."""
    code, out, err = run("--json", "--quiet", *arguments, **more)
    if code:
        raise SystemExit("tradewind backtest %s: %d: %s" % (" ".join(arguments), code, err))
    return json.loads(out)
