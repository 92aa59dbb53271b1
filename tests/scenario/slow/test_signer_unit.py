#!/usr/bin/env python3
"""The signer's units, as `make install` installs them, under a systemd that boots in a container: unlocked by an encrypted
credential, strict, told apart by users, killed and started again, stopped in order."""
import json, os, re, shutil, signal, subprocess, sys, tempfile, time

sys.path[:0] = ["tests/tools", "tests/lib"]
import tap
import signer_client as wire
import signer_policy, signer_rig

WAIT = 120
SCRATCH = tempfile.mkdtemp(prefix="tw-unit-")
UNIT, STORE = "tradewind-signer.service", "/var/lib/tradewind-signer/keys"
PHRASE = "unit-passphrase-2718"
SIGNER = "/probe/bin/tradewind-signer"


def until(condition):
    end = time.monotonic() + WAIT
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return condition()


def missing():
    """Why it cannot run here; None: it can."""
    if os.getuid() != 0:
        return "only root can boot a container"
    for tool in ("systemd-nspawn", "nsenter", "setpriv", "systemd-analyze", "systemd-creds"):
        if not shutil.which(tool):
            return "%s is not installed" % tool
    if not os.path.exists("/lib/systemd/systemd"):
        return "there is no systemd"
    with open(os.path.join(tap.BUILD, "tradewind-signer"), "rb") as f:
        if b"__asan_init" in f.read():
            return "sanitized programs need more memory and calls than the unit gives"
    return None


class Container:
    """A systemd over this machine's /usr, everything else empty and in memory."""

    def __init__(self, bind):
        self.log = open(SCRATCH + "/nspawn.log", "wb")
        self.nspawn = subprocess.Popen(
            ["systemd-nspawn", "--boot", "-D", "/", "--volatile=yes", "--register=no", "--keep-unit", "--link-journal=no",
             "--machine=tw-%d" % os.getpid(), "--capability=CAP_IPC_LOCK", "--bind-ro=%s:/probe" % bind,
             "systemd.firstboot=no", "systemd.mask=systemd-firstboot.service"], stdin=subprocess.DEVNULL, stdout=self.log,
            stderr=self.log, env=dict(os.environ, SYSTEMD_SECCOMP="0"), start_new_session=True)
        self.init = None

    def booted(self):
        """Whether its systemd answers."""
        def look():
            if self.nspawn.poll() is not None:
                return True
            with open("/proc/%d/task/%d/children" % (self.nspawn.pid, self.nspawn.pid)) as f:
                children = f.read().split()
            self.init = int(children[0]) if children else None
            return self.init and self.run("systemctl", "is-system-running")[1].strip() in ("running", "degraded")
        return until(look) and self.nspawn.poll() is None

    def run(self, *line, user=None, fds=(), data=None):
        """(exit code, what it said) of a program in there."""
        enter = ["nsenter", "-t", str(self.init), "-m", "-u", "-i", "-p", "-n", "-C"]
        if user:
            enter += ["setpriv", "--reuid", user, "--regid", user, "--clear-groups"]
        env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "SYSTEMD_PAGER": "", "HOME": "/nonexistent"}
        p = subprocess.run(enter + list(line), env=env, input=data or b"", stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           pass_fds=fds, timeout=WAIT)
        return p.returncode, p.stdout.decode(errors="replace")

    def must(self, *line, **more):
        code, said = self.run(*line, **more)
        if code:
            raise RuntimeError("%s: %d %s" % (" ".join(line), code, said))
        return said

    def show(self, name):
        return self.run("systemctl", "show", "--value", "-p", name, UNIT)[1].strip()

    def end(self):
        if self.init and self.nspawn.poll() is None:
            os.kill(self.init, signal.SIGRTMIN + 4)  # to power it off; nspawn must not be killed before its init
            try:
                self.nspawn.wait(WAIT)
            except subprocess.TimeoutExpired:
                os.kill(self.init, signal.SIGKILL)
        elif self.nspawn.poll() is None:
            self.nspawn.terminate()
        self.nspawn.wait(WAIT)


def asked(box, name, uid, gid, *requests, hello=True):
    """The replies to a client of the user in there (whose number is the same here), or what kept it from connecting; without
    hello what it hears before it has said anything."""
    r, w = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.chdir("/proc/%d/root" % box.init + "/run/tradewind")
            os.setgroups([])
            os.setgid(gid)
            os.setuid(uid)
            try:
                with wire.Client(name + ".sock", hello=hello) as c:
                    replies = [c.greeting if hello else wire.decode_reply(c.receive())]
                    replies += [c.ask(kind, **parts) for kind, parts in requests]
                    answer = [[y["name"], y.get("capabilities"), y.get("sealed"), y.get("parameters")] for y in replies]
            except OSError as error:
                answer = type(error).__name__
            os.write(w, json.dumps(answer).encode())
        finally:
            os._exit(0)
    os.close(w)
    with os.fdopen(r) as f:
        text = f.read()
    os.waitpid(pid, 0)
    return json.loads(text or '"nothing"')


def key(box, *arguments, **secrets):
    ends, line = [], [SIGNER, "key", *arguments, "--store", STORE]
    for name, text in dict(secrets, passphrase=PHRASE).items():
        r, w = os.pipe()
        os.write(w, text.encode())
        os.close(w)
        ends.append(r)
        line += ["--%s-fd" % name.replace("_", "-"), str(r)]
    box.must(*line, user="tradewind-signer", fds=ends)
    for r in ends:
        os.close(r)


def user_of(box, name):
    _, uid, gid = box.must("getent", "passwd", name).split(":")[1:4]
    return int(uid), int(gid)


def set_up(box):
    """As docs/keys.md says."""
    box.must("sh", "-c", "cp /probe/lib/systemd/system/tradewind-signer* /etc/systemd/system/")
    box.must("systemd-sysusers", "/probe/lib/sysusers.d/tradewind.conf")
    box.must("install", "-d", "-m", "0700", "-o", "tradewind-signer", "-g", "tradewind-signer", "/var/lib/tradewind-signer",
             "/dev/shm/made")
    key(box, "init", "--kdf-memory", "8", "--kdf-passes", "1")
    key(box, "add", "trade", "--kind", "binance-hmac", "--class", "trade", "--network", signer_rig.NETWORK, secret="s" * 40,
        api_key="apikey")
    key(box, "add-slot", "machine", "--new-credential-file", "/dev/shm/made/tradewind-keys")
    box.must("systemd-creds", "setup")
    box.must("mkdir", "-p", "-m", "0700", "/etc/credstore.encrypted")
    box.must("systemd-creds", "encrypt", "--with-key=host", "--name=tradewind-keys", "/dev/shm/made/tradewind-keys",
             "/etc/credstore.encrypted/tradewind-keys")
    box.must("rm", "-r", "/dev/shm/made")
    box.must("systemctl", "daemon-reload")


def policy():
    many = wire.units("100000000")
    instrument = dict({c: many for c in signer_policy.CAPS}, symbol="BTC-USDT", floor=wire.units("1"), ceiling=wire.units("1000000"))
    return signer_policy.encode({"keys": [{
        "key": "trade", "network": signer_rig.NETWORK, "operations": signer_policy.ORDER | signer_policy.CANCEL,
        "kinds": signer_policy.ALL_KINDS, "validity": 60000, "skew": 60000, "rate": 6000, "replays": 1,
        "instruments": [instrument]}]})


def order(number):
    return wire.SIGN_ORDER, {
        "signing": {"key": "trade", "transport": wire.REST, "timestamp": int(time.time() * 1000), "validity": 5000},
        "order": {"instance": 1, "number": number, "symbol": "BTC-USDT", "coid": "a%d" % number, "side": wire.BUY,
                  "kind": wire.LIMIT, "tif": wire.GTC, "base": wire.units("0.01"), "price": wire.units("30000")}}


def said(box):
    return box.run("journalctl", "-u", UNIT, "-o", "cat", "--no-pager")[1] + box.run("systemctl", "status", UNIT)[1]


def served(box):
    agent, own = user_of(box, "tradewind"), user_of(box, "tradewind-signer")
    code, out = box.run("systemctl", "start", UNIT)
    if not tap.ok(code == 0 and box.show("ActiveState") == "active", "the_unit_starts", out + said(box)):
        return
    tap.ok(box.show("StatusText") == "unlocked", "started_means_unlocked_by_the_credential", box.show("StatusText"))
    log = said(box)
    tap.ok("--strict" in box.show("ExecStart") and "not available" not in log, "no_protection_is_missing", log)
    pid = int(box.show("MainPID"))
    status = box.must("cat", "/proc/%d/status" % pid)
    tap.ok(re.search(r"^Uid:\s+%d\s+%d" % (own[0], own[0]), status, re.M) and re.search(r"^CapEff:\s+0+$", status, re.M) and
           re.search(r"^NoNewPrivs:\s+1$", status, re.M) and re.search(r"^Seccomp:\s+2$", status, re.M), "without_privileges", status)
    interfaces = re.findall(r"^ *(\w+):", box.must("cat", "/proc/%d/net/dev" % pid), re.M)
    tap.ok(interfaces == ["lo"], "and_without_a_network", interfaces)

    secret = {"how": wire.PASSPHRASE, "bytes": PHRASE.encode()}
    replies = asked(box, "admin", *own, (wire.POLICY_SET, {"secret": secret, "policy": policy()}))
    tap.ok(replies[-1][0] == "allowed", "its_own_user_sets_a_policy", "%s\n%s" % (replies, said(box)))
    replies = asked(box, "trade", *agent, order(1))
    tap.ok(replies[-1][0] == "allowed" and "signature=" in replies[-1][3], "the_agent_is_served", "%s\n%s" % (replies, said(box)))
    tap.ok(replies[0][1] == wire.CAN_STATUS | wire.CAN_TRADE, "and_may_trade", replies)
    tap.ok(asked(box, "admin", *agent) == "PermissionError", "the_agent_cannot_reach_admin", asked(box, "admin", *agent))
    tap.ok(asked(box, "trade", 12345, 12345) == "PermissionError", "nor_another_user_trade", asked(box, "trade", 12345, 12345))
    # Where the file's mode lets everybody in, the peer's credentials decide.
    box.must("sh", "-c", "chmod 0666 /run/tradewind/*.sock")
    for who, name, uid, gid in (("the_agent", "admin", *agent), ("another_user", "trade", 12345, 12345),
                                ("another_user_of_its_group", "trade", 12345, agent[1]), ("root", "admin", 0, 0)):
        replies = asked(box, name, uid, gid, hello=False)
        tap.ok(replies[0][0] == "policy-capability", "%s_is_refused_on_%s" % (who, name), replies)

    box.must("kill", "-9", str(pid))
    again = until(lambda: box.show("MainPID") not in ("0", str(pid)) and box.show("StatusText") == "unlocked")
    tap.ok(again and box.show("NRestarts") == "1", "killed_it_is_started_again", said(box))
    replies = asked(box, "trade", *agent, order(1), order(2))
    tap.ok([y[0] for y in replies[1:]] == ["policy-repeated", "allowed"], "and_remembers_what_it_signed", replies)
    tap.ok(until(lambda: int(box.show("WatchdogTimestampMonotonic") or 0) > int(box.show("ActiveEnterTimestampMonotonic") or 0)),
           "systemd_hears_of_the_watchdog")
    code, out = box.run("systemctl", "stop", UNIT)
    tap.ok(code == 0 and box.show("Result") == "success" and box.show("ExecMainStatus") == "0" and
           "signer: ended" in said(box), "it_stops_in_order", out + said(box))

    # systemd holds the sockets: a connection starts it.
    replies = asked(box, "trade", *agent, order(3))
    tap.ok(replies[-1][0] == "allowed", "a_connection_starts_it", "%s\n%s" % (replies, said(box)))
    box.must("systemctl", "stop", UNIT)

    box.must("sh", "-c", "head -c 64 /dev/urandom | systemd-creds encrypt --with-key=host --name=tradewind-keys - "
             "/etc/credstore.encrypted/tradewind-keys")
    code, out = box.run("systemctl", "start", UNIT)
    tap.ok(code != 0 and "does not open" in said(box), "with_another_credential_it_does_not_start", "%s %s" % (code, said(box)))
    tap.ok(PHRASE not in said(box), "and_the_journal_has_no_secret")


def figure():
    """How much systemd thinks the unit is exposed, of 10."""
    p = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=5", "systemd/" + UNIT],
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    found = re.search(r"exposure level for \S+: ([\d.]+)", p.stdout)
    tap.ok(p.returncode == 0 and found, "exposure_is_at_most_half", p.stdout)
    print("# systemd-analyze security: %s" % (found.group(1) if found else "?"), flush=True)


reason = missing()
if reason:
    tap.skip("the_signer_under_systemd", reason)
    tap.done()
box = None
try:
    os.chmod(SCRATCH, 0o755)
    figure()
    subprocess.run(["make", "-s", "install", "BUILD=" + tap.BUILD, "DESTDIR=" + SCRATCH + "/made", "PREFIX=/probe"], check=True,
                   stdout=subprocess.DEVNULL)
    box = Container(SCRATCH + "/made/probe")
    if box.booted():
        set_up(box)
        served(box)
    else:
        with open(SCRATCH + "/nspawn.log", errors="replace") as f:
            tap.skip("the_signer_under_systemd", "no container boots here: %s" % " ".join(f.read().split())[-160:])
finally:
    if box:
        box.end()
    shutil.rmtree(SCRATCH, ignore_errors=True)
tap.done()
