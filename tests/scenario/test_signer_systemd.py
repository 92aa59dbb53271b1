#!/usr/bin/env python3
"""tradewind-signer serve under what systemd gives a service, each given by the test itself: sockets with names, the socket
that it is told at, the watchdog, credentials, the question for a passphrase; and a terminal. A real systemd starts it in
slow/test_signer_unit.py."""
import fcntl, glob, os, pty, resource, select, shutil, signal, socket, subprocess, sys, tempfile, termios, threading, time

sys.path.insert(0, "tests/tools")
sys.path.insert(0, "tests/lib")
import tap
import signer_client as wire
import signer_rig as rig

SCRATCH = tempfile.mkdtemp(prefix="tw-systemd-")
ROOT = os.getuid() == 0
WAIT = 120
NAMES = ("trade", "cancel", "wire", "admin")
QUESTIONS = "/run/systemd/ask-password"
started = []


def until(condition):
    end = time.monotonic() + WAIT
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


def environment(**more):
    env = {k: v for k, v in rig.environment(SCRATCH).items()
           if k not in ("INVOCATION_ID", "CREDENTIALS_DIRECTORY") and not k.startswith("WATCHDOG_")}
    return dict(env, **more)


def line_of(*more, user=None):
    """[user] has a copy of the store."""
    store = "%s/of-%d" % (SCRATCH, user) if user else os.path.dirname(STORE.store)
    if user and not os.path.exists(store):
        shutil.copytree(os.path.dirname(STORE.store), store)
        for d, _, names in os.walk(store):
            for path in [d] + [os.path.join(d, n) for n in names]:
                os.chown(path, user, user)
    return [rig.SIGNER, "serve", "--store", store + "/keys", "--counter", store + "/counter/c", "--sockets", SCRATCH + "/made",
            *more]


def descend(fds, limit, variables):
    """In the child: descriptors 3 and on are [fds], $LISTEN_PID is its own."""
    high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 100) for fd in fds]
    for i, fd in enumerate(high):
        os.dup2(fd, 3 + i)
        os.close(fd)
    if "LISTEN_FDS" in variables and "LISTEN_PID" not in variables:
        os.environ["LISTEN_PID"] = str(os.getpid())
    if limit is not None:
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (limit, limit))


class Service:
    """The signer, started as systemd starts it; what it says is in .said()."""

    def __init__(self, *arguments, fds=(), limit=None, tty=None, user=None, **variables):
        self.log = tempfile.NamedTemporaryFile(dir=SCRATCH, prefix="log-", delete=False)
        env, log, line = environment(**variables), self.log, line_of(*arguments, user=user)
        pid = os.fork()
        if pid == 0:
            try:
                os.setsid()
                if tty is not None:
                    fcntl.ioctl(tty, termios.TIOCSCTTY, 0)
                os.dup2(os.open("/dev/null", os.O_RDWR), 0)
                os.dup2(log.fileno(), 1)
                os.dup2(log.fileno(), 2)
                os.environ.clear()
                os.environ.update(env)
                descend(fds, limit, variables)
                os.closerange(3 + len(fds), 1024)
                if user:
                    os.setgroups([])
                    os.setgid(user)
                    os.setuid(user)
                os.execv(rig.SIGNER, line)
            finally:
                os._exit(99)
        self.pid, self.code = pid, None
        started.append(self)

    def said(self):
        with open(self.log.name, errors="replace") as f:
            return f.read()

    def ended(self):
        if self.code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.code = os.waitstatus_to_exitcode(status) if pid else None
        return self.code is not None

    def wait(self):
        until(self.ended)
        return self.code

    def stop(self, number=signal.SIGTERM):
        if not self.ended():
            os.kill(self.pid, number)
        return self.wait()


class Listener:
    """What systemd's notify socket is."""

    def __init__(self, name, abstract=False):
        self.path = "@tradewind-test-%d-%s" % (os.getpid(), name) if abstract else os.path.join(SCRATCH, name)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path.replace("@", "\0") if abstract else self.path)
        self.heard = []

    def next(self):
        """The next message; None: none came."""
        if not select.select([self.socket], [], [], WAIT)[0]:
            return None
        self.heard.append(self.socket.recv(4096).decode())
        return self.heard[-1]

    def wants(self, text):
        """Whether [text] comes, other messages before it or not."""
        while True:
            got = self.next()
            if got is None or got == text:
                return got == text

    def rest(self):
        while select.select([self.socket], [], [], 0)[0]:
            self.heard.append(self.socket.recv(4096).decode())
        return self.heard


def listeners(*names, kind=socket.SOCK_SEQPACKET, listens=True):
    """Sockets as systemd binds them, with their paths."""
    made = []
    for i, name in enumerate(names):
        path = "%s/given-%d-%s" % (SCRATCH, len(os.listdir(SCRATCH)), name)
        s = socket.socket(socket.AF_UNIX, kind)
        s.bind(path)
        if listens and kind != socket.SOCK_DGRAM:
            s.listen(16)
        made.append((s, path))
    return made


def given(*names, said=None, kind=socket.SOCK_SEQPACKET, listens=True, count=None, **more):
    """The signer with the sockets of [names], which are said to be [said]."""
    made = listeners(*names, kind=kind, listens=listens)
    variables = {"LISTEN_FDS": str(len(names) if count is None else count)}
    if said is not False:
        variables["LISTEN_FDNAMES"] = ":".join(said or names)
    variables.update({k: more.pop(k) for k in list(more) if k.isupper()})
    s = Service(*more.pop("arguments", ()), fds=[m[0].fileno() for m in made], **more, **variables)
    for m in made:
        m[0].close()
    return s, {n: m[1] for n, m in zip(said or names, made)}


def capabilities(path):
    with wire.Client(path) as c:
        return c.greeting["capabilities"]


def sealed(path):
    with wire.Client(path) as c:
        return c.ask(wire.STATUS)["sealed"]


# ---- sockets ----

def sockets_with_names():
    told = Listener("names.notify")
    order = ("admin", "wire", "trade", "cancel")
    s, at = given(*order, arguments=("--no-strict",), NOTIFY_SOCKET=told.path)
    tap.ok(told.next() == "READY=1\nSTATUS=sealed", "given_sockets_are_served", s.said())
    caps = {"trade": wire.CAN_TRADE, "cancel": wire.CAN_CANCEL, "wire": wire.CAN_WIRE, "admin": wire.CAN_ADMIN}
    for name in NAMES:
        tap.ok(capabilities(at[name]) == caps[name] | wire.CAN_STATUS, "the_name_decides_%s" % name)
    tap.ok(not os.path.exists(SCRATCH + "/made"), "and_none_are_made_besides")
    tap.ok(s.stop() == 0 and all(os.path.exists(p) for p in at.values()), "those_of_systemd_stay", s.said())

    s, at = given("trade", arguments=("--no-strict",), NOTIFY_SOCKET=told.path)
    tap.ok(told.wants("READY=1\nSTATUS=sealed") and capabilities(at["trade"]) & wire.CAN_TRADE, "one_may_be_enough", s.said())
    tap.ok(s.stop() == 0, "and_ends")

    refused = (("another_name", ("trade",), {"said": ("orders",)}), ("no_names", ("trade",), {"said": False}),
               ("the_same_twice", ("trade", "admin"), {"said": ("trade", "trade")}),
               ("fewer_names_than_sockets", ("trade", "admin"), {"said": ("trade",)}),
               ("more_names_than_sockets", ("trade",), {"said": ("trade", "admin")}),
               ("a_stream", ("trade",), {"kind": socket.SOCK_STREAM}), ("a_datagram", ("trade",), {"kind": socket.SOCK_DGRAM}),
               ("one_that_does_not_listen", ("trade",), {"listens": False}),
               ("more_than_there_are", ("trade",), {"count": 2, "said": ("trade", "admin")}),
               ("none", (), {"count": 0, "said": ("trade",)}), ("no_number", ("trade",), {"count": "1x"}),
               ("too_many", ("trade",), {"count": 99999}), ("a_negative_number", ("trade",), {"count": -1}))
    for what, names, more in refused:
        s, _ = given(*names, arguments=("--no-strict",), **more)
        tap.ok(s.wait() == 1 and "systemd" in s.said(), "refused_%s" % what, "%s\n%s" % (s.code, s.said()))

    s, _ = given("trade", arguments=("--no-strict",), LISTEN_PID="1")
    tap.ok(until(lambda: os.path.exists(SCRATCH + "/made/admin.sock")), "sockets_of_another_process_are_not_taken", s.said())
    s.stop()
    shutil.rmtree(SCRATCH + "/made")


def by_socket_activate():
    tool = shutil.which("systemd-socket-activate")
    if not tool:
        tap.skip("systemd_socket_activate", "systemd-socket-activate is not installed")
        return
    at = SCRATCH + "/activated"
    log = open(SCRATCH + "/activate.log", "wb")
    p = subprocess.Popen([tool, "--seqpacket", "-l", at, "-l", at + "-admin", "--fdname=trade:admin"] +
                         ["-E" + k for k in ("HOME", "ASAN_OPTIONS")] + line_of("--no-strict"), env=environment(),
                         stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        until(lambda: os.path.exists(at + "-admin") or p.poll() is not None)
        served = until(lambda: p.poll() is not None or reached(at))
        tap.ok(served and p.poll() is None and capabilities(at + "-admin") & wire.CAN_ADMIN, "systemd_socket_activate",
               open(SCRATCH + "/activate.log").read())
    finally:
        p.terminate()
        tap.ok(p.wait(WAIT) == 0, "and_ends_in_order", open(SCRATCH + "/activate.log").read())


def reached(path):
    try:
        return capabilities(path) & wire.CAN_TRADE
    except OSError:
        return False


# ---- what it tells ----

def what_is_told():
    for abstract in (False, True):
        told = Listener("told", abstract)
        s, at = given("trade", "admin", arguments=("--no-strict",), NOTIFY_SOCKET=told.path)
        tap.ok(told.next() == "READY=1\nSTATUS=sealed", "ready_%s" % ("abstract" if abstract else "path"), s.said())
        with wire.Client(at["admin"]) as c:
            right = {"how": wire.PASSPHRASE, "bytes": rig.PHRASE.encode()}
            tap.ok(c.ask(wire.UNLOCK, secret=right)["reason"] == 0 and told.next() == "STATUS=unlocked", "tells_unlocked")
            tap.ok(c.ask(wire.SEAL)["reason"] == 0 and told.next() == "STATUS=sealed", "tells_sealed")
        tap.ok(s.stop() == 0 and told.next() == "STOPPING=1", "tells_stopping", told.heard)
        tap.ok("WATCHDOG=1" not in told.rest(), "no_watchdog_that_was_not_asked_for", told.heard)


def watchdog():
    told = Listener("dog")
    s, _ = given("trade", arguments=("--no-strict",), NOTIFY_SOCKET=told.path, WATCHDOG_USEC="600000")
    told.wants("READY=1\nSTATUS=sealed")
    begin = time.monotonic()
    tap.ok(all(told.next() == "WATCHDOG=1" for _ in range(8)), "the_watchdog_is_told_of_an_idle_one", told.heard)
    # Not faster than a fifth of what is asked: sooner is work for nothing. That it is soon enough is for a clock that a
    # loaded machine does not bend, and test_signer_unit.py's systemd.
    tap.ok(time.monotonic() - begin > 8 * 0.6 / 5, "and_not_told_all_the_time")
    os.kill(s.pid, signal.SIGSTOP)
    os.waitpid(s.pid, os.WUNTRACED)
    told.rest()
    tap.ok(not select.select([told.socket], [], [], 1.5)[0], "a_stopped_one_feeds_no_watchdog")
    os.kill(s.pid, signal.SIGCONT)
    tap.ok(told.next() == "WATCHDOG=1" and s.stop() == 0, "and_then_again")
    for what, more in (("another_process", {"WATCHDOG_PID": "1"}), ("nothing", {}), ("words", {"WATCHDOG_USEC": "soon"})):
        variables = dict({"WATCHDOG_USEC": "30000"} if what == "another_process" else {}, **more)
        s, _ = given("trade", arguments=("--no-strict",), NOTIFY_SOCKET=told.path, **variables)
        told.heard.clear()
        told.wants("READY=1\nSTATUS=sealed")
        tap.ok(not select.select([told.socket], [], [], 0.3)[0], "the_watchdog_of_%s_is_not_fed" % what)
        s.stop()
        told.rest()


# ---- strict ----

def strict():
    with open(rig.SIGNER, "rb") as f:
        if b"__asan_init" in f.read():
            tap.skip("strict_is_the_default_under_systemd", "the address sanitizer answers mlock() itself")
            return
    told, user = Listener("strict"), 65533 if ROOT else None
    os.chmod(told.path, 0o666)
    word = 'strict: it does not run without "locked secrets"'
    for what, more in (("notify", {"NOTIFY_SOCKET": told.path}), ("invocation", {"INVOCATION_ID": "0" * 32})):
        s, _ = given("trade", limit=0, user=user, **more)
        tap.ok(s.wait() == 1 and word in s.said(), "strict_is_the_default_under_systemd_by_%s" % what, s.said())
    tap.ok(not any("READY" in m for m in told.rest()), "and_is_never_ready", told.heard)
    s, _ = given("trade", limit=0, user=user, arguments=("--strict",))
    tap.ok(s.wait() == 1 and word in s.said(), "strict_may_be_asked_for", s.said())
    for what, more, arguments in (("no_strict", {"NOTIFY_SOCKET": told.path}, ("--no-strict",)), ("not_under_systemd", {}, ())):
        s, _ = given("trade", limit=0, user=user, arguments=arguments, **more)
        tap.ok(until(lambda: "serves " in s.said() or s.ended()) and "locked secrets: not available" in s.said(),
               "%s_says_so_and_goes_on" % what, s.said())
        tap.ok(s.stop() == 0, "and_ends_in_order", s.said())


def namespaces_refused():
    """As RestrictNamespaces= does, and without PrivateNetwork=: seccomp answers EPERM. The machine's own network is not empty."""
    try:
        import ctypes
        seccomp = ctypes.CDLL("libseccomp.so.2")
    except OSError:
        tap.skip("strict_without_an_empty_network", "libseccomp.so.2 is not here")
        return
    code = """
import ctypes, os, sys
l = ctypes.CDLL("libseccomp.so.2")
l.seccomp_init.restype = ctypes.c_void_p
f = ctypes.c_void_p(l.seccomp_init(ctypes.c_uint32(0x7fff0000)))
l.seccomp_rule_add(f, ctypes.c_uint32(0x00050001), l.seccomp_syscall_resolve_name(b"unshare"), ctypes.c_uint(0))
assert l.seccomp_load(f) == 0
os.execv(sys.argv[1], sys.argv[1:])
"""
    with open("/proc/self/net/dev") as f:
        empty = len(f.readlines()) <= 3
    if empty:
        tap.skip("strict_without_an_empty_network", "this machine's network is empty itself")
        return
    for option, code_wanted in (("--strict", 1), ("--no-strict", 0)):
        p = subprocess.Popen([sys.executable, "-c", code] + line_of(option), env=environment(), stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=open(SCRATCH + "/refused.log", "wb"))
        if code_wanted == 0:
            until(lambda: p.poll() is not None or os.path.exists(SCRATCH + "/made/admin.sock"))
            until(lambda: p.poll() is not None or "serves" in open(SCRATCH + "/refused.log").read())
            p.terminate()
        p.wait(WAIT)
        said = open(SCRATCH + "/refused.log").read()
        tap.ok(p.returncode == code_wanted and "empty network" in said, "without_name_spaces_%s" % option[2:],
               "%s\n%s" % (p.returncode, said))


# ---- credentials ----

def credential():
    made = SCRATCH + "/machine"
    STORE.key("add-slot", "machine", "--new-credential-file", made)
    with open(made, "rb") as f:
        right = f.read()
    tap.ok(len(right) == 64 and os.stat(made).st_mode & 0o777 == 0o600, "a_slot_for_the_machine")
    place = SCRATCH + "/credentials"

    def unlock(content, mode=0o400, name="tradewind-keys", arguments=(), directory=place):
        shutil.rmtree(place, ignore_errors=True)
        os.mkdir(place, 0o700)
        if content is not None:
            with open("%s/%s" % (place, name), "wb") as f:
                f.write(content)
            os.chmod("%s/%s" % (place, name), mode)
        told = Listener("credential-%d" % len(os.listdir(SCRATCH)))
        more = {"CREDENTIALS_DIRECTORY": directory} if directory else {}
        s, at = given("trade", "admin", arguments=("--no-strict", "--unlock", "credential", *arguments),
                      NOTIFY_SOCKET=told.path, **more)
        return s, at, told

    for what, mode, name, arguments in (("of_mode_0400", 0o400, "tradewind-keys", ()), ("as_with_an_access_list", 0o440,
            "tradewind-keys", ()), ("of_another_name", 0o400, "other", ("--credential", "other"))):
        s, at, told = unlock(right, mode, name, arguments)
        tap.ok(told.next() == "READY=1\nSTATUS=unlocked" and not sealed(at["trade"]), "unlocked_by_one_%s" % what,
               s.said())
        tap.ok(s.stop() == 0, "and_ends_in_order", s.said())
    wrong = bytes([right[0] ^ 1]) + right[1:]
    cases = (("a_wrong_one", wrong, 0o400, "does not open"), ("a_short_one", right[:-1], 0o400, "does not open"),
             ("one_with_a_line_end", right + b"\n", 0o400, "does not open"), ("an_empty_one", b"", 0o400, "nothing"),
             ("one_too_large", b"x" * 1025, 0o400, "more than 1024"), ("a_missing_one", None, 0, "cannot be opened"),
             ("one_that_all_may_read", right, 0o444, "only this user"),
             ("one_that_a_group_may_write", right, 0o460, "only this user"))
    for what, content, mode, word in cases:
        s, _, told = unlock(content, mode)
        tap.ok(s.wait() == 1 and word in s.said(), "refused_%s" % what, "%s\n%s" % (s.code, s.said()))
        tap.ok(not any("READY" in m for m in told.rest()), "and_is_never_ready", told.heard)
        tap.ok(right.hex() not in s.said() and repr(right) not in s.said(), "and_shows_nothing_of_it")
    s, _, _ = unlock(b"x" * 1024)
    tap.ok(s.wait() == 1 and "does not open" in s.said(), "the_largest_is_tried", s.said())
    s, _, _ = unlock(right, directory=None)
    tap.ok(s.wait() == 1 and "LoadCredentialEncrypted=" in s.said(), "refused_without_a_directory", s.said())
    s, _, _ = unlock(None)
    s.wait()
    os.symlink(made, place + "/tradewind-keys")
    s, _ = given("trade", arguments=("--no-strict", "--unlock", "credential"), CREDENTIALS_DIRECTORY=place)
    tap.ok(s.wait() == 1, "refused_a_link", s.said())
    os.unlink(place + "/tradewind-keys")
    os.mkfifo(place + "/tradewind-keys", 0o400)
    s, _ = given("trade", arguments=("--no-strict", "--unlock", "credential"), CREDENTIALS_DIRECTORY=place)
    tap.ok(s.wait() == 1 and "only this user" in s.said(), "a_pipe_is_not_waited_for", s.said())


# ---- a terminal ----

class Terminal:
    def __init__(self):
        self.ours, self.theirs = pty.openpty()
        self.seen = b""

    def sees(self, text):
        def look():
            while select.select([self.ours], [], [], 0)[0]:
                self.seen += os.read(self.ours, 4096)
            return text in self.seen
        return until(look)

    def echo(self):
        return bool(termios.tcgetattr(self.theirs)[3] & termios.ECHO)


def prompt():
    def ask(types, before=lambda t: None):
        t, told = Terminal(), Listener("prompt-%d" % len(os.listdir(SCRATCH)))
        s, at = given("trade", arguments=("--no-strict", "--unlock", "prompt"), tty=t.theirs, NOTIFY_SOCKET=told.path)
        asked = t.sees(b"passphrase of the key store: ")
        tap.ok(asked and not t.echo(), "it_asks_without_echo", s.said())
        before(t)
        os.write(t.ours, types)
        return s, at, t, told

    s, _, t, told = ask(b"a-wrong-one\n")
    tap.ok(s.wait() == 1 and "does not open" in s.said(), "a_wrong_passphrase_ends_it", s.said())
    tap.ok(t.echo() and not any("READY" in m for m in told.rest()), "with_the_echo_back_and_never_ready", told.heard)
    s, at, t, told = ask(rig.PHRASE.encode() + b"\n")
    tap.ok(told.next() == "READY=1\nSTATUS=unlocked" and not sealed(at["trade"]), "the_right_one_opens", s.said())
    t.sees(b"\r\n")
    tap.ok(t.echo() and rig.PHRASE.encode() not in t.seen, "and_was_not_shown", t.seen)
    tap.ok(s.stop() == 0, "and_ends_in_order", s.said())
    for what, types in (("the_end", b"\4"), ("an_interrupt", b"half\3"), ("nothing", b"\n")):
        s, _, t, _ = ask(types)
        tap.ok(s.wait() == 1 and t.echo(), "%s_gives_up" % what, s.said())
    s, _, t, _ = ask(b"half")
    os.kill(s.pid, signal.SIGTERM)
    tap.ok(s.wait() in (128 + signal.SIGTERM, -signal.SIGTERM) and t.echo(), "told_to_stop_it_gives_the_echo_back", s.code)
    s, _ = given("trade", arguments=("--no-strict", "--unlock", "prompt"))
    tap.ok(s.wait() == 1 and "no terminal" in s.said(), "without_a_terminal_it_says_so", s.said())


# ---- systemd's question ----

def question(s):
    """The file of the question that [s] waits for: its socket and what it says."""
    for path in glob.glob(QUESTIONS + "/ask.*"):
        try:
            with open(path) as f:
                ask = dict(line.strip().split("=", 1) for line in f if "=" in line)
            with open("/proc/%s/stat" % ask["PID"]) as f:
                parent = int(f.read().rpartition(")")[2].split()[1])
        except (OSError, KeyError, ValueError):
            continue
        if parent == s.pid and ask.get("Id") == "tradewind-signer":
            return dict(ask, path=path)
    return None


def ask_password():
    tool = shutil.which("systemd-ask-password")
    if not tool:
        tap.skip("ask_password", "systemd-ask-password is not installed")
        return
    if not ROOT:
        tap.skip("ask_password", "only root may ask by systemd-ask-password")
        return

    def ask():
        told = Listener("asked-%d" % len(os.listdir(SCRATCH)))
        s, at = given("trade", arguments=("--no-strict", "--unlock", "ask-password"), NOTIFY_SOCKET=told.path)
        until(lambda: question(s) or s.ended())
        q = question(s)
        tap.ok(q and "key store" in q["Message"] and q.get("Echo", "0") == "0", "it_asks", "%s\n%s" % (q, s.said()))
        return s, at, told, q

    def answer(q, what):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as c:
            c.sendto(what, q["Socket"])

    s, at, told, q = ask()
    fds = {os.readlink(p) for p in glob.glob("/proc/%s/fd/*" % q["PID"])}
    with open("/proc/net/unix") as f:
        ours = {"socket:[%s]" % line.split()[6] for line in f if line.split()[-1] == at["trade"]}
    tap.ok(ours and not ours & fds, "who_asks_does_not_have_the_sockets", fds)
    answer(q, b"+" + rig.PHRASE.encode())
    tap.ok(told.next() == "READY=1\nSTATUS=unlocked" and not sealed(at["trade"]), "the_right_answer_opens", s.said())
    tap.ok(s.stop() == 0, "and_ends_in_order", s.said())
    for what, text, word in (("a_wrong_one", b"+wrong", "does not open"), ("cancelling", b"-", "cancelled"),
                             ("an_empty_one", b"+", "nothing")):
        s, _, told, q = ask()
        answer(q, text)
        tap.ok(s.wait() == 1 and word in s.said(), "%s_ends_it" % what, s.said())
        tap.ok(not any("READY" in m for m in told.rest()), "and_is_never_ready", told.heard)
    # systemd's own patience (TimeoutStartSec=) ends the question: SIGTERM, or SIGKILL
    for number in (signal.SIGTERM, signal.SIGKILL):
        s, _, told, q = ask()
        tap.ok(s.stop(number) == -number, "a_time_limit_ends_it_by_%s" % number.name, s.code)
        tap.ok(until(lambda: not os.path.exists(q["path"])), "and_nobody_is_asked_any_more")


def without_it():
    empty = SCRATCH + "/empty"
    os.mkdir(empty)
    s, _ = given("trade", arguments=("--no-strict", "--unlock", "ask-password"), PATH=empty)
    tap.ok(s.wait() == 1 and "cannot be started" in s.said(), "without_systemd_it_says_so", s.said())
    if ROOT and shutil.which("systemd-ask-password"):
        s, _ = given("trade", arguments=("--no-strict", "--unlock", "ask-password"), user=65533)
        tap.ok(s.wait() == 1 and "only root may" in s.said(), "who_may_not_ask_is_told", s.said())


try:
    os.chmod(SCRATCH, 0o711)
    STORE = rig.Rig(SCRATCH + "/store", {"trade": ("binance-hmac", "s" * 40)})
    sockets_with_names()
    by_socket_activate()
    what_is_told()
    watchdog()
    strict()
    namespaces_refused()
    credential()
    prompt()
    ask_password()
    without_it()
finally:
    for one in started:
        one.stop(signal.SIGKILL)
    shutil.rmtree(SCRATCH, ignore_errors=True)
tap.done()
