#!/usr/bin/env python3
"""Fuzzes one libFuzzer target for some seconds, and says in TAP whether it found something.

usage: fuzz.py [--seconds N] PROGRAM

The target starts from tests/fuzz/corpus/NAME; what it learns goes to a directory beside the program, so that a later
run goes on from there. An input that crashes is kept there too, and named.
"""
import argparse, os, re, subprocess, sys


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--seconds", type=int, default=15)
    a.add_argument("program")
    o = a.parse_args()
    name = os.path.basename(o.program)
    seeds = os.path.join("tests/fuzz/corpus", name[len("fuzz_"):])
    learnt, crashes = o.program + ".corpus", o.program + ".crashes/"
    os.makedirs(learnt, exist_ok=True)
    os.makedirs(crashes, exist_ok=True)
    if not os.path.isdir(seeds):
        print("1..1\nnot ok 1 - %s: its corpus %s is missing" % (name, seeds))
        return 1
    largest = max([os.path.getsize(os.path.join(p, f)) for p, _, fs in os.walk(seeds) for f in fs] or [0])
    p = subprocess.run([o.program, "-max_total_time=%d" % o.seconds, "-timeout=10", "-rss_limit_mb=2048",
                        "-max_len=%d" % max(4096, 2 * largest), "-print_final_stats=1",
                        "-artifact_prefix=" + crashes, learnt, seeds],
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    text = p.stdout.decode("utf-8", "replace")
    runs = re.search(r"number_of_executed_units:\s*(\d+)", text)
    count = int(runs.group(1)) if runs else 0
    ok = p.returncode == 0 and count > 0
    print("1..1")
    if not ok:
        print("".join("# %s\n" % l for l in text.splitlines()[-60:]))
    print("%sok 1 - %s, %d inputs in %d s" % ("" if ok else "not ", name, count, o.seconds))
    return 0 if ok else 1


sys.exit(main())
