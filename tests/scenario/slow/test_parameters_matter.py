#!/usr/bin/env python3
"""Every parameter of every strategy has a test that fails when it is ignored.

build/matter/ has the test programs once more, with a switch between the strategies and their parameters
(tests/matter/ignored_param.c). Each parameter is ignored in turn, and the strategy's tests, the random ones aside, are
run until one fails (for one that a reload does not change: first those of test_live.c). MATTER_ONLY=grid.lower runs a part: whatever begins with that.
"""
import concurrent.futures, glob, os, re, subprocess, sys, time

sys.path[:0] = ["tests/tools"]
import tap

WHERE = os.path.join(tap.BUILD, "matter/strategies")
ONLY = os.environ.get("MATTER_ONLY", "")
TIMEOUT = 20  # of one program; one that hangs has failed


def run(program, ignored):
    """The first test that fails, or None."""
    key = ignored.split(" ")[0] if ignored else ""
    env = {k: v for k, v in os.environ.items() if k != "PARAM_IGNORED"} | {"CMOCKA_MESSAGE_OUTPUT": "TAP"}
    env.update({"PARAM_IGNORED": ignored, "LIVE_ONLY": key, "LIVE_DRAWS": "3000"} if ignored else {})
    try:
        p = subprocess.run([program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, env=env,
                           timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        return "(time is up)"
    if p.returncode == 0:
        return None
    failed = re.search(r"^not ok \d+ - (\S+)", p.stdout.decode("utf-8", "replace"), re.M)
    return failed.group(1) if failed else "(exit status %d)" % p.returncode


def programs_of(kind):
    """Quickest first; all of them pass when nothing is ignored."""
    found, timed = sorted(glob.glob("%s/test_%s*" % (WHERE, kind))), []
    for program in (p for p in found if not p.endswith("_random")):
        start = time.monotonic()
        failed = run(program, None)
        timed.append((time.monotonic() - start, program))
        tap.ok(not failed, "%s_passes_when_nothing_is_ignored" % os.path.basename(program), failed)
    return [program for _, program in sorted(timed)]


def judge(ignored, programs):
    if ignored.endswith(" frozen"):
        programs = [WHERE + "/test_live"] + programs
    for program in programs:
        failed = run(program, ignored)
        if failed:
            return ignored, "%s: %s" % (os.path.basename(program), failed)
    return ignored, None


def main():
    listed = subprocess.run([WHERE + "/test_grid"], stdout=subprocess.PIPE, env=dict(os.environ, PARAM_IGNORED="list"),
                            check=True).stdout.decode().splitlines()
    wanted = [line for line in listed if line.startswith(ONLY)]
    programs = {kind: programs_of(kind) for kind in sorted({line.split(".")[0] for line in wanted})}
    explained = subprocess.run([tap.BUILD + "/tradewind", "check", "--explain"], stdout=subprocess.PIPE, check=True).stdout
    for kind in programs:
        tap.ok(programs[kind] and b"kind = \"%s\"" % kind.encode() in explained, "%s_has_tests" % kind)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for ignored, found in pool.map(lambda line: judge(line, programs[line.split(".")[0]]), wanted):
            key, how = ignored.split(" ")
            if tap.ok(found, "%s_matters_%s" % (key, how), "no test of its strategy fails: PARAM_IGNORED='%s'" % ignored):
                print("#   %s" % found, flush=True)
    tap.done()


main()
