"""The signer itself, by its sockets and the real clock, held to the documents.

Nothing is drawn at the edge of a time here, as nobody outside knows the signer's clock to the millisecond; all else is as
in draw.py, on the counters of one signer that lives on.
"""
import hashlib, os, sys, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import draw, driver, encode, policy
import signer_client as wire
import signer_policy as binary
import signer_rig
from draw import broken as draw_broken

NETWORK = "binance:testnet"
TRADE, STREAM, WIRE, CHAIN = 1, 2, 3, 4
CLASSES = {TRADE: "trade", STREAM: "stream", WIRE: "wire", CHAIN: "chain"}
PHRASE = b"live-passphrase-2718"
HMAC_SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0%d"


class Key:
    def __init__(self, kind, key_class, network, secret, number=0):
        self.kind, self.key_class, self.network, self.text, self.number = kind, key_class, network, secret, number
        self.api_key = "" if number == 0 else "apikey%d" % number
        self.secret = bytes.fromhex(secret) if number == driver.ED25519 else secret.encode()


KEYS = {
    "h-trade": Key("binance-hmac", TRADE, NETWORK, HMAC_SECRET % 1, driver.HMAC),
    "e-trade": Key("binance-ed25519", TRADE, NETWORK, "11" * 31 + "fe", driver.ED25519),
    "h-stream": Key("binance-hmac", STREAM, NETWORK, HMAC_SECRET % 2, driver.HMAC),
    "e-stream": Key("binance-ed25519", STREAM, NETWORK, "2a" * 32, driver.ED25519),
    "h-main": Key("binance-hmac", TRADE, "binance:mainnet", HMAC_SECRET % 3, driver.HMAC),
    "other": Key("binance-hmac", TRADE, "binance:x", HMAC_SECRET % 4, driver.HMAC),
    "evm": Key("evm", CHAIN, "evm:1", "33" * 32),
    "tg": Key("telegram-token", WIRE, "", "123456:telegram-token-of-a-test"),
}
SOCKETS = ("trade", "cancel", "wire", "admin")


def now():
    return time.time_ns() // 1000000


class Live(draw.Session):
    """Requests to one signer; answers by the documents. `keys` is what the key store holds."""
    labels = ("h-trade", "e-trade", "h-stream", "e-stream", "h-main", "other", "evm", "tg", "gone")
    network = NETWORK
    brief = False  # what is signed ends soon after, and rates are low

    def __init__(self, r, keys, orders_max):
        super().__init__(r)
        self.keys, self.many_pairs, self.many_instances = keys, False, True
        self.orders_max, self.counters = orders_max, policy.Counters(orders_max)
        self.sealed, self.policy_bytes = True, b""
        self.instance_ids = [r.randrange(2 ** 64) for _ in range(20)]

    def draw_policy(self):
        self.generous = self.r.random() < 0.4
        keys = [self.draw_key(label) for label in self.labels[:2] + tuple(self.r.sample(self.labels[2:], 2))]
        for k in keys:
            if k["key"] in self.keys and self.r.random() < 0.95:
                k["network"] = self.keys[k["key"]].network or self.network
            k["skew"] = self.r.choice((10000, 60000))
            if self.brief:
                k["validity"], k["rate"] = 1000, self.r.choice((0, 2, 20))
        return binary.decode(binary.encode({"keys": keys}))

    def draw_signing(self, key):
        signing = super().draw_signing(key)
        skew = (key or {"skew": 10000})["skew"]
        inside = self.r.randrange(-skew // 2, 1 if self.brief else skew // 2)
        outside = self.r.choice((-2, 2)) * max(skew, 60000)
        signing["timestamp"] = max(0, now() + (outside if self.r.random() < 0.08 else inside))
        return signing

    # What a reply should be.

    def expected(self, m, capabilities, wall):
        """The reply to a request on a connection with these capabilities, in the signer's words: reason, and limit and value
        or fields."""
        kind = m["type"]
        if kind == wire.HELLO:
            return {"reason": 0, "capabilities": capabilities, "sealed": int(self.sealed)}
        if not wire.NEEDS[kind] & capabilities:
            return self.refusal("policy-capability")
        if kind == wire.STATUS:
            there = {} if self.sealed else {"keys": len(self.keys), "policy_hash": self.policy_hash()}
            return dict(there, reason=0, sealed=int(self.sealed))
        if kind == wire.SEAL:
            self.sealed = True
            return {"reason": 0}
        if self.sealed:
            return self.refusal("policy-sealed")
        if kind == wire.GET_SECRET:
            key = self.keys.get(m["label"])
            if key is None:
                return self.refusal("policy-key")
            return {"reason": 0, "bytes": key.secret} if key.key_class == WIRE else self.refusal("policy-class")
        return self.signed(m, wall)

    def refusal(self, name, limit=0, value=0):
        return {"reason": wire.REASON[name], "limit": limit, "value": value}

    def signed(self, m, wall):
        key = self.keys.get(m["signing"]["key"])
        self.counters.pass_time(wall, wall)
        try:
            if not policy.shape_is_good(m):
                raise policy.Refused("policy-shape")
            if key is None:
                raise policy.Refused("policy-key")
            policy.decide(self.policy, self.counters, m, wall, key.key_class, key.network, 0, True)
            return dict(encode.encode(key.number, key.network, key.api_key, key.secret, m), reason=0)
        except policy.Refused as e:
            return self.refusal(e.name, e.limit, e.value)
        except encode.NoEncoder:
            return self.refusal("policy-encoder")

    def set_policy(self, drawn):
        self.policy, self.policy_bytes = drawn, binary.encode(drawn)

    def wrong_policies(self, signer, bad):
        """What is no policy is refused, and the one before stays."""
        broken = draw_broken(self.r, self.policy_bytes)
        try:
            binary.decode(broken)
        except wire.Malformed:
            if signer.set_policy(broken) != "policy-bad-policy":
                bad.append("a policy was taken: %s" % broken.hex())

    def policy_hash(self):
        return hashlib.blake2b(self.policy_bytes, digest_size=32).digest()


def differs(expected, reply, slack):
    """What is not as expected, as a sentence; a time by the signer's clock may be `slack` ms later."""
    for name, value in expected.items():
        got = reply.get(name)
        late = name == "limit" and reply["name"] in ("policy-early", "policy-late") and 0 <= got - value <= slack * wire.ONE
        if got != value and not late:
            return "%s is %r, not %r" % (name, got, value)
    return None


class Signer:
    """The shipped program with KEYS in a store of its own."""

    def __init__(self, directory, durability):
        self.rig, self.durability, self.connections = signer_rig.Rig(directory, {}, phrase=PHRASE.decode()), durability, {}
        for label, key in KEYS.items():
            where = ["--kind", key.kind, "--class", CLASSES[key.key_class]] + (["--network", key.network] if key.network else [])
            if key.kind in ("binance-ed25519", "evm"):
                self.rig.key("import", label, *where, "--format", "hex", secret=key.text)
                if key.api_key:
                    self.rig.key("api-key", label, api_key=key.api_key)
            else:
                self.rig.key("add", label, *where, secret=key.text, **({"api_key": key.api_key} if key.api_key else {}))

    def start(self):
        self.rig.start("--durability", self.durability)
        self.connections = {s: wire.Client(self.rig.socket(s + ".sock")) for s in SOCKETS}

    def stop(self, number):
        for c in self.connections.values():
            c.close()
        self.rig.stop(number)

    def admin(self, kind, **parts):
        return self.connections["admin"].ask(kind, **parts)["name"]

    def unlock(self):
        return self.admin(wire.UNLOCK, secret={"how": wire.PASSPHRASE, "bytes": PHRASE})

    def set_policy(self, data):
        return self.admin(wire.POLICY_SET, secret={"how": wire.PASSPHRASE, "bytes": PHRASE}, policy=data)

    def capabilities(self, socket):
        return self.connections[socket].greeting["capabilities"]


def choose(r, kind):
    """A socket for a request: often one that may ask it."""
    if r.random() < 0.04:
        return r.choice(SOCKETS)
    if kind == wire.SEAL:
        return "admin"
    if kind in (wire.SIGN_STREAM, wire.GET_SECRET):
        return "wire"
    return r.choice(("trade", "cancel")) if kind in policy.CANCELS + (wire.SIGN_QUERY, wire.STATUS, wire.HELLO) else "trade"


def draw(session):
    """The bytes of a request."""
    if session.r.random() < 0.02:
        return wire.encode_request(wire.GET_SECRET, 1, label=session.r.choice(sorted(KEYS) + ["gone"]))
    return session.draw_message()


def walk(signer, session, count, seen, bad):
    """So many requests; counts reasons in `seen`, adds what differs to `bad`."""
    r = session.r
    for i in range(count):
        if session.sealed:
            if signer.unlock() != "allowed":
                bad.append("unlock")
            session.sealed = False
        if i % 60 == 0:
            session.set_policy(session.draw_policy())
            if signer.set_policy(session.policy_bytes) != "allowed":
                bad.append("set policy %r" % session.policy)
            session.wrong_policies(signer, bad)
        session.wall = now()
        data = draw(session)
        try:
            m = wire.decode_request(data)
        except wire.OtherVersion:
            m = {"type": None, "refusal": "policy-version"}
        except wire.Malformed:
            m = {"type": None, "refusal": "policy-message"}
        where = choose(r, m["type"])
        while True:  # asked too fast, nothing was decided
            before = now()
            reply = signer.connections[where].exchange(data)
            after = now()
            seen[reply["name"]] += 1
            if reply["name"] != "policy-busy":
                break
            time.sleep(0.05)
        wanted = session.expected(m, signer.capabilities(where), before) if m["type"] else {"limit": 0, "value": 0}
        difference = differs(wanted, reply, after - before + 1)
        if m["type"] is None and reply["name"] != m["refusal"]:
            difference = "it is %s" % m["refusal"]
        if difference:
            bad.append("%s: %s (%s)\n%s" % (where, difference, reply["name"], m if m["type"] else data.hex()))
            if m["type"] in wire.SIGNS and reply["reason"] == 0 != wanted["reason"]:
                return  # the counters are not the same any more
        if session.sealed:
            for socket, name in ("trade", "policy-sealed"), ("wire", "policy-sealed"):
                kind, parts = (wire.SIGN_CANCEL_ALL, {"signing": {"key": "h-trade", "transport": 1, "validity": 1}, "symbol": "A-B"}) \
                    if socket == "trade" else (wire.GET_SECRET, {"label": "tg"})
                answer = signer.connections[socket].ask(kind, **parts)["name"]
                seen[answer] += 1
                if answer != name:
                    bad.append("sealed, and %s answers %s" % (socket, answer))
