"""Random questions for the decision, drawn towards what decides: limits reached exactly and passed by one unit, edges of
windows to the millisecond, clocks that step, stop and start again, numbers at the end of what is remembered.

    session = Session(random.Random(seed))      # holds a policy, counters and a clock
    for question, expected in session.steps()

A question is bytes for the driver; expected is what policy.py says, as bytes.
"""
import copy, os, sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import driver, policy
import signer_client as wire
import signer_policy as binary

ONE = wire.ONE
NETWORKS = ("binance:mainnet", "binance:testnet", "kraken:mainnet", "x")
LABELS = ("trade-1", "trade-2", "stream-1", "a", "a_b-c", "0" * 32)
SYMBOLS = ("BTC-USDT", "ETH-BTC", "1INCH-EUR", "A-B", "ABCDEFGHIJKLMNOP-QRSTUVWXYZ01234")
MOVED = {"BTC-USDT": "BTCU-SDT", "BTCU-SDT": "BTC-USDT"}
SPANS = (policy.MINUTE, policy.HOUR, policy.DAY)
WIDE = 2 ** 124


def near(r, number, low=0, high=2 ** 63):
    """The number, or one beside it."""
    return min(max(low, number + r.choice((0, 0, 0, 1, -1, 1, -1, 2))), high)


def broken(r, data):
    """The bytes with something cut off, added or changed."""
    how = r.randrange(5)
    if how == 0:
        return data[:r.randrange(len(data))]
    if how == 1:
        return data + bytes(r.randrange(1, 4))
    at = r.randrange(len(data)) if how < 4 else r.randrange(min(8, len(data)))
    return data[:at] + bytes((r.choice((0, 1, 255, data[at] ^ 1 << r.randrange(8))),)) + data[at + 1:]


def some_dec(r):
    return r.choice((r.randrange(1, 20), r.randrange(1, 1000) * ONE, r.randrange(1, 10 ** 21), r.randrange(1, 10 ** 27),
                     ONE, r.randrange(1, WIDE), wire.DEC_MAX))


def answer(rules, its_policy, counters, question):
    """The bytes that the driver should answer to a question for a decision. `rules` is policy.py, or a copy of it."""
    wall, boot, key_class, network, binds_path, reserve, data = driver.decided(question)
    try:
        m = wire.decode_request(data)
    except wire.OtherVersion:
        return b"\2"
    except wire.Malformed:
        return b"\1"
    counters.pass_time(wall, boot)
    reason, limit, value, granted = 0, 0, 0, None
    try:
        granted = rules.decide(its_policy, counters, m, wall, key_class, network, binds_path, reserve)
    except rules.Refused as e:
        reason, limit, value = wire.REASON[e.name], e.limit, e.value
    out = b"\0" + wire.pack("u16", reason) + wire.pack("dec", limit) + wire.pack("dec", value) + wire.pack("i64", counters.time)
    if granted is None:
        return out + b"\0"
    return out + b"\1" + wire.pack("dec", granted.base) + wire.pack("dec", granted.value) + wire.pack("i64", granted.end)


class Session:
    labels, network = LABELS, NETWORKS[0]

    def __init__(self, r):
        self.r = r
        self.scale = r.choice((1, ONE // 1000, ONE, ONE, ONE, ONE, 10 ** 35))
        self.policy = {"keys": []}
        self.many_pairs = r.random() < 0.01      # more pairs of key and symbol than are kept
        self.many_instances = r.random() < 0.04   # more instances than are remembered
        self.generous = self.many_instances or self.many_pairs or r.random() < 0.3  # days with many orders
        self.orders_max = r.choice((1, 2, 7, 40, 40, 1024, 1024, 1024)) if not self.many_pairs else 1024
        self.counters = policy.Counters(self.orders_max)
        self.wall = r.choice((0, 1000, 1700000000000, 1700000000000, 1700000000000, 2 ** 60 - 10 ** 9))
        self.boot = r.choice((0, 5, 10 ** 9))
        self.ids = r.randrange(2 ** 32)
        self.instance_ids = [r.choice((i, r.randrange(2 ** 64))) for i in range(40 if self.many_instances else 8)]

    # The policy.

    def draw_instrument(self, symbol):
        r, s = self.r, self.scale
        floor = r.choice((1, ONE // 3, 100 * ONE, r.randrange(1, 1000 * ONE)))
        ceiling = floor + r.choice((0, 1, 50 * ONE, r.randrange(1, 1000 * ONE)))
        order = r.randrange(1, 12) * s
        if self.generous:
            return dict(dict.fromkeys(binary.CAPS, r.choice((wire.DEC_MAX, WIDE, min(order * 5000, WIDE)))), symbol=symbol, floor=floor,
                        ceiling=ceiling)
        caps = dict(order_base=order, hour_base=order * r.randrange(1, 8), day_base=order * r.randrange(1, 12))
        for c in tuple(caps):
            caps[c.replace("base", "value")] = min(wire.DEC_MAX, r.choice((caps[c] * ceiling // ONE + r.randrange(3), WIDE,
                                                                          caps[c] * r.randrange(1, 300))))
        for c in caps:
            if r.random() < 0.15:
                caps[c] = r.choice((0, wire.DEC_MAX, wire.DEC_MAX, some_dec(r)))
            caps[c] = min(caps[c], wire.DEC_MAX)
        return dict(caps, symbol=symbol, floor=floor, ceiling=ceiling)

    def draw_key(self, label):
        r = self.r
        symbols = r.sample(SYMBOLS, r.randrange(1, 4))
        if self.many_pairs:
            at = r.randrange(12)
            symbols = ["S%d-X" % i for i in range(at * 100, at * 100 + 120)]
        return {"key": label, "network": self.network if r.random() < 0.98 else r.choice(NETWORKS),
                "kinds": r.choice((62, 62, 62, r.randrange(64) & 62)),
                "operations": r.choice((127, 127, 127, 127, r.randrange(128))),
                "validity": r.choice((1, 1000, 5000, 60000)), "skew": r.choice((0, 1, 1000, 60000)),
                "rate": 6000 if self.many_pairs else r.choice((1, 3, 6000, 6000, 6000) if self.generous else (0, 1, 2, 5, 60, 6000, 6000)),
                "replays": r.choice((1, 1, 1, 2, 3, 1000)),
                "instruments": [self.draw_instrument(s) for s in symbols]}

    def draw_policy(self):
        r = self.r
        if self.policy["keys"] and not self.many_pairs and r.random() < 0.5:  # one thing is changed
            p = copy.deepcopy(self.policy)
            key = r.choice(p["keys"])
            if r.random() < 0.5:
                drawn = self.draw_key(key["key"])
                name = r.choice(("kinds", "operations", "validity", "skew", "rate", "replays"))
                key[name] = drawn[name]
            elif key["instruments"]:
                at = r.randrange(len(key["instruments"]))
                key["instruments"][at] = self.draw_instrument(key["instruments"][at]["symbol"])
            for instrument in key["instruments"]:
                if instrument["symbol"] in MOVED and r.random() < 0.3:  # the same market, written otherwise
                    instrument["symbol"] = MOVED[instrument["symbol"]]
        else:
            p = {"keys": [self.draw_key(l) for l in (self.labels[:1] if self.many_pairs else r.sample(self.labels, r.randrange(1, 4)))]}
            if r.random() < 0.02:
                p = {"keys": []}
        return binary.decode(binary.encode(p))

    # The time.

    def pass_time(self):
        r, c = self.r, self.counters
        if r.random() < 0.35 or (self.many_pairs and r.random() < 0.95):
            return
        step = r.choice((0, 1, 1, r.randrange(100), r.randrange(2000), r.randrange(policy.MINUTE), policy.MINUTE,
                         r.randrange(policy.HOUR)))
        ends = [o.end for o in c.orders]
        if ends and r.random() < 0.4:  # to where something ceases to count, or just before
            step = max(0, r.choice(ends) + r.choice(SPANS[:2] if r.random() < 0.7 else SPANS) - c.time + r.choice((-1, -1, 0, 0, 1)))
        if self.many_pairs:
            step %= policy.HOUR
        self.wall, self.boot = self.wall + step, self.boot + step
        odd = r.random()
        if odd < 0.05:    # the wall clock is set
            self.wall += r.choice((1, -1)) * r.choice((1, 1000, r.randrange(policy.DAY), r.randrange(30 * policy.DAY)))
        elif odd < 0.08:  # the wall clock stood
            self.wall -= step
        elif odd < 0.11:  # what passed is not known to the wall clock, or not to the other
            self.boot += r.randrange(policy.HOUR)
        elif odd < 0.14:
            self.boot -= r.randrange(step + 1)
        elif odd < 0.15:  # another start of the machine
            self.boot = r.randrange(1000)
        elif odd < 0.17 and c.time is not None:  # the wall clock is put right
            self.wall = near(r, c.time)
        self.wall, self.boot = min(max(self.wall, 0), 2 ** 60), min(max(self.boot, 0), 2 ** 60)

    # The request.

    def draw_signing(self, key):
        r = self.r
        k = key or {"key": "trade-1", "validity": 5000, "skew": 1000}
        validity = r.choice((k["validity"], k["validity"], max(1, k["validity"] // 2), 1, near(r, k["validity"], 1, 60000)))
        skew = k["skew"]
        offset = r.choice((0, 0, 0, 0, skew, -skew, r.randrange(-skew, skew + 1), r.randrange(-skew, skew + 1)))
        if r.random() < 0.06:
            offset = r.choice((-skew - 1, skew + 1, -10 ** 6, 2 ** 63))
        label = k["key"] if r.random() < 0.98 else r.choice(self.labels)
        return {"key": label, "transport": r.choice((1, 2)), "timestamp": min(max(0, self.wall + offset), 2 ** 63 - 1),
                "validity": validity}

    def draw_number(self, instance):
        """An order number, and the number of what it replaces."""
        r = self.r
        known = self.counters.instances.get(instance)
        if known is None:
            return r.choice((1, 1, 5000, r.randrange(1, 2 ** 64), 2 ** 64 - 1)), r.choice((0,) * 15 + (1,))
        high = known.highest
        number = high + r.choice((1, 1, 1, 1, 1, 2, 3, r.randrange(1, 3000)))
        if r.random() < 0.25:
            number = high - r.choice((0, 1, 2, 1022, 1023, 1024, 1025, r.randrange(1100), r.randrange(10 ** 6)))
        replaces = 0
        if r.random() < 0.3:
            replaces = r.choice((high, high, high - 1, number, number + 1, high - 1023, high - 1024, high - r.randrange(1100),
                                 r.choice(sorted(known.signed)), r.choice(sorted(known.replaced) or [7])))
        return min(max(number, 1), 2 ** 64 - 1), min(max(replaces, 0), 2 ** 64 - 1)

    def draw_base(self, key, instrument):
        """A quantity: often what reaches one of the limits exactly, or passes it by one unit."""
        r = self.r
        if instrument is None or r.random() < 0.02:
            return some_dec(r)
        limits = [instrument["order_base"], instrument["order_value"] * ONE // instrument["ceiling"]]
        for span, name in (policy.HOUR, "hour"), (policy.DAY, "day"):
            counted = [c for c in self.counters.within(span) if (c.key, c.market) == (key["key"], policy.market(instrument["symbol"]))] \
                if self.counters.time is not None else []
            base = (instrument[name + "_base"] - sum(c.base for c in counted)) // key["replays"]
            value = (instrument[name + "_value"] - sum(c.value for c in counted)) // key["replays"]
            limits += [base + r.choice((0, 0, 0, 1)), value * ONE // instrument["ceiling"]]
        positive = sorted(l for l in limits if l > 0)
        if not positive or r.random() < 0.1:
            return r.randrange(1, 3 * self.scale + 1)
        limit = positive[0] if r.random() < 0.5 else r.choice(positive)
        return r.choice((limit, limit + 1, max(1, limit - 1), max(1, limit // r.randrange(1, 7)), max(1, limit // 3)))

    def draw_order(self, key, instrument):
        r = self.r
        symbol = instrument["symbol"] if instrument and r.random() < 0.98 else r.choice(SYMBOLS + ("BTCU-SDT",))
        instance = r.choice(self.instance_ids if self.many_instances or r.random() < 0.1 else self.instance_ids[:3])
        number, replaces = self.draw_number(instance)
        side, kind = r.choice((1, 2)), r.choice((1, 1, 1, 2, 3, 4, 5))
        i = instrument or {"floor": ONE, "ceiling": 2 * ONE}
        price = near(r, r.choice((i["floor"], i["ceiling"], r.randrange(i["floor"], i["ceiling"] + 1))), 1, wire.DEC_MAX)
        o = {"instance": instance, "number": number, "replaces": replaces, "symbol": symbol, "coid": "c%d" % r.randrange(99),
             "side": side, "kind": kind, "tif": r.choice((1, 2, 3)) if kind in (1, 4, 5) else 0, "base": 0, "quote": 0,
             "price": price if kind != wire.MARKET else 0, "stop": r.randrange(1, 2 * ONE) if kind >= 4 else 0}
        base = min(self.draw_base(key, instrument), wire.DEC_MAX)
        if kind == wire.MARKET and side == wire.BUY:
            o["quote"] = min(max(1, near(r, base * r.choice((i["floor"], i["ceiling"])) // ONE)), wire.DEC_MAX)
        else:
            o["base"] = base
        if r.random() < 0.03:  # does not go together
            name = r.choice(("number", "coid", "base", "quote", "price", "stop", "tif", "kind", "side"))
            o[name] = {"coid": "", "number": 0, "tif": r.randrange(4), "kind": r.randrange(1, 6), "side": r.choice((1, 2))}.get(
                name, r.choice((0, 1, ONE)))
        return o

    def draw_cancel(self, symbol):
        r = self.r
        how = r.random()
        return {"symbol": symbol, "coid": "x" if how < 0.5 or how > 0.97 else "", "venue_id": r.choice((1, 2 ** 64 - 1)) if
                0.5 <= how < 0.95 or how > 0.97 else 0}

    def draw_query(self, symbol):
        r = self.r
        what = r.randrange(1, 8)
        q = {"what": what, "symbol": symbol if what in (1, 3, 4) or (what == 2 and r.random() < 0.7) else "", "coid": "",
             "venue_id": 0, "from": 0, "to": 0, "limit": 0}
        if what == 1:
            q.update(r.choice(({"coid": "x"}, {"venue_id": 7})))
        if what in (3, 4):
            q.update(r.choice(({}, {"venue_id": 1}, {"from": 5}, {"to": 5}, {"from": 5, "to": 5}, {"from": 5, "to": 6})))
            q["limit"] = r.choice((0, 1, 1000))
        if r.random() < 0.15:
            q.update(r.choice(({"symbol": ""}, {"symbol": symbol}, {"coid": "x"}, {"coid": ""}, {"venue_id": 2}, {"venue_id": 0},
                               {"from": 6, "to": 5}, {"from": 9}, {"to": 9}, {"limit": 1001}, {"limit": 1000}, {"limit": 1})))
        return q

    def draw_message(self):
        r = self.r
        self.ids = (self.ids + 1) % 2 ** 32
        key = r.choice(self.policy["keys"]) if self.policy["keys"] else None
        instrument = r.choice(key["instruments"]) if key and key["instruments"] else None
        symbol = instrument["symbol"] if instrument and r.random() < 0.95 else r.choice(SYMBOLS)
        signing = self.draw_signing(key)
        kind = r.choice((wire.SIGN_ORDER,) * 12 + (wire.SIGN_CANCEL_REPLACE,) * 3 + wire.SIGNS[3:] + (wire.SIGN_CANCEL, wire.SIGN_QUERY))
        if r.random() < 0.01:
            kind = r.choice((wire.HELLO, wire.STATUS, wire.SEAL))
            return wire.encode_request(kind, self.ids)
        parts = {"signing": signing}
        if kind in policy.ORDERS:
            parts["order"] = self.draw_order(key, instrument)
            symbol = parts["order"]["symbol"] if r.random() < 0.97 else symbol
        if kind in (wire.SIGN_CANCEL, wire.SIGN_CANCEL_REPLACE):
            parts["cancel"] = self.draw_cancel(symbol)
        if kind == wire.SIGN_CANCEL_REPLACE and r.random() < 0.7:
            known = self.counters.instances.get(parts["order"]["instance"])
            left = sorted(known.signed - known.replaced) if known else []
            if not parts["order"]["replaces"] and r.random() < (0.9 if left else 0.5):
                parts["order"]["replaces"] = left[-1] if left else 1
        if kind == wire.SIGN_CANCEL_ALL:
            parts["symbol"] = symbol
        if kind == wire.SIGN_QUERY:
            parts["query"] = self.draw_query(symbol)
        if kind == wire.SIGN_STREAM and r.random() < 0.8:
            signing["transport"] = wire.WEBSOCKET
        data = wire.encode_request(kind, self.ids, **parts)
        return broken(r, data) if r.random() < 0.02 else data

    # Question and answer.

    def steps(self):
        yield driver.reset(self.orders_max), b""
        yield driver.policy(binary.encode(self.policy)), b"\0"
        yield self.new_policy()
        for _ in range(2500 if self.many_pairs else 400 if self.many_instances else 100):
            if self.r.random() < 0.03:
                yield self.new_policy()
            self.pass_time()
            yield self.question()

    def new_policy(self):
        """A policy that is set, unless it is broken: then the one before stays."""
        drawn = self.draw_policy()
        data = binary.encode(drawn)
        if self.r.random() < 0.3:
            data = broken(self.r, data)
        try:
            self.policy = binary.decode(data)
            return driver.policy(data), b"\0"
        except binary.OtherVersion:
            return driver.policy(data), b"\2"
        except wire.Malformed:
            return driver.policy(data), b"\1"

    def question(self):
        r = self.r
        data = self.draw_message()
        kind = int.from_bytes(data[2:4], "little")
        key_class = policy.CLASS_STREAM if kind == wire.SIGN_STREAM else r.choice((1, 2)) if kind == wire.SIGN_QUERY else 1
        if r.random() < 0.04:
            key_class = r.randrange(1, 5)
        network = NETWORKS[0] if r.random() < 0.97 else r.choice(NETWORKS)
        binds_path, reserve = int(r.random() < 0.15), int(r.random() < 0.95)
        question = driver.decide(self.wall, self.boot, key_class, network, binds_path, reserve, data)
        return question, answer(policy, self.policy, self.counters, question)
