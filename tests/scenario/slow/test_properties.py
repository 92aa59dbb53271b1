#!/usr/bin/env python3
"""The properties of strategies (tests/strategies/test_properties.c) over ten thousand market paths each."""
import os, subprocess, sys

sys.path[:0] = ["tests/tools"]
import tap

PATHS = os.environ.get("PROPERTY_PATHS", "10000")


def main():
    program = os.path.join(tap.BUILD, "tests/strategies/test_properties")
    p = subprocess.run([program], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                       env=dict(os.environ, PROPERTY_PATHS=PATHS), timeout=800)
    text = p.stdout.decode("utf-8", "replace")
    lines = [l for l in text.splitlines() if l.startswith(("ok ", "not ok "))]
    for line in lines:
        tap.ok(line.startswith("ok "), "%s_over_%s_paths" % (line.split(" - ", 1)[1], PATHS), text)
    tap.ok(p.returncode == 0 and len(lines) > 3, "all_were_run", text)
    tap.done()


main()
