#!/usr/bin/env python3
"""The signer is killed again and again while clients ask it for orders, and every other time the disk also loses what was not
synced. Of all the signatures that a client was ever given: no order twice, none replaced twice, no cap passed. In both modes.

TRADEWIND_TEST_SEED repeats a run, TRADEWIND_TEST_KILLS says how many of each mode."""
import collections, os, random, shutil, signal, socket, struct, subprocess, sys, tempfile, threading, time

sys.path.insert(0, "tests/tools")
sys.path.insert(0, "tests/lib")
import audit_log, tap
import signer_client as wire, signer_policy as policy
import signer_rig

SEED = int(os.environ.get("TRADEWIND_TEST_SEED") or random.randrange(2 ** 32))
KILLS = int(os.environ.get("TRADEWIND_TEST_KILLS") or 32)
print("# TRADEWIND_TEST_SEED=%d" % SEED)
draw = random.Random(SEED)
SCRATCH = tempfile.mkdtemp(prefix="tw-kills-")
# What one order takes is counted at the ceiling, 10: value caps bind where base caps do not.
CAPS = {"AAA-USDT": ("hour_base", 90), "BBB-USDT": ("hour_value", 2000), "CCC-USDT": ("day_base", 400),
        "DDD-USDT": ("day_value", 9000), "EEE-USDT": ("hour_base", 10 ** 6)}
RATES = {"bin": 6000, "ed": 300}
INSTANCES = (1, 2, 2 ** 64 - 1)
COUNTER_STEP = 4096
MINUTE = 50  # less what a signature may wait for its reader
ONE = 10 ** 18


def the_policy():
    many = wire.units("1000000000")
    instruments = []
    for symbol, (cap, most) in CAPS.items():
        i = dict(dict.fromkeys(policy.CAPS, many), symbol=symbol, floor=wire.units("1"), ceiling=wire.units("10"))
        i[cap] = most * ONE
        instruments.append(i)
    return policy.encode({"keys": [{
        "key": key, "network": signer_rig.NETWORK, "operations": policy.ORDER | policy.REPLACE, "kinds": 1 << wire.LIMIT,
        "validity": 60000, "skew": 60000, "rate": rate, "replays": 1, "instruments": instruments} for key, rate in RATES.items()]})


class Judge:
    """Knows nothing but which signatures came."""

    def __init__(self):
        self.signed, self.replaced, self.sums, self.times, self.faults = set(), set(), collections.Counter(), {}, []
        self.reasons, self.asked = collections.Counter(), set()

    def take(self, asked, reply):
        self.reasons[reply["name"]] += 1
        if reply["reason"]:
            return
        o, key = asked["order"], asked["signing"]["key"]
        intent = o["instance"], o["number"]
        if intent in self.signed:
            self.faults.append("signed twice: %r" % (intent,))
        self.signed.add(intent)
        if o["replaces"]:
            old = o["instance"], o["replaces"]
            if old in self.replaced or old not in self.asked:  # whose answer may have died with the signer
                self.faults.append("replaced twice, or never asked for: %r" % (old,))
            self.replaced.add(old)
        cap, most = CAPS[o["symbol"]]
        self.sums[key, o["symbol"]] += o["base"] * (10 if "value" in cap else 1)
        if self.sums[key, o["symbol"]] > most * ONE:
            self.faults.append("%s of %s passed %s" % (key, o["symbol"], cap))
        times = self.times.setdefault(key, collections.deque())
        times.append(time.monotonic())
        while times[0] < times[-1] - MINUTE:
            times.popleft()
        if len(times) > RATES[key]:
            self.faults.append("%s: %d orders in a minute" % (key, len(times)))


class Crowd:
    """Asks for orders: new ones, old ones again, replacements."""

    def __init__(self, judge):
        self.judge, self.top, self.history, self.id = judge, {i: draw.randrange(1, 50) for i in INSTANCES}, [], 0

    def request(self):
        instance, what, replaces = draw.choice(INSTANCES), draw.random(), 0
        mine = [n for i, n in self.history[-400:] if i == instance]
        if what < 0.25 and mine:
            number = draw.choice(mine)                      # again
        elif what < 0.3:
            number = max(1, self.top[instance] - draw.randrange(100))  # perhaps one left out
        else:
            self.top[instance] += draw.choice((1, 1, 1, 2, 7, 70) if what < 0.4 else (1,))
            number = self.top[instance]
        if draw.random() < 0.1 and mine:
            replaces = draw.choice(mine)
        self.history.append((instance, number))
        self.judge.asked.add((instance, number))
        symbol, now = draw.choice(list(CAPS)), int(time.time() * 1000)
        order = dict(instance=instance, number=number, replaces=replaces, symbol=symbol, coid="c%d" % self.id, side=wire.BUY,
                     kind=wire.LIMIT, tif=wire.GTC, base=draw.randrange(1, 20) * ONE, price=5 * ONE)
        parts = dict(signing=dict(key=draw.choice(list(RATES)), transport=wire.REST, timestamp=now, validity=1000), order=order)
        kind = wire.SIGN_ORDER
        if replaces:
            kind, parts["cancel"] = wire.SIGN_CANCEL_REPLACE, dict(symbol=symbol, coid="old")
        self.id += 1
        return kind, parts


class Line:
    """One connection, with its requests under way."""

    def __init__(self, rig, crowd):
        self.crowd, self.under_way = crowd, {}
        self.s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.s.connect(rig.socket("trade.sock"))
        self.s.send(wire.encode_request(wire.HELLO, 0))
        assert not wire.decode_reply(self.s.recv(5000))["reason"]

    def ask(self):
        kind, parts = self.crowd.request()
        self.under_way[self.crowd.id] = parts
        self.s.send(wire.encode_request(kind, self.crowd.id, **parts))

    def hear(self):
        data = self.s.recv(5000)
        if not data:
            raise ConnectionError
        reply = wire.decode_reply(data)
        self.crowd.judge.take(self.under_way.pop(reply["id"]), reply)

    def rest(self):
        """What it had answered before it died. Its end is told once, before what is left."""
        ends = 0
        while ends < 3:
            try:
                self.hear()
            except ConnectionError:
                ends += 1
        self.s.close()


def until_killed(rig, crowd):
    pid, lines = rig.process.pid, []
    kill = lambda: os.kill(pid, signal.SIGKILL)
    by_time = draw.random() < 0.6
    left = 10 ** 9 if by_time else draw.randrange(0, 150)
    timer = threading.Timer(draw.uniform(0, 0.15), kill)
    try:
        lines += [Line(rig, crowd) for _ in range(draw.randrange(1, 4))]
        if by_time:
            timer.start()
        deep = draw.choice((1, 3, 20))
        while left > 0:
            line = draw.choice(lines)
            line.ask()
            left -= 1
            if len(line.under_way) >= deep:
                line.hear()
    except ConnectionError:
        pass
    if by_time:
        timer.join()
    else:
        kill()
    rig.process.wait()
    for line in lines:
        line.rest()
    rig.stop()


def lose_power(rig):
    """Of what was written behind the last sync, the disk has some and some not."""
    with open(os.path.join(rig.directory, "counter"), "rb") as f:
        data = f.read()
    synced = max(struct.unpack_from("<QQ", data, at + 8) for at in (0, COUNTER_STEP) if data[at:at + 4] == b"TWAC")[1]
    behind = [(segment, at, length) for segment, at, bytes_, length in audit_log.blocks(rig.store + ".audit")
              if struct.unpack_from("<Q", bytes_, 8)[0] > synced]
    if not behind:
        return 0
    how, first = draw.randrange(4), draw.randrange(len(behind))
    gone = behind if how < 2 else behind[first:] if how == 2 else [behind[first]]
    for segment, at, length in gone:
        with open(os.path.join(rig.store + ".audit", "%08d.audit" % segment), "r+b") as f:
            f.seek(at)
            f.write(bytes(length))
    return len(gone)


def audit_verify(rig):
    r, w = os.pipe()
    os.write(w, rig.phrase.encode())
    os.close(w)
    p = subprocess.run([signer_rig.SIGNER, "audit", "verify", "--store", rig.store, "--counter",
                        os.path.join(rig.directory, "counter"), "--passphrase-fd", str(r)], env=signer_rig.environment(rig.directory),
                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, pass_fds=[r])
    os.close(r)
    return p.returncode, p.stdout.decode(errors="replace")


def one_mode(mode):
    rig = signer_rig.Rig(os.path.join(SCRATCH, mode), {"bin": ("binance-hmac", "s" * 32), "ed": ("binance-ed25519", "11" * 32)})
    judge = Judge()
    crowd, lost = Crowd(judge), 0
    for n in range(KILLS):
        rig.start("--durability", mode)
        rig.unlock()
        if n == 0:
            rig.admin(wire.POLICY_SET, secret={"how": wire.PASSPHRASE, "bytes": rig.phrase.encode()}, policy=the_policy())
        until_killed(rig, crowd)
        if n % 2:
            lost += lose_power(rig)
        if judge.faults:
            break
    print("# %s: %d signatures, %d written blocks lost, %s" % (mode, len(judge.signed), lost, dict(judge.reasons)))
    tap.ok(not judge.faults, mode + "_nothing_is_signed_twice_and_no_cap_passed", judge.faults[:5])
    tap.ok(len(judge.signed) > KILLS and judge.replaced, mode + "_and_much_was_signed", dict(judge.reasons))
    for reason in ("policy-repeated", "policy-hour-base", "policy-replaces"):
        tap.ok(judge.reasons[reason], "%s_and_%s_was_needed" % (mode, reason), dict(judge.reasons))
    rig.start("--durability", mode)
    rig.unlock()
    rig.stop()
    code, said = audit_verify(rig)
    tap.ok(code == 0, mode + "_its_log_is_whole", said)
    return lost


try:
    one_mode("strict")
    tap.ok(one_mode("sliced") > 0, "there_was_something_to_lose")
finally:
    shutil.rmtree(SCRATCH, ignore_errors=True)
tap.done()
