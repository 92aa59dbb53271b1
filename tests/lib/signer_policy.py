"""The policy's binary (wallet/PROTOCOL.md, "The policy"), written from that page alone.

    encode({"keys": [{"key": "trade-1", "network": "binance:mainnet", "operations": ORDER | CANCEL, "kinds": 1 << LIMIT,
                      "validity": 5000, "skew": 1000, "rate": 60, "replays": 1, "instruments": [
                          {"symbol": "BTC-USDT", "floor": units("1"), "ceiling": units("99999"),
                           "order_base": ..., "order_value": ..., "hour_base": ..., ...}]}]})

encode() sorts, and checks nothing: a test of a refusal wants wrong ones, too. decode() demands what the page does.
"""
import signer_client as wire

MAGIC, VERSION = b"TWPL", 1
KEYS_MAX, INSTRUMENTS_MAX = 16, 128
ORDER, CANCEL, REPLACE, CANCEL_ALL, QUERY, QUERY_ALL, STREAM = 1, 2, 4, 8, 16, 32, 64
ALL_OPERATIONS, ALL_KINDS = 127, 62
KEY = (("key", "label"), ("network", "network"), ("operations", "u8", 0, ALL_OPERATIONS), ("kinds", "u8", 0, ALL_KINDS),
       ("validity", "u32", 1, 60000), ("skew", "u32", 0, 60000), ("rate", "u32", 0, 6000), ("replays", "u32", 1, 1000))
CAPS = ("order_base", "order_value", "hour_base", "hour_value", "day_base", "day_value")
INSTRUMENT = (("symbol", "symbol"), ("floor", "dec", 1, wire.DEC_MAX), wire.amount("ceiling")) \
    + tuple(wire.amount(c) for c in CAPS)


class OtherVersion(wire.Malformed):
    """A policy of another version."""


def place(instrument):
    """Where an instrument is sorted, and what makes two the same: its symbol as the venue writes it."""
    return instrument["symbol"].replace("-", "")


def encode(policy, sort=True):
    """The bytes; `sort` off keeps the order given."""
    keys = policy["keys"]
    out = MAGIC + wire.pack("u16", policy.get("version", VERSION)) + wire.pack("u16", len(keys))
    for key in sorted(keys, key=lambda k: k["key"].encode()) if sort else keys:
        out += b"".join(wire.pack(f[1], key[f[0]]) for f in KEY)
        instruments = key["instruments"]
        out += wire.pack("u16", len(instruments))
        for i in sorted(instruments, key=place) if sort else instruments:
            out += b"".join(wire.pack(f[1], i[f[0]]) for f in INSTRUMENT)
    return out


def decode(data):
    """The bytes of a policy -> what encode() takes; wire.Malformed where they are not exactly one."""
    r = wire.Reader(data)
    if r.take(4) != MAGIC:
        raise wire.Malformed("not a policy")
    version = wire.read_field(r, "u16")
    if version != VERSION:
        raise OtherVersion("version %d" % version)
    keys, in_all = [], 0
    for _ in range(wire.read_field(r, "u16", 0, KEYS_MAX)):
        key = wire.read(KEY, r)
        if key["kinds"] & ~ALL_KINDS:
            raise wire.Malformed("an order type that does not exist")
        count = wire.read_field(r, "u16", 0, INSTRUMENTS_MAX)
        in_all += count
        key["instruments"] = [wire.read(INSTRUMENT, r) for _ in range(count)]
        places = [place(i) for i in key["instruments"]]
        if any(a >= b for a, b in zip(places, places[1:])):
            raise wire.Malformed("instruments are not sorted, each once")
        if any(i["ceiling"] < i["floor"] for i in key["instruments"]):
            raise wire.Malformed("a ceiling below its floor")
        keys.append(key)
    labels = [k["key"].encode() for k in keys]
    if any(a >= b for a, b in zip(labels, labels[1:])):
        raise wire.Malformed("keys are not sorted, each once")
    if in_all > INSTRUMENTS_MAX:
        raise wire.Malformed("%d instruments" % in_all)
    r.end()
    return {"keys": keys}
