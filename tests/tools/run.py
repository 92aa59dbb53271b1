#!/usr/bin/env python3
"""Runs test programs that speak TAP, and adds up what they say.

usage: run.py [--title TEXT] [--jobs N] [--timeout S] [--verbose] [--tally FILE] COMMAND...
       run.py --total --tally FILE [--skips FILE] [--status N]

A command is a program (with arguments, if quoted as one word) whose standard output is TAP: cmocka's with
CMOCKA_MESSAGE_OUTPUT=TAP, or any script's. One line per program while it works; all that a failing one said follows.
The last line is the plain total: "N passed, N failed, N skipped".

With --tally the result is appended to FILE, so that several runs end in one total, which --total prints. With --skips,
every skip whose test name is not in that file ("name: reason", '#' comments) counts as a failure. --status tells the
exit status of the makes that ran the parts: if it is not 0 though no test failed, something did not even build, which
counts as one failure.
"""
import argparse, concurrent.futures, json, os, re, shlex, signal, subprocess, sys, time

TAP = re.compile(r"(not )?ok\b\s*\d*\s*-?\s*(.*)")
SKIP = re.compile(r"#\s*skip\w*:?\s*(.*)", re.I)


def read_tap(text):
    """(passed, failed, [(name, reason)], planned) of a TAP stream; cmocka writes 'not ok 3 # SKIP name'."""
    passed, failed, skipped, planned = 0, 0, [], None
    for line in text.splitlines():
        plan = re.match(r"1\.\.(\d+)", line)
        if plan:
            planned = (planned or 0) + int(plan.group(1))
        m = TAP.match(line)
        if not m:
            continue
        skip = SKIP.search(m.group(2))
        if skip:
            name = m.group(2)[:skip.start()].strip()
            skipped.append((name, skip.group(1)) if name else (skip.group(1), ""))
        elif m.group(1):
            failed += 1
        else:
            passed += 1
    return passed, failed, skipped, planned


def run(command, timeout):
    env = dict(os.environ, CMOCKA_MESSAGE_OUTPUT="TAP", TZ="UTC",
               ASAN_OPTIONS="detect_leaks=1:abort_on_error=0", UBSAN_OPTIONS="print_stacktrace=1")
    start = time.time()
    # A session of its own, so that a program that hangs goes with everything it started.
    try:
        p = subprocess.Popen(shlex.split(command), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env,
                             stdin=subprocess.DEVNULL, start_new_session=True)
    except OSError as e:  # not executable, not there: a failure like any other, not the end of the run
        return command, 0, 1, [], "cannot be started: %s\n" % e, 0.0
    try:
        out, code = p.communicate(timeout=timeout)[0], p.returncode
        note = ""
    except subprocess.TimeoutExpired:
        os.killpg(p.pid, signal.SIGKILL)
        out, code, note = p.communicate()[0], 124, "\ntimed out after %d s\n" % timeout
    text = out.decode("utf-8", "replace") + note
    passed, failed, skipped, planned = read_tap(text)
    seen = passed + failed + len(skipped)
    if planned is not None and seen != planned:
        text += "\nplanned %d tests, saw %d (exit status %d)\n" % (planned, seen, code)
        failed += 1
    elif (code != 0 and not failed) or seen == 0:
        text += "\nexit status %d, %d tests seen\n" % (code, seen)
        failed += 1
    return command, passed, failed, skipped, text, time.time() - start


def what_matters(lines):
    """Of a failing program's output: each failed test with the lines about it, and the end."""
    head, keep = [], False
    for line in lines[:-60]:
        keep = line.startswith("not ok") or (keep and line.startswith("#"))
        if keep:
            head.append(line)
    return head[:400] + lines[-60:]


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


def total(tally, skips, status):
    passed = failed = skipped = 0
    listed = allowed_skips(skips) if skips else None
    groups = []
    if os.path.exists(tally):
        groups = [json.loads(line) for line in open(tally)]
    for g in groups:
        passed += g["passed"]
        failed += g["failed"]
        skipped += len(g["skipped"])
        print("  %-46s %6d passed, %d failed, %d skipped" %
              (g["title"], g["passed"], g["failed"], len(g["skipped"])))
        for name, reason in g["skipped"]:
            if listed is not None and name not in listed:
                print("  the skip of %s is not listed in %s" % (name, skips))
                failed += 1
    if not failed and (status or not passed):
        print("  a part did not run: the messages above tell why")
        failed = 1
    print("%d passed, %d failed, %d skipped" % (passed, failed, skipped))
    return 1 if failed else 0


def name_of(command):
    words = shlex.split(command)
    return " ".join(["/".join(words[0].split("/")[-2:])] + [w.split("/")[-1] for w in words[1:] if w[0] != "-"])


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--title", default="tests")
    a.add_argument("--jobs", type=int, default=max(1, min(4, os.cpu_count() or 1)))
    a.add_argument("--timeout", type=int, default=300)
    a.add_argument("--verbose", action="store_true", help="show what programs say when they pass, too")
    a.add_argument("--tally")
    a.add_argument("--total", action="store_true")
    a.add_argument("--skips")
    a.add_argument("--status", type=int, default=0)
    a.add_argument("commands", nargs="*")
    o = a.parse_args()
    if o.total:
        return total(o.tally, o.skips, o.status)
    group = {"title": o.title, "passed": 0, "failed": 0, "skipped": []}
    print("== %s" % o.title, flush=True)
    with concurrent.futures.ThreadPoolExecutor(o.jobs) as pool:
        for job in concurrent.futures.as_completed([pool.submit(run, c, o.timeout) for c in o.commands]):
            command, passed, failed, skipped, out, seconds = job.result()
            group["passed"] += passed
            group["failed"] += failed
            group["skipped"] += skipped
            print("%-6s %-46s %5d passed %6.1f s" % ("FAILED" if failed else "ok", name_of(command), passed, seconds))
            for name, reason in skipped:
                print("       skipped %s%s" % (name, ": " + reason if reason else ""))
            if failed or o.verbose:
                print("".join("    | %s\n" % l for l in what_matters(out.splitlines())), end="")
            sys.stdout.flush()
    if o.tally:
        with open(o.tally, "a") as f:
            f.write(json.dumps(group) + "\n")
    print("%d passed, %d failed, %d skipped" % (group["passed"], group["failed"], len(group["skipped"])))
    return 1 if group["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
