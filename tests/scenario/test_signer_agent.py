#!/usr/bin/env python3
"""The daemon beside a real signer: kept running by `tradewind run`, opened, asked, killed, stopped; and no process but the
signer ever has a key in its memory, its environment or its arguments, nor is one in any file."""
import base64, ctypes, ctypes.util, fcntl, hashlib, os, shutil, signal, struct, subprocess, sys, tempfile, termios, threading

sys.path[:0] = ["tests/tools", "tests/lib"]
import agent, signer_rig, tap

SCRATCH = tempfile.mkdtemp(prefix="tw-agent-signer-")
DRIVER = os.path.join(tap.BUILD, "tools", "signer_driver")
HMAC = "hmacCANARY" + os.urandom(27).hex()
SEED = os.urandom(32)
TOKEN = "123456:wireCANARY" + os.urandom(12).hex()
PHRASE = "phraseCANARY-" + os.urandom(12).hex()


# ---- what is looked for ----

def data_key(path):
    """The key that encrypts the store's entries, and the stretched passphrase, by libsodium from the file's first slot."""
    sodium = ctypes.CDLL(ctypes.util.find_library("sodium"))
    with open(path, "rb") as f:
        data = f.read()
    prefix, at = data[:8], 12
    ident, at = data[at:at + 16], at + 16 + 8 + 32 + 4
    slot, (length,) = at, struct.unpack_from("<H", data, at + 1)
    at += 3 + length
    memory, passes = struct.unpack_from("<QI", data, at)
    salt, at = data[at + 12:at + 28], at + 28
    bound, nonce, wrapped = prefix + ident + data[slot:at], data[at:at + 24], data[at + 24:at + 72]
    stretched, key = ctypes.create_string_buffer(32), ctypes.create_string_buffer(32)
    phrase = PHRASE.encode()
    bad = sodium.crypto_pwhash(stretched, ctypes.c_ulonglong(32), phrase, ctypes.c_ulonglong(len(phrase)), salt,
                               ctypes.c_ulonglong(passes), ctypes.c_size_t(memory), 2)
    bad |= sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(key, None, None, wrapped, ctypes.c_ulonglong(48), bound,
                                                             ctypes.c_ulonglong(len(bound)), nonce, stretched.raw)
    if bad:
        raise RuntimeError("the key store's format is another one")
    return key.raw, stretched.raw


def forms(secret):
    """As bytes, as text, in hex and in base64 at each of its three alignments."""
    found = {secret, secret.hex().encode(), secret.hex().upper().encode()}
    for shift in range(3):
        whole = base64.b64encode(b"\0" * shift + secret)
        found.add(whole[4 if shift else 0:-4])
    return found


class Needles:
    def __init__(self, **secrets):
        self.by = {form: name for name, secret in secrets.items() for form in forms(secret)}

    def found_in(self, data):
        return {name for form, name in self.by.items() if form in data}


def memory_of(pid):
    """All that the process has in writable or anonymous memory, piece by piece."""
    with open("/proc/%d/maps" % pid) as f:
        lines = f.read().splitlines()
    with open("/proc/%d/mem" % pid, "rb", 0) as mem:
        for line in lines:
            where, mode, *_ = line.split()
            if "[v" in line:
                continue
            low, high = (int(x, 16) for x in where.split("-"))
            tail = b""
            while low < high:
                try:
                    mem.seek(low)
                    part = mem.read(min(high - low, 1 << 20))
                except OSError:
                    break  # a guard page, or what the kernel shows nobody
                if not part:
                    break
                yield tail + part
                tail, low = part[-256:], low + len(part)


def scan(pid, needles):
    found, size = set(), 0
    for part in memory_of(pid):
        size += len(part)
        found |= needles.found_in(part)
    return found, size


def proc(pid, name):
    with open("/proc/%d/%s" % (pid, name), "rb") as f:
        return f.read()


def children(pid):
    """{name: [pid]} of all that descend from it."""
    table, names = {}, {}
    for p in filter(str.isdigit, os.listdir("/proc")):
        try:
            head, _, rest = proc(int(p), "stat").decode(errors="replace").rpartition(")")
        except OSError:
            continue
        table.setdefault(int(rest.split()[1]), []).append((int(p), head.split("(", 1)[1]))
    todo = [pid]
    while todo:
        for child, name in table.get(todo.pop(), []):
            names.setdefault(name, []).append(child)
            todo.append(child)
    return names


def signer_of(config):
    s = agent.ask(config, "status")
    return s and s["signer"]


def is_now(config, state):
    return agent.wait_for(lambda: (lambda s: s and s["state"] == state and s)(signer_of(config)), 2 * agent.PATIENCE)


class Terminal(agent.Program):
    """A program at a terminal of its own; all that is shown there goes to its log."""

    def __init__(self, arguments, directory):
        self.path = tempfile.mktemp(dir=directory, suffix=".log")
        open(self.path, "wb").close()
        ours, theirs = os.openpty()
        self.p = subprocess.Popen(arguments, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
                                  preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(theirs)
        self.terminal = ours
        threading.Thread(target=self.drain, daemon=True).start()
        agent.RUNNING.append(self)

    def drain(self):
        with open(self.path, "ab", 0) as log:
            try:
                while True:
                    log.write(os.read(self.terminal, 65536))
            except OSError:
                pass

    def type(self, text):
        os.write(self.terminal, text.encode())


def hold(rig, key, instance):
    """The driver of the daemon's own client, after it has signed and fetched what it may."""
    p = subprocess.Popen([DRIVER, "hold", rig.socket("trade.sock"), rig.socket("wire.sock"), key, str(instance), "40", "tg"],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said = p.stdout.readline()
    return p, said


def main():
    rig = signer_rig.Rig(os.path.join(SCRATCH, "signer"), {"bin": ("binance-hmac", HMAC), "ed": ("binance-ed25519", SEED.hex())},
                         {"tg": TOKEN}, phrase=PHRASE)
    key, stretched = data_key(rig.store)
    keys = Needles(hmac=HMAC.encode(), hmac_bytes=bytes.fromhex(HMAC[len("hmacCANARY"):]), seed=SEED,
                   scalar=hashlib.sha512(SEED).digest()[:32], passphrase=PHRASE.encode(), data_key=key, stretched=stretched)
    token = Needles(token=TOKEN.encode())

    exchange = agent.Exchange(SCRATCH, 2)
    config = agent.write_config(SCRATCH, exchange.port, change=lambda t: t + '\n[signer]\nsockets = "%s"\nstore = "%s"\n' %
                                (rig.sockets, rig.store))
    os.environ.update(signer_rig.environment(SCRATCH))
    run = Terminal([agent.TRADEWIND, "run", config], SCRATCH)
    tap.ok(run.wait_log("[Pp]assphrase") and not children(run.p.pid).get("tradewindd"),
           "at_a_terminal_the_passphrase_is_asked_for_first", run.log())
    run.type(PHRASE + "\n")
    tap.ok(is_now(config, "open"), "and_opens_the_signer_before_the_daemon_starts", run.log())
    rig.set_policy()
    s = is_now(config, "open")
    tap.ok(s and agent.wait_for(lambda: signer_of(config)["keys"] == 3 and signer_of(config)["policy"]),
           "opened_the_daemon_sees_it", signer_of(config))

    # ---- the scan ----
    holders = []
    for name, label, instance in (("hmac", "bin", 7), ("ed25519", "ed", 8)):
        p, said = hold(rig, label, instance)
        holders.append(p)
        tap.ok(said == b"holding\n", "the_client_gets_%s_signatures_and_a_wire_secret" % name, said)
    before = agent.ask(config, "status")["events"]
    tap.ok(agent.wait_for(lambda: agent.ask(config, "status")["events"] > before), "while_it_trades_on_paper")
    under = children(run.p.pid)
    tap.ok(len(under.get("tradewindd", [])) == 1 and under.get("tradewind-signe"), "the_processes_are_found", under)
    looked_at = {"tradewind run": run.p.pid, "tradewindd": under["tradewindd"][0]}
    looked_at.update({"client %d" % n: p.pid for n, p in enumerate(holders)})
    may, reason = "san" not in tap.BUILD, "a sanitized program has terabytes of memory"
    try:
        may and next(memory_of(looked_at["tradewindd"]))
    except PermissionError:
        may, reason = False, "the memory of another process may not be read here"
    for who, pid in looked_at.items():
        name = "no_key_in_the_memory_of_" + who.replace(" ", "_")
        if may:
            found, size = scan(pid, keys)
            tap.ok(not found and size > 1 << 20, name, "%s in %d bytes" % (found, size))
        else:
            tap.skip(name, reason)
    # The scan finds what is there: the token in guarded memory of the client, keys in the signer's.
    for name, pid, what in (("the_token_in_the_client", holders[0].pid, token),
                            ("the_keys_in_the_signer", under["tradewind-signe"][0], keys)):
        if not may:
            tap.skip("the_scan_finds_" + name, reason)
            continue
        try:
            found = set().union(*(scan(p, what)[0] for p in ([pid] if what is token else under["tradewind-signe"])))
            tap.ok(found, "the_scan_finds_" + name, found)
        except PermissionError:
            tap.skip("the_scan_finds_" + name, "the memory of another process may not be read here")
    everyone = list(looked_at.values()) + under["tradewind-signe"]
    shown = b"".join(proc(p, "cmdline") + proc(p, "environ") for p in everyone if os.access("/proc/%d/environ" % p, os.R_OK))
    tap.ok(b"serve" in shown and b"HOME=" in shown and not keys.found_in(shown) and not token.found_in(shown),
           "nor_in_arguments_and_environments", keys.found_in(shown))
    for p in holders:
        p.stdin.close()
        tap.ok(p.wait(60) == 0, "the_client_ends_in_order", p.stdout.read())

    # ---- each on its own ----
    daemon = under["tradewindd"]
    os.kill(max(under["tradewind-signe"], key=lambda p: b"serve" in proc(p, "cmdline") and p in children_of(run.p.pid)),
            signal.SIGKILL)
    tap.ok(run.wait_log("the signer crashed: Killed", agent.PATIENCE), "a_killed_signer_is_noticed", run.log())
    tap.ok(is_now(config, "sealed") and children(run.p.pid).get("tradewindd") == daemon,
           "it_is_started_again_sealed_and_the_daemon_never_stopped", run.log())
    rig.unlock()
    tap.ok(is_now(config, "open"), "and_can_be_opened_again", signer_of(config))
    os.kill(daemon[0], signal.SIGKILL)
    tap.ok(agent.wait_for(lambda: children(run.p.pid).get("tradewindd") not in (None, daemon)) and is_now(config, "open"),
           "a_killed_daemon_finds_the_signer_open", run.log())
    tap.ok(run.stop() == 0 and not children(run.p.pid), "told_to_stop_all_end", run.log())

    written = {}
    for where, _, names in os.walk(SCRATCH):
        for n in names:
            path = os.path.join(where, n)
            if os.path.isfile(path):
                with open(path, "rb") as f:
                    data = f.read()
                found = keys.found_in(data) | token.found_in(data)
                if found:
                    written[path] = found
    tap.ok(not written, "no_file_has_a_secret", written)


def children_of(pid):
    return [p for pids in children(pid).values() for p in pids
            if proc(p, "stat").decode(errors="replace").rpartition(")")[2].split()[1] == str(pid)]


try:
    main()
finally:
    agent.stop_all()
    shutil.rmtree(SCRATCH, ignore_errors=True)
tap.done()
