#!/usr/bin/env python3
"""The demo, as a newcomer meets it: it trades, it ends by itself within a minute with books that balance and a journal
that replays; and Ctrl-C in the middle leaves nothing running."""
import os, re, signal, subprocess, sys, time

sys.path.insert(0, "tests/tools")
import tap

MARK = os.path.join(tap.BUILD, "demo")


def start():
    return subprocess.Popen(["config/examples/demo.sh", tap.BUILD], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            stdin=subprocess.DEVNULL, start_new_session=True)


def left_over():
    """Processes whose command line names the demo's directory."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/cmdline" % pid, "rb") as f:
                words = f.read().decode("utf-8", "replace").split("\0")
        except OSError:
            continue
        if any(w.startswith(MARK + "/") for w in words) and int(pid) != os.getpid():
            found.append(" ".join(words))
    return found


def gone():
    for _ in range(50):
        if not left_over():
            return True
        time.sleep(0.1)
    return False


def whole():
    begun = time.monotonic()
    demo = start()
    out = demo.communicate()[0].decode("utf-8", "replace")
    took = time.monotonic() - begun
    tap.ok(demo.returncode == 0, "demo_succeeds", out[-4000:])
    tap.ok(took < 60, "demo_ends_within_a_minute", "%.1f s" % took)
    tap.ok(re.search(r"books balance", out), "demo_books_balance", out[-4000:])
    tap.ok(len(re.findall(r": (?:bought|sold) ", out)) >= 20, "demo_shows_fills", out[-4000:])
    tap.ok("every event and effect is equal, byte for byte" in out, "demo_replays_its_journal", out[-4000:])
    tap.ok(gone(), "demo_leaves_nothing_running", "\n".join(left_over()))


def interrupted():
    demo = start()
    for line in demo.stdout:
        if b"what it does" in line:
            break
    time.sleep(3)
    os.killpg(demo.pid, signal.SIGINT)
    begun = time.monotonic()
    demo.stdout.read()
    code = demo.wait()
    tap.ok(code == 130, "demo_interrupted_says_so", code)
    tap.ok(time.monotonic() - begun < 10, "demo_interrupted_ends_at_once", "%.1f s" % (time.monotonic() - begun))
    tap.ok(gone(), "demo_interrupted_leaves_nothing_running", "\n".join(left_over()))


whole()
interrupted()
tap.done()
