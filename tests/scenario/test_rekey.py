#!/usr/bin/env python3
"""A store gets a new data key while it has an audit log: the log goes on under the new one, with all that it remembers, also
where the rekey was interrupted between log and store."""
import os, shutil, subprocess, sys, tempfile, time

sys.path[:0] = ["tests/tools", "tests/lib"]
import tap
import signer_client as wire, signer_rig

SCRATCH = tempfile.mkdtemp(prefix="tw-rekey-")
NEXT, THIRD = "another-passphrase-2", "a-third-passphrase-3"
RIG = signer_rig.Rig(SCRATCH, {"bin": ("binance-hmac", "s" * 64)})
PLACE = ["--counter", os.path.join(SCRATCH, "counter")]


def rekey(to, *more):
    """What it says where it is refused; None: done."""
    try:
        RIG.key("rekey", *signer_rig.LIGHT, *(more or PLACE), new_passphrase=to)
    except RuntimeError as e:
        return str(e)
    RIG.phrase = to
    return None


def order(number):
    with wire.Client(RIG.socket("trade.sock")) as c:
        return c.ask(wire.SIGN_ORDER, signing={"key": "bin", "transport": wire.REST, "timestamp": time.time_ns() // 1000000, "validity": 5000},
                     order={"instance": 1, "number": number, "symbol": "BTC-USDT", "coid": "c%d" % number, "side": wire.BUY,
                            "kind": wire.LIMIT, "tif": wire.GTC, "base": wire.units("1"), "price": wire.units("2")})["name"]


def serves(first):
    """What an order signed before and one that is new are answered, after an unlock."""
    RIG.start()
    try:
        RIG.unlock()
        return order(first), order(first + 1)
    except RuntimeError as e:
        return str(e)
    finally:
        RIG.stop()


def verified():
    r, w = os.pipe()
    os.write(w, RIG.phrase.encode())
    os.close(w)
    p = subprocess.run([signer_rig.SIGNER, "audit", "verify", "--macs", "--store", RIG.store, *PLACE, "--passphrase-fd", str(r)],
                       env=signer_rig.environment(SCRATCH), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, pass_fds=[r])
    os.close(r)
    return p.returncode == 0, p.stdout.decode()


GOES_ON = ("policy-repeated", "allowed")


def main():
    RIG.start()
    RIG.unlock()
    RIG.set_policy()
    tap.ok(order(1) == "allowed", "signs")
    before = open(RIG.store, "rb").read()
    said = rekey(NEXT)
    tap.ok(said and "signer" in said and "nothing is changed" in said and open(RIG.store, "rb").read() == before,
           "refused_while_a_signer_has_the_log", said)
    RIG.stop()
    said = rekey(NEXT, "--audit", os.path.join(SCRATCH, "elsewhere"), *PLACE)
    tap.ok(said and "elsewhere" in said and open(RIG.store, "rb").read() == before, "the_log_that_is_named_must_be_there", said)
    said = rekey(NEXT)
    tap.ok(said is None and open(RIG.store, "rb").read() != before, "rekey", said)
    tap.ok(verified()[0], "the_log_verifies_with_the_new_key", verified()[1])
    said = serves(1)
    tap.ok(said == GOES_ON, "the_signer_opens_it_and_has_forgotten_nothing", said)

    # Interrupted: the log knows both keys, the store is still the one before.
    shutil.copy(RIG.store, RIG.store + ".kept")
    said = rekey(THIRD)
    tap.ok(said is None, "rekey_again", said)
    shutil.copy(RIG.store + ".kept", RIG.store)
    RIG.phrase = NEXT
    said = serves(2)
    tap.ok(said == GOES_ON, "interrupted_the_old_key_goes_on", said)
    tap.ok(verified()[0], "and_verifies", verified()[1])
    said = rekey(THIRD)
    tap.ok(said is None, "then_it_is_done_again", said)
    tap.ok(verified()[0], "the_log_of_an_interrupted_one_verifies", verified()[1])
    said = serves(3)
    tap.ok(said == GOES_ON, "and_is_opened", said)

    said = rekey(NEXT, "--no-audit")
    tap.ok(said is None, "without_the_log", said)
    said = serves(4)
    tap.ok("policy-audit" in said, "then_the_log_has_to_be_accepted", said)
    tap.done()


try:
    main()
finally:
    RIG.stop()
    shutil.rmtree(SCRATCH, ignore_errors=True)
