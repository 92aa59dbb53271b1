#!/usr/bin/env python3
"""The signer's decision and Binance's signed requests agree with a second implementation in another language, written from
wallet/PROTOCOL.md alone (tests/oracle/), on random policies, requests, clocks and counters. Every reason that the decision
can give is reached. ORACLE_SEED=n begins with the session that a failure names; test_oracle_long.py asks ten times as much."""
import sys

sys.path[:0] = ["tests/tools", "tests/oracle"]
import tap
import compare, driver

seed = compare.first_seed()
with driver.Driver() as asked:
    compare.judge(tap, "decisions", *compare.decisions(asked, 20000, seed), compare.REACHABLE, 5)
    compare.judge(tap, "encodings", *compare.encodings(asked, 3000, seed), [], 0)
tap.done()
