#!/usr/bin/env python3
"""Who holds the trade socket keeps nobody else from cancelling: not by asking too much, not by sending descriptors whose end
takes time. And the process that opens key stores keeps no passphrase that was given at the start."""
import array, os, re, shutil, signal, socket, struct, subprocess, sys, tempfile, time

sys.path.insert(0, "tests/tools")
sys.path.insert(0, "tests/lib")
import tap
import signer_client as wire, signer_rig

SCRATCH = tempfile.mkdtemp(prefix="tw-siege-")
PASSRIGHTS = 83  # Linux 6.16
PATIENCE, LINGER = 60, 600


def refuses_descriptors():
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        s.setsockopt(socket.SOL_SOCKET, PASSRIGHTS, 0)
        return True
    except OSError:
        return False
    finally:
        s.close()


def cancel(client):
    now = int(time.time() * 1000)
    return client.ask(wire.SIGN_CANCEL, signing=dict(key="bin", transport=wire.REST, timestamp=now, validity=1000),
                      cancel=dict(symbol="BTC-USDT", coid="old"))["name"]


def lingering():
    """A socket whose last close() waits LINGER seconds for a reader that does not read; and what keeps it so."""
    server = socket.socket()
    server.bind(("127.0.0.1", 0))
    server.listen(1)
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, LINGER))
    s.connect(server.getsockname())
    peer = server.accept()[0]
    s.setblocking(False)
    try:
        while True:
            s.send(bytes(65536))
    except BlockingIOError:
        return s, (server, peer)


def flood(rig):
    said = set()
    with wire.Client(rig.socket("trade.sock")) as c, wire.Client(rig.socket("cancel.sock")) as other:
        for _ in range(4000):
            said.add(cancel(c))
            if "policy-busy" in said:
                break
        tap.ok(said == {"allowed", "policy-busy"}, "the_trade_socket_has_a_limit_of_what_is_recorded", said)
        tap.ok(cancel(other) == "allowed", "and_the_cancel_socket_one_of_its_own")


def descriptors(rig):
    if not refuses_descriptors():
        return tap.skip("no_descriptor_holds_it_up", "this kernel cannot refuse them (SO_PASSRIGHTS)")
    s, kept = lingering()
    with wire.Client(rig.socket("trade.sock")) as c, wire.Client(rig.socket("cancel.sock"), timeout=PATIENCE) as other:
        os.kill(rig.process.pid, signal.SIGSTOP)  # what it reads then is the last one
        try:
            c.socket.sendmsg([wire.encode_request(wire.STATUS, 9)],
                             [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [s.fileno()]))])
            sent = True
        except PermissionError:
            sent = False
        tap.ok(not sent, "descriptors_cannot_be_sent_along")
        if sent:
            s.close()
        os.kill(rig.process.pid, signal.SIGCONT)
        try:
            said = cancel(other)
        except (TimeoutError, wire.Gone) as e:
            said = repr(e)
        tap.ok(said == "allowed", "no_descriptor_holds_it_up", said)
    for k in kept:
        k.close()


def memory(pid):
    """All that can be read of a process, page by page where a piece cannot."""
    with open("/proc/%d/maps" % pid) as maps, open("/proc/%d/mem" % pid, "rb", buffering=0) as f:
        for line in maps:
            at, end = (int(x, 16) for x in re.match(r"(\w+)-(\w+)", line).groups())
            if end >= 1 << 47 or end - at > 1 << 30:
                continue
            try:
                f.seek(at)
                yield f.read(end - at)
            except OSError:
                pass


def opener():
    """Unlocked with a passphrase that was given at the start: nobody has it afterwards."""
    directory = os.path.join(SCRATCH, "given")
    rig = signer_rig.Rig(directory, {"bin": ("binance-hmac", "s" * 32)})
    r, w = os.pipe()
    os.write(w, rig.phrase.encode())
    os.close(w)
    ready, told = os.pipe()
    with open(os.path.join(directory, "signer.log"), "wb") as log:
        p = subprocess.Popen([signer_rig.SIGNER, "serve", "--store", rig.store, "--counter", os.path.join(directory, "counter"),
                              "--sockets", rig.sockets, "--unlock", "prompt", "--passphrase-fd", str(r), "--ready-fd", str(told)],
                             env=signer_rig.environment(directory), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                             pass_fds=[r, told])
    os.close(r)
    os.close(told)
    try:
        assert os.read(ready, 64), rig.said()
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and b"unlocked" not in rig.said().encode():
            time.sleep(0.01)
        with wire.Client(rig.socket("trade.sock")) as c:
            tap.ok(not c.greeting["sealed"], "it_is_open", rig.said())
        with open("/proc/%d/task/%d/children" % (p.pid, p.pid)) as f:
            pids = [p.pid] + [int(x) for x in f.read().split()]
        tap.ok(len(pids) == 2, "two_processes", pids)
        where = [pid for pid in pids if any(rig.phrase.encode() in m for m in memory(pid))]
        tap.ok(not where, "and_no_passphrase_in_either", "in %r of %r" % (where, pids))
    finally:
        p.terminate()
        p.wait()
        os.close(ready)


try:
    rig = signer_rig.Rig(os.path.join(SCRATCH, "rig"), {"bin": ("binance-hmac", "s" * 32)})
    rig.start("--durability", "sliced")
    rig.unlock()
    rig.set_policy()
    try:
        flood(rig)
        descriptors(rig)
    finally:
        rig.process.kill()  # it may be held up
        rig.process.wait()
        rig.stop()
    if os.getuid():
        tap.skip("and_no_passphrase_in_either", "only root sees the memory of a signer")
    else:
        opener()
finally:
    shutil.rmtree(SCRATCH, ignore_errors=True)
tap.done()
