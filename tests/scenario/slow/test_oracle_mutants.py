#!/usr/bin/env python3
"""The questions of test_oracle.py tell every rule from one that is nearly the same: each change of a comparison, a sign, a
number or a refusal in tests/oracle/policy.py changes an answer. ORACLE_SEED=n begins there (else 1)."""
import os, random, sys

sys.path[:0] = ["tests/tools", "tests/oracle"]
import tap
import draw, mutants, policy

# Changes that change nothing, and why.
SAME = {
    ('or o["replaces"] >= o["number"]):', "o['replaces'] >= o['number']"): "one that replaces itself was not signed yet",
    ("self.highest, self.signed, self.replaced = 0, set(), set()", "0"): "no number is 0",
    ("self.last_end = 0", "0"): "every end is above 0",
}
first = int(os.environ.get("ORACLE_SEED", 1))
sessions = [list(draw.Session(random.Random(first + i)).steps()) for i in range(250)]
pairs = (seed for seed in range(first, first + 10000) if draw.Session(random.Random(seed)).many_pairs)
sessions += [list(draw.Session(random.Random(next(pairs))).steps()) for _ in range(3)]
tap.ok(not any(mutants.notices(s, policy) for s in sessions[:20]), "unchanged_rules_answer_the_same")
count, alive = 0, []
for line, what, module in mutants.mutants():
    count += 1
    if (line, what) not in SAME and not any(mutants.notices(s, module) for s in sessions):
        alive.append("%s: %s" % (line, what))
tap.ok(not alive, "each_change_is_noticed", "\n".join(alive))
tap.ok(count > 100, "there_are_changes", count)
print("# %d changes" % count)
tap.done()
