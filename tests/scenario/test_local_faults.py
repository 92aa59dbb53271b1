#!/usr/bin/env python3
"""The daemon on a machine that misbehaves: a disk that is full, a directory that cannot be written, a journal that is
not one, a control socket that everybody shouts at. A clear sentence and exit 1, or it goes on; never a wrong state."""
import os, re, socket, subprocess, sys, threading, time

sys.path[:0] = ["tests/tools", "tests/lib"]
import agent, hostile, tap
from fake_venue import Venue
from hostile import HONEST, SLOW, Case, ok, run_all


def refused(c, line, what, code=1):
    """A start that fails with one clear line."""
    c.start()
    got = c.daemon.wait(10 * SLOW)
    errors = [l for l in c.log().splitlines() if " error " in l]
    return c.ok(got == code and errors and re.search(line, errors[0]), what, "exit %s, expected %s" % (got, line))


def case_journals():
    """What stands in the journal's place."""
    v = Venue(HONEST)
    c = Case("journal", v)
    c.live()
    c.trades()
    c.daemon.stop()
    path = os.path.join(c.dir, "state/journal-0001.twj")
    with open(path, "rb") as f:
        whole = f.read()

    def put(data):
        with open(path, "wb") as f:
            f.write(data)
    put(b"")
    refused(c, r"journal-0001\.twj: ", "empty_is_refused")
    put(whole[:20])
    refused(c, r"journal-0001\.twj: ", "with_half_a_header_is_refused")
    put(b"\0" * 100000)
    refused(c, r"journal-0001\.twj: ", "of_zeros_is_refused")
    put(whole[:len(whole) // 2] + bytes([whole[len(whole) // 2] ^ 0x10]) + whole[len(whole) // 2 + 1:])
    refused(c, r"journal-0001\.twj: record \d+ at byte \d+", "with_a_flipped_bit_is_refused")
    code, out = agent.tell("journal", os.path.join(c.dir, "state"))
    c.ok(code == 1 and re.search(r"record \d+ at byte \d+", out), "command_names_the_record", out[-500:])
    os.remove(path)
    os.mkdir(path)
    refused(c, r"journal-0001\.twj: ", "that_is_a_directory_is_refused")
    os.rmdir(path)
    put(whole)
    c.start()
    c.live("put_back_is_recovered")
    c.trades("put_back_goes_on")
    c.end()


def case_places():
    """Where the state directory cannot be."""
    v = Venue(HONEST)
    c = Case("place", v, start=False)
    state = os.path.join(c.dir, "state")
    open(state, "w").close()
    refused(c, re.escape(state), "that_is_a_file_is_refused")
    os.remove(state)
    with open(c.config) as f:
        text = f.read()
    with open(c.config, "w") as f:
        f.write(text.replace('state_dir = "state"', 'state_dir = "/proc/nowhere"'))
    refused(c, r"/proc/nowhere", "that_cannot_be_made_is_refused")
    with open(c.config, "w") as f:
        f.write(text)
    c.start()
    c.live("that_is_fine_works")
    c.trades()
    c.end()


def case_full_disk():
    """A file system of 2 MB, of which little is left."""
    name = "full_disk_on_a_file_system_of_its_own"
    v = Venue(HONEST)
    c = Case("full_disk", v, start=False)
    state = os.path.join(c.dir, "state")
    os.mkdir(state, 0o700)
    if os.geteuid() or subprocess.call(["mount", "-t", "tmpfs", "-o", "size=2m,mode=0700", "none", state],
                                       stderr=subprocess.DEVNULL):
        with hostile.LOCK:
            tap.skip(name, "needs the right to mount a file system")
        v.close()
        return
    try:
        filler = os.path.join(state, "filler")
        with open(filler, "wb") as f:
            f.write(b"x" * (2 * 1024 * 1024 - 400000))
        with open(c.config, "a") as f:
            f.write("\n[journal]\nsegment_kib = 256\n")
        c.start()
        code = c.daemon.wait(40 * SLOW)
        c.ok(code == 1, "ends_it", code)
        c.ok(re.search(r"there is no room for the 262144 bytes of a segment: No space left on device", c.log()), "is_named")
        c.ok("HALTED: nothing is done any more" in c.log(), "nothing_is_done_after_it")
        fills = len(re.findall(r"(bought|sold) .* \((taker|maker)", c.log()))
        # Still full: the start fails again, in words.
        c.start()
        code = c.daemon.wait(20 * SLOW)
        c.ok(code == 1 and "No space left on device" in c.log(), "while_full_it_does_not_start", code)
        os.remove(filler)
        c.start()
        c.live("room_made_it_starts")
        s = c.status()
        c.ok(s["agent_state"] == "HALTED" and "begins HALTED" in c.log(), "halt_is_latched", s)
        c.ok(s["fills"] >= fills, "no_fill_is_forgotten", "%s %s" % (fills, s))
        c.idle("halted_sends_no_order")
        code, out = agent.tell("unhalt", c.config, "--reason", "made room")
        c.ok(code == 0, "unhalt", out)
        c.trades("trades_after_unhalt")
        c.end()
        with hostile.LOCK:
            tap.ok(True, name)
    finally:
        subprocess.call(["umount", "-l", state])


def case_control():
    """Garbage, silence and floods on the control socket do not hold up the daemon."""
    v = Venue(HONEST)
    c = Case("control", v)
    c.live()
    path = os.path.join(c.dir, "state/control.sock")

    def shout(data, read=True):
        try:
            s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            s.settimeout(5)
            s.connect(path)
            s.sendall(data)
            if read:
                s.shutdown(socket.SHUT_WR)
                s.recv(1000)
            return s
        except OSError:
            return s
    for data in (b"\0" * 10000, b"\xff" * 100000, b"GET / HTTP/9.9\r\n\r\n", b"GET " + b"/" * 100000 + b" HTTP/1.1\r\n\r\n",
                 b"POST /v1/command HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n{",
                 b"POST /v1/command HTTP/1.1\r\nContent-Length: -1\r\n\r\n{}",
                 b"POST /v1/command HTTP/1.1\r\nContent-Length: 5\r\n\r\n[[[[[",
                 b"POST /v1/command HTTP/1.1\r\nContent-Length: 4096\r\n\r\n" + b"[" * 4096,
                 b"GET /v1/status HTTP/1.1\r\n" + b"X: y\r\n" * 20000 + b"\r\n"):
        shout(data).close()
    c.trades("trades_after_garbage")
    idle = [shout(b"GET /v1/sta", read=False) for n in range(300)]
    s = c.until(lambda x: True, 15)
    c.ok(s and s["feed"]["BTC-USDT"] == "live", "trades_beside_300_silent_connections", s)
    c.trades("trades_beside_silence")
    for s in idle:
        s.close()
    # Commands as fast as they are taken: each is done or refused, none is lost.
    done, lock = [0, 0], threading.Lock()

    def command(n):
        for i in range(60):
            body = b'{"command":"%s","strategy":"dca-btc","reason":"n"}' % (b"pause", b"resume")[i % 2]
            answer = agent.http(path, b"POST /v1/command HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: "
                                      b"application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            with lock:
                done["200" not in answer.split("\r\n")[0]] += 1
    threads = [threading.Thread(target=command, args=(n,)) for n in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    c.ok(done == [480, 0], "takes_480_commands", done)
    agent.tell("resume", c.config, "dca-btc")
    c.ok(c.log().count("control: ") <= 600, "commands_are_told")
    c.trades("trades_after_the_commands")
    c.end()


def case_exchange_port():
    """The exchange in a box, where somebody else has its port."""
    s = socket.create_server(("127.0.0.1", 0))
    d = os.path.join(hostile.SCRATCH, "exchange")
    os.mkdir(d)
    p = agent.Program([agent.TRADEWIND, "exchange", "--dir", d, "--replay", "BTC-USDT=" + agent.RECORDING, "--listen",
                       "127.0.0.1:%d" % s.getsockname()[1]], d)
    code = p.wait(20 * SLOW)
    ok(code == 1 and re.search(r"in use", p.log()), "exchange_says_that_its_port_is_in_use", "%s %s" % (code, p.log()))
    s.close()


if __name__ == "__main__":
    run_all([case_journals, case_places, case_full_disk, case_control, case_exchange_port], 5)
