#!/usr/bin/env python3
"""tradewind-signer serve, as it is installed: real sockets, its sandbox, unlocking and sealing, what clients may ask, what
they may not, and what is left after it was killed."""
import hashlib, hmac, json, os, re, resource, shutil, signal, subprocess, sys, tempfile, time

sys.path.insert(0, "tests/tools")
sys.path.insert(0, "tests/lib")
import tap
import signer_client as wire
import signer_policy as policy

SIGNER, TRADEWIND = os.path.join(tap.BUILD, "tradewind-signer"), os.path.join(tap.BUILD, "tradewind")
PROBE = os.path.join(tap.BUILD, "tools", "sandbox_probe")
SCRATCH = tempfile.mkdtemp(prefix="tw-signer-")
os.chmod(SCRATCH, 0o711)
PHRASE, SECRET, API, TOKEN = "correct-horse-CANARY-1", b"secretCANARY2" + b"s" * 30, "apikey" + "a" * 30, "123456:tokenCANARY3xyz"
CREDENTIAL = os.urandom(48)
ENV = {k: v for k, v in os.environ.items() if k not in ("NOTIFY_SOCKET", "INVOCATION_ID") and not k.startswith("TRADEWIND_")}
ENV.update(HOME=SCRATCH, ASAN_OPTIONS="detect_leaks=0")  # the leak checker cannot look into a process that hides
WAIT = 120
LOGS = []


def run(*arguments, program=SIGNER, **secrets):
    line, ends = [program] + list(arguments), []
    for name, text in secrets.items():
        r, w = os.pipe()
        os.write(w, text if isinstance(text, bytes) else text.encode())
        os.close(w)
        ends.append(r)
        line += ["--%s-fd" % name.replace("_", "-"), str(r)]
    p = subprocess.run(line, env=ENV, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       pass_fds=ends, start_new_session=True)
    for r in ends:
        os.close(r)
    LOGS.append(p.stdout)
    return p.returncode, p.stdout.decode(errors="replace")


def must(result):
    if result[0]:
        raise SystemExit("the test cannot be set up: %s" % result[1])


def a_policy(day="1000000", keys=("trade",)):
    big = wire.units("1000000")
    caps = dict.fromkeys(policy.CAPS, big)
    caps.update(day_base=wire.units(day))
    return policy.encode({"keys": [{
        "key": k, "network": "binance:testnet", "operations": policy.ORDER | policy.CANCEL | policy.QUERY, "kinds": 1 << wire.LIMIT,
        "validity": 60000, "skew": 60000, "rate": 6000, "replays": 1,
        "instruments": [dict(caps, symbol="BTC-USDT", floor=wire.units("1"), ceiling=wire.units("10"))]} for k in keys]})


class Signer:
    """A key store of its own, and the process that serves it."""

    def __init__(self, name, *arguments, day="1000000", env=ENV, start=True):
        self.dir = os.path.join(SCRATCH, name)
        os.mkdir(self.dir, 0o711)
        self.store, self.sockets = self.dir + "/keys", self.dir + "/run"
        must(run("key", "init", "--store", self.store, "--kdf-memory", "8", "--kdf-passes", "1", passphrase=PHRASE))
        self.add("trade", "binance-hmac", "trade", secret=SECRET, api_key=API)
        must(run("key", "add", "token", "--kind", "telegram-token", "--store", self.store, passphrase=PHRASE, secret=TOKEN))
        must(run("policy", "set", "--yes", "--store", self.store, passphrase=PHRASE, compiled=a_policy(day)))
        self.arguments, self.env, self.log = arguments, env, self.dir + "/log"
        if start:
            self.start()

    def add(self, label, kind, key_class, **secrets):
        must(run("key", "add", label, "--kind", kind, "--class", key_class, "--network", "binance:testnet", "--store",
                 self.store, passphrase=PHRASE, **secrets))

    def start(self, *more, env=None):
        """Starts it and waits until it says READY; False: it ended."""
        r, w = os.pipe()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [SIGNER, "serve", "--store", self.store, "--counter", self.dir + "/state/counter", "--sockets", self.sockets,
                 "--ready-fd", str(w)] + list(self.arguments) + list(more), env=env or self.env, pass_fds=[w],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        os.close(w)
        ready = os.read(r, 16)
        os.close(r)
        return ready == b"READY\n"

    def said(self):
        with open(self.log, "rb") as f:
            return f.read().decode(errors="replace")

    def command(self, what, *more, **secrets):
        return run("signer", what, "--sockets", self.sockets, *more, **secrets)

    def unlock(self):
        return self.command("unlock", passphrase=PHRASE)

    def client(self, name="trade", **more):
        return wire.Client("%s/%s.sock" % (self.sockets, name), **more)

    def stop(self, sig=signal.SIGTERM):
        self.process.send_signal(sig)
        return self.process.wait(WAIT)


def order(client, number, base="1", **more):
    signing = {"key": more.pop("key", "trade"), "transport": wire.REST, "timestamp": int(time.time() * 1000), "validity": 5000}
    values = {"instance": 7, "number": number, "symbol": "BTC-USDT", "coid": "a%d" % number, "side": wire.BUY,
              "kind": wire.LIMIT, "tif": wire.GTC, "base": wire.units(base), "price": wire.units("5")}
    return client.ask(wire.SIGN_ORDER, signing=signing, order=dict(values, **more))


def signed(reply):
    text, signature = reply.get("parameters", "&signature=").split("&signature=")
    return reply["reason"] == 0 and hmac.new(SECRET, text.encode(), hashlib.sha256).hexdigest() == signature


def until(condition):
    end = time.monotonic() + WAIT
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


def status_of(pid, name):
    with open("/proc/%d/status" % pid) as f:
        return re.search(r"^%s:\s*(\S+)" % name, f.read(), re.M).group(1)


def from_unlock_to_seal():
    s = Signer("life")
    code, out = s.command("status", "--json")
    tap.ok(code == 0 and json.loads(out)["sealed"] is True, "it_starts_sealed", out)
    with s.client() as c:
        tap.ok(c.greeting["sealed"] == 1 and c.greeting["capabilities"] == wire.CAN_STATUS | wire.CAN_TRADE, "hello", c.greeting)
        tap.ok(order(c, 1)["name"] == "policy-sealed", "sealed_it_signs_nothing")
        code, out = s.command("unlock", passphrase="a-wrong-passphrase")
        tap.ok(code == 1 and "policy-secret" in out, "a_wrong_passphrase", out)
        soon = s.unlock()
        tap.ok(soon == (code, out) or until(lambda: s.unlock()[0] == 0), "too_soon_after_it_the_right_one_hears_the_same", soon)
        tap.ok(until(lambda: s.unlock()[0] == 0), "and_then_opens_it", s.said())
        reply = order(c, 1)
        tap.ok(signed(reply) and reply["path"] == "/api/v3/order" and reply["api_key"] == API, "an_order_is_signed", reply)
        tap.ok(order(c, 1)["name"] == "policy-repeated", "once")
        refused = order(c, 2, price=wire.units("11"))
        tap.ok(refused["name"] == "policy-ceiling" and refused["limit"] == wire.units("10"), "not_above_the_ceiling", refused)
        tap.ok(order(c, 2, key="nobody")["name"] == "policy-key", "not_with_any_key")
        tap.ok(c.ask(wire.GET_SECRET, label="token")["name"] == "policy-capability", "a_trade_socket_gives_no_secret")
        tap.ok(c.ask(wire.SEAL)["name"] == "policy-capability", "and_seals_nothing")
        with s.client("cancel") as x:
            tap.ok(order(x, 3)["name"] == "policy-capability", "a_cancel_socket_orders_nothing")
            cancel = x.ask(wire.SIGN_CANCEL, signing={"key": "trade", "transport": wire.REST, "timestamp": int(time.time() * 1000),
                                                      "validity": 5000}, cancel={"symbol": "BTC-USDT", "coid": "a1"})
            tap.ok(signed(cancel) and cancel["method"] == wire.DELETE, "it_cancels", cancel)
        with s.client("wire") as x:
            tap.ok(x.ask(wire.GET_SECRET, label="token").get("bytes") == TOKEN.encode(), "a_wire_secret")
            tap.ok(x.ask(wire.GET_SECRET, label="trade")["name"] == "policy-class", "only_those")
        with s.client("admin") as x:
            keys = {k["label"]: k for k in x.ask(wire.LIST)["keys"]}
            tap.ok(set(keys) == {"trade", "token"} and keys["trade"]["network"] == "binance:testnet", "the_list", keys)
            answer = x.ask(wire.POLICY_SET, secret={"how": wire.PASSPHRASE, "bytes": PHRASE.encode()}, policy=a_policy("5"))
            hashed = hashlib.blake2b(a_policy("5"), digest_size=32).digest()
            tap.ok(answer["reason"] == 0 and x.ask(wire.STATUS)["policy_hash"] == hashed, "a_policy_is_set", answer)
        tap.ok(order(c, 2, base="5")["name"] == "policy-day-base", "and_holds_at_once")
        code, out = s.command("seal")
        tap.ok(code == 0 and order(c, 2)["name"] == "policy-sealed", "seal", out)
        tap.ok(s.unlock()[0] == 0 and signed(order(c, 2, base="4")), "and_unlock_again", s.said())
    code, out = run("signer", "status", "--sockets", s.sockets, program=TRADEWIND)
    tap.ok(code == 0 and out.startswith("unlocked: 2 keys"), "status_by_tradewind", out)
    tap.ok(s.stop() == 0 and "ended" in s.said(), "sigterm_ends_it_in_order", s.said())
    tap.ok(s.command("status")[0] == 3, "then_nobody_serves")
    return s


def after_an_end(s):
    """Counters, intents and the policy are what they were; after SIGKILL, too."""
    tap.ok(s.start() and s.unlock()[0] == 0, "it_starts_again", s.said())
    with s.client() as c:
        tap.ok(order(c, 2)["name"] == "policy-repeated" and order(c, 3)["name"] == "policy-day-base", "and_has_forgotten_nothing")
    tap.ok(s.stop(signal.SIGKILL) == -signal.SIGKILL and s.start() and s.unlock()[0] == 0, "after_a_kill_it_starts", s.said())
    with s.client() as c:
        tap.ok(order(c, 2)["name"] == "policy-repeated" and order(c, 3)["name"] == "policy-day-base", "and_has_forgotten_nothing_then")
    tap.ok(subprocess.run([SIGNER, "serve", "--store", s.store, "--counter", s.dir + "/state/counter", "--sockets", s.sockets],
                          env=ENV, stdout=subprocess.PIPE, stderr=subprocess.PIPE).returncode == 1, "there_is_one_at_a_time")
    with open(s.store + ".policy", "r+b") as f:
        f.seek(30)
        f.write(b"\1")
    s.command("seal")
    code, out = s.unlock()
    tap.ok(code == 1 and "policy-bad-policy" in out and "not the policy that the key store attests" in s.said(),
           "a_changed_policy_is_refused", out + s.said())
    s.stop()


def unlocked_at_the_start():
    s = Signer("start", "--durability", "sliced", start=False)
    r, w = os.pipe()
    os.write(w, PHRASE.encode())
    os.close(w)
    p = subprocess.Popen([SIGNER, "serve", "--store", s.store, "--counter", s.dir + "/state/counter", "--sockets", s.sockets,
                          "--unlock", "prompt", "--passphrase-fd", str(r)], env=ENV, pass_fds=[r], stdin=subprocess.DEVNULL,
                         stderr=open(s.log, "ab"), start_new_session=True)
    os.close(r)
    tap.ok(until(lambda: json.loads((s.command("status", "--json")[1].splitlines() or ["{}"])[-1]).get("sealed") is False
                 if s.command("status")[0] == 0 else False), "unlock_prompt", s.said())
    with s.client() as c:
        tap.ok(all(signed(order(c, n)) for n in range(1, 40)), "sliced_orders_are_signed")
    p.send_signal(signal.SIGINT)
    tap.ok(p.wait(WAIT) == 0, "sigint_ends_it_in_order")
    r, w = os.pipe()
    os.write(w, b"a-wrong-passphrase")
    os.close(w)
    code = subprocess.run([SIGNER, "serve", "--store", s.store, "--counter", s.dir + "/state/counter", "--sockets", s.sockets,
                           "--unlock", "prompt", "--passphrase-fd", str(r)], env=ENV, pass_fds=[r], timeout=WAIT,
                          stderr=subprocess.DEVNULL).returncode
    os.close(r)
    tap.ok(code == 1, "it_ends_where_that_does_not_open_it")


def in_the_sandbox():
    s = Signer("box")
    pid = s.process.pid
    with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
        opener = int(f.read().split()[0])
    for who, n in (("signing", pid), ("opening", opener)):
        # the opener shuts itself in beside the signer's start
        tap.ok(until(lambda: status_of(n, "Seccomp") == "2") and status_of(n, "NoNewPrivs") == "1", "seccomp_of_the_%s_process" % who)
        tap.ok(re.findall(r"^ *(\w+):", open("/proc/%d/net/dev" % n).read(), re.M) == ["lo"], "network_of_the_%s_process" % who)
        limits = open("/proc/%d/limits" % n).read()
        tap.ok(re.search(r"^Max core file size +0 +0 ", limits, re.M), "no_core_of_the_%s_process" % who, limits)
    if os.geteuid() == 0:
        tap.ok(os.stat("/proc/%d/environ" % pid).st_uid == 0, "its_memory_is_roots_only")
    code, out = run("serve", "--show-sandbox", "--json")
    box = json.loads(out)
    tap.ok(code == 0 and len(box["serve"]) <= 15 and "openat" in box["open"], "system_calls_are_few", out)
    states = {m["name"]: m["state"] for m in box["measures"]}
    tap.ok(states["system calls"] == states["no new privileges"] == states["empty network"] == "on", "the_sandbox_is_told", out)
    tap.ok("system calls left: %d" % len(box["serve"]) in s.said(), "and_counted_at_the_start", s.said())
    s.process.send_signal(signal.SIGHUP)
    tap.ok(s.command("status")[0] == 0, "sighup_changes_nothing")
    os.kill(opener, signal.SIGKILL)
    tap.ok(s.process.wait(WAIT) == 1 and "is gone" in s.said(), "without_its_opener_it_ends", s.said())


def what_the_sandbox_leaves():
    there = os.path.join(SCRATCH, "there")
    os.mkdir(there)
    sanitized = "__asan_init" in subprocess.run(["nm", "-D", PROBE], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                                ).stdout.decode()
    for role in ("serve", "open"):
        may = {"nothing", "create", "no-access"} | ({"read-file", "write-file", "unlink"} if role == "open" else set())
        for thing in ("nothing", "socket", "internet", "connect", "read-file", "write-file", "create", "exec", "fork", "ptrace",
                      "dumpable", "unlink", "code", "no-access"):
            for name in os.listdir(there):
                os.unlink(os.path.join(there, name))
            open(os.path.join(there, "there"), "w").close()
            if sanitized and thing == "dumpable":
                continue  # the sanitizers' runtime needs that call
            code = subprocess.run([PROBE, role, thing, there], env=ENV).returncode
            tap.ok(code == (0 if thing in may else -signal.SIGSYS), "%s_%s_%s" % (role, "may" if thing in may else "dies_of", thing),
                   "ended with %d" % code)


def clients_at_their_worst():
    s = Signer("limits", "--durability", "sliced")
    must(s.unlock())
    good = s.client()
    bad = wire.Client(s.sockets + "/trade.sock", hello=False)
    bad.send(wire.encode_request(wire.STATUS, 1))
    first = wire.decode_reply(bad.receive())
    try:
        bad.receive()
        gone = False
    except wire.Gone:
        gone = True
    tap.ok(first["name"] == "policy-no-hello" and gone, "before_hello_the_connection_ends", first)
    for data in (b"\0", b"\1\0\2\0" + b"\0" * 5, os.urandom(4096), os.urandom(30000)):
        with s.client() as x:
            tap.ok(x.exchange(data)["name"] in ("policy-message", "policy-version"), "no_message_%d" % len(data))
    for n in range(20):  # each dies with its request on the way
        x = s.client()
        x.send(wire.encode_request(wire.STATUS, 2))
        x.close()
    tap.ok(signed(order(good, 1)), "clients_that_die_do_not_matter")
    deaf = s.client("cancel")
    deaf.socket.setblocking(False)
    asked = 0
    try:
        while asked < 100000:
            deaf.send(wire.encode_request(wire.STATUS, 3))
            asked += 1
    except (BlockingIOError, wire.Gone):
        pass
    tap.ok(signed(order(good, 2)), "one_that_does_not_listen_does_not_matter", asked)
    deaf.close()
    many = [s.client("wire") for _ in range(8)]
    extra = wire.Client(s.sockets + "/wire.sock", hello=False)
    tap.ok(wire.decode_reply(extra.receive())["name"] == "policy-busy", "connections_are_bounded")
    tap.ok(signed(order(good, 3)), "of_each_socket")
    many.pop().close()
    tap.ok(until(lambda: try_hello(s)), "a_free_place_is_free")
    flood = s.client("cancel")
    names, ended = set(), False
    request = wire.encode_request(wire.STATUS, 4)
    try:
        for name in flood.flood(request, 400000):
            names.add(name)
    except wire.Gone:
        ended = True
    tap.ok("policy-busy" in names and ended, "who_floods_is_told_and_then_closed", names)
    tap.ok(signed(order(good, 4)), "others_go_on")
    silent = wire.Client(s.sockets + "/admin.sock", hello=False)
    try:
        silent.receive()
        ended = False
    except wire.Gone:
        ended = True
    tap.ok(ended, "who_does_not_say_hello_is_let_go")
    tap.ok(s.stop() == 0, "it_ends_in_order_after_all_that", s.said()[-2000:])


def try_hello(s):
    try:
        with s.client("wire") as c:
            return c.greeting["reason"] == 0
    except wire.Gone:
        return False


def as_user(uid, path):
    """What another user hears who connects there."""
    r, w = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            c = wire.Client(path, hello=False, timeout=2)
            try:  # who is turned away hears it without having asked
                heard = wire.decode_reply(c.receive())["name"]
            except TimeoutError:
                c.socket.settimeout(WAIT)
                heard = c.ask(wire.HELLO)["name"]
        except Exception as e:
            heard = str(e)
        os.write(w, heard.encode())
        os._exit(0)
    os.close(w)
    heard = b"".join(iter(lambda: os.read(r, 4096), b"")).decode()
    os.close(r)
    os.waitpid(pid, 0)
    return heard


def other_users():
    if os.geteuid() != 0:
        tap.skip("other_users_have_no_socket", "needs root to become another user")
        return
    s = Signer("users", "--peer", "trade=12345", "--peer", "trade=0", "--peer", "cancel=12345")
    tap.ok(as_user(12345, s.sockets + "/trade.sock") == "allowed", "other_users_may_be_given_a_socket", s.said())
    tap.ok("ermission" in as_user(12345, s.sockets + "/admin.sock"), "others_are_not_theirs")
    os.chmod(s.sockets + "/admin.sock", 0o666)
    tap.ok(as_user(12345, s.sockets + "/admin.sock") == "policy-capability", "whatever_their_mode", s.said())
    tap.ok(as_user(12346, s.sockets + "/trade.sock") == "policy-capability", "nor_is_anybody_elses")
    with s.client() as c:
        tap.ok(c.greeting["reason"] == 0, "several_users_may_share_one")
    tap.ok("refused a connection of user 12346" in s.said(), "it_is_in_the_log", s.said())
    s.stop()
    # Without root, and without PrivateNetwork=, nobody but oneself can be told apart in an empty network.
    d = os.path.join(SCRATCH, "plain")
    shutil.copytree(s.dir, d, ignore=lambda where, names: [n for n in names if n in ("run", "state", "log", "keys.audit")])
    for where, names, files in os.walk(d):
        for n in [where] + [os.path.join(where, f) for f in files]:
            os.chown(n, 12345, 12345)
    shutil.copy(SIGNER, SCRATCH)
    serve = [os.path.join(SCRATCH, "tradewind-signer"), "serve", "--store", d + "/keys", "--counter", d + "/state/c",
             "--sockets", d + "/run", "--strict"]
    p = subprocess.run(serve + ["--peer", "trade=12346"], env=ENV, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, user=12345,
                       group=12345, extra_groups=[], timeout=WAIT)
    tap.ok(p.returncode == 1 and b"PrivateNetwork=" in p.stdout, "strict_refuses_what_is_missing", p.stdout)
    locked = resource.getrlimit(resource.RLIMIT_MEMLOCK)[0]
    if locked != resource.RLIM_INFINITY and locked < 8 << 20:  # strict wants more locked memory than that
        serve[-1] = "--no-strict"
    p = subprocess.Popen(serve, env=ENV, stdout=subprocess.DEVNULL, stderr=open(d + "/log", "wb"), user=12345, group=12345,
                         extra_groups=[])
    up = until(lambda: p.poll() is not None or os.path.exists(d + "/run/admin.sock") and
               as_user(12345, d + "/run/trade.sock") == "allowed")
    tap.ok(up and p.poll() is None, "without_root_it_has_an_empty_network_too", open(d + "/log").read())
    if p.poll() is None:
        tap.ok(re.findall(r"^ *(\w+):", open("/proc/%d/net/dev" % p.pid).read(), re.M) == ["lo"], "really")
        os.chmod(d + "/run", 0o711)
        os.chmod(d + "/run/trade.sock", 0o666)
        tap.ok(as_user(12346, d + "/run/trade.sock") == "policy-capability", "and_knows_its_own_user")
        p.terminate()
        tap.ok(p.wait(WAIT) == 0, "it_ends")


def no_secret_is_told():
    for where, _, files in os.walk(SCRATCH):
        for name in files:
            path = os.path.join(where, name)
            if os.path.isfile(path) and name != "tradewind-signer":
                LOGS.append(open(path, "rb").read())
    for secret in (PHRASE.encode(), SECRET, TOKEN.encode()):
        tap.ok(not any(secret in text for text in LOGS), "nowhere_is_%s" % secret[-8:].decode(errors="replace"))


def usage():
    for line, word in ((["--unlock", "guess"], "--unlock is"), (["--peer", "trade"], "SOCKET=USER"), (["--bogus"], "argument 1"),
                       (["--durability", "none"], "strict or sliced"), (["--store", ""], "--store wants")):
        code, out = run("serve", *line)
        tap.ok(code == 2 and word in out, "usage_%s" % line[0][2:], out)
    tap.ok(run("serve", "--help")[0] == 0 and run("signer", "--help")[0] == 0 and run("signer", "bogus")[0] == 2, "help")


try:
    usage()
    after_an_end(from_unlock_to_seal())
    unlocked_at_the_start()
    in_the_sandbox()
    what_the_sandbox_leaves()
    clients_at_their_worst()
    other_users()
    no_secret_is_told()
finally:
    shutil.rmtree(SCRATCH, ignore_errors=True)
tap.done()
