"""TAP for scenario tests: say what holds, and end with an exit status that agrees.

    import os, sys
    sys.path.insert(0, "tests/tools")
    import tap
    tap.ok(answer == 42, "the_answer", "got %r" % answer)
    tap.done()
"""
import os, sys

BUILD = os.environ.get("TRADEWIND_BUILD", "build")
count = failed = 0


def ok(holds, name, detail=""):
    """One test; the detail is shown where it fails. Returns whether it held."""
    global count, failed
    count += 1
    failed += not holds
    print("%sok %d - %s" % ("" if holds else "not ", count, name), flush=True)
    if not holds:
        for line in str(detail).splitlines():
            print("#   " + line, flush=True)
    return holds


def skip(name, reason):
    global count
    count += 1
    print("ok %d - %s # SKIP %s" % (count, name, reason), flush=True)


def done():
    print("1..%d" % count, flush=True)
    sys.exit(1 if failed or not count else 0)
