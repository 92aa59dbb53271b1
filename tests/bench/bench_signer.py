#!/usr/bin/env python3
"""The signer: from an order asked for by the daemon's client to its signature, through the real process, beside the bare
primitive and a bare ping-pong over such a socket in the same run; its start, its opening, its system calls and its size."""
import json, os, subprocess, sys, tempfile, time

sys.path[:0] = ["tests/lib", "tests/tools"]
import signer_lines, signer_rig

BUILD = signer_rig.BUILD
DRIVER = os.path.join(BUILD, "tools", "signer_driver")
ORDERS, STRICT_ORDERS, WARMUP = 3000, 300, 300
REFILL_S = 3.5  # the signer answers a user 1000 requests a second, and 4000 at once
WAIT_US = 2000
KINDS = (("HMAC", "hmac"), ("Ed25519", "ed25519"))


def tell(name, value, unit, peer="-", peer_value=0.0, aim="-"):
    print("bench\t%s\t%.6g\t%s\t%s\t%.6g\t%s" % (name, value, unit, peer, peer_value, aim), flush=True)


def drive(cores, *arguments):
    p = subprocess.run([DRIVER, *[str(a) for a in arguments]], check=True, stdout=subprocess.PIPE,
                       preexec_fn=lambda: os.sched_setaffinity(0, cores))
    return json.loads(p.stdout)


def sign(rig, cores, label, count, wait_us):
    """A key and an instance of its own each time: the policy allows 6000 orders of a key a minute."""
    time.sleep(REFILL_S)
    instance = sorted(rig.keys).index(label) + 1
    return drive(cores, "orders", rig.socket("trade.sock"), label, instance, count, WARMUP, wait_us)


def orders(rig, mode, label, word, kind, cores, where, count):
    order = sign(rig, cores, label, count, WAIT_US)
    bare = drive(cores, "primitive", kind, 4000)
    floor = drive(cores, "floor", 20000, order["request_bytes"], order["reply_bytes"])
    name = "%s order, %s, %s" % (word, mode, where)
    tell(name + ": p50", order["p50"], "us", "bare " + word, bare["p50"])
    tell(name + ": hop, p50", order["p50"] - bare["p50"], "us", "bare ping-pong", floor["p50"],
         "<= 20" if mode == "sliced" and where == "one core" else "-")
    tell(name + ": p99", order["p99"], "us", "bare ping-pong", floor["p99"])
    tell(name + ": p99.9", order["p999"], "us", "bare ping-pong", floor["p999"])
    return order


def round_trips(directory, mode, count):
    everywhere = os.sched_getaffinity(0)
    one = {min(everywhere)}
    keys = {}
    for word, kind in KINDS:
        for n in range(3):
            keys["%s-%d" % (kind, n)] = ("binance-" + kind, os.urandom(32).hex())
    rig = signer_rig.Rig(os.path.join(directory, mode), keys)
    try:
        for cores, where, n in ((one, "one core", 0), (everywhere, "all cores", 1)):
            rig.start("--durability", mode, cores=cores)
            rig.unlock()
            if n == 0:
                rig.set_policy()
            for word, kind in KINDS:
                waited = orders(rig, mode, "%s-%d" % (kind, n), word, kind, cores, where, count)
                if mode == "sliced" and where == "one core":
                    loop = sign(rig, cores, kind + "-2", count, 0)
                    tell("%s order, sliced, one core, by the loop: p50" % word, loop["p50"], "us", "waiting for it",
                         waited["p50"])
            rig.stop()
    finally:
        rig.stop()


def start_and_open(directory):
    rig = signer_rig.Rig(os.path.join(directory, "heavy"), {"bin": ("binance-hmac", "x" * 64)}, kdf=())
    try:
        starts, unlocks = [], []
        for _ in range(3):
            starts.append(rig.start())
            unlocks.append(rig.unlock())
            rig.stop()
        bare = min(drive(os.sched_getaffinity(0), "kdf", 256, 3)["p50"] for _ in range(3))
        tell("unlock with the default parameters", min(unlocks) * 1000, "ms", "bare crypto_pwhash", bare / 1000)
        tell("start to ready", sorted(starts)[1] * 1000, "ms", "-", 0, "<= 50")
    finally:
        rig.stop()


def size():
    p = subprocess.run([signer_rig.SIGNER, "serve", "--show-sandbox", "--json"], check=True, stdout=subprocess.PIPE)
    tell("system calls it may make", len(json.loads(p.stdout)["serve"]), "calls", "-", 0, "<= 15")
    serving = sum(signer_lines.lines(BUILD, signer_lines.SERVING).values())
    tell("lines of the process that signs", sum(signer_lines.lines(BUILD).values()), "lines", "with the one that opens",
         serving, "<= 5000")


def main():
    with tempfile.TemporaryDirectory(dir=BUILD) as directory:  # a disk: what is synced must go somewhere
        directory = os.path.abspath(directory)
        round_trips(directory, "sliced", ORDERS)
        round_trips(directory, "strict", STRICT_ORDERS)
        start_and_open(directory)
    size()


main()
