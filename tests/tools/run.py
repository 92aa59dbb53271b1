#!/usr/bin/env python3
"""Runs test programs that speak TAP, and adds up what they say.

usage: run.py [--jobs N] [--timeout S] [--skips FILE] [--tally FILE] PROGRAM...

A program is an executable whose standard output is TAP (cmocka's with CMOCKA_MESSAGE_OUTPUT=TAP, or any script).
One line per program while it works; the output of a failing one follows. The last line is the plain total. With
--skips, a skip whose test name is not in FILE ("name: reason", '#' comments) counts as a failure. With --tally the
counts are added to those in FILE, so that several runs end in one total.
"""
import argparse, concurrent.futures, os, re, subprocess, sys, time


def run(program, timeout):
    env = dict(os.environ, CMOCKA_MESSAGE_OUTPUT="TAP", TZ="UTC",
               ASAN_OPTIONS="detect_leaks=1:abort_on_error=0", UBSAN_OPTIONS="print_stacktrace=1")
    start = time.time()
    try:
        p = subprocess.run([program], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout,
                           env=env, stdin=subprocess.DEVNULL)
        out, code = p.stdout.decode("utf-8", "replace"), p.returncode
    except subprocess.TimeoutExpired as e:
        out, code = (e.stdout or b"").decode("utf-8", "replace") + "\ntimed out after %d s\n" % timeout, 124
    passed = failed = 0
    skipped = []
    planned = None
    for line in out.splitlines():
        m = re.match(r"1\.\.(\d+)", line)
        if m:
            planned = (planned or 0) + int(m.group(1))
        m = re.match(r"(not )?ok\b\s*\d*\s*-?\s*(.*)", line)
        if not m:
            continue
        skip = re.search(r"#\s*skip\b:?\s*(.*)", m.group(2), re.I)
        if m.group(1):
            failed += 1
        elif skip:
            skipped.append((m.group(2)[:skip.start()].strip(), skip.group(1)))
        else:
            passed += 1
    seen = passed + failed + len(skipped)
    if planned is not None and seen != planned:
        out += "\nplanned %d tests, saw %d\n" % (planned, seen)
        failed += 1
    elif (code != 0 and not failed) or seen == 0:
        out += "\nexit status %d, %d tests seen\n" % (code, seen)
        failed += 1
    return program, passed, failed, skipped, out, time.time() - start


def allowed_skips(path):
    names = set()
    with open(path) as f:
        for line in f:
            line = line.split("#")[0].strip()
            if line:
                name, _, reason = line.partition(":")
                if not reason.strip():
                    sys.exit("%s: %s: a skip needs a reason" % (path, name))
                names.add(name.strip())
    return names


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--jobs", type=int, default=max(1, min(4, os.cpu_count() or 1)))
    a.add_argument("--timeout", type=int, default=300)
    a.add_argument("--skips")
    a.add_argument("--tally")
    a.add_argument("programs", nargs="*")
    o = a.parse_args()
    total = [0, 0, 0]
    if o.tally and os.path.exists(o.tally):
        total = [int(x) for x in open(o.tally).read().split()]
    listed = allowed_skips(o.skips) if o.skips else None
    with concurrent.futures.ThreadPoolExecutor(o.jobs) as pool:
        jobs = [pool.submit(run, p, o.timeout) for p in o.programs]
        for job in concurrent.futures.as_completed(jobs):
            program, passed, failed, skipped, out, seconds = job.result()
            for name, reason in skipped:
                print("  skipped %s: %s" % (name, reason or "no reason given"))
                if listed is not None and name not in listed:
                    print("  the skip of %s is not listed in %s" % (name, o.skips))
                    failed += 1
            total = [total[0] + passed, total[1] + failed, total[2] + len(skipped)]
            name = "/".join(program.split("/")[-2:])
            print("%-6s %-44s %4d passed %6.1f s" % ("FAILED" if failed else "ok", name, passed, seconds), flush=True)
            if failed:
                print("".join("    | %s\n" % l for l in out.splitlines()[-200:]), flush=True)
    if o.tally:
        with open(o.tally, "w") as f:
            f.write("%d %d %d\n" % tuple(total))
    print("%d passed, %d failed, %d skipped" % tuple(total))
    return 1 if total[1] else 0


sys.exit(main())
