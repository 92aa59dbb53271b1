#!/usr/bin/env python3
"""Lines of code in the signer: what has to be read to know what it does.

usage: signer_lines.py [--build=DIR] [--list]

Counted: lines of wallet/*.c that are neither blank nor comment, of the objects that can be reached by references between
objects (nm) from `server_run`: the process that signs, with its sockets, decisions, records and encoders; and the headers of
wallet/ that these files include. What the process that opens the key store for it needs is not in it.
"serving" begins at `serve_cmd` instead: with it come the command line, the sandbox and that second process. Of a file all
lines count, also those of functions that only others call. Not counted: the other commands (key, policy, audit),
agent/base, tests, libraries.
"""
import argparse, glob, os, re, subprocess, sys

SIGNING, SERVING = "server_run", "serve_cmd"
OTHER_PROCESS = ("opener",)  # one half of it asks, the other is the process that is asked: only that one goes on from there


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


def reachable(build, root):
    """Names of the sources in wallet/ that a symbol can reach."""
    table = {}
    for path in glob.glob(os.path.join(build, "obj/wallet/*.o")):
        if os.path.exists("wallet/" + os.path.basename(path)[:-2] + ".c"):
            table[os.path.basename(path)[:-2]] = symbols(path)
    owner = {s: name for name, (defined, _) in table.items() for s in defined}
    if root not in owner:
        sys.exit("signer_lines: nothing defines %s" % root)
    seen, todo = set(), [owner[root]]
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            if root == SIGNING and name in OTHER_PROCESS:
                continue
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


def lines(build, root=SIGNING):
    """{file: lines}"""
    names = reachable(build, root)
    return {p: count(p) for p in ["wallet/%s.c" % n for n in names] + headers(names)}


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--build", default=os.environ.get("TRADEWIND_BUILD", "build"))
    a.add_argument("--list", action="store_true")
    o = a.parse_args()
    for what, root in (("signing", SIGNING), ("serving", SERVING)):
        table = lines(o.build, root)
        if o.list:
            for path, n in sorted(table.items()):
                print("%6d %s" % (n, path))
        print("%6d lines in %d files: %s" % (sum(table.values()), len(table), what))


if __name__ == "__main__":
    main()
