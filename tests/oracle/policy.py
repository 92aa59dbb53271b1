"""The signer's decision once more: wallet/PROTOCOL.md ("What goes together" to "The decision"), written from that page alone.

Amounts are integers that count 10^-18, times are ms. `Counters` is what is remembered; decide() answers one request.
Nothing here is fast: sums are made anew from the list of orders each time.
"""
import os, sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import signer_client as wire
import signer_policy as binary

CLASS_TRADE, CLASS_STREAM = 1, 2
INSTANCES, REMEMBERED, PAIRS = 16, 1024, 256
MINUTE, HOUR, DAY = 60000, 3600000, 86400000
ORDERS = (wire.SIGN_ORDER, wire.SIGN_CANCEL_REPLACE)
CANCELS = (wire.SIGN_CANCEL, wire.SIGN_CANCEL_ALL)
OPERATION = {wire.SIGN_ORDER: binary.ORDER, wire.SIGN_CANCEL: binary.CANCEL, wire.SIGN_CANCEL_REPLACE: binary.REPLACE,
             wire.SIGN_CANCEL_ALL: binary.CANCEL_ALL, wire.SIGN_STREAM: binary.STREAM}


class Refused(Exception):
    def __init__(self, name, limit=0, value=0):
        super().__init__(name)
        self.name, self.limit, self.value = name, limit, value


# What goes together.

def order_is_good(o):
    given = {name for name in ("base", "quote", "price", "stop", "tif") if o[name]}
    wanted = {wire.LIMIT: {"base", "price", "tif"}, wire.LIMIT_MAKER: {"base", "price"},
              wire.STOP_LOSS_LIMIT: {"base", "price", "stop", "tif"},
              wire.TAKE_PROFIT_LIMIT: {"base", "price", "stop", "tif"},
              wire.MARKET: {"base"} if o["side"] == wire.SELL else {"quote"}}[o["kind"]]
    return given == wanted and o["number"] > 0 and o["coid"] != ""


def cancel_is_good(c):
    return (c["coid"] != "") != (c["venue_id"] != 0)


def query_is_good(q, transport):
    given = {name for name in ("symbol", "coid", "venue_id", "from", "to", "limit") if q[name]}
    what = q["what"]
    if what == wire.Q_ORDER:
        return given in ({"symbol", "coid"}, {"symbol", "venue_id"})
    if what == wire.Q_OPEN:
        return given <= {"symbol"}
    if what in (wire.Q_ALL, wire.Q_TRADES):
        times = given & {"from", "to"}
        return "symbol" in given and "coid" not in given and q["limit"] <= 1000 \
            and not ("venue_id" in given and times) and not (len(times) == 2 and q["to"] < q["from"])
    return not given and (what != wire.Q_PERMISSIONS or transport == wire.REST)


def shape_is_good(m):
    kind = m["type"]
    if kind == wire.SIGN_ORDER:
        return order_is_good(m["order"])
    if kind == wire.SIGN_CANCEL:
        return cancel_is_good(m["cancel"])
    if kind == wire.SIGN_CANCEL_REPLACE:
        return order_is_good(m["order"]) and cancel_is_good(m["cancel"]) and m["order"]["replaces"] > 0 \
            and m["order"]["symbol"] == m["cancel"]["symbol"]
    if kind == wire.SIGN_QUERY:
        return query_is_good(m["query"], m["signing"]["transport"])
    if kind == wire.SIGN_STREAM:
        return m["signing"]["transport"] == wire.WEBSOCKET
    return kind == wire.SIGN_CANCEL_ALL


def symbol_of(m):
    for part in ("order", "cancel", "query"):
        if part in m:
            return m[part]["symbol"]
    return m.get("symbol", "")


# What is remembered.

class Instance:
    def __init__(self):
        self.highest, self.signed, self.replaced = 0, set(), set()

    def sign(self, number, replaces):
        self.signed.add(number)
        if replaces:
            self.replaced.add(replaces)
        self.highest = max(self.highest, number)

    def old(self, number):
        return self.highest - number >= REMEMBERED

    def has_signed(self, number):
        return number in self.signed and not self.old(number)


def market(symbol):
    """What counts as one: venues see no hyphen."""
    return symbol.replace("-", "")


class Counted:
    """An order that was allowed: whose, where, how much (times replays), until when."""

    def __init__(self, key, its_market, base, value, end):
        self.key, self.market, self.base, self.value, self.end = key, its_market, base, value, end


class Counters:
    def __init__(self, orders):
        self.orders_max = orders
        self.time = self.boot = None
        self.instances = {}
        self.orders = []
        self.last_end = 0

    def pass_time(self, wall, boot):
        if self.time is None:
            self.time = wall
        else:
            self.time = max(self.time, min(wall, self.time + (boot - self.boot)))
        self.boot = boot
        self.orders = self.within(DAY)

    def count(self, key, symbol, granted):
        self.last_end = max(self.last_end, granted.end)
        self.orders.append(Counted(key, market(symbol), granted.base, granted.value, self.last_end))

    def within(self, span):
        return [o for o in self.orders if self.time - o.end < span]


class Granted:
    """What an allowed order will count for: base and value times replays, and its end on the clock T."""

    def __init__(self, base, value, end):
        self.base, self.value, self.end = base, value, end


def held(number):
    """The number, where a dec can hold it."""
    if number > wire.DEC_MAX:
        raise Refused("policy-overflow")
    return number


def up(a, b):
    return -(-a // b)


def check_key(policy, m, key_class, network, binds_path):
    """Rules 2 to 6; returns the policy's key and instrument."""
    kind, signing, symbol = m["type"], m["signing"], symbol_of(m)
    key = next((k for k in policy["keys"] if k["key"] == signing["key"]), None)
    if key is None:
        raise Refused("policy-key")
    if key["network"] != network:
        raise Refused("policy-network")
    classes = (CLASS_STREAM,) if kind == wire.SIGN_STREAM else (CLASS_TRADE,) if kind in ORDERS + CANCELS else \
        (CLASS_TRADE, CLASS_STREAM)
    by_path = key_class == CLASS_TRADE and not binds_path and kind == wire.SIGN_QUERY
    if key_class not in classes or (by_path and signing["transport"] == wire.WEBSOCKET and not symbol):
        raise Refused("policy-class")
    if kind == wire.SIGN_QUERY:
        needed = binary.QUERY if symbol else binary.QUERY_ALL
        if by_path and symbol:
            needed |= {wire.Q_ORDER: binary.CANCEL, wire.Q_OPEN: binary.CANCEL_ALL}.get(
                m["query"]["what"], binary.CANCEL | binary.CANCEL_ALL)
    else:
        needed = OPERATION[kind]
    if key["operations"] & needed != needed:
        raise Refused("policy-operation")
    instrument = next((i for i in key["instruments"] if i["symbol"] == symbol), None)
    if symbol and instrument is None:
        raise Refused("policy-symbol")
    return key, instrument


def check_times(key, signing, wall):
    """Rules 7 and 8."""
    if signing["validity"] > key["validity"]:
        raise Refused("policy-window", key["validity"] * wire.ONE, signing["validity"] * wire.ONE)
    if signing["timestamp"] > wall + key["skew"]:
        raise Refused("policy-early", (wall + key["skew"]) * wire.ONE, signing["timestamp"] * wire.ONE)
    if signing["timestamp"] < wall - key["skew"]:
        raise Refused("policy-late", (wall - key["skew"]) * wire.ONE, signing["timestamp"] * wire.ONE)


def check_price(key, instrument, o):
    """Rules 9 and 10."""
    if not key["kinds"] & 1 << o["kind"]:
        raise Refused("policy-market" if o["kind"] == wire.MARKET else "policy-type")
    if o["kind"] == wire.MARKET:
        return
    if o["side"] == wire.SELL and o["price"] < instrument["floor"]:
        raise Refused("policy-floor", instrument["floor"], o["price"])
    if o["side"] == wire.BUY and o["price"] > instrument["ceiling"]:
        raise Refused("policy-ceiling", instrument["ceiling"], o["price"])


def check_intent(counters, o):
    """Rule 11."""
    known = counters.instances.get(o["instance"])
    if known is None:
        if o["replaces"]:
            raise Refused("policy-replaces")
        if len(counters.instances) >= INSTANCES:
            raise Refused("policy-instances")
        return
    if known.old(o["number"]):
        raise Refused("policy-old-intent", known.highest * wire.ONE, o["number"] * wire.ONE)
    if known.has_signed(o["number"]):
        raise Refused("policy-repeated", known.highest * wire.ONE, o["number"] * wire.ONE)
    if o["replaces"] and (not known.has_signed(o["replaces"]) or o["replaces"] in known.replaced
                          or o["replaces"] >= o["number"]):
        raise Refused("policy-replaces")


def check_amounts(counters, key, instrument, o):
    """Rules 12 to 15; returns base and value, times replays."""
    orders = sum(1 for c in counters.within(MINUTE) if c.key == key["key"])
    if orders + 1 > key["rate"]:
        raise Refused("policy-rate", key["rate"] * wire.ONE, (orders + 1) * wire.ONE)
    if o["quote"]:
        value, base = o["quote"], up(o["quote"] * wire.ONE, instrument["floor"])
    else:
        base, value = o["base"], up(o["base"] * instrument["ceiling"], wire.ONE)
    worst = {"base": held(held(base) * key["replays"]), "value": held(held(value) * key["replays"])}
    for what, amount in ("base", base), ("value", value):
        if amount > instrument["order_" + what]:
            raise Refused("policy-order-" + what, instrument["order_" + what], amount)
    for span, name in (HOUR, "hour"), (DAY, "day"):
        counted = [c for c in counters.within(span) if (c.key, c.market) == (key["key"], market(o["symbol"]))]
        for what in "base", "value":
            total = held(sum(getattr(c, what) for c in counted) + worst[what])
            cap = instrument["%s_%s" % (name, what)]
            if total > cap:
                raise Refused("policy-%s-%s" % (name, what), cap, total)
    pairs = {(c.key, c.market) for c in counters.orders} | {(key["key"], market(o["symbol"]))}
    for count, most in (len(counters.orders) + 1, counters.orders_max), (len(pairs), PAIRS):
        if count > most:
            raise Refused("policy-memory", most * wire.ONE, count * wire.ONE)
    return worst["base"], worst["value"]


def decide(policy, counters, m, wall, key_class, network, binds_path, reserve):
    """A decoded message to sign -> None or, for an order, what is Granted. Raises Refused. The time has passed already
    (counters.pass_time()); an order is counted where reserve is set."""
    if m["type"] not in wire.SIGNS or not shape_is_good(m):
        raise Refused("policy-shape")
    key, instrument = check_key(policy, m, key_class, network, binds_path)
    check_times(key, m["signing"], wall)
    if m["type"] not in ORDERS:
        return None
    o = m["order"]
    check_price(key, instrument, o)
    check_intent(counters, o)
    base, value = check_amounts(counters, key, instrument, o)
    end = counters.time + max(0, m["signing"]["timestamp"] + m["signing"]["validity"] - wall)
    granted = Granted(base, value, end)
    if reserve:
        counters.count(key["key"], o["symbol"], granted)
        counters.instances.setdefault(o["instance"], Instance()).sign(o["number"], o["replaces"])
    return granted
