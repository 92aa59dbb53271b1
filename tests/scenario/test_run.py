#!/usr/bin/env python3
"""The runner itself: what it counts, what it calls a failure, and its last line."""
import json, os, subprocess, sys, tempfile

sys.path.insert(0, "tests/tools")
import tap


def main():
    with tempfile.TemporaryDirectory() as scratch:
        def program(name, body):
            path = os.path.join(scratch, name)
            with open(path, "w") as f:
                f.write("#!/bin/sh\n" + body)
            os.chmod(path, 0o755)
            return path

        def runner(*arguments):
            p = subprocess.run([sys.executable, "tests/tools/run.py", *arguments], stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT)
            return p.returncode, p.stdout.decode()

        def gives(name, last, code, *arguments):
            status, out = runner(*arguments)
            return tap.ok(status == code and out.splitlines()[-1] == last, name, out)

        good = program("good", "echo 1..2; echo ok 1 - a; echo ok 2 - b")
        bad = program("bad", "echo 1..2; echo ok 1 - a; echo 'not ok 2 - b'; exit 1")
        skips = program("skips", "echo 1..2; echo ok 1 - a; echo 'ok 2 - resting # SKIP no data here'")
        cmocka_skip = program("cmocka_skip", "echo 1..2; echo ok 1 - a; echo 'not ok 2 # SKIP resting'")
        short = program("short", "echo 1..3; echo ok 1 - a; echo ok 2 - b")
        silent = program("silent", "exit 0")
        crash = program("crash", "echo 1..1; echo ok 1 - a; kill -SEGV $$")
        hang = program("hang", "echo 1..1; sleep 60 & wait")
        arguments = program("arguments", 'echo 1..1; [ "$1" = "two words" ] && echo ok 1 - a || echo not ok 1 - a')

        gives("run_counts_passes", "2 passed, 0 failed, 0 skipped", 0, good)
        gives("run_counts_failures", "3 passed, 1 failed, 0 skipped", 1, good, bad)
        gives("run_counts_skips", "1 passed, 0 failed, 1 skipped", 0, skips)
        gives("run_reads_cmocka_skips", "1 passed, 0 failed, 1 skipped", 0, cmocka_skip)
        gives("run_sees_missing_tests", "2 passed, 1 failed, 0 skipped", 1, short)
        gives("run_sees_silence", "0 passed, 1 failed, 0 skipped", 1, silent)
        gives("run_sees_a_crash_after_the_last_test", "1 passed, 1 failed, 0 skipped", 1, crash)
        locked = program("locked", "echo 1..1; echo ok 1 - a")
        os.chmod(locked, 0o644)
        gives("run_goes_on_after_what_cannot_be_started", "2 passed, 1 failed, 0 skipped", 1, locked, good)
        gives("run_ends_what_hangs", "0 passed, 1 failed, 0 skipped", 1, "--timeout", "1", hang)
        gives("run_passes_arguments", "1 passed, 0 failed, 0 skipped", 0, arguments + " 'two words'")

        tally, listed, unlisted = (os.path.join(scratch, n) for n in ("tally", "listed", "unlisted"))
        with open(listed, "w") as f:
            f.write("# comment\nresting: the reason\n")
        with open(unlisted, "w") as f:
            f.write("another: the reason\n")
        total = ["--total", "--tally", tally]
        gives("total_of_nothing_fails", "0 passed, 1 failed, 0 skipped", 1, *total)
        runner("--tally", tally, good)
        runner("--tally", tally, skips, cmocka_skip)
        with open(tally) as f:
            tap.ok(len([json.loads(l) for l in f]) == 2, "tally_has_one_line_per_part")
        gives("total_adds_parts", "4 passed, 0 failed, 2 skipped", 0, *total)
        gives("total_accepts_listed_skips", "4 passed, 0 failed, 2 skipped", 0, *total, "--skips", listed)
        gives("total_refuses_unlisted_skips", "4 passed, 2 failed, 2 skipped", 1, *total, "--skips", unlisted)
        gives("total_counts_a_part_that_did_not_build", "4 passed, 1 failed, 2 skipped", 1, *total, "--status", "1")
        with open(listed, "w") as f:
            f.write("resting:\n")
        status, out = runner(*total, "--skips", listed)
        tap.ok(status != 0 and "needs a reason" in out, "total_wants_a_reason_for_each_skip", out)
    tap.done()


main()
