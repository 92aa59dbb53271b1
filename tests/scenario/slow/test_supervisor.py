#!/usr/bin/env python3
"""The supervisor at its limits, with daemons that do what a script tells them."""
import os, shutil, signal, stat, subprocess, sys, tempfile, time

sys.path[:0] = ["tests/tools", "tests/lib"]
import tap

SCRATCH = tempfile.mkdtemp(prefix="tw-super-")
RUNNING = []


def supervise(name, script, *arguments):
    """A copy of tradewind beside a tradewindd that is this script; each start adds a line to `starts`."""
    d = os.path.join(SCRATCH, name)
    os.mkdir(d)
    shutil.copy(os.path.join(tap.BUILD, "tradewind"), d)
    path = os.path.join(d, "tradewindd")
    with open(path, "w") as f:
        f.write('#!/bin/sh\necho "$@" >>%s/starts\n%s\n' % (d, script))
    os.chmod(path, 0o755)
    log = open(os.path.join(d, "log"), "wb")
    p = subprocess.Popen([os.path.join(d, "tradewind"), "run", "x.toml", *arguments], stdout=log, stderr=log,
                         stdin=subprocess.DEVNULL)
    RUNNING.append(p)
    return d, p


def lines(d, name):
    try:
        with open(os.path.join(d, name)) as f:
            return f.read().splitlines()
    except FileNotFoundError:
        return []


try:
    # All at the same time: most of it is waiting.
    crash = supervise("crash", "kill -SEGV $$", "--fresh")
    stubborn = supervise("stubborn", "trap '' TERM\nwhile :; do sleep 0.2; done")
    late = supervise("late", "sleep 10.5\nexit 1")
    polite = supervise("polite", "trap 'echo stopped >>\"${0%/*}/log\"; exit 0' TERM\nwhile :; do sleep 0.1; done")
    for code in (0, 1, 2, 4):
        d, p = supervise("exit%d" % code, "exit %d" % code)
        tap.ok(p.wait(20) == code and len(lines(d, "starts")) == 1, "exit_%d_at_the_start_is_final" % code,
               lines(d, "log"))

    d, p = polite
    while not lines(d, "starts"):
        time.sleep(0.05)
    time.sleep(2)  # its trap stands in the line behind
    p.send_signal(signal.SIGTERM)
    tap.ok(p.wait(60) == 0 and "stopped" in lines(d, "log"), "sigterm_is_handed_on", lines(d, "log"))

    d, p = stubborn
    p.send_signal(signal.SIGTERM)  # it has the longest stop_timeout to stop in good order ...
    time.sleep(1)
    start = time.time()
    p.send_signal(signal.SIGTERM)  # ... and, asked twice, half a minute
    d2, p2 = crash
    start2 = time.time()
    tap.ok(p2.wait(60) == 1, "too_many_crashes_end_it", lines(d2, "log"))
    tap.ok(len(lines(d2, "starts")) == 8, "after_the_eighth", lines(d2, "log"))
    tap.ok("8 crashes in a row: giving up" in "\n".join(lines(d2, "log")), "and_it_says_so", lines(d2, "log"))
    tap.ok(lines(d2, "starts")[0] == "x.toml --fresh" and set(lines(d2, "starts")[1:]) == {"x.toml"},
           "fresh_counts_once", lines(d2, "starts"))
    tap.ok(15 < time.time() - start2 + 5 < 60, "with_pauses_between", time.time() - start2)

    d3, p3 = late
    end = time.time() + 30
    while len(lines(d3, "starts")) < 2 and time.time() < end:
        time.sleep(0.1)
    tap.ok(len(lines(d3, "starts")) >= 2, "an_error_after_a_while_is_worth_another_start", lines(d3, "log"))
    p3.send_signal(signal.SIGTERM)
    tap.ok(p3.wait(40) == 1, "and_it_can_be_stopped", lines(d3, "log"))

    tap.ok(p.wait(60) == 1 and 25 < time.time() - start < 60, "one_that_does_not_stop_when_asked_twice_is_killed",
           lines(d, "log"))
    tap.ok("does not stop; it is killed" in "\n".join(lines(d, "log")), "and_told", lines(d, "log"))
finally:
    for p in RUNNING:
        if p.poll() is None:
            p.kill()
            p.wait()
    shutil.rmtree(SCRATCH, ignore_errors=True)
tap.done()
