"""The signer's audit log, read and verified from wallet/AUDIT.md alone."""
import hashlib, os, re, struct

TYPES = {1: "START", 2: "DECISION", 3: "MORE", 4: "UNLOCK", 5: "SEAL", 6: "POLICY", 7: "STOP", 8: "SLICE", 9: "SLICE_END",
         10: "LOST", 11: "SNAPSHOT", 12: "ACCEPT", 13: "REKEY"}
WITHOUT_MAC = {"START", "MORE", "STOP", "DECISION"}
DAY, HOUR, MINUTE = 86400000, 3600000, 60000


class Fault(Exception):
    def __init__(self, segment, offset, block, record, why):
        super().__init__("%08d.audit, offset %d, block %d, record %d: %s" % (segment, offset, block, record, why))
        self.segment, self.offset, self.block, self.record, self.why = segment, offset, block, record, why


def blake(data, key=b""):
    return hashlib.blake2b(data, digest_size=32, key=key).digest()


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def bytes(self, n):
        if self.at + n > len(self.data):
            raise ValueError("a record ends too early")
        self.at += n
        return self.data[self.at - n:self.at]

    def __getattr__(self, name):
        form, n = {"u8": ("<B", 1), "u16": ("<H", 2), "u32": ("<I", 4), "u64": ("<Q", 8), "i64": ("<q", 8)}[name]
        return lambda: struct.unpack(form, self.bytes(n))[0]

    def dec(self):
        return int.from_bytes(self.bytes(16), "little", signed=True)

    def text(self):
        return self.bytes(self.u16()).decode("ascii")


def who(r):
    return dict(pid=r.u32(), uid=r.u32(), caps=r.u32(), connection=r.u32())


def store(r):
    return dict(store=r.bytes(16), generation=r.u64(), policy=r.bytes(32))


def slice_of(r):
    return dict(key=r.text(), symbol=r.text(), instance=r.u64(), first=r.u64(), last=r.u64(), base=r.dec(), value=r.dec(),
                count=r.u32())


def decision(r):
    d = dict(who(r), asked=r.u16(), reason=r.u16(), limit=r.dec(), value=r.dec(), T=r.i64(), boot=r.i64(), length=r.u32())
    d["request"] = r.bytes(r.u16())
    d["order"] = r.u8()
    if d["order"]:
        d.update(key=r.text(), symbol=r.text(), instance=r.u64(), number=r.u64(), replaces=r.u64(), end=r.i64(), base=r.dec(),
                 quote=r.dec(), minute=r.u32(), day=r.u32(), after=[r.dec() for _ in range(4)])
    return d


def body(kind, r):
    if kind == "START":
        return dict(mode=r.u8(), dropped=r.u64(), pid=r.u32(), build=r.text())
    if kind == "DECISION":
        return decision(r)
    if kind == "MORE":
        return dict(more=[(r.u16(), r.u32()) for _ in range(r.u16())])
    if kind == "UNLOCK":
        return dict(who(r), **store(r), T=r.i64(), boot=r.i64(), machine=r.bytes(16), build=r.text())
    if kind == "SEAL":
        return who(r)
    if kind == "POLICY":
        return dict(who(r), **store(r))
    if kind in ("SLICE", "SLICE_END"):
        return slice_of(r)
    if kind == "LOST":
        return dict(slice_of(r), T=r.i64(), end=r.i64())
    if kind == "SNAPSHOT":
        return dict(part=r.u32(), last=r.u8(), items=r.bytes(len(r.data) - r.at))
    if kind == "ACCEPT":
        return dict(store(r), T=r.i64(), counter=r.u64(), log=r.u64(), text=r.text())
    if kind == "REKEY":
        return dict(wrapped=r.bytes(72))
    return {}


def record(r):
    part = Reader(r.bytes(r.u32()))
    kind = TYPES[part.u8()]
    head = dict(kind=kind, n=part.u64(), wall=part.i64(), up=part.i64())
    head.update(body(kind, part))
    if part.at != len(part.data):
        raise ValueError("a record is too long")
    return head


class Counters:
    """What the records add up to, as far as amounts and order numbers go."""

    def __init__(self):
        self.T, self.highest_end, self.orders, self.signed, self.replaced, self.slices = 0, 0, [], set(), set(), {}

    def time(self, T):
        assert T >= self.T, "time goes back"
        self.T = T
        self.orders = [o for o in self.orders if T - o[0] < DAY]

    def count(self, key, symbol, end, base, value):
        self.highest_end = max(self.highest_end, end)
        self.orders.append((self.highest_end, key, symbol.replace("-", ""), base, value))

    def after(self, key, symbol):
        mine = [o for o in self.orders if o[1:3] == (key, symbol.replace("-", ""))]
        hour = [o for o in mine if self.T - o[0] < HOUR]
        minute = [o for o in self.orders if o[1] == key and self.T - o[0] < MINUTE]
        sums = [sum(o[3] for o in hour), sum(o[4] for o in hour), sum(o[3] for o in mine), sum(o[4] for o in mine)]
        return len(minute), len(mine), sums

    def decide(self, r):
        self.time(r["T"])
        if not r["order"]:
            return
        assert r["reason"] == 0 and (r["instance"], r["number"]) not in self.signed, "signed twice"
        if r["replaces"]:
            assert (r["instance"], r["replaces"]) not in self.replaced, "replaced twice"
            self.replaced.add((r["instance"], r["replaces"]))
        self.signed.add((r["instance"], r["number"]))
        if r["order"] == 2:
            s = self.slices[r["key"], r["symbol"], r["instance"]]
            s["base"] -= r["base"]
            s["value"] -= r["quote"]
            s["count"] -= 1
            assert min(s["base"], s["value"], s["count"]) >= 0 and s["first"] <= r["number"] <= s["last"], "no slice covers it"
        self.count(r["key"], r["symbol"], r["end"], r["base"], r["quote"])
        assert (r["minute"], r["day"], r["after"]) == self.after(r["key"], r["symbol"]), "its counters do not add up"

    def slice(self, r):
        name = r["key"], r["symbol"], r["instance"]
        if r["kind"] == "SLICE":
            self.slices[name] = dict(r)
            return
        s = self.slices.pop(name)
        assert all(s[f] == r[f] for f in ("first", "last", "base", "value", "count")), "not what is left of it"
        if r["kind"] == "LOST":
            self.time(r["T"])
            for n in range(r["count"]):
                self.count(r["key"], r["symbol"], r["end"], 0 if n else r["base"], 0 if n else r["value"])
            self.signed.update((r["instance"], n) for n in range(r["first"], r["last"] + 1))

    def snapshot(self, r):
        """Compares the orders that count; takes them where nothing was known (T is 0)."""
        items, slots, orders = Reader(r["items"]), getattr(self, "slots", {}), getattr(self, "seen", [])
        if r["part"] == 0:
            slots, orders = {}, []
        while items.at < len(items.data):
            kind = items.u8()
            if kind == 1:
                self.snapshot_T, self.snapshot_end = items.i64(), items.i64()
            elif kind == 2:
                items.bytes(16 + 256)
            elif kind == 3:
                slot = items.u32()
                slots[slot] = items.text(), items.text()
            else:
                end, base, value = items.i64(), items.dec(), items.dec()
                orders.append((end, *slots[items.u32()], base, value))
        self.slots, self.seen = slots, orders
        if not r["last"]:
            return
        if self.T:
            self.time(self.snapshot_T)
            assert not self.slices and orders == self.orders, "the snapshot does not add up"
        self.T, self.highest_end, self.orders, self.slices = self.snapshot_T, self.snapshot_end, orders, {}

    def apply(self, r, mac):
        if not mac:
            assert r["kind"] in WITHOUT_MAC and not r.get("order"), "a record that needs a MAC"
        elif r["kind"] == "DECISION":
            self.decide(r)
        elif r["kind"] == "UNLOCK":
            self.time(r["T"])
        elif r["kind"] in ("SLICE", "SLICE_END", "LOST"):
            self.slice(r)
        elif r["kind"] == "SNAPSHOT":
            self.snapshot(r)
        elif r["kind"] == "ACCEPT":
            self.__init__()


def blocks(directory):
    """(segment, offset, block's bytes) of all segments; raises Fault."""
    names = sorted(n for n in os.listdir(directory) if re.fullmatch(r"\d{8}\.audit", n))
    for name in names:
        segment, at = int(name[:8]), 0
        with open(os.path.join(directory, name), "rb") as f:
            data = f.read()
        while data[at:at + 64].strip(b"\0"):
            length = struct.unpack_from("<I", data, at + 4)[0] if len(data) >= at + 64 else 0
            yield segment, at, data[at:at + max(length, 64)], length
            at += length


def verify(directory, key=None):
    """All records; raises Fault with the first thing that is wrong. [key]: of the MACs."""
    number = first = segment_before = 0
    link, found, counters = bytes(32), [], Counters()
    for segment, at, data, length in blocks(directory):
        def fault(why):
            return Fault(segment, at, number + 1, first + 1, why)

        if data[:4] != b"TWAB" or not 64 + 29 + 64 <= length <= 32768 or len(data) != length or blake(data[:-32]) != data[-32:]:
            raise fault("changed")
        r = Reader(data[8:-64])
        n, record_number, count, version, mac, of = r.u64(), r.u64(), r.u16(), r.u8(), r.u8(), r.u32()
        before = r.bytes(32)
        try:
            records = [record(r) for _ in range(count)]
        except (ValueError, KeyError) as e:
            raise fault(str(e))
        accepted = at == 0 and mac and records[0]["kind"] == "ACCEPT" and n > number and record_number > first
        if of != segment or segment not in (segment_before, segment_before + 1) or version != 1:
            raise fault("another segment's")
        if not accepted and (n, record_number, before) != (number + 1, first + 1, link):
            raise fault("missing" if n > number + 1 else "again" if n <= number else "spliced")
        if mac and key and blake(data[:-64], key) != data[-64:-32]:
            raise fault("forged")
        for i, rec in enumerate(records):
            try:
                assert rec["n"] == record_number + i, "its number"
                counters.apply(rec, mac)
            except (AssertionError, KeyError) as e:
                first = rec["n"] - 1
                raise fault(str(e))
        number, first, link, segment_before = n, record_number + count - 1, data[-32:], segment
        found += records
    return found
