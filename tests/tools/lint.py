#!/usr/bin/env python3
"""The house rules that a machine can check. Speaks TAP, one test per rule.

usage: lint.py [--root DIR] [--build DIR] [--only RULE]

What a rule is for stands at its function; tests/scenario/slow/test_lint.py plants a breach of each in a copy of the
tree and sees it found.
"""
import argparse, concurrent.futures, os, re, shutil, subprocess, sys
import layers, purity, tree

LINES_MAX = 600
LINES_MAX_TESTS = 1000  # a test is read one case at a time
# Files that may be longer, and why.
LONG_FILES = {
    "agent/venue/binance_spot_session.c": "one state machine; what could be taken out is in binance_spot_fetch.c",
}

# Where money is counted there is no binary floating point; these may use it, and why.
MONEY = ("agent/model/", "agent/core/", "agent/sim/", "agent/venue/", "agent/base/", "strategies/")
DOUBLES = {
    "agent/base/decimal.h": "dec_to_double, for indicators",
    "agent/base/decimal.c": "dec_to_double, for indicators",
    "agent/core/alert_candles.c": "computes indicators; what it returns is shown and compared, never traded by",
    "strategies/indicators.h": "moving averages; orders are computed from decimals",
    "strategies/indicators.c": "moving averages; orders are computed from decimals",
    "strategies/indicators_trend.c": "as above",
    "strategies/indicators_save.c": "as above",
    "strategies/momentum_signal.c": "compares indicators; orders are computed from decimals",
}

BANNED = {
    "gets": "fgets", "strcpy": "memcpy with a checked length", "strcat": "bufw", "sprintf": "snprintf",
    "vsprintf": "vsnprintf", "strtok": "a scanner of bytes and a length", "atoi": "dec_parse or strtol",
    "atol": "strtol", "atof": "dec_parse", "system": "fork and exec", "popen": "fork and exec",
    "tmpnam": "mkstemp", "mktemp": "mkstemp", "alloca": "a bounded array", "rand": "rng_u64", "srand": "rng_seed",
    "setlocale": "the C locale",
}


def layout(root, build):
    """C looks as .clang-format says (`make format` makes it so)."""
    if not shutil.which("clang-format"):
        return None
    names = tree.files(root, tree.C_SUFFIXES)
    p = subprocess.run(["clang-format", "--dry-run", "--ferror-limit=1", "-Werror"] + names, cwd=root,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return [l for l in p.stdout.decode().splitlines() if "error:" in l]


def includes(root, build):
    """Modules include only what lies below them."""
    return layers.check(root, build)


def pure(root, build):
    """The engine, sessions, matching and strategies touch nothing but their inputs."""
    return purity.check(root, build)


def money(root, build):
    """Money is never a double."""
    names = [n for n in tree.files(root, (".c", ".h"), MONEY) if n not in DOUBLES]
    problems = tree.matches(root, names, r"\b(double|float)\b", "%s where money is counted")
    for name in DOUBLES:
        if not tree.matches(root, [name], r"\b(double|float)\b", "%s"):
            problems.append("%s needs no exception: take it off the list" % name)
    return problems


def banned(root, build):
    """Calls that cannot be used safely are not used in the programs."""
    names = tree.files(root, tree.C_SUFFIXES, ("agent/", "strategies/", "config/", "wallet/"))
    found = tree.matches(root, names, r"(?<![\w.>])(%s)\s*\(" % "|".join(BANNED), "%s()")
    return ["%s; use %s" % (f, BANNED[f.rsplit(" ", 1)[1][:-2]]) for f in found]


def size(root, build):
    """No file grows past what one sitting can read."""
    problems = []
    for name in tree.files(root, (".c", ".h", ".cc", ".py", ".sh", "Makefile")):
        n = tree.read(root, name).count("\n")
        most = LINES_MAX_TESTS if name.startswith("tests/") else LINES_MAX
        if n > most and name not in LONG_FILES:
            problems.append("%s has %d lines, more than %d: which second module hides in it?" % (name, n, most))
    return problems


def text(root, build):
    """Nothing is left for later, no line ends in blanks, no path of one machine is written down."""
    problems = []
    later = re.compile(r"\b(%s)\b" % "|".join(["TO" + "DO", "FIX" + "ME", "X" + "XX"]))
    machine = re.compile("/wo" + r"rk/|/ho" + r"me/|/ro" + "ot/")
    for name in tree.files(root):
        if name.startswith(("tests/data/", "tests/fuzz/corpus/", "tests/vectors/")) or name == "LICENSE":
            continue
        content = tree.read(root, name)
        if content and not content.endswith("\n"):
            problems.append("%s: the last line has no end" % name)
        for n, line in enumerate(content.splitlines(), 1):
            if line != line.rstrip():
                problems.append("%s:%d: blanks at the end of the line" % (name, n))
            m = later.search(line) or machine.search(line)
            if m:
                problems.append("%s:%d: %s" % (name, n, m.group()))
    return problems


def headers(root, build):
    """A header can be included alone, and twice."""
    flags = subprocess.run(["pkg-config", "--cflags", "libwebsockets", "libcurl", "libcjson"],
                           stdout=subprocess.PIPE).stdout.decode().split()

    def compile_one(name):
        text = '#include "%s"\n#include "%s"\n' % (name, name)
        p = subprocess.run(["gcc", "-std=c17", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-Iagent", "-I.",
                            "-Itests/lib", "-fsyntax-only", "-x", "c", "-"] + flags, cwd=root, input=text.encode(),
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if p.returncode:
            return ["%s does not compile alone: %s" % (name, p.stdout.decode("utf-8", "replace").splitlines()[0])]
        return []

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return sum(pool.map(compile_one, tree.files(root, (".h",), ("agent/", "strategies/", "config/", "wallet/", "tests/"))), [])


def docs(root, build):
    """Paths that the documents name exist."""
    problems = []
    path = re.compile(r"`((?:agent|strategies|config|systemd|tests|docs|\.ci)/[\w./-]*)`|\]\(([\w./-]+)\)")
    for name in tree.files(root, (".md",)):
        for n, line in enumerate(tree.read(root, name).splitlines(), 1):
            for inside, link in path.findall(line):
                base = os.path.dirname(os.path.join(root, name)) if link else root
                if "NAME" not in inside and not os.path.exists(os.path.join(base, inside or link)):
                    problems.append("%s:%d: %s does not exist" % (name, n, inside or link))
    return problems


def programs(root, build):
    """What the runner starts can be started."""
    return ["%s is not executable" % n for n in tree.files(root, (".py", ".sh"), ("tests/scenario/",))
            if os.path.basename(n).startswith("test_") and not os.access(os.path.join(root, n), os.X_OK)]


RULES = [layout, includes, pure, money, banned, size, text, headers, docs, programs]


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--root", default=".")
    a.add_argument("--build", default="build")
    a.add_argument("--only", choices=[r.__name__ for r in RULES])
    o = a.parse_args()
    rules = [r for r in RULES if o.only in (None, r.__name__)]
    print("1..%d" % len(rules))
    failed = 0
    for n, rule in enumerate(rules, 1):
        problems = rule(o.root, o.build)
        if problems is None:
            print("ok %d - lint_%s # SKIP the tool is not installed" % (n, rule.__name__))
            continue
        print("%sok %d - lint_%s: %s" % ("not " if problems else "", n, rule.__name__, rule.__doc__))
        for p in problems[:40]:
            print("#   " + p)
        if len(problems) > 40:
            print("#   and %d more" % (len(problems) - 40))
        failed += bool(problems)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
