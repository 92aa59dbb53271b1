#!/usr/bin/env python3
"""ccxt from npm, an independent client, trades at the exchange in a box with nothing changed but its URLs."""
import json, os, shutil, subprocess, sys, tempfile

sys.path[:0] = ["tests/tools", "tests/lib"]
import tap
from box_client import ACCOUNTS, Exchange, books_balance

STEPS = ["fetchMarkets", "loadMarkets", "fetchTicker", "fetchBalance", "watchOrderBook", "watchTrades", "createOrder_limit",
         "fetchOrder", "fetchOpenOrders", "cancelOrder", "fetchOpenOrders_after", "createOrder_market", "fetchMyTrades",
         "watchOrders", "refused", "end"]


def install():
    """Where the client is, with the packages its lock file names; None with a reason."""
    if not shutil.which("node") or not shutil.which("npm"):
        return None, "node or npm is not installed"
    place = os.path.join(tap.BUILD, "ccxt-exchange")
    os.makedirs(place, exist_ok=True)
    with open("tests/ccxt/package-lock.json") as f:
        lock = f.read()
    stamp = os.path.join(place, "installed.json")
    for name in ("package.json", "package-lock.json", "client.mjs"):
        shutil.copy(os.path.join("tests/ccxt", name), place)
    if os.path.exists(stamp) and open(stamp).read() == lock:
        return place, ""
    p = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=place, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=600)
    if p.returncode:
        print("\n".join("# " + l for l in p.stdout.decode().splitlines()[-10:]))
        return None, "the npm registry is not to be had"
    with open(stamp, "w") as f:
        f.write(lock)
    return place, ""


def main(scratch):
    place, why = install()
    if not place:
        tap.skip("ccxt_trades", why)
        return
    x = Exchange(os.path.join(scratch, "box"))
    try:
        key = ACCOUNTS["accounts"][0]["keys"][0]
        p = subprocess.run(["node", "client.mjs", str(x.port), key["apiKey"], key["secret"]], cwd=place, timeout=300,
                           env=dict(os.environ, NODE_EXTRA_CA_CERTS=x.ca), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           stdin=subprocess.DEVNULL)
        said = {}
        for line in p.stdout.decode().splitlines():
            try:
                one = json.loads(line)
            except ValueError:
                continue
            said[one["step"]] = one
        for step in STEPS:
            tap.ok(said.get(step, {}).get("ok"), "ccxt_" + step, "%r\n%s" % (said.get(step), p.stderr.decode()[-2000:]))
        books = x.books()
        orders = {o["orderId"]: o for o in books["orders"]}
        end = said.get("end", {})
        tap.ok(len(orders) == 2 and orders[int(end.get("id", 0))]["status"] == "FILLED" and
               orders[int(end.get("canceled", 0))]["status"] == "CANCELED", "the_books_say_the_same", orders)
        tap.ok(books_balance(ACCOUNTS, books) == "", "the_books_balance", books_balance(ACCOUNTS, books))
    finally:
        x.stop()


with tempfile.TemporaryDirectory() as SCRATCH:
    try:
        main(SCRATCH)
    except Exception:
        import traceback
        tap.ok(False, "runs_to_its_end", traceback.format_exc())
tap.done()
