#!/usr/bin/env python3
"""The shipped signer, by its sockets and the real clock, answers random requests as the documents say (tests/oracle/live.py):
5000 of them, each reply compared whole. In strict mode over an orderly stop and a kill, after which everything that was signed
still counts; and past the end of a minute, after which orders are allowed again. ORACLE_SEED=n draws the same requests but for
their times."""
import collections, os, random, signal, sys, tempfile, time

sys.path[:0] = ["tests/tools", "tests/oracle", "tests/lib"]
import tap
import compare, live, policy

seed = compare.first_seed()
seen = collections.Counter()


def begin(directory, durability, seed):
    signer = live.Signer(directory, durability)
    signer.start()
    return signer, live.Live(random.Random(seed), live.KEYS, 10 ** 6)


with tempfile.TemporaryDirectory() as directory:
    signer, session = begin(directory, "sliced", seed)
    bad = []
    live.walk(signer, session, 3000, seen, bad)
    signer.stop(signal.SIGTERM)
    tap.ok(not bad, "sliced_answers_agree", "%d differ\n%s" % (len(bad), "\n".join(bad[:10])))

with tempfile.TemporaryDirectory() as directory:
    signer, session = begin(directory, "strict", seed + 1)
    for how, name in (signal.SIGTERM, "from_the_beginning"), (signal.SIGKILL, "after_a_stop"), (signal.SIGTERM, "after_a_kill"):
        bad = []
        live.walk(signer, session, 600, seen, bad)
        tap.ok(not bad, "strict_answers_agree_" + name, "%d differ\n%s" % (len(bad), "\n".join(bad[:10])))
        signer.stop(how)
        session.sealed = True
        if name != "after_a_kill":
            signer.start()

with tempfile.TemporaryDirectory() as directory:
    signer, session = begin(directory, "sliced", seed + 2)
    session.brief = True
    for name in "of_the_first_minute", "of_the_next_minute":
        bad, before = [], seen["policy-rate"]
        for _ in range(20):  # few of the first orders may be allowed at all: then more are needed
            live.walk(signer, session, 200, seen, bad)
            if seen["policy-rate"] > before:
                break
        tap.ok(not bad, "answers_agree_" + name, "%d differ\n%s" % (len(bad), "\n".join(bad[:10])))
        tap.ok(seen["policy-rate"] > before, "rates_bind_" + name)
        if name == "of_the_first_minute":
            time.sleep(max(0, session.counters.last_end + policy.MINUTE + 1000 - live.now()) / 1000)
    signer.stop(signal.SIGTERM)

compare.table(seen)
names = compare.REACHABLE + ["policy-message", "policy-capability", "policy-sealed"]
tap.ok(sum(seen[n] > 0 for n in names) >= len(names) - 6, "reasons_were_reached", [n for n in names if not seen[n]])
tap.done()
