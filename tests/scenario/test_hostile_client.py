#!/usr/bin/env python3
"""Whoever has taken over the daemon holds its trade socket: everything such a client can try against the shipped
tradewind-signer is refused with its reason, nothing is signed, and an honest client is served as before."""
import collections, os, shutil, signal, socket, struct, subprocess, sys, tempfile, time

sys.path[:0] = ["tests/tools", "tests/lib"]
import signer_client as wire
import tap
from signer_client import (BUY, CALL, Client, FOK, GTC, Gone, IOC, LIMIT, LIMIT_MAKER, MARKET, NO_TIF, REST, SELL,
                           STOP_LOSS_LIMIT, TAKE_PROFIT_LIMIT, WEBSOCKET, pack, units)

TRADEWIND, SIGNER = os.path.join(tap.BUILD, "tradewind"), os.path.join(tap.BUILD, "tradewind-signer")
SCRATCH = tempfile.mkdtemp(prefix="tw-hostile-client-")
STORE = os.path.join(SCRATCH, "keys")
SOCKETS = os.path.join(SCRATCH, "sockets")
PHRASE, SECRET, TOKEN = "correct-horse-battery-CANARY-1", "secretCANARY2" + "y" * 40, "123456:tokenCANARY3" + "z" * 20
CANARIES = [c.encode() for c in (PHRASE, SECRET, TOKEN)]
ENV = {k: v for k, v in os.environ.items() if not k.startswith("TRADEWIND_") and k not in ("NOTIFY_SOCKET",)}
ENV.update(HOME=SCRATCH, XDG_STATE_HOME=SCRATCH, XDG_RUNTIME_DIR=SCRATCH, ASAN_OPTIONS="detect_leaks=0")
SEEN = []  # every byte that came back

# Each instrument has one limit that is met first. A replay factor of 2: what one signature may do counts twice.
POLICY = """version = 1
[[key]]
label = "trade"
network = "binance:mainnet"
operations = ["order", "cancel", "cancel-replace", "cancel-all", "query"]
order_types = ["limit", "limit-maker", "stop-loss-limit"]
max_validity = "5s"
max_clock_skew = "2s"
max_orders_per_minute = 1000
replays = 2
%s
[[key]]
label = "slow"
network = "binance:mainnet"
operations = ["order"]
order_types = ["limit"]
max_orders_per_minute = 2
replays = 1
%s
[[key]]
label = "reader"
network = "binance:mainnet"
operations = ["query"]
%s
[[key]]
label = "stream"
network = "binance:mainnet"
operations = ["order", "cancel", "cancel-replace", "cancel-all", "query", "account", "stream"]
order_types = ["limit"]
max_orders_per_minute = 10
replays = 1
%s
[[key]]
label = "test"
network = "binance:mainnet"
operations = ["order", "cancel", "query", "account"]
order_types = ["limit"]
max_orders_per_minute = 10
replays = 1
%s
[[key]]
label = "bare"
network = "binance:mainnet"
operations = ["order"]
order_types = ["limit"]
max_orders_per_minute = 10
replays = 1
%s
"""


def instrument(symbol, base="1", value="100000", hour=("1000000", "100000000000"), day=None):
    day = day or hour
    return """[[key.instrument]]
symbol = "%s"
price_floor = "20000"
price_ceiling = "100000"
max_base_per_order = "%s"
max_value_per_order = "%s"
max_base_per_hour = "%s"
max_value_per_hour = "%s"
max_base_per_day = "%s"
max_value_per_day = "%s"
""" % (symbol, base, value, *hour, *day)


BTC = instrument("BTC-USDT")
BIG = ("1000000", "100000000000")
ALL = BTC + "".join(instrument(s, hour=h, day=d) for s, h, d in (
    ("HB-USDT", ("0.02", BIG[1]), BIG), ("HV-USDT", (BIG[0], "2000"), BIG), ("DB-USDT", BIG, ("0.02", BIG[1])),
    ("DV-USDT", BIG, (BIG[0], "2000")))) + instrument("VAL-USDT", base="1", value="50")


def run(*line, **secrets):
    """A program of ours; secrets come through pipes."""
    line, ends = list(line), []
    for name, text in secrets.items():
        r, w = os.pipe()
        os.write(w, text.encode())
        os.close(w)
        ends.append(r)
        line += ["--%s-fd" % name.replace("_", "-"), str(r)]
    p = subprocess.run(line, env=ENV, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       pass_fds=ends, start_new_session=True, timeout=120)
    for r in ends:
        os.close(r)
    SEEN.append(p.stdout)
    return p.returncode, p.stdout.decode(errors="replace")


def prepare():
    def key(*arguments, **secrets):
        code, out = run(SIGNER, "key", *arguments, "--store", STORE, passphrase=PHRASE, **secrets)
        assert code == 0, out

    key("init", "--kdf-memory", "8", "--kdf-passes", "1")
    for name, kind, network in (("trade", "trade", "mainnet"), ("slow", "trade", "mainnet"),
                                ("reader", "trade", "mainnet"), ("stream", "stream", "mainnet"),
                                ("test", "trade", "testnet"), ("unlisted", "trade", "mainnet")):
        key("add", name, "--kind", "binance-hmac", "--class", kind, "--network", "binance:" + network, secret=SECRET,
            api_key="api" + name)
    key("generate", "bare", "--kind", "binance-ed25519", "--class", "trade", "--network", "binance:mainnet")
    key("generate", "chain", "--kind", "evm", "--network", "evm:1")
    key("add", "token", "--kind", "telegram-token", secret=TOKEN)
    path = os.path.join(SCRATCH, "policy.toml")
    with open(path, "w") as f:
        f.write(POLICY % (ALL, BTC, BTC, BTC, BTC, BTC))
    code, out = run(TRADEWIND, "policy", "set", path, "--store", STORE, "--yes", passphrase=PHRASE)
    assert code == 0, out


def serve():
    r, w = os.pipe()
    log = open(os.path.join(SCRATCH, "log"), "ab")
    p = subprocess.Popen([SIGNER, "serve", "--store", STORE, "--sockets", SOCKETS, "--no-strict", "--ready-fd", str(w)],
                         env=ENV, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=[w])
    os.close(w)
    with os.fdopen(r) as f:
        assert f.read(5) == "READY", open(log.name).read()
    return p


def client(name="trade", **more):
    return Client(os.path.join(SOCKETS, name + ".sock"), **more)


# ---- an honest order, and how to spoil it ----

NUMBER = 0


def signing(**more):
    return {"key": "trade", "transport": REST, "timestamp": int(time.time() * 1000), "validity": 5000, **more}


def order(**more):
    global NUMBER
    NUMBER += 1
    return {"instance": 1, "number": NUMBER, "symbol": "BTC-USDT", "coid": "tw-%d" % NUMBER, "side": BUY, "kind": LIMIT,
            "tif": GTC, "base": units("0.001"), "price": units("50000"), **more}


def cancel(**more):
    return {"symbol": "BTC-USDT", "coid": "tw-1", **more}


def query(what=wire.Q_ORDER, **more):
    return {"what": what, **more}


def raw(kind, **parts):
    """As encode_request(), with values that the protocol does not allow."""
    out = wire.header(kind, 7)
    for part in wire.REQUESTS[kind]:
        fields = wire.PARTS[part] if isinstance(part, str) else (part,)
        values = parts.get(part, {}) if isinstance(part, str) else parts
        for f in fields:
            v = values.get(f[0], wire.empty(f[1]))
            out += pack("u32", len(v)) + v if f[1] == "bytes" else pack(f[1], v)
    return out


CASES = []  # (name, bytes or a function giving them, reason)


def case(name, reason, data):
    CASES.append((name, reason, data))


def spoiled(name, reason, kind, **parts):
    """The parts are functions, so that numbers and times are those of the moment."""
    case(name, reason, lambda: raw(kind, **{k: v() if callable(v) else v for k, v in parts.items()}))


def with_order(name, reason, **fields):
    spoiled("order " + name, reason, wire.SIGN_ORDER, signing=signing, order=lambda: order(**fields))


def with_signing(name, reason, **fields):
    spoiled("signing " + name, reason, wire.SIGN_ORDER, signing=lambda: signing(**fields), order=order)


BAD_TEXTS = {"empty": "", "a query's end": "a&b=1", "equals": "a=b", "percent": "%41", "a space": "a b", "a line end": "a\n",
             "a NUL": "a\0b", "a quote": "a\"b", "a slash": "a/b", "dots": "../a", "umlaut": "\u00e4", "no UTF-8": b"a\xff",
             "a brace": "a{b", "a backslash": "a\\b", "a comma": "a,b", "too long": "a" * 300, "65535 long": b"a" * 3000}
LEAST = -2 ** 127


def write_cases():
    message, shape, capability = "policy-message", "policy-shape", "policy-capability"
    # No message at all, or of something else.
    good = raw(wire.SIGN_ORDER, signing=signing(), order=order())
    case("an empty message's head", message, b"\x01")
    case("four bytes", message, struct.pack("<HH", 1, 16))
    case("a byte too many", message, good + b"\0")
    case("twice in one packet", message, good + good)
    case("4096 bytes", message, good + bytes(4096 - len(good)))
    case("4097 bytes", message, good + bytes(4097 - len(good)))
    case("26624 bytes", message, good + bytes(26624 - len(good)))
    case("60000 bytes", message, good + bytes(60000 - len(good)))
    case("zeros", "policy-version", bytes(200))
    case("ones", "policy-version", b"\xff" * 200)
    case("HTTP", "policy-version", b"POST /api/v3/order HTTP/1.1\r\n\r\n")
    case("JSON", "policy-version", b'{"method":"order.place","params":{}}')
    for version in (0, 2, 255, 256, 65535):
        case("version %d" % version, "policy-version", struct.pack("<H", version) + good[2:])
    for kind in (0, 3, 15, 22, 31, 33, 47, 52, 255, 4096, 0x8010, 65535):
        case("type %d" % kind, message, wire.header(kind, 7))
        case("type %d with an order" % kind, message, struct.pack("<HH", 1, kind) + good[4:])
    for n in sorted({9, 10, 12, 16, 20, 28, 40, len(good) // 2, len(good) - 17, len(good) - 16, len(good) - 1}):
        case("an order cut at %d" % n, message, good[:n])
    at = good.index(b"BTC-USDT")
    for length in (0, 1, 9, 32, 33, 255, 4095, 65535):
        case("a symbol that says it has %d bytes" % length, message, good[:at - 2] + struct.pack("<H", length) + good[at:])

    # Texts: what could leave its place in a request, or name another key.
    for what, text in BAD_TEXTS.items():
        with_signing("key with " + what, message, key=text)
        with_order("symbol with " + what, message, symbol=text)
        if what != "empty":
            with_order("coid with " + what, message, coid=text)
    with_order("coid empty", shape, coid="")
    for symbol in ("BTCUSDT", "btc-usdt", "BTC-", "-USDT", "BTC--USDT", "BTC-USDT-X", "BTC_USDT", "-", "A-" + "B" * 32):
        with_order("symbol " + symbol, message, symbol=symbol)
        spoiled("cancel symbol " + symbol, message, wire.SIGN_CANCEL, signing=signing,
                cancel=lambda s=symbol: cancel(symbol=s))
        spoiled("cancel-all symbol " + symbol, message, wire.SIGN_CANCEL_ALL, signing=signing, symbol=symbol)
    for key in ("Trade", "-trade", "_trade", "tra de", "t" * 33):
        with_signing("key " + key, message, key=key)

    # Numbers out of their range.
    for field, values in {"side": (0, 3, 255), "kind": (0, 6, 255), "tif": (4, 255)}.items():
        for v in values:
            with_order("%s %d" % (field, v), message, **{field: v})
    for v in (0, 3, 255):
        with_signing("transport %d" % v, message, transport=v)
    for v in (0, 60001, 2 ** 32 - 1):
        with_signing("validity %d" % v, message, validity=v)
    for v in (-1, -2 ** 63):
        with_signing("timestamp %d" % v, message, timestamp=v)
    for field in ("base", "quote", "price", "stop"):
        for v, what in ((-1, "below nothing"), (LEAST, "the least number"), (-units("0.001"), "negative")):
            with_order("%s %s" % (field, what), message, **{field: v})

    # What does not go together.
    for kind, name in ((LIMIT, "limit"), (STOP_LOSS_LIMIT, "stop"), (TAKE_PROFIT_LIMIT, "take-profit")):
        full = {"kind": kind, "stop": 0 if kind == LIMIT else units("49000")}
        with_order(name + " without price", shape, **full, price=0)
        with_order(name + " without base", shape, **full, base=0)
        with_order(name + " without time in force", shape, **full, tif=NO_TIF)
        with_order(name + " with quote", shape, **full, quote=units("5"))
        with_order(name + (" with stop" if kind == LIMIT else " without stop"), shape,
                   **{**full, "stop": units("49000") if kind == LIMIT else 0})
    with_order("maker with time in force", shape, kind=LIMIT_MAKER)
    with_order("maker without price", shape, kind=LIMIT_MAKER, tif=NO_TIF, price=0)
    with_order("maker with quote", shape, kind=LIMIT_MAKER, tif=NO_TIF, quote=1)
    with_order("market with price", shape, kind=MARKET, tif=NO_TIF)
    with_order("market buy by base", shape, kind=MARKET, tif=NO_TIF, price=0)
    with_order("market buy by both", shape, kind=MARKET, tif=NO_TIF, price=0, quote=units("10"))
    with_order("market sell by quote", shape, kind=MARKET, tif=NO_TIF, price=0, side=SELL, base=0, quote=units("10"))
    with_order("market with time in force", shape, kind=MARKET, price=0, base=0, quote=units("10"))
    with_order("number 0", shape, number=0)
    for what, fields in (("by nothing", {"coid": ""}), ("by both", {"venue_id": 5})):
        spoiled("cancel " + what, shape, wire.SIGN_CANCEL, signing=signing, cancel=lambda f=fields: cancel(**f))
    def replace(**fields):
        return lambda: order(**{"replaces": 1, **fields})
    spoiled("replace without what", shape, wire.SIGN_CANCEL_REPLACE, signing=signing, cancel=cancel, order=replace(replaces=0))
    spoiled("replace on another symbol", shape, wire.SIGN_CANCEL_REPLACE, signing=signing, cancel=cancel,
            order=replace(symbol="HB-USDT"))
    spoiled("replace by nothing", shape, wire.SIGN_CANCEL_REPLACE, signing=signing, cancel=lambda: cancel(coid=""),
            order=replace())
    spoiled("replace with a bad order", shape, wire.SIGN_CANCEL_REPLACE, signing=signing, cancel=cancel, order=replace(price=0))
    now = int(time.time() * 1000)
    queries = {"an order by nothing": {"symbol": "BTC-USDT"}, "an order without symbol": {"coid": "a"},
               "an order by both": {"symbol": "BTC-USDT", "coid": "a", "venue_id": 1},
               "an order with a time": {"symbol": "BTC-USDT", "coid": "a", "from": 1}}
    for what, fields in queries.items():
        spoiled("query " + what, shape, wire.SIGN_QUERY, signing=signing, query=query(**fields))
    for q in (wire.Q_ALL, wire.Q_TRADES):
        for what, fields in {"without symbol": {}, "by id and time": {"symbol": "BTC-USDT", "venue_id": 1, "from": now},
                             "backwards": {"symbol": "BTC-USDT", "from": now, "to": now - 1},
                             "limit 1001": {"symbol": "BTC-USDT", "limit": 1001},
                             "with a coid": {"symbol": "BTC-USDT", "coid": "a"}}.items():
            spoiled("query %d %s" % (q, what), shape, wire.SIGN_QUERY, signing=signing, query=query(q, **fields))
    for q in (wire.Q_ACCOUNT, wire.Q_PERMISSIONS, wire.Q_LIMITS):
        spoiled("query %d with symbol" % q, shape, wire.SIGN_QUERY, signing=signing, query=query(q, symbol="BTC-USDT"))
        spoiled("query %d with id" % q, shape, wire.SIGN_QUERY, signing=signing, query=query(q, venue_id=9))
    spoiled("query of permissions by websocket", shape, wire.SIGN_QUERY, signing=lambda: signing(transport=WEBSOCKET),
            query=query(wire.Q_PERMISSIONS))
    for q in (0, 8, 255):
        spoiled("query %d" % q, message, wire.SIGN_QUERY, signing=signing, query=query(q, symbol="BTC-USDT"))

    # What this socket may not ask.
    spoiled("a log-in", capability, wire.SIGN_STREAM, signing=lambda: signing(key="stream", transport=WEBSOCKET))
    spoiled("a log-in with the trade key", capability, wire.SIGN_STREAM, signing=lambda: signing(transport=WEBSOCKET))
    for label in ("token", "trade", "stream", "chain", "nothing"):
        spoiled("the secret " + label, capability, wire.GET_SECRET, label=label)
    for how in (1, 2):
        spoiled("unlock %d" % how, capability, wire.UNLOCK, secret={"how": how, "bytes": b"guess"})
        spoiled("a policy %d" % how, capability, wire.POLICY_SET, secret={"how": how, "bytes": PHRASE.encode()},
                policy=b"TWPL\x01\0\0\0")
    spoiled("a policy of 24576 bytes", capability, wire.POLICY_SET, secret={"how": 1, "bytes": b"x"}, policy=b"x" * 24576)
    spoiled("seal", capability, wire.SEAL)
    for first in (0, 1, 2 ** 32 - 1):
        spoiled("the list from %d" % first, capability, wire.LIST, first=first)

    # Keys.
    for key in ("nothing", "unlisted", "chain", "token", "trade-", "trade_", "trad", "0"):
        with_signing("key " + key, "policy-key", key=key)
        spoiled("cancel with key " + key, "policy-key", wire.SIGN_CANCEL, signing=lambda k=key: signing(key=k), cancel=cancel)
        spoiled("query with key " + key, "policy-key", wire.SIGN_QUERY, signing=lambda k=key: signing(key=k),
                query=query(wire.Q_OPEN, symbol="BTC-USDT"))
    with_signing("key of another network", "policy-network", key="test")
    with_signing("key of streams", "policy-class", key="stream")
    spoiled("cancel with the key of streams", "policy-class", wire.SIGN_CANCEL, signing=lambda: signing(key="stream"),
            cancel=cancel)
    spoiled("cancel-all with the key of streams", "policy-class", wire.SIGN_CANCEL_ALL,
            signing=lambda: signing(key="stream"), symbol="BTC-USDT")
    for q in (wire.Q_ACCOUNT, wire.Q_OPEN, wire.Q_LIMITS):
        spoiled("websocket query %d without symbol: a log-in" % q, "policy-class", wire.SIGN_QUERY,
                signing=lambda: signing(transport=WEBSOCKET), query=query(q))
        spoiled("REST query %d without symbol" % q, "policy-operation", wire.SIGN_QUERY, signing=signing, query=query(q))
    spoiled("query of permissions", "policy-operation", wire.SIGN_QUERY, signing=signing, query=query(wire.Q_PERMISSIONS))
    for what, kind, parts in (("cancel", wire.SIGN_CANCEL, {"cancel": cancel}),
                              ("cancel-all", wire.SIGN_CANCEL_ALL, {"symbol": "BTC-USDT"}),
                              ("order", wire.SIGN_ORDER, {"order": order}),
                              ("cancel-replace", wire.SIGN_CANCEL_REPLACE, {"cancel": cancel, "order": replace()})):
        spoiled(what + " with a key for queries", "policy-operation", kind, signing=lambda: signing(key="reader"), **parts)
    for q, fields in ((wire.Q_ORDER, {"coid": "a"}), (wire.Q_OPEN, {}), (wire.Q_ALL, {}), (wire.Q_TRADES, {})):
        # Their signature is that of a cancel at another address, which this key may not sign.
        spoiled("query %d that is a cancel" % q, "policy-operation", wire.SIGN_QUERY, signing=lambda: signing(key="reader"),
                query=query(q, symbol="BTC-USDT", **fields))
    for symbol in ("ETH-USDT", "USDT-BTC", "BTC-USD", "BTCU-SDT", "B-TCUSDT", "BTC-USDTX"):
        with_order("on " + symbol, "policy-symbol", symbol=symbol)
        spoiled("cancel on " + symbol, "policy-symbol", wire.SIGN_CANCEL, signing=signing,
                cancel=lambda s=symbol: cancel(symbol=s))
        spoiled("cancel-all on " + symbol, "policy-symbol", wire.SIGN_CANCEL_ALL, signing=signing, symbol=symbol)
        spoiled("query on " + symbol, "policy-symbol", wire.SIGN_QUERY, signing=signing,
                query=query(wire.Q_OPEN, symbol=symbol))

    # Times.
    for ms in (5001, 10000, 60000):
        with_signing("validity %d ms" % ms, "policy-window", validity=ms)
    for name, reason, off in (("an hour ahead", "policy-early", 3600000), ("a minute ahead", "policy-early", 60000),
                              ("a minute behind", "policy-late", -60000), ("a day behind", "policy-late", -86400000)):
        spoiled("signing " + name, reason, wire.SIGN_ORDER, signing=lambda o=off: signing(
            timestamp=int(time.time() * 1000) + o), order=order)
        spoiled("cancel " + name, reason, wire.SIGN_CANCEL, signing=lambda o=off: signing(
            timestamp=int(time.time() * 1000) + o), cancel=cancel)
    with_signing("at the end of time", "policy-early", timestamp=2 ** 63 - 1)
    with_signing("at its begin", "policy-late", timestamp=0)

    # Prices and sizes.
    for side in (BUY, SELL):
        market = {"base": 0, "quote": units("10")} if side == BUY else {}
        with_order("market %d" % side, "policy-market", kind=MARKET, tif=NO_TIF, price=0, side=side, **market)
        with_order("take profit %d" % side, "policy-type", kind=TAKE_PROFIT_LIMIT, stop=units("50000"), side=side)
    for tif in (GTC, IOC, FOK):
        for price in ("100000.000000000000000001", "100001", "1000000000"):
            with_order("buy at %s, %d" % (price, tif), "policy-ceiling", price=units(price), tif=tif)
        for price in ("0.000000000000000001", "1", "19999.999999999999999999"):
            with_order("sell at %s, %d" % (price, tif), "policy-floor", price=units(price), side=SELL, tif=tif)
    with_order("buy at the highest number", "policy-ceiling", price=2 ** 127 - 1)
    with_order("a stop's buy too high", "policy-ceiling", kind=STOP_LOSS_LIMIT, stop=units("50000"), price=units("100001"))
    for side in (BUY, SELL):
        with_order("1.000000000000000001 BTC, %d" % side, "policy-order-base", base=units("1.000000000000000001"), side=side)
        with_order("1000 BTC, %d" % side, "policy-order-base", base=units("1000"), side=side)
        with_order("the highest number of BTC, %d" % side, "policy-overflow", base=2 ** 127 - 1, side=side)
        with_order("what no product holds, %d" % side, "policy-overflow", base=2 ** 126, side=side)
        with_order("a value above 50, %d" % side, "policy-order-value", symbol="VAL-USDT", base=units("0.000500000000000001"),
                   side=side)

    # Once.
    with_order("replaces what never was", "policy-replaces", replaces=2 ** 60)
    with_order("replaces itself", "policy-replaces", replaces=2 ** 40, number=2 ** 40)
    with_order("of an unknown instance that replaces", "policy-replaces", instance=99, replaces=1)


def refused(c, name, reason, data):
    """Sends it; the reason of the refusal must be that one, and what comes back no signature."""
    try:
        c.send(data() if callable(data) else data)
        answer = c.receive()
    except Gone:
        return tap.ok(False, name, "the connection was closed")
    SEEN.append(answer)
    reply = wire.decode_reply(answer)
    return tap.ok(reply["name"] == reason and "parameters" not in reply, "%s: %s" % (reason, name), reply)


def signed(c, **more):
    """An order that may be signed, or not any more."""
    data = wire.encode_request(wire.SIGN_ORDER, 9, signing=signing(key=more.pop("key", "trade")), order=order(**more))
    c.send(data)
    answer = c.receive()
    SEEN.append(answer)
    return wire.decode_reply(answer)


def sequences(c):
    """What takes more than one message. Returns how many were refused."""
    n = 0

    def no(name, reason, reply):
        nonlocal n
        n += 1
        tap.ok(reply["name"] == reason, "%s: %s" % (reason, name), reply)

    def yes(name, reply):
        tap.ok(reply["name"] == "allowed" and reply["parameters"], "allowed: " + name, reply)

    # Every limit may be reached and not passed: 0.01 counts as 0.02 by its replays, at the ceiling 2000.
    for symbol, reason in (("HB-USDT", "policy-hour-base"), ("HV-USDT", "policy-hour-value"),
                           ("DB-USDT", "policy-day-base"), ("DV-USDT", "policy-day-value")):
        no("a little too much", reason, signed(c, symbol=symbol, base=units("0.010000000000000001")))
        yes("to the limit of " + symbol, signed(c, symbol=symbol, base=units("0.01")))
        for side in (BUY, SELL):
            no("the least above it, %d" % side, reason, signed(c, symbol=symbol, base=1, side=side))
    first = NUMBER + 1
    yes("an order", signed(c))
    for what, more in (("the same again", {}), ("with another size", {"base": units("0.0005")}),
                       ("on another symbol", {"symbol": "VAL-USDT", "base": units("0.0001")}), ("as a sell", {"side": SELL}),
                       ("with another id", {"coid": "other"}), ("with another key", {"key": "slow"})):
        no(what, "policy-repeated", signed(c, number=first, **more))
    replacement = NUMBER + 1
    yes("its replacement", signed(c, replaces=first))
    no("a second replacement", "policy-replaces", signed(c, replaces=first))
    no("a replacement of a later one", "policy-replaces", signed(c, number=replacement + 1000, replaces=replacement + 2000))
    yes("a number far ahead", signed(c, number=replacement + 5000))
    no("what is too old to be known", "policy-old-intent", signed(c, number=replacement + 3976))
    no("an old one never signed", "policy-old-intent", signed(c, number=2))
    no("a replacement of what is forgotten", "policy-replaces", signed(c, number=replacement + 5001, replaces=replacement))
    globals()["NUMBER"] = replacement + 6000
    for i in range(2):
        yes("order %d of the slow key" % i, signed(c, key="slow"))
    no("the third in a minute", "policy-rate", signed(c, key="slow"))
    no("also as another instance", "policy-rate", signed(c, key="slow", instance=2))
    for i in range(2, 17):
        yes("instance %d" % i, signed(c, instance=i))
    no("instance 17", "policy-instances", signed(c, instance=17))
    no("a key without its API key", "policy-encoder", signed(c, key="bare"))

    # Before HELLO nothing is answered; the connection ends.
    for kind in (wire.STATUS, wire.SIGN_ORDER, wire.SIGN_CANCEL_ALL, wire.GET_SECRET, wire.UNLOCK, wire.SEAL, wire.LIST,
                 wire.POLICY_SET):
        with client(hello=False) as early:
            parts = {wire.SIGN_ORDER: {"signing": signing(), "order": order()}, wire.GET_SECRET: {"label": "token"},
                     wire.SIGN_CANCEL_ALL: {"signing": signing(), "symbol": "BTC-USDT"},
                     wire.UNLOCK: {"secret": {"how": 1, "bytes": b"x"}},
                     wire.POLICY_SET: {"secret": {"how": 1, "bytes": b"x"}, "policy": b""}}.get(kind, {})
            no("type %d first" % kind, "policy-no-hello", early.ask(kind, **parts))
            try:
                early.ask(wire.HELLO)
                tap.ok(False, "type %d first ends the connection" % kind)
            except Gone:
                tap.ok(True, "type %d first ends the connection" % kind)

    # The cancel socket does not trade, the wire socket neither; the admin socket signs nothing.
    for name in ("cancel", "wire", "admin"):
        with client(name) as other:
            no("an order on the %s socket" % name, "policy-capability",
               other.ask(wire.SIGN_ORDER, signing=signing(), order=order()))
            no("a replacement on the %s socket" % name, "policy-capability",
               other.ask(wire.SIGN_CANCEL_REPLACE, signing=signing(), cancel=cancel(), order=order(replaces=1)))
            if name != "wire":
                no("a log-in on the %s socket" % name, "policy-capability",
                   other.ask(wire.SIGN_STREAM, signing=signing(key="stream", transport=WEBSOCKET)))
                no("a secret on the %s socket" % name, "policy-capability", other.ask(wire.GET_SECRET, label="token"))
            if name != "admin":
                no("unlock on the %s socket" % name, "policy-capability",
                   other.ask(wire.UNLOCK, secret={"how": 1, "bytes": b"guess"}))
            if name != "cancel":
                no("a cancel on the %s socket" % name, "policy-capability",
                   other.ask(wire.SIGN_CANCEL, signing=signing(), cancel=cancel()))
    with client("wire") as other:
        for label in ("trade", "stream", "slow"):
            no("the secret of a key that signs, " + label, "policy-class", other.ask(wire.GET_SECRET, label=label))
        no("a log-in with a trade key", "policy-class",
           other.ask(wire.SIGN_STREAM, signing=signing(transport=WEBSOCKET)))
        no("the secret of a chain key", "policy-class", other.ask(wire.GET_SECRET, label="chain"))
        tap.ok(other.ask(wire.GET_SECRET, label="token")["bytes"] == TOKEN.encode(), "allowed: what is a wire secret")
    return n


def rude():
    """Clients that do not keep to manners; each must leave the honest one untouched."""
    hold = [client() for _ in range(4)]
    deaf = hold[0]
    deaf.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    try:  # never reads: its replies find no room, and it is closed; its own socket buffer fills before that
        deaf.socket.settimeout(1)
        for _ in range(20000):
            deaf.send(wire.encode_request(wire.SIGN_CANCEL, 1, signing=signing(), cancel=cancel()))
        tap.ok(False, "a client that never reads is closed")
    except (Gone, TimeoutError, BlockingIOError):
        tap.ok(True, "a client that never reads is closed")
    flood, busy, served = hold[1], 0, 0
    asked = wire.encode_request(wire.STATUS, 1)
    with client("cancel") as other:
        try:
            for i, name in enumerate(flood.flood(asked, 240000)):
                busy += name == "policy-busy"
                if i % 1000 == 999 and i < 20000:  # another socket has a measure of its own: cancels are possible in a flood of orders
                    served += other.ask(wire.SIGN_CANCEL, signing=signing(), cancel=cancel())["name"] == "allowed"
            tap.ok(served == 20, "cancels are signed while the trade socket is flooded", served)
        except Gone:
            pass  # it may be ended, too
        tap.ok(busy > 0, "policy-busy: a flood", busy)
    hold[2].send(wire.encode_request(wire.SIGN_ORDER, 1, signing=signing(), order=order(base=1)))
    hold[2].close()  # before the answer
    tap.ok(served_again(), "an honest client is served after them")
    more = []
    try:
        for _ in range(12):
            more.append(client(hello=False))
            more[-1].ask(wire.HELLO)
        tap.ok(False, "connections are bounded")
    except (Gone, wire.Malformed, OSError) as e:
        tap.ok(True, "connections are bounded", e)
    except KeyError as e:
        tap.ok(False, "connections are bounded", e)
    for c in hold + more:
        c.close()


def served_again():
    """Whether this user's orders are signed again some time after a flood, which emptied the measure of all of them."""
    end = time.time() + 60
    while time.time() < end:
        try:
            with client() as c:
                if signed(c)["name"] == "allowed":
                    return True
        except (Gone, OSError, wire.Malformed):
            pass
        time.sleep(0.1)
    return False


def main():
    prepare()
    p = serve()
    try:
        with client() as c:
            tap.ok(c.ask(wire.SIGN_ORDER, signing=signing(), order=order())["name"] == "policy-sealed",
                   "policy-sealed: an order before it is unlocked")
            code, out = run(SIGNER, "signer", "unlock", "--sockets", SOCKETS, passphrase=PHRASE)
            tap.ok(code == 0, "it is unlocked", out)
            yes = signed(c)
            tap.ok(yes["name"] == "allowed" and "signature=" in yes["parameters"], "an honest order is signed", yes)
            write_cases()
            done = collections.Counter()
            for name, reason, data in CASES:
                done[reason] += refused(c, name, reason, data)
            yes = signed(c)
            tap.ok(yes["name"] == "allowed", "an honest order is signed after all of them", yes)
            n = sequences(c)
            names = [name for name, _, _ in CASES]
            tap.ok(len(set(names)) == len(names), "no case twice", [x for x in names if names.count(x) > 1])
            tap.ok(sum(done.values()) + n >= 300, "at least 300 ways, each refused with its reason", sum(done.values()) + n)
            for reason, count in sorted(done.items()):
                print("# %4d %s" % (count, reason))
        rude()
        tap.ok(p.poll() is None, "the signer serves on")
    finally:
        p.send_signal(signal.SIGTERM)
        try:
            tap.ok(p.wait(60) == 0, "it ends in order", open(os.path.join(SCRATCH, "log")).read())
        except subprocess.TimeoutExpired:
            p.kill()
            tap.ok(False, "it ends in order")
    code, out = run(SIGNER, "audit", "verify", "--store", STORE, "--macs", passphrase=PHRASE)
    tap.ok(code == 0, "the audit log of all that verifies", out)
    code, out = run(SIGNER, "audit", "show", "--store", STORE, "--refused")
    tap.ok(code == 0 and "policy-hour-base" in out, "and shows the refusals", out[-2000:])
    found = []
    for directory, _, files in os.walk(SCRATCH):
        for f in files:
            if directory == SOCKETS:
                continue
            with open(os.path.join(directory, f), "rb") as g:
                content = g.read()
            found += [(f, c) for c in CANARIES if c in content]
    tap.ok(not found, "no secret in any file", found)
    tap.ok(not [c for c in CANARIES[:2] if any(c in s for s in SEEN)], "no secret in any answer or output")


try:
    main()
finally:
    shutil.rmtree(SCRATCH, ignore_errors=True)
tap.done()
