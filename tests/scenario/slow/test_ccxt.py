#!/usr/bin/env python3
"""The signer signs what ccxt signs: 1500 random requests, REST and websocket, HMAC and Ed25519, each against what ccxt would
have sent for the same order, cancel or query. ccxt is installed from npm into build/ as the lock file says.

ORACLE_SEED=n begins with the request that a failure names. ORACLE_RECORD=file keeps 80 requests from seed 1 for
tests/scenario/test_signed_requests.py."""
import json, os, sys

sys.path[:0] = ["tests/tools", "tests/oracle"]
import tap
import ccxt_calls, compare, driver

CALLS = ["createOrder", "cancelOrder", "editOrder", "cancelAllOrders", "fetchOrder", "fetchOpenOrders", "fetchMyTrades",
         "fetchBalance"]
NAMES = CALLS + [c + "Ws" for c in CALLS] + ["fetchOrders", "privateGetRateLimitOrder", "sapiGetAccountApiRestrictions",
                                             "ensureUserDataStreamWsSubscribeSignature", "signParams"]

where, why = ccxt_calls.installed(tap.BUILD)
record = os.environ.get("ORACLE_RECORD")
if where is None:
    tap.skip("ccxt_signs_the_same", why)
else:
    with driver.Driver() as asked:
        if record:
            with open(record, "w") as f:
                f.write("[\n" + ",\n".join(json.dumps(v) for v in ccxt_calls.vectors(where, asked, 80, 1)) + "\n]\n")
        vectors = ccxt_calls.vectors(where, asked, 1500, compare.first_seed())
        bad, calls = ccxt_calls.differing(asked, vectors)
    compare.table(calls)
    tap.ok(not bad, "ccxt_signs_the_same", "%d differ\n%s" % (len(bad), "\n".join(bad[:10])))
    few = ["%s, key %d" % (n, k) for n in NAMES for k in (driver.HMAC, driver.ED25519) if not calls["%s, key %d" % (n, k)]]
    tap.ok(not few, "each_call_was_compared", "\n".join(few))
tap.done()
