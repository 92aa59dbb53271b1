"""The signer's protocol (wallet/PROTOCOL.md), written from that page alone, and a client that speaks it.

    signing = {"key": "trade-1", "transport": REST, "timestamp": now_ms, "validity": 5000}
    order = {"instance": 1, "number": 1, "symbol": "BTC-USDT", "coid": "a1", "side": BUY, "kind": LIMIT, "tif": GTC,
             "base": units("0.01"), "price": units("30000")}
    with Client("/run/tradewind/trade.sock") as c:          # says HELLO
        reply = c.ask(SIGN_ORDER, signing=signing, order=order)
        reply["reason"], reply["name"], reply["limit"]      # 35, "policy-floor", 31000 * 10**18
        reply["parameters"]                                 # where the reason is 0

Messages are dicts: {"type", "id", parts...}. Numbers that are left out are 0, texts empty. Amounts are integers that
count 10^-18. What does not keep to the page raises Malformed, in both directions; a hostile client takes the bytes of
encode_request() and breaks them, or puts its own together from pack().
"""
import re, socket, struct

VERSION = 1
MESSAGE_MAX, POLICY_MESSAGE_MAX = 4096, 26624
POLICY_MAX, SECRET_MAX, LIST_MAX = 24576, 1024, 16
REPLY = 0x8000

HELLO, STATUS = 1, 2
SIGN_ORDER, SIGN_CANCEL, SIGN_CANCEL_REPLACE, SIGN_CANCEL_ALL, SIGN_QUERY, SIGN_STREAM = 16, 17, 18, 19, 20, 21
GET_SECRET = 32
UNLOCK, SEAL, LIST, POLICY_SET = 48, 49, 50, 51
SIGNS = (SIGN_ORDER, SIGN_CANCEL, SIGN_CANCEL_REPLACE, SIGN_CANCEL_ALL, SIGN_QUERY, SIGN_STREAM)

CAN_STATUS, CAN_TRADE, CAN_CANCEL, CAN_WIRE, CAN_ADMIN = 1, 2, 4, 8, 16
CAN_ANY = 31
NEEDS = {  # one of these bits is enough; HELLO needs none
    HELLO: 0, STATUS: CAN_ANY, SIGN_ORDER: CAN_TRADE, SIGN_CANCEL: CAN_TRADE | CAN_CANCEL,
    SIGN_CANCEL_REPLACE: CAN_TRADE, SIGN_CANCEL_ALL: CAN_TRADE | CAN_CANCEL, SIGN_QUERY: CAN_TRADE | CAN_CANCEL,
    SIGN_STREAM: CAN_WIRE, GET_SECRET: CAN_WIRE, UNLOCK: CAN_ADMIN, SEAL: CAN_ADMIN, LIST: CAN_ADMIN,
    POLICY_SET: CAN_ADMIN,
}

REST, WEBSOCKET = 1, 2
BUY, SELL = 1, 2
LIMIT, LIMIT_MAKER, MARKET, STOP_LOSS_LIMIT, TAKE_PROFIT_LIMIT = 1, 2, 3, 4, 5
NO_TIF, GTC, IOC, FOK = 0, 1, 2, 3
Q_ORDER, Q_OPEN, Q_ALL, Q_TRADES, Q_ACCOUNT, Q_PERMISSIONS, Q_LIMITS = 1, 2, 3, 4, 5, 6, 7
PASSPHRASE, CREDENTIAL = 1, 2
GET, POST, DELETE, CALL = 1, 2, 3, 4

REASONS = {
    0: "allowed",
    1: "policy-message", 2: "policy-version", 3: "policy-no-hello", 4: "policy-capability", 5: "policy-sealed",
    6: "policy-busy", 7: "policy-audit", 8: "policy-secret", 9: "policy-encoder", 10: "policy-bad-policy",
    16: "policy-key", 17: "policy-class", 18: "policy-network", 19: "policy-operation", 20: "policy-symbol",
    32: "policy-shape", 33: "policy-type", 34: "policy-market", 35: "policy-floor", 36: "policy-ceiling",
    37: "policy-window", 38: "policy-early", 39: "policy-late",
    48: "policy-order-base", 49: "policy-order-value", 50: "policy-hour-base", 51: "policy-hour-value",
    52: "policy-day-base", 53: "policy-day-value", 54: "policy-rate", 55: "policy-overflow",
    64: "policy-repeated", 65: "policy-old-intent", 66: "policy-replaces", 67: "policy-instances", 68: "policy-memory",
}
REASON = {name: number for number, name in REASONS.items()}

ONE = 10 ** 18
DEC_MAX = 2 ** 127 - 1


class Malformed(Exception):
    """Bytes, or a message to be made of them, that the page does not allow."""


class OtherVersion(Malformed):
    """A header of another version of the protocol."""


def units(text):
    """A decimal as written, exactly, as a count of 10^-18."""
    m = re.fullmatch(r"(-?)(\d+)(?:\.(\d{1,18}))?", str(text))
    if not m:
        raise ValueError("not a decimal of at most 18 places: %r" % text)
    value = int(m.group(2)) * ONE + int((m.group(3) or "").ljust(18, "0"))
    return -value if m.group(1) else value


def shown(value):
    """units() the other way, as short as it goes."""
    whole, places = divmod(abs(value), ONE)
    text = str(whole) + (".%018d" % places).rstrip("0").rstrip(".")
    return "-" + text if value < 0 else text


# Fields. Each name stands for (write, read): write(value) -> bytes, read(Reader) -> value.

INTEGERS = {"u8": (1, False), "u16": (2, False), "u32": (4, False), "u64": (8, False), "i64": (8, True),
            "dec": (16, True)}
TEXTS = {
    "label": (re.compile(rb"[a-z0-9][a-z0-9_-]*\Z"), 32),
    "symbol": (re.compile(rb"[A-Z0-9]+-[A-Z0-9]+\Z"), 32),
    "symbol?": (re.compile(rb"(?:[A-Z0-9]+-[A-Z0-9]+)?\Z"), 32),
    "coid": (re.compile(rb"[A-Za-z0-9_-]*\Z"), 36),
    "network": (re.compile(rb"[ -~]+\Z"), 64),
    "network?": (re.compile(rb"[ -~]*\Z"), 64),
    "path": (re.compile(rb"[^\0]*\Z"), 63),
    "api_key": (re.compile(rb"[^\0]*\Z"), 128),
    "parameters": (re.compile(rb"[^\0]*\Z"), 2047),
}


class Reader:
    def __init__(self, data):
        self.data, self.at = bytes(data), 0

    def take(self, n):
        if self.at + n > len(self.data):
            raise Malformed("a byte is missing after %d" % len(self.data))
        self.at += n
        return self.data[self.at - n:self.at]

    def end(self):
        if self.at != len(self.data):
            raise Malformed("%d bytes too many" % (len(self.data) - self.at))


def pack(kind, value):
    """One field, whatever its value: nothing is checked but that it fits its bytes."""
    if kind in INTEGERS:
        size, signed = INTEGERS[kind]
        try:
            return int(value).to_bytes(size, "little", signed=signed)
        except OverflowError:
            raise Malformed("%d does not fit %s" % (value, kind))
    raw = value if isinstance(value, bytes) else value.encode()
    return struct.pack("<H", len(raw)) + raw


def check(kind, value, low=None, high=None):
    if kind == "dec" and abs(value) > DEC_MAX:
        raise Malformed("the least number does not exist")
    if kind in TEXTS:
        pattern, longest = TEXTS[kind]
        raw = value if isinstance(value, bytes) else value.encode()
        if len(raw) > longest or not pattern.match(raw):
            raise Malformed("no %s: %r" % (kind, value))
    elif kind == "bytes":
        if not low <= len(value) <= high:
            raise Malformed("%d bytes, not %d to %d" % (len(value), low, high))
    elif (low is not None and value < low) or (high is not None and value > high):
        raise Malformed("%d is out of its range" % value)
    return value


def write_field(value, kind, low=None, high=None):
    check(kind, value, low, high)
    if kind == "bytes":
        return pack("u32", len(value)) + bytes(value)
    return pack(kind, value)


def read_field(r, kind, low=None, high=None):
    if kind in INTEGERS:
        size, signed = INTEGERS[kind]
        return check(kind, int.from_bytes(r.take(size), "little", signed=signed), low, high)
    if kind == "bytes":
        size = read_field(r, "u32", low, high)
        return r.take(size)
    size = read_field(r, "u16", 0, TEXTS[kind][1])
    raw = check(kind, r.take(size))
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise Malformed("not a text: %r" % raw)


def amount(name):
    return (name, "dec", 0, DEC_MAX)


def ms(name):
    return (name, "i64", 0, 2 ** 63 - 1)


SIGNING = (("key", "label"), ("transport", "u8", 1, 2), ms("timestamp"), ("validity", "u32", 1, 60000))
ORDER = (("instance", "u64"), ("number", "u64"), ("replaces", "u64"), ("symbol", "symbol"), ("coid", "coid"),
         ("side", "u8", 1, 2), ("kind", "u8", 1, 5), ("tif", "u8", 0, 3), amount("base"), amount("quote"),
         amount("price"), amount("stop"))
CANCEL = (("symbol", "symbol"), ("coid", "coid"), ("venue_id", "u64"))
QUERY = (("what", "u8", 1, 7), ("symbol", "symbol?"), ("coid", "coid"), ("venue_id", "u64"), ms("from"), ms("to"),
         ("limit", "u32"))
SECRET = (("how", "u8", 1, 2), ("bytes", "bytes", 1, SECRET_MAX))
PARTS = {"signing": SIGNING, "order": ORDER, "cancel": CANCEL, "query": QUERY, "secret": SECRET}

REQUESTS = {  # type -> names of parts (above), or fields
    HELLO: (), STATUS: (),
    SIGN_ORDER: ("signing", "order"), SIGN_CANCEL: ("signing", "cancel"),
    SIGN_CANCEL_REPLACE: ("signing", "cancel", "order"), SIGN_CANCEL_ALL: ("signing", ("symbol", "symbol")),
    SIGN_QUERY: ("signing", "query"), SIGN_STREAM: ("signing",), GET_SECRET: (("label", "label"),),
    UNLOCK: ("secret",), SEAL: (), LIST: (("first", "u32"),),
    POLICY_SET: ("secret", ("policy", "bytes", 0, POLICY_MAX)),
}
SIGNED = (("transport", "u8", 1, 2), ("method", "u8", 1, 4), ("covered", "u8", 0, 1), ("path", "path"),
          ("api_key", "api_key"), ("parameters", "parameters"))
REPLIES = {
    HELLO: (("capabilities", "u32", 0, CAN_ANY), ("sealed", "u8", 0, 1)),
    STATUS: (("sealed", "u8", 0, 1), ("keys", "u32"), ("generation", "u64"), ("policy_hash", "hash")),
    GET_SECRET: (("bytes", "bytes", 1, SECRET_MAX),),
    UNLOCK: (), SEAL: (), POLICY_SET: (),
    LIST: (("all", "u32"), ("keys", "keys")),
}
REPLIES.update({kind: SIGNED for kind in SIGNS})
LISTED = (("label", "label"), ("class", "u8"), ("kind", "u8"), ("network", "network?"))


def empty(kind):
    return b"" if kind == "bytes" else "" if kind in TEXTS else 0


def write(fields, values):
    unknown = set(values) - {f[0] for f in fields}
    if unknown:
        raise Malformed("no such field: %s" % ", ".join(sorted(unknown)))
    return b"".join(write_field(values.get(f[0], empty(f[1])), *f[1:]) for f in fields)


def read(fields, r):
    return {f[0]: read_field(r, *f[1:]) for f in fields}


def header(kind, number, version=VERSION):
    return struct.pack("<HHI", version, kind, number)


def most(kind):
    return POLICY_MESSAGE_MAX if kind == POLICY_SET else MESSAGE_MAX


def encode_request(kind, number, **parts):
    """The bytes of a request of that type and id."""
    out, parts = header(kind, number), dict(parts)
    for part in REQUESTS[kind]:
        if isinstance(part, str):
            out += write(PARTS[part], parts.pop(part, {}))
        else:
            out += write_field(parts.pop(part[0], empty(part[1])), *part[1:])
    if parts:
        raise Malformed("no such part: %s" % ", ".join(sorted(parts)))
    if len(out) > most(kind):
        raise Malformed("a message of %d bytes" % len(out))
    return out


def read_header(data):
    r = Reader(data)
    version, kind, number = struct.unpack("<HHI", r.take(8))
    if version != VERSION:
        raise OtherVersion("version %d" % version)
    return r, kind, number


def decode_request(data):
    """Bytes -> {"type", "id", parts}."""
    r, kind, number = read_header(data)
    if kind not in REQUESTS:
        raise Malformed("no request has type %d" % kind)
    if len(data) > most(kind):
        raise Malformed("a message of %d bytes" % len(data))
    m = {"type": kind, "id": number}
    for part in REQUESTS[kind]:
        if isinstance(part, str):
            m[part] = read(PARTS[part], r)
        else:
            m[part[0]] = read_field(r, *part[1:])
    r.end()
    return m


def encode_reply(kind, number, reason=0, limit=0, value=0, **fields):
    """The bytes of a reply to a request of that type (of a server: for tests of clients)."""
    out = header(kind | REPLY, number) + pack("u16", reason)
    if reason:
        return out + write_field(limit, "dec") + write_field(value, "dec")
    for name, code, *bounds in REPLIES[kind]:
        v = fields.pop(name, None)
        if code == "hash":
            check("bytes", v, 32, 32)
            out += v
        elif code == "keys":
            if len(v) > LIST_MAX:
                raise Malformed("%d keys in one reply" % len(v))
            out += pack("u32", len(v))
            for key in v:
                public = check("bytes", key["public"], 0, 64)
                out += write(LISTED, {k: x for k, x in key.items() if k != "public"}) + pack("u16", len(public)) + public
        else:
            out += write_field(empty(code) if v is None else v, code, *bounds)
    if fields:
        raise Malformed("no such field: %s" % ", ".join(sorted(fields)))
    return out


def decode_reply(data):
    """Bytes -> {"type" (of the request), "id", "reason", "name", and "limit", "value" or what the request asked for}."""
    if len(data) > MESSAGE_MAX:
        raise Malformed("a reply of %d bytes" % len(data))
    r, kind, number = read_header(data)
    if not kind & REPLY:
        raise Malformed("no reply has type %d" % kind)
    m = {"type": kind & ~REPLY, "id": number, "reason": read_field(r, "u16")}
    if m["reason"] not in REASONS:
        raise Malformed("no reason has the number %d" % m["reason"])
    m["name"] = REASONS[m["reason"]]
    if m["reason"]:
        m["limit"], m["value"] = read_field(r, "dec"), read_field(r, "dec")
        r.end()
        return m
    if m["type"] not in REPLIES:
        raise Malformed("no request has type %d" % m["type"])
    for name, code, *bounds in REPLIES[m["type"]]:
        if code == "hash":
            m[name] = r.take(32)
        elif code == "keys":
            m[name] = []
            for _ in range(read_field(r, "u32", 0, LIST_MAX)):
                key = read(LISTED, r)
                key["public"] = r.take(read_field(r, "u16", 0, 64))
                m[name].append(key)
        else:
            m[name] = read_field(r, code, *bounds)
    r.end()
    if m["type"] in SIGNS and (m["method"] == CALL) != (m["transport"] == WEBSOCKET):
        raise Malformed("method %d with transport %d" % (m["method"], m["transport"]))
    return m


class Gone(Exception):
    """The signer has closed the connection."""


class Client:
    """A connection; `where` is a path, or a SEQPACKET socket that is connected. Says HELLO unless told not to."""

    def __init__(self, where, hello=True, timeout=60):
        if isinstance(where, socket.socket):
            self.socket = where
        else:
            self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            try:
                self.socket.settimeout(timeout)
                self.socket.connect(where)
            except OSError:
                self.socket.close()
                raise
        self.socket.settimeout(timeout)
        self.number = 0
        self.greeting = self.ask(HELLO) if hello else None

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        """One packet, as it is."""
        try:
            self.socket.send(data)
        except (BrokenPipeError, ConnectionResetError):
            raise Gone()

    def receive(self):
        """One packet, as it is."""
        try:
            data = self.socket.recv(POLICY_MESSAGE_MAX + 1)
        except ConnectionResetError:
            raise Gone()
        if not data:
            raise Gone()
        return data

    def exchange(self, data):
        """Sends bytes and returns the reply to them, decoded."""
        self.send(data)
        return decode_reply(self.receive())

    def flood(self, data, times, at_once=24):
        """Sends bytes many times without waiting for each reply, so that a slow machine asks too much as well; gives the
        names of the replies."""
        while times > 0:
            for _ in range(at_once):
                self.send(data)
            for _ in range(at_once):
                yield decode_reply(self.receive())["name"]
            times -= at_once

    def ask(self, kind, **parts):
        """Sends a request and returns the reply to it."""
        self.number = self.number % 0xffffffff + 1
        reply = self.exchange(encode_request(kind, self.number, **parts))
        if reply["id"] != self.number or reply["type"] != kind:
            raise Malformed("asked %d of type %d, answered %d of type %d"
                            % (self.number, kind, reply["id"], reply["type"]))
        return reply
