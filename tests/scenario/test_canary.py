#!/usr/bin/env python3
"""Planted secrets, a whole life of them with every program that meets them, killed in ways that leave core files where nothing
forbids it: then everything that was printed, written or could be listed meanwhile is searched for them."""
import base64, os, resource, shutil, signal, subprocess, sys, tempfile, time

sys.path[:0] = ["tests/tools", "tests/lib"]
import tap
import signer_client as wire, signer_rig

SCRATCH = tempfile.mkdtemp(prefix="tw-canary-")
WORK, GIVEN = os.path.join(SCRATCH, "work"), os.path.join(SCRATCH, "given")
TRADEWIND = os.path.abspath(os.path.join(signer_rig.BUILD, "tradewind"))
signer_rig.SIGNER = os.path.abspath(signer_rig.SIGNER)
HMAC, TOKEN = "CanaryHmac" + os.urandom(24).hex(), "271828:CanaryToken" + os.urandom(16).hex()
SEED, SCALAR = os.urandom(32), b"\1" + os.urandom(31)
PHRASE, NEXT, WRONG = ("canary-%s-%s" % (n, os.urandom(12).hex()) for n in ("first", "next", "wrong"))
MNEMONIC = "legal winner thank year wave sausage worth useful legal winner thank yellow"
SECRETS = {"hmac": HMAC.encode(), "token": TOKEN.encode(), "seed": SEED, "scalar": SCALAR, "phrase": PHRASE.encode(),
           "next_phrase": NEXT.encode(), "wrong_phrase": WRONG.encode(), "mnemonic": MNEMONIC.encode()}
PRINTED = []


def needles():
    """Each secret as it is, in hexadecimal and in base64 (the three ways it may lie in it)."""
    for name, secret in SECRETS.items():
        yield name, secret
        yield name + " in hex", secret.hex().encode()
        yield name + " in HEX", secret.hex().upper().encode()
        for shift in range(3):
            text = base64.b64encode(bytes(shift) + secret)
            yield name + " in base64", text[4 if shift else 0:-4]


NEEDLES = list(needles())


def found_in(data):
    return sorted({name for name, needle in NEEDLES if needle in data})


def everything():
    """{where: what was found there} in all that was printed and in all files."""
    found = {"printed": found_in(b"\n".join(PRINTED))}
    size = 0
    for at, _, names in os.walk(WORK):
        for n in names:
            path = os.path.join(at, n)
            if os.path.isfile(path):
                with open(path, "rb") as f:
                    data = f.read()
                size += len(data)
                found[path] = found_in(path.encode() + data)
    return {k: v for k, v in found.items() if v}, size


def key(*arguments, phrase=PHRASE, program=(TRADEWIND, "key"), **secrets):
    """A command with its secrets in files of mode 0600; what it printed is kept."""
    line = [*program, *arguments, "--store", RIG.store]
    for name, text in dict(secrets, passphrase=phrase).items():
        path = os.path.join(GIVEN, "secret-%d" % len(os.listdir(GIVEN)))
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as f:
            f.write(text)
        line += ["--%s-file" % name.replace("_", "-"), path]
    p = subprocess.run(line, cwd=WORK, env=ENV, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       start_new_session=True, preexec_fn=cores_allowed)
    PRINTED.extend((p.stdout, p.stderr))
    return p.returncode


def cores_allowed():
    most = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (most, most))


def listings(pid):
    """What /proc shows of a process to whoever may look: arguments, environment, names of files and maps."""
    shown = b""
    for name in "cmdline", "environ", "status", "maps", "comm", "stat", "limits", "mountinfo", "wchan", "stack":
        try:
            with open("/proc/%d/%s" % (pid, name), "rb") as f:
                shown += f.read()
        except OSError:
            pass
    for name in "fd", "task", "map_files":
        try:
            shown += b"".join(os.fsencode(os.readlink("/proc/%d/%s/%s" % (pid, name, n)) if name != "task" else n)
                              for n in os.listdir("/proc/%d/%s" % (pid, name)))
        except OSError:
            pass
    return shown


def opener(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
        return [int(n) for n in f.read().split()]


def order(number, key="bin"):
    with wire.Client(RIG.socket("trade.sock")) as c:
        return c.ask(wire.SIGN_ORDER, signing={"key": key, "transport": wire.REST, "timestamp": time.time_ns() // 1000000,
                                               "validity": 5000},
                     order={"instance": 1, "number": number, "symbol": "BTC-USDT", "coid": "c%d" % number, "side": wire.BUY,
                            "kind": wire.LIMIT, "tif": wire.GTC, "base": wire.units("1"), "price": wire.units("2")})["name"]


def serve():
    """The signer with cores allowed, open; its pid is that of the process that signs."""
    r, w = os.pipe()
    log = open(os.path.join(WORK, "signer.log"), "ab")
    p = subprocess.Popen([signer_rig.SIGNER, "serve", "--store", RIG.store, "--counter",
                          os.path.join(WORK, "counter"), "--sockets", RIG.sockets, "--unlock", "none", "--durability", "sliced",
                          "--ready-fd", str(w)], cwd=WORK, env=ENV, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                         pass_fds=[w], preexec_fn=cores_allowed)
    os.close(w)
    log.close()
    ready = os.read(r, 64)
    os.close(r)
    if not ready:
        raise RuntimeError("the signer does not come up")
    return p


def dies(name, number, first):
    """One life of the signer that ends by a signal that leaves a core elsewhere."""
    p = serve()
    RIG.unlock()
    if first == 1:
        RIG.set_policy()
    signed = [order(first), order(first + 1, "ed"), order(first), order(first + 2, "gone")]
    with wire.Client(RIG.socket("wire.sock")) as c:
        signed.append(c.ask(wire.GET_SECRET, label="tg")["name"])
    with wire.Client(RIG.socket("admin.sock")) as c:
        signed.append(c.ask(wire.UNLOCK, secret={"how": wire.PASSPHRASE, "bytes": WRONG.encode()})["name"])
    tap.ok(signed == ["allowed", "allowed", "policy-repeated", "policy-key", "allowed", "policy-secret"], name + "_works", signed)
    PRINTED.extend(listings(n) for n in [p.pid] + opener(p.pid))
    who = opener(p.pid)[0] if name == "opener" else p.pid
    os.kill(who, number)
    p.wait(signer_rig.PATIENCE)
    code = p.returncode
    # A sanitizer has a handler of its own for SIGSEGV, and calls in it what the sandbox has taken away.
    tap.ok(code in (-number, -signal.SIGSYS) if who == p.pid else code != 0, name + "_is_killed", code)


def core_of_another():
    """Whether a program of ours that dies so leaves a core here: else the search for them proves little."""
    directory = os.path.join(SCRATCH, "control")
    os.mkdir(directory)
    p = subprocess.Popen(["sleep", "100"], cwd=directory, preexec_fn=cores_allowed)
    time.sleep(0.2)
    p.send_signal(signal.SIGABRT)
    _, status = os.waitpid(p.pid, 0)
    return os.WCOREDUMP(status)


def daemon_dies():
    """The agent holds no key; its core, where there is one, is searched like every other file."""
    out = subprocess.run([TRADEWIND, "init"], cwd=WORK, env=ENV, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT)
    PRINTED.append(out.stdout)
    for line in ("status",), ("check", os.path.join(WORK, "tradewind.toml")), ("doctor",):
        p = subprocess.run([TRADEWIND, *line], cwd=WORK, env=ENV, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT)
        PRINTED.append(p.stdout)
    with open(os.path.join(WORK, "secret.toml"), "w") as f:
        f.write('[agent]\napi_secret = "not-a-real-one"\n')
    p = subprocess.run([TRADEWIND, "check", f.name], cwd=WORK, env=ENV, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT)
    tap.ok(b"not-a-real-one" not in p.stdout and b"key store" in p.stdout, "a_secret_in_a_configuration_is_not_repeated", p.stdout)


def main():
    done = [key("add", "tg", "--kind", "telegram-token", secret=TOKEN),
            key("import", "scalar", "--kind", "evm", "--network", "evm:1", "--format", "hex", secret=SCALAR.hex()),
            key("import", "words", "--kind", "evm", "--network", "evm:1", "--format", "mnemonic", secret=MNEMONIC),
            key("list", "--json"), key("list", "--unverified"), key("slots"), key("show-address", "scalar"),
            key("backup", os.path.join(WORK, "backup"))]
    tap.ok(not any(done), "a_store_with_planted_secrets", done)
    refused = [key("list", phrase=WRONG), key("add", "tg", "--kind", "telegram-token", secret=TOKEN),
               key("import", "bad", "--kind", "evm", "--network", "evm:1", "--format", "hex", secret=SCALAR.hex() + "zz"),
               key("import", "bad", "--kind", "evm", "--network", "evm:1", "--format", "mnemonic", secret=MNEMONIC + " zoo"),
               key("import", "bad", "--kind", "evm", "--network", "evm:1", "--format", "web3", secret=HMAC),
               key("import", "bad", "--kind", "evm", "--network", "evm:1", "--format", "pem", secret=HMAC)]
    tap.ok(all(refused), "what_is_wrong_is_refused", refused)
    for n, (name, number) in enumerate((("segv", signal.SIGSEGV), ("abrt", signal.SIGABRT), ("quit", signal.SIGQUIT),
                                        ("opener", signal.SIGSEGV))):
        dies(name, number, 1 + 1000 * n)
    code = key("rekey", *signer_rig.LIGHT, "--counter", os.path.join(WORK, "counter"), new_passphrase=NEXT)
    tap.ok(code == 0, "rekey")
    log = ("--counter", os.path.join(WORK, "counter"))
    shown = [key("verify", "--macs", *log, phrase=NEXT, program=(TRADEWIND, "audit")),
             key("show", *log, phrase=NEXT, program=(TRADEWIND, "audit"))]
    tap.ok(shown == [0, 0], "the_log_is_shown", shown)
    daemon_dies()

    cores = [os.path.join(at, n) for at, _, names in os.walk(SCRATCH) for n in names if n.startswith("core")
             and not at.endswith("control")]
    if core_of_another():
        tap.ok(not cores, "no_core_file_of_the_signer_where_another_program_leaves_one", cores)
    else:
        tap.skip("no_core_file_of_the_signer_where_another_program_leaves_one", "nothing leaves a core file here")
        tap.ok(not cores, "no_core_file", cores)
    found, size = everything()
    tap.ok(not found and size > 1 << 20 and len(PRINTED) > 30, "nothing_that_was_written_or_shown_holds_a_secret", "%s in %d bytes"
           % (found, size))
    for name, text in ("hmac", HMAC.encode()), ("seed in hex", SEED.hex().encode()), \
            ("token in base64", base64.b64encode(b"a" + TOKEN.encode())):
        with open(os.path.join(WORK, "planted"), "wb") as f:
            f.write(b"x" * 100 + text)
        found = everything()[0]
        tap.ok(list(found) == [f.name] and name in found[f.name], "the_search_finds_the_" + name.replace(" ", "_"), found)
    tap.done()


os.makedirs(GIVEN, 0o700)
RIG = signer_rig.Rig(WORK, {"bin": ("binance-hmac", HMAC), "ed": ("binance-ed25519", SEED.hex())}, phrase=PHRASE)
ENV = signer_rig.environment(WORK)
try:
    main()
finally:
    shutil.rmtree(SCRATCH, ignore_errors=True)
