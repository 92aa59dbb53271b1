#!/usr/bin/env python3
"""`tradewind audit` on logs with real files: what verify, show and accept say, what kill -9 leaves, a full disk; and another
program, written from wallet/AUDIT.md alone, that reads the same logs."""
import json, os, random, resource, shutil, signal, subprocess, sys, tempfile

sys.path[:0] = ["tests/tools", "tests/lib"]
import tap
import audit_log

TRADEWIND, SIGNER, DRIVER = (os.path.join(tap.BUILD, n) for n in ("tradewind", "tradewind-signer", "tools/audit_driver"))
SCRATCH = tempfile.mkdtemp(prefix="tw-audit-")
PHRASE = "correct-horse-battery-1"
STORE = os.path.join(SCRATCH, "keys")
ENV = {k: v for k, v in os.environ.items() if not k.startswith("TRADEWIND_")}
ENV.update(HOME=SCRATCH, ASAN_OPTIONS="detect_leaks=0")
LOG, COUNTER = STORE + ".audit", os.path.join(SCRATCH, ".local/state/tradewind/keys.counter")
POLICY = """version = 1
[[key]]
label = "trade-1"
network = "binance:mainnet"
operations = ["order"]
order_types = ["limit"]
max_validity = "5s"
max_clock_skew = "1s"
max_orders_per_minute = 6000
replays = 1
[[key.instrument]]
symbol = "BTC-USDT"
price_floor = "50"
price_ceiling = "200"
max_base_per_order = "100"
max_value_per_order = "20000"
max_base_per_hour = "100"
max_value_per_hour = "20000"
max_base_per_day = "100"
max_value_per_day = "20000"
"""


def run(*line, phrase=None):
    line, ends = list(line), []
    if phrase:
        r, w = os.pipe()
        os.write(w, phrase.encode())
        os.close(w)
        ends.append(r)
        line += ["--passphrase-fd", str(r)]
    p = subprocess.run(line, env=ENV, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=ends,
                       start_new_session=True)
    for r in ends:
        os.close(r)
    return p.returncode, p.stdout.decode(), p.stderr.decode()


def audit(*arguments, phrase=None):
    return run(TRADEWIND, "audit", arguments[0], "--store", STORE, *arguments[1:], phrase=phrase)


class Signer:
    """The driver, which answers line by line."""

    def __init__(self, mode="sliced", kib=1024, limit=None):
        def small():
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        self.p = subprocess.Popen([DRIVER, STORE, PHRASE, LOG, COUNTER, mode, str(kib)], env=ENV, stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True,
                                  preexec_fn=small if limit else None)
        self.opened = self.p.stdout.readline().strip() == "open"
        if not self.opened:
            self.why = self.p.stderr.read()
            self.p.wait()

    def say(self, *words):
        self.p.stdin.write(" ".join(map(str, words)) + "\n")
        self.p.stdin.flush()
        return self.p.stdout.readline().strip()

    def order(self, number, instance=1, replaces=0, symbol="BTC-USDT", qty="0.5"):
        return self.say("order", instance, number, replaces, symbol, qty)

    def stop(self):
        answer = self.say("stop")
        self.p.communicate()
        return answer

    def kill(self):
        self.p.kill()
        self.p.communicate()


def keep():
    """A copy of log and counter; the result puts it back."""
    to = tempfile.mkdtemp(dir=SCRATCH)
    shutil.copytree(LOG, to + "/log")
    shutil.copy(COUNTER, to + "/counter")

    def back():
        shutil.rmtree(LOG, ignore_errors=True)
        shutil.copytree(to + "/log", LOG)
        shutil.copy(to + "/counter", COUNTER)
    return back


def agrees(name, key):
    """Both programs find the log good, with the same records."""
    code, out, err = audit("verify", "--json", phrase=PHRASE)
    try:
        records = audit_log.verify(LOG, key)
    except audit_log.Fault as e:
        return tap.ok(False, name, "%s; tradewind: %s%s" % (e, out, err))
    said = json.loads(out)
    return tap.ok(code == 0 and said["good"] and said["records"] == len(records) and said["macs_checked"] and
                  said["orders"] == sum(r.get("order", 0) > 0 for r in records), name, out + err)


def both_find(name, damage, key):
    """Damage that both programs find at the same record."""
    back = keep()
    damage()
    code, out, err = audit("verify", "--json", phrase=PHRASE)
    try:
        audit_log.verify(LOG, key)
        other = None
    except audit_log.Fault as e:
        other = e
    said = json.loads(out) if out else {}
    tap.ok(code == 1 and other and (said.get("segment"), said.get("offset"), said.get("block"), said.get("record")) ==
           (other.segment, other.offset, other.block, other.record), name, "%s\n%s%s" % (other, out, err))
    back()


def flip(at, bit=1):
    with open(os.path.join(LOG, "00000001.audit"), "r+b") as f:
        f.seek(at)
        old = f.read(1)[0]
        f.seek(at)
        f.write(bytes([old ^ bit]))


def good_life():
    os.makedirs(LOG, 0o700)
    os.makedirs(os.path.dirname(COUNTER), 0o700)
    code, out, err = run(SIGNER, "key", "init", "--store", STORE, "--kdf-memory", "8", "--kdf-passes", "1", phrase=PHRASE)
    tap.ok(code == 0, "a_store", err)
    with open(os.path.join(SCRATCH, "policy.toml"), "w") as f:
        f.write(POLICY)
    code, out, err = run(TRADEWIND, "policy", "set", f.name, "--store", STORE, "--yes", phrase=PHRASE)
    tap.ok(code == 0, "a_policy", out + err)
    code, out, err = audit("verify")
    tap.ok(code == 1 and "counter" in err, "no_log_yet", out + err)
    s = Signer()
    tap.ok(s.opened and s.order(1) != "signed" and s.say("unlock") == "unlocked", "opens_sealed")
    s.stop()
    s = Signer()
    s.say("unlock")
    tap.ok([s.order(n) for n in (2, 3)] == ["signed"] * 2 and s.order(2) == "policy-repeated", "signs_each_once")
    tap.ok(s.order(4, replaces=2) == "signed" and s.order(5, replaces=2) == "policy-replaces", "replaces_each_once")
    s.say("refuse")
    s.say("cancel")
    other = Signer()
    tap.ok(not other.opened and "another signer" in other.why, "one_signer_at_a_time", getattr(other, "why", ""))
    key = bytes.fromhex(s.say("key"))
    tap.ok(s.stop() == "stopped", "stops")
    return key


def shows():
    code, out, err = audit("show")
    tap.ok(code == 0 and "buy 0.5 BTC-USDT limit 100 #2" in out and "policy-repeated" in out and "day base 1.5" in out and
           "instead of #2" in out and "stop" in out, "show", out + err)
    code, out, err = audit("show", "--json")
    lines = [json.loads(l) for l in out.splitlines()]
    tap.ok(code == 0 and [l["number"] for l in lines] == list(range(1, len(lines) + 1)), "show_json", out + err)
    code, out, err = audit("show", "--json", "--refused")
    refused = [json.loads(l)["reason"] for l in out.splitlines()]
    tap.ok(refused == ["policy-repeated", "policy-replaces", "policy-key"], "show_refused", out + err)
    code, out, err = audit("show", "--json", "--reason", "policy-key")
    tap.ok([json.loads(l)["reason"] for l in out.splitlines()] == ["policy-key"], "show_reason", out + err)
    code, out, err = audit("show", "--json", "--key", "trade-1")
    tap.ok(5 <= len(out.splitlines()) < len(lines) and "policy-key" not in out, "show_key", out + err)
    tap.ok(audit("show", "--json", "--key", "trade-2")[1] == "", "show_no_such_key")
    code, out, err = audit("show", "--json", "--since", "2099-01-01")
    tap.ok(code == 0 and out == "", "show_since", out + err)
    tap.ok(len(audit("show", "--json", "--since", "2020-01-01T00:00:00Z")[1].splitlines()) == len(lines), "show_since_before")
    code, out, err = audit("verify")
    tap.ok(code == 0 and "MACs not checked" in out and "the counter agrees" in out, "verify", out + err)
    code, out, err = audit("verify", "--no-counter", phrase=PHRASE)
    tap.ok(code == 0 and "not compared with the counter" in out and "are those of this key store" in out, "verify_macs", out + err)
    code, out, err = audit("verify", phrase="another-passphrase")
    tap.ok(code == 1 and "does not open" in err, "verify_wrong_passphrase", out + err)


def usage():
    for name, arguments in (("command", ["frobnicate"]), ("option", ["show", "--frob"]), ("since", ["show", "--since", "yesterday"]),
                            ("reason", ["show", "--reason", "policy-none"]), ("from", ["verify", "--from", "0"]),
                            ("twice", ["verify", "--audit", "a", "--audit", "b"])):
        code, out, err = run(TRADEWIND, "audit", *arguments)
        tap.ok(code == 2 and out == "" and err, "usage_%s" % name, out + err)
    code, out, err = run(TRADEWIND, "audit", "--help")
    tap.ok(code == 0 and "--refused" in out, "help")
    code, out, err = audit("verify", "--from", "2")
    tap.ok(code == 1 and "segment 2 is missing" in err, "verify_from", out + err)


def damage(key):
    size = os.path.getsize(os.path.join(LOG, "00000001.audit"))
    used = max(at + length for _, at, _, length in audit_log.blocks(LOG))
    draw = random.Random(4)
    for n in range(25):
        both_find("a_flip_%d" % n, lambda: flip(draw.randrange(used), 1 << draw.randrange(8)), key)
    places = [(at, length) for _, at, _, length in audit_log.blocks(LOG)]

    def edit(change):
        def do():
            path = os.path.join(LOG, "00000001.audit")
            with open(path, "rb") as f:
                data = f.read()
            with open(path, "wb") as f:
                f.write(change(data)[:size])
        return do
    (a, la), (b, lb) = places[4], places[5]
    both_find("one_left_out", edit(lambda d: d[:a] + d[a + la:]), key)
    both_find("two_exchanged", edit(lambda d: d[:a] + d[b:b + lb] + d[a:a + la] + d[b + lb:]), key)
    both_find("one_twice", edit(lambda d: d[:b] + d[a:a + la] + d[b:]), key)


def crashes(key):
    s = Signer()
    s.say("unlock")
    tap.ok(s.order(10) == "signed" and s.order(11) == "signed", "before_a_crash")
    s.kill()
    s = Signer()
    s.say("unlock")
    tap.ok([s.order(n) for n in (10, 11, 12, 73)] == ["policy-repeated"] * 4 and s.order(74) == "signed",
           "a_killed_signers_slice_is_spent")
    tap.ok(s.order(75, qty="91") == "policy-hour-base", "and_its_amounts")
    s.stop()
    agrees("after_a_crash_both_agree", key)
    draw, signed = random.Random(7), {74}
    number = 200
    for life in range(12):
        s = Signer(mode=draw.choice(["strict", "sliced"]))
        s.say("pass", 1000)
        s.say("unlock")
        for n in range(draw.randrange(1, 12)):
            number += 1
            if s.order(number, qty="0.01", instance=2) == "signed":
                signed.add(number)
            if draw.random() < 0.2:
                s.say("idle")
        # a request that is on its way when the end comes
        s.p.stdin.write("order 2 %d 0 BTC-USDT 0.01\n" % (number + 1))
        s.p.stdin.flush()
        s.kill()
        number += 70
    s = Signer()
    s.say("unlock")
    tap.ok(all(s.order(n, instance=2, qty="0.01") in ("policy-repeated", "policy-old-intent") for n in signed - {74}),
           "nothing_is_signed_twice_through_kills")
    s.stop()
    agrees("after_many_both_agree", key)


def full_disk():
    s = Signer(kib=2048, limit=1200 << 10)
    tap.ok(not s.opened and "room on the disk" in s.why, "no_room_is_told_at_the_start", getattr(s, "why", ""))


def refused_and_accepted(key):
    old = keep()
    s = Signer()
    s.say("unlock")
    tap.ok(s.order(5000) == "signed", "something_new")
    s.stop()
    newer = COUNTER + ".newer"
    shutil.copy(COUNTER, newer)
    old()
    shutil.copy(newer, COUNTER)
    s = Signer()
    tap.ok(not s.opened and "rolled back" in s.why and "tradewind audit accept" in s.why, "an_old_log_is_refused", s.why)
    code, out, err = audit("verify")
    tap.ok(code == 1 and "rolled-back" in err, "verify_says_so", out + err)
    code, out, err = audit("accept", "--yes", phrase="another-passphrase")
    tap.ok(code == 1 and not os.path.exists(os.path.join(LOG, "00000002.audit")), "accept_wants_the_passphrase", out + err)
    code, out, err = audit("accept", phrase=PHRASE)
    tap.ok(code == 1 and "--yes" in err, "accept_asks", out + err)
    code, out, err = audit("accept", "--yes", phrase=PHRASE)
    tap.ok(code == 0 and "rolled back" in out, "accept", out + err)
    s = Signer(kib=16384)
    tap.ok(s.opened and s.say("unlock") == "unlocked", "goes_on", getattr(s, "why", ""))
    tap.ok(s.order(5000) in ("policy-repeated", "policy-old-intent"), "what_the_counter_knew_is_signed")
    tap.ok(s.order(6000, qty="0.0001") == "policy-hour-base", "the_day_is_spent")
    s.say("pass", 23 * 3600 * 1000)
    tap.ok(s.order(6000, qty="0.0001") == "policy-day-base", "for_23_hours")
    s.say("pass", 70 * 60 * 1000)
    tap.ok(s.order(6000, qty="0.0001") == "signed", "and_not_longer_than_a_day")
    s.stop()
    code, out, err = audit("verify", phrase=PHRASE)
    tap.ok(code == 0 and "accepted" in out, "verify_tells_of_it", out + err)
    code, out, err = audit("show")
    tap.ok("accept" in out and "rolled back" in out, "show_tells_of_it", out + err)
    code, out, err = audit("accept", "--yes", phrase=PHRASE)
    tap.ok(code == 1 and "nothing is wrong" in err, "nothing_to_accept", out + err)
    agrees("after_accepting_both_agree", key)
    # the counter is gone
    os.unlink(COUNTER)
    s = Signer(kib=16384)
    tap.ok(not s.opened and "counter is missing" in s.why, "no_counter_is_refused", s.why)
    code, out, err = audit("accept", "--yes", phrase=PHRASE)
    tap.ok(code == 0, "accept_without_a_counter", out + err)
    s = Signer(kib=16384)
    tap.ok(s.opened and s.say("unlock") == "unlocked" and s.order(6000) == "policy-repeated" and
           s.order(7000) == "policy-hour-base", "goes_on_without_it", getattr(s, "why", ""))
    s.stop()
    # all is gone
    shutil.rmtree(LOG)
    os.mkdir(LOG, 0o700)
    s = Signer(kib=16384)
    tap.ok(not s.opened and "it is gone" in s.why, "no_log_is_refused", s.why)
    code, out, err = audit("accept", "--yes", phrase=PHRASE)
    s = Signer(kib=16384)
    tap.ok(code == 0 and s.opened and s.say("unlock") == "unlocked" and s.order(6000) == "policy-repeated" and
           s.order(9000) == "policy-hour-base", "accept_without_a_log", out + err + getattr(s, "why", ""))
    s.stop()


def main():
    key = good_life()
    shows()
    usage()
    agrees("both_agree", key)
    damage(key)
    crashes(key)
    full_disk()
    refused_and_accepted(key)
    shutil.rmtree(SCRATCH, ignore_errors=True)
    tap.done()


main()
