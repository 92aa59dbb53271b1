#!/usr/bin/env python3
"""test_oracle.py with more than 10^5 decisions and 2 * 10^4 signed requests of every kind, transport and kind of key.
ORACLE_SEED=n begins with the session that a failure names, ORACLE_CASES=n asks that many."""
import os, sys

sys.path[:0] = ["tests/tools", "tests/oracle"]
import tap
import compare, driver

seed = compare.first_seed()
cases = int(os.environ.get("ORACLE_CASES", 200000))
with driver.Driver() as asked:
    compare.judge(tap, "decisions", *compare.decisions(asked, cases, seed), compare.REACHABLE, cases // 2000)
    compare.judge(tap, "encodings", *compare.encodings(asked, cases // 10, seed), compare.encodings_of_all(), max(1, cases // 200000))
tap.done()
