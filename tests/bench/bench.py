#!/usr/bin/env python3
"""Runs all bench programs and prints one table with ratios.

usage: bench.py [--json] [--only TEXT] --programs PROGRAM...

A program prints lines "bench<TAB>name<TAB>value<TAB>unit<TAB>peer<TAB>peer value[<TAB>aim]" (tests/bench/bench.h); all
else that it prints passes through to stderr. The peer is a floor, or another way to do the same work, measured in the
same run: ratios can be compared between machines, times cannot. The exit status is 1 where a program failed.
"""
import argparse, json, os, subprocess, sys


def number(x):
    if x == int(x) and abs(x) < 1e6:
        return "%d" % x
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(x) >= size:
            return "%.3g %s" % (x / {"G": 1e9, "M": 1e6, "k": 1e3}[letter], letter)
    return "%.3g" % x if abs(x) < 100 else "%.0f" % x


def aim_text(row):
    """The aim, and whether it was missed."""
    words = (row["aim"] or "").split()
    if len(words) != 2 or words[0] not in ("<=", ">="):
        return row["aim"] or ""
    bound = float(words[1])
    met = row["value"] <= bound if words[0] == "<=" else row["value"] >= bound
    return "%s %s%s" % (words[0], number(bound), "" if met else "  missed")


def run(program):
    """(rows, ok)"""
    rows = []
    p = subprocess.Popen([program], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    for line in p.stdout:
        line = line.decode("utf-8", "replace").rstrip("\n")
        field = line.split("\t")
        if field[0] != "bench" or len(field) < 6:
            print(line, file=sys.stderr)
            continue
        value, peer_value = float(field[2]), float(field[5])
        rows.append({"program": os.path.basename(program), "name": field[1], "value": value, "unit": field[3],
                     "peer": field[4] if field[4] != "-" else None, "peer_value": peer_value,
                     "ratio": value / peer_value if peer_value else None,
                     "aim": field[6] if len(field) > 6 and field[6] != "-" else None})
    ok = p.wait() == 0 and rows
    if not ok:
        print("%s: exit status %d, %d results" % (program, p.returncode, len(rows)), file=sys.stderr)
    return rows, ok


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--json", action="store_true")
    a.add_argument("--only", default="", help="programs whose name holds this text")
    a.add_argument("--programs", nargs="+", required=True)
    o = a.parse_args()
    table, failed = [], 0
    for program in o.programs:
        if o.only not in os.path.basename(program):
            continue
        if not o.json:
            print("measuring %s ..." % os.path.basename(program), file=sys.stderr)
        rows, ok = run(program)
        table += rows
        failed += not ok
    if o.json:
        json.dump({"schema": 1, "results": table}, sys.stdout, indent=1)
        print()
    else:
        print("%-44s %12s %-9s %8s  %-26s %10s  %s" % ("what", "value", "unit", "ratio", "to", "its value", "aim"))
        for r in table:
            print("%-44s %12s %-9s %8s  %-26s %10s  %s" %
                  (r["name"], number(r["value"]), r["unit"], "%.2f" % r["ratio"] if r["ratio"] is not None else "",
                   r["peer"] or "", number(r["peer_value"]) if r["peer"] else "", aim_text(r)))
    return 1 if failed else 0


sys.exit(main())
