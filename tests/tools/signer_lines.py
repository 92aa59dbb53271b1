#!/usr/bin/env python3
"""Lines of code in the signer: what has to be read to know what the process that serves does.

usage: signer_lines.py [--build=DIR] [--list]

Counted: lines of wallet/*.c that are neither blank nor comment, of the objects that `tradewind-signer serve` can reach
by references between objects (nm): from those that define signer_cmd's `serve` on, main included, the other commands
(key, policy, audit and what only they use) not; and the headers of wallet/ that these files include. Not counted: agent/base,
tests, libraries.
"""
import argparse, glob, os, re, subprocess, sys

ROOT_SYMBOL = "serve_cmd"  # what signer_main.c calls for `serve`


def symbols(path):
    """(defined, undefined) of an object."""
    out = subprocess.run(["nm", "-g", path], check=True, stdout=subprocess.PIPE).stdout.decode()
    defined, undefined = set(), set()
    for line in out.splitlines():
        word = line.split()
        if len(word) == 2 and word[0] == "U":
            undefined.add(word[1])
        elif len(word) == 3:
            defined.add(word[2])
    return defined, undefined


def reachable(build):
    """Names of the sources in wallet/ that serving can reach."""
    table = {}
    for path in glob.glob(os.path.join(build, "obj/wallet/*.o")):
        if os.path.exists("wallet/" + os.path.basename(path)[:-2] + ".c"):
            table[os.path.basename(path)[:-2]] = symbols(path)
    owner = {s: name for name, (defined, _) in table.items() for s in defined}
    if ROOT_SYMBOL not in owner:
        sys.exit("signer_lines: nothing defines %s" % ROOT_SYMBOL)
    seen, todo = {"signer_main"}, [owner[ROOT_SYMBOL], owner["harden"]]
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo += [owner[s] for s in table[name][1] if s in owner]
    return sorted(seen)


def headers(names):
    seen = set()
    todo = ["wallet/%s.c" % n for n in names]
    while todo:
        with open(todo.pop()) as f:
            for h in re.findall(r'^#include "(wallet/[^"]+)"', f.read(), re.M):
                if h not in seen:
                    seen.add(h)
                    todo.append(h)
    return sorted(seen)


def count(path):
    with open(path) as f:
        text = f.read()
    # Strings first, so that what looks like a comment in one stays.
    text = re.sub(r'("(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\')|/\*.*?\*/|//[^\n]*',
                  lambda m: m.group(1) or re.sub(r"[^\n]", " ", m.group(0)), text, flags=re.S)
    return sum(1 for line in text.splitlines() if line.strip())


def lines(build):
    """{file: lines}"""
    names = reachable(build)
    return {p: count(p) for p in ["wallet/%s.c" % n for n in names] + headers(names)}


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--build", default=os.environ.get("TRADEWIND_BUILD", "build"))
    a.add_argument("--list", action="store_true")
    o = a.parse_args()
    table = lines(o.build)
    if o.list:
        for path, n in sorted(table.items()):
            print("%6d %s" % (n, path))
    print("%6d lines in %d files" % (sum(table.values()), len(table)))


if __name__ == "__main__":
    main()
