#!/usr/bin/env python3
"""Every parameter of every strategy, and every key of the configuration, has a test that fails when it is ignored.

build/matter/ has the test programs once more, with switches between what is tested and its parameters (tests/matter/).
Each parameter is ignored in turn, and the strategy's tests, the random ones aside, are run until one fails (for one that
a reload does not change: first those of test_live.c). Each key is taken out of every file in turn, and the tests of the
configuration are run likewise. MATTER_ONLY=grid.lower runs a part: whatever begins with that.
"""
import concurrent.futures, glob, os, re, subprocess, sys, time

sys.path[:0] = ["tests/tools"]
import tap

WHERE = os.path.join(tap.BUILD, "matter")
ONLY = os.environ.get("MATTER_ONLY", "")
TIMEOUT = 20  # of one program; one that hangs has failed


def run(program, **switches):
    """The first test that fails, or None."""
    env = {k: v for k, v in os.environ.items() if k not in ("PARAM_IGNORED", "KEY_IGNORED")}
    env.update(switches, CMOCKA_MESSAGE_OUTPUT="TAP")
    try:
        p = subprocess.run([program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, env=env,
                           timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        return "(time is up)"
    if p.returncode == 0:
        return None
    failed = re.search(r"^not ok \d+ - (\S+)", p.stdout.decode("utf-8", "replace"), re.M)
    return failed.group(1) if failed else "(exit status %d)" % p.returncode


def listed(switch):
    """What can be ignored: all that the switch knows."""
    p = subprocess.run([WHERE + "/strategies/test_live"], stdout=subprocess.PIPE, env={**os.environ, switch: "list"}, check=True)
    return [line for line in p.stdout.decode().splitlines() if line.startswith(ONLY)]


def programs_like(pattern):
    """Quickest first; all of them pass when nothing is ignored."""
    timed = []
    for program in sorted(glob.glob(os.path.join(WHERE, pattern))):
        if program.endswith(("_random", "_examples")):
            continue
        start = time.monotonic()
        failed = run(program)
        timed.append((time.monotonic() - start, program))
        tap.ok(not failed, "%s_passes_when_nothing_is_ignored" % os.path.basename(program), failed)
    tap.ok(timed, "there_are_programs_%s" % pattern)
    return [program for _, program in sorted(timed)]


def judge(ignored, programs, switches):
    for program in programs:
        failed = run(program, **switches)
        if failed:
            return ignored, "%s: %s" % (os.path.basename(program), failed)
    return ignored, None


def tasks():
    """(what is ignored, the programs of which one must fail, the switches)"""
    params, keys = listed("PARAM_IGNORED"), listed("KEY_IGNORED")
    of_kind = {kind: programs_like("strategies/test_%s*" % kind) for kind in sorted({p.split(".")[0] for p in params})}
    for ignored in params:
        key, how = ignored.split(" ")
        programs = ([WHERE + "/strategies/test_live"] if how == "frozen" else []) + of_kind[key.split(".")[0]]
        yield ignored, programs, {"PARAM_IGNORED": ignored, "LIVE_ONLY": key, "LIVE_DRAWS": "3000"}
    of_config = programs_like("unit/test_config*") if keys else []
    for key in keys:
        yield key, of_config, {"KEY_IGNORED": key}


def main():
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for ignored, found in pool.map(lambda task: judge(*task), tasks()):
            if tap.ok(found, "%s_matters" % ignored.replace(" ", "_"), "no test fails when it is ignored: '%s'" % ignored):
                print("#   %s" % found, flush=True)
    tap.done()


main()
