#!/usr/bin/env python3
"""What the signer signs is what others sign: requests of ccxt (an exchange library), recorded here by
slow/test_ccxt.py, and outside the repository; the examples in Binance's documentation. tests/oracle/ccxt_calls.py says
what is compared."""
import json, os, sys

sys.path[:0] = ["tests/tools", "tests/oracle"]
import tap
import ccxt_calls, driver, ed25519, encode

SHARED = os.path.join(os.environ.get("TRADEWIND_SHARED", "../shared"), "data/signed-requests")


def compared(name, asked, vectors, at_least):
    bad, calls = ccxt_calls.differing(asked, vectors)
    tap.ok(not bad, name, "\n".join(bad[:10]))
    tap.ok(len(vectors) >= at_least, name + "_are_some", "%d, of %r" % (len(vectors), calls))


with driver.Driver() as asked:
    with open("tests/data/ccxt-binance-signed.json") as f:
        compared("recorded_requests_of_ccxt", asked, json.load(f), 100)
    path = os.path.join(SHARED, "ccxt-binance.json")
    if os.path.exists(path):
        compared("more_requests_of_ccxt", asked, [dict(v, seed=0) for v in ccxt_calls.recorded(path)], 14)
    else:
        tap.skip("more_requests_of_ccxt", "needs recordings that are not in the repository")

path = os.path.join(SHARED, "documented.json")
if os.path.exists(path):
    with open(path) as f:
        examples = [e for e in json.load(f) if e["venue"] == "binance"]
    bad = [e["what"] for e in examples if encode.signature(driver.HMAC, e["secret"].encode(), e["payload"]) != e["signature"]]
    tap.ok(not bad and examples, "documented_signatures", "%r of %d" % (bad, len(examples)))
else:
    tap.skip("documented_signatures", "needs recordings that are not in the repository")

# RFC 8032, 7.1: tests 1 to 3. The Ed25519 that judges the program's is right.
RFC = [("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe2465514143"
        "8e7a100b"),
       ("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d2916"
        "12bb0c00"),
       ("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027bece"
        "ea1ec40a")]
for at, (seed, message, signature) in enumerate(RFC):
    own = ed25519.sign(bytes.fromhex(seed), bytes.fromhex(message)).hex()
    tap.ok(own == signature, "ed25519_of_rfc8032_%d" % (at + 1), own)
tap.done()
