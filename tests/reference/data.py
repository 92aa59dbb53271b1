"""Market data files -> prints: (time in ns, symbol, price, quantity, "touch" for bars: they set the venue's model)."""
import csv, gzip, heapq, os, re
from units import parse

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


def prints_of(path, symbol):
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rt", newline="") as f:
        rows = list(csv.DictReader(f))
    if "open_time_ms" in rows[0]:
        named = re.search(r"(?<=[-_.])(\d+)([smhdw])(?=[-_.])", os.path.basename(path))
        return candles(rows, symbol, int(named[1]) * SECONDS[named[2]] * 10 ** 9 if named else None)
    return trades(rows, symbol)


def trades(rows, symbol):
    return [(int(r["time_ms"]) * 10 ** 6, symbol, parse(r["price"]), parse(r["quantity"]), None) for r in rows]


def candles(rows, symbol, timeframe):
    times = [int(r["open_time_ms"]) * 10 ** 6 for r in rows]
    timeframe = timeframe or min(b - a for a, b in zip(times, times[1:]))
    out = []
    for t, r in zip(times, rows):
        first, high, low, last, volume = (parse(r[k]) for k in ("open", "high", "low", "close", "volume"))
        path = (first, low, high, last) if last >= first else (first, high, low, last)
        quarter = volume // 4
        quantities = (quarter, quarter, quarter, volume - 3 * quarter)
        moments = (t, t + timeframe // 4, t + timeframe // 2, t + timeframe - 1)
        for moment, price, quantity in zip(moments, path, quantities):
            out.append((moment, symbol, price, quantity, "touch"))
    return out


def merged(files):
    """By time; at equal times file order on the command line, within a file its own order."""
    streams = [[(p[0], i, n, p) for n, p in enumerate(prints_of(path, symbol))]
               for i, (symbol, path) in enumerate(files)]
    for stream in streams:
        stream.sort()
    return [entry[3] for entry in heapq.merge(*streams)]
