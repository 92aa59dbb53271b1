"""An exchange in a box with accounts, and a client that signs: for scenarios about orders."""
import hashlib, hmac, json, os, re, signal, subprocess, sys, time, urllib.parse
from decimal import Decimal

sys.path[:0] = ["tests/tools", "tests/lib"]
import tap, ws

PROGRAM = os.path.join(tap.BUILD, "tradewind")
PATIENCE = 60 if "san" in tap.BUILD else 30
ACCOUNTS = {
    "accounts": [
        {"name": "anna", "balances": {"USDT": "100000", "BTC": "2", "BNB": "10"},
         "keys": [{"apiKey": "anna-key", "secret": "anna-secret", "permissions": ["read", "trade"]}]},
        {"name": "ben", "balances": {"USDT": "100000", "BTC": "2"},
         "keys": [{"apiKey": "ben-key", "secret": "ben-secret", "permissions": ["read", "trade"]}]},
    ],
}


class Exchange:
    def __init__(self, directory, *arguments, accounts=None, market=("--generate",)):
        os.makedirs(directory, exist_ok=True)
        self.dir, self.ca = directory, os.path.join(directory, "ca.pem")
        self.opened = accounts or ACCOUNTS
        path = os.path.join(directory, "accounts.json")
        with open(path, "w") as f:
            json.dump(self.opened, f)
        self.log_path = os.path.join(directory, "log")
        with open(self.log_path, "ab") as log:
            self.p = subprocess.Popen([PROGRAM, "exchange", "--dir", directory, "--listen", "127.0.0.1:0", "--accounts", path,
                                       *market, *arguments], stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        self.port, end = None, time.time() + PATIENCE
        while not self.port and time.time() < end and self.p.poll() is None:
            m = re.search(r"exchange ready: wss://\S+:(\d+)", self.log())
            self.port = int(m.group(1)) if m else None
            time.sleep(0.02)
        if not self.port:
            raise RuntimeError("not ready:\n" + self.log())

    def log(self):
        with open(self.log_path) as f:
            return f.read()

    def get(self, path, method="GET", **more):
        return ws.get_json(self.port, path, self.ca, method=method, **more)

    def order_fault(self, **words):
        status, answer = self.get("/box/fault?" + urllib.parse.urlencode(words), method="POST")
        if status != 200:
            raise RuntimeError("fault: %d %r" % (status, answer))

    def books(self):
        return self.get("/box/books")[1]

    def stop(self):
        if self.p.poll() is None:
            self.p.send_signal(signal.SIGTERM)
        try:
            return self.p.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.p.kill()
            return "killed"


class Client:
    """Signs as an account. request() gives (status, headers, answer)."""

    def __init__(self, exchange, name):
        key = next(a for a in exchange.opened["accounts"] if a["name"] == name)["keys"][0]
        self.exchange, self.key, self.secret = exchange, key["apiKey"], key["secret"].encode()

    def signature(self, text):
        return hmac.new(self.secret, text.encode(), hashlib.sha256).hexdigest()

    def raw(self, method, path, **params):
        params.setdefault("timestamp", int(time.time() * 1000))
        text = urllib.parse.urlencode(params)
        text += "&signature=" + self.signature(text)
        headers = ["X-MBX-APIKEY: " + self.key]
        body = None
        if method == "POST":
            headers.append("Content-Type: application/x-www-form-urlencoded")
            body = text.encode()
        else:
            path += "?" + text
        return ws.https(self.exchange.port, path, self.exchange.ca, method=method, headers=headers, body=body)

    def request(self, method, path, **params):
        status, headers, body = self.raw(method, path, **params)
        return status, headers, json.loads(body)

    def call(self, method, **params):
        """A message of the websocket API."""
        params.update(apiKey=self.key, timestamp=int(time.time() * 1000))
        params["signature"] = self.signature("&".join("%s=%s" % (k, params[k]) for k in sorted(params)))
        return {"id": method, "method": method, "params": params}


def expected_balances(opened, books):
    """What each account should have, from its opening balances and the fills alone; exact."""
    have = {a["name"]: {k: Decimal(v) for k, v in a["balances"].items()} for a in opened["accounts"]}
    for f in books["fills"]:
        base, quote = f["symbol"][:-4], f["symbol"][-4:]
        sign = 1 if f["side"] == "BUY" else -1
        mine = have[f["account"]]
        mine[base] = mine.get(base, 0) + sign * Decimal(f["qty"])
        mine[quote] = mine.get(quote, 0) - sign * Decimal(f["price"]) * Decimal(f["qty"])
        mine[f["commissionAsset"]] -= Decimal(f["commission"])
    return have


def books_balance(opened, books):
    """"" where the books are right in themselves, else what is not."""
    have = expected_balances(opened, books)
    for a in books["accounts"]:
        for b in a["balances"]:
            want, got = have[a["name"]].get(b["asset"], Decimal(0)), Decimal(b["free"]) + Decimal(b["locked"])
            if want != got:
                return "%s has %s %s, its fills say %s" % (a["name"], got, b["asset"], want)
    for o in books["orders"]:
        filled = sum(Decimal(f["qty"]) for f in books["fills"] if f["orderId"] == o["orderId"])
        if filled != Decimal(o["executedQty"]):
            return "order %d: %s executed, its fills say %s" % (o["orderId"], o["executedQty"], filled)
    return ""
