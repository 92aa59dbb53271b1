"""The same request twice: as the signer's message, and as a call of ccxt that should sign the same."""
import base64, collections, json, os, random, shutil, string, subprocess, sys, urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import driver, encode
import signer_client as wire

HERE = os.path.dirname(os.path.abspath(__file__))
SYMBOLS = ("BTC-USDT", "ETH-BTC", "LTC-EUR", "SOL-USDC", "1INCH-TRY")
METHODS = {wire.GET: "GET", wire.POST: "POST", wire.DELETE: "DELETE"}
PKCS8 = bytes.fromhex("302e020100300506032b657004220420")  # what stands before the seed of an Ed25519 key


def amount(r):
    """At most 8 places and 15 digits: ccxt makes some of them doubles on their way."""
    return r.randrange(1, 10 ** r.randrange(1, 16)) * 10 ** 10


def word(r, least, most):
    return "".join(r.choices(string.ascii_letters + string.digits + "-_", k=r.randrange(least, most + 1)))


def draw_key(r):
    kind = r.choice((driver.HMAC, driver.ED25519))
    text = "".join(r.choices(string.ascii_letters + string.digits, k=128))
    secret = text[64:] if kind == driver.HMAC else bytes(r.randrange(256) for _ in range(32)).hex()
    return {"kind": kind, "api_key": text[:64], "secret": secret}


def secret_of(key):
    return key["secret"].encode() if key["kind"] == driver.HMAC else bytes.fromhex(key["secret"])


def draw_order(r):
    side, kind = r.choice((1, 2)), r.randrange(1, 6)
    limit = kind != wire.MARKET
    return {"instance": 1, "number": r.randrange(2, 10 ** 6), "symbol": r.choice(SYMBOLS), "coid": word(r, 1, 36), "side": side,
            "kind": kind, "tif": r.choice((1, 2, 3)) if kind in (1, 4, 5) else 0,
            "base": amount(r) if limit or side == wire.SELL else 0, "quote": 0 if limit or side == wire.SELL else amount(r),
            "price": amount(r) if limit else 0, "stop": amount(r) if kind >= 4 else 0}


def draw_named(r):
    return r.choice(({"coid": word(r, 1, 36)}, {"venue_id": r.randrange(1, 2 ** 53)}))


def draw_query(r, transport):
    what = r.randrange(1, 8 if transport == wire.REST else 6)
    if what == wire.Q_PERMISSIONS and transport == wire.WEBSOCKET:
        what = wire.Q_ORDER
    q = {"what": what}
    if what in (1, 3, 4) or (what == 2 and r.random() < 0.7):
        q["symbol"] = r.choice(SYMBOLS)
    if what == wire.Q_ORDER:
        q.update(draw_named(r))
    if what in (wire.Q_ALL, wire.Q_TRADES):
        start = r.randrange(1, 2 * 10 ** 12)
        q.update(r.choice(({}, {"venue_id": r.randrange(1, 2 ** 53)}, {"from": start}, {"from": start, "to": start + r.randrange(10 ** 8)})))
        q["limit"] = r.choice((0, r.randrange(1, 1001)))
    return q


def draw(r):
    """(key, message)"""
    transport = r.choice((wire.REST, wire.WEBSOCKET))
    kind = r.choice((wire.SIGN_ORDER,) * 6 + wire.SIGNS + (wire.SIGN_CANCEL, wire.SIGN_QUERY, wire.SIGN_QUERY, wire.SIGN_QUERY))
    if kind == wire.SIGN_STREAM:
        transport = wire.WEBSOCKET
    parts = {"signing": {"key": "k", "transport": transport, "timestamp": r.randrange(1, 2 * 10 ** 12),
                         "validity": r.randrange(1, 60001)}}
    if kind in (wire.SIGN_ORDER, wire.SIGN_CANCEL_REPLACE):
        parts["order"] = draw_order(r)
    if kind == wire.SIGN_CANCEL:
        parts["cancel"] = dict(draw_named(r), symbol=r.choice(SYMBOLS))
    if kind == wire.SIGN_CANCEL_REPLACE:
        parts["order"]["replaces"] = 1
        parts["cancel"] = dict(draw_named(r), symbol=parts["order"]["symbol"])
    if kind == wire.SIGN_CANCEL_ALL:
        parts["symbol"] = r.choice(SYMBOLS)
    if kind == wire.SIGN_QUERY:
        parts["query"] = draw_query(r, transport)
    return draw_key(r), wire.encode_request(kind, 1, **parts)


# As calls of ccxt.

def symbol_of(text):
    return text.replace("-", "/")


def order_arguments(o):
    """symbol, type, side, amount, price, params of createOrder()."""
    more = {"newClientOrderId": o["coid"]}
    if o["tif"]:
        more["timeInForce"] = encode.TIFS[o["tif"]]
    if o["kind"] == wire.LIMIT_MAKER:
        more["postOnly"] = True
    if o["kind"] == wire.STOP_LOSS_LIMIT:
        more["stopLossPrice"] = wire.shown(o["stop"])
    if o["kind"] == wire.TAKE_PROFIT_LIMIT:
        more["takeProfitPrice"] = wire.shown(o["stop"])
    if o["quote"]:
        more["cost"] = wire.shown(o["quote"])
    return [symbol_of(o["symbol"]), "market" if o["kind"] == wire.MARKET else "limit", "buy" if o["side"] == wire.BUY else "sell",
            wire.shown(o["base"]) if o["base"] else None, wire.shown(o["price"]) if o["price"] else None, more]


def edit_arguments(o, cancel):
    """id, symbol, type, side, amount, price, params of editOrder(), which knows fewer unified names."""
    symbol, kind, side, base, price, more = order_arguments(o)
    for name in "stopLossPrice", "takeProfitPrice":
        if name in more:
            more["stopPrice"] = more.pop(name)
    if o["kind"] == wire.TAKE_PROFIT_LIMIT:
        kind = "TAKE_PROFIT_LIMIT"
    if cancel["coid"]:
        more["cancelOrigClientOrderId"] = cancel["coid"]
    return [str(cancel["venue_id"]) if cancel["venue_id"] else None, symbol, kind, side, base, price, more]


def named_arguments(m):
    """id, symbol, params of cancelOrder() and fetchOrder()."""
    return [str(m["venue_id"]) if m["venue_id"] else None, symbol_of(m["symbol"]), {"origClientOrderId": m["coid"]} if m["coid"] else {}]


def query_call(q, ws):
    what, symbol = q["what"], symbol_of(q["symbol"]) or None
    if what == wire.Q_ORDER:
        return ["fetchOrder" + ws] + named_arguments(q)
    if what == wire.Q_OPEN:
        return ["fetchOpenOrders" + ws, symbol] if symbol or not ws else None
    if what in (wire.Q_ALL, wire.Q_TRADES):
        if what == wire.Q_ALL and ws:  # drops what it is given
            return None
        more = {"endTime": q["to"]} if q["to"] else {}
        if q["venue_id"]:
            more["fromId" if what == wire.Q_TRADES else "orderId"] = str(q["venue_id"])
        return [("fetchMyTrades" if what == wire.Q_TRADES else "fetchOrders") + ws, symbol, q["from"] or None, q["limit"] or None, more]
    if what == wire.Q_ACCOUNT:
        return ["fetchBalance" + ws]
    if ws:
        return None
    return ["sapiGetAccountApiRestrictions" if what == wire.Q_PERMISSIONS else "privateGetRateLimitOrder"]


def unified_call(m):
    """Name and arguments; None where ccxt has no such call."""
    kind, ws = m["type"], "Ws" if m["signing"]["transport"] == wire.WEBSOCKET else ""
    if kind == wire.SIGN_ORDER:
        return ["createOrder" + ws] + order_arguments(m["order"])
    if kind == wire.SIGN_CANCEL:
        return ["cancelOrder" + ws] + named_arguments(m["cancel"])
    if kind == wire.SIGN_CANCEL_REPLACE:
        return ["editOrder" + ws] + edit_arguments(m["order"], m["cancel"])
    if kind == wire.SIGN_CANCEL_ALL:
        return ["cancelAllOrders" + ws, symbol_of(m["symbol"])]
    if kind == wire.SIGN_QUERY:
        return query_call(m["query"], ws)
    return ["ensureUserDataStreamWsSubscribeSignature", "spot"]


def pem(secret):
    der = base64.b64encode(PKCS8 + secret).decode()
    return "-----BEGIN PRIVATE KEY-----\n%s\n-----END PRIVATE KEY-----" % der


def question(key, m, call):
    """A line for sign.mjs."""
    secret = secret_of(key)
    return {"apiKey": key["api_key"], "secret": secret.decode() if key["kind"] == driver.HMAC else pem(secret),
            "timestamp": m["signing"]["timestamp"], "recvWindow": m["signing"]["validity"],
            "symbols": [symbol_of(s) for s in SYMBOLS], "call": call}


def installed(build):
    """The directory with ccxt in it, as its lock file says; None and why where there is none."""
    where = os.path.join(build, "ccxt")
    if not shutil.which("node") or not shutil.which("npm"):
        return None, "needs node and npm"
    os.makedirs(where, exist_ok=True)
    for name in "package.json", "package-lock.json", "sign.mjs":
        shutil.copy(os.path.join(HERE, "ccxt", name), where)
    with open(os.path.join(HERE, "ccxt", "package-lock.json")) as f:
        wanted = json.load(f)["packages"]["node_modules/ccxt"]["version"]
    try:
        with open(os.path.join(where, "node_modules", "ccxt", "package.json")) as f:
            there = json.load(f)["version"]
    except OSError:
        there = None
    if there != wanted:
        try:
            subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=where, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, timeout=300, check=True)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
            return None, "npm could not install ccxt"
    return where, None


def ask(where, questions):
    p = subprocess.run(["node", "sign.mjs"], cwd=where, input="".join(json.dumps(q) + "\n" for q in questions).encode(),
                       stdout=subprocess.PIPE, check=True, timeout=900)
    return [json.loads(line) for line in p.stdout.decode().splitlines()]


# What is compared.

def parsed(text):
    return {k: urllib.parse.unquote(v) for k, v in (pair.split("=", 1) for pair in text.split("&"))}


def compare_rest(key, ours, theirs):
    """What differs between a reply and what ccxt would have sent, as sentences."""
    bad = []
    url = urllib.parse.urlsplit(theirs["url"])
    text, _, signature = (theirs.get("body") or url.query).rpartition("&signature=")
    if (METHODS[ours["method"]], ours["path"]) != (theirs["method"], url.path):
        bad.append("%s %s, ccxt %s %s" % (ours["method"], ours["path"], theirs["method"], url.path))
    if theirs["headers"]["X-MBX-APIKEY"] != ours["api_key"]:
        bad.append("the API key differs")
    mine, _, own_signature = ours["parameters"].rpartition("&signature=")
    if parsed(mine) != parsed(text):
        bad.append("%s\nccxt %s" % (mine, text))
    for name, signed, it in ("ccxt", text, signature), ("we", mine, own_signature):
        if urllib.parse.quote(encode.signature(key["kind"], secret_of(key), signed), safe="") != it:
            bad.append("%s signed otherwise: %s %s" % (name, signed, it))
    return bad


def texts(params):
    return {k: v if isinstance(v, str) else json.dumps(v) for k, v in params.items()}


def compare_websocket(key, ours, theirs, call):
    """ccxt adds returnRateLimits, and leaves unified names beside the venue's."""
    bad = []
    mine, other = texts(json.loads(ours["parameters"])), texts(theirs["message"]["params"])
    if theirs["message"].get("method", ours["path"]) != ours["path"]:
        bad.append("%s, ccxt %s" % (ours["path"], theirs["message"]["method"]))
    signatures = mine.pop("signature"), other.pop("signature")
    for name, params, it in ("we", mine, signatures[0]), ("ccxt", other, signatures[1]):
        if encode.signature(key["kind"], secret_of(key), encode.joined(sorted(params.items()))) != it:
            bad.append("%s signed otherwise: %s %s" % (name, params, it))
    left = {"returnRateLimits", *(call[-1] if isinstance(call[-1], dict) else ())} - set(mine)
    other = {k: v for k, v in other.items() if k not in left}
    if mine != other:
        bad.append("%s\nccxt %s" % (mine, other))
    elif not left & set(theirs["message"]["params"]) and signatures[0] != signatures[1]:
        bad.append("the same parameters, other signatures")
    return bad


def compare(vector, reply):
    """A vector is {key, message (hex), call, ccxt}; the reply is what the program answered to the message."""
    if "error" in vector["ccxt"]:
        return ["ccxt: " + vector["ccxt"]["error"]]
    if reply["transport"] == wire.REST:
        return compare_rest(vector["key"], reply, vector["ccxt"])
    return compare_websocket(vector["key"], reply, vector["ccxt"], vector["call"])


def replies(asked, vectors):
    """What the program answers to the vectors' messages."""
    answers = asked.ask([driver.encode(v["key"]["kind"], "binance:mainnet", v["key"]["api_key"], secret_of(v["key"]),
                                       bytes.fromhex(v["message"])) for v in vectors])
    for a in answers:
        if a[:1] != b"\0":
            raise RuntimeError("result %d" % a[0])
    return [wire.decode_reply(a[1:]) for a in answers]


def vectors(where, asked, count, seed):
    """Vectors of so many requests, each with what ccxt signs: by a unified call where it has one, and on the websocket
    also by its signParams() over the program's own parameters, which then are all that is signed."""
    drawn = []
    for i in range(count):
        key, message = draw(random.Random(seed + i))
        m = wire.decode_request(message)
        vector = {"seed": seed + i, "key": key, "message": message.hex()}
        call = unified_call(m)
        if call:
            drawn.append(dict(vector, call=call))
        if m["signing"]["transport"] == wire.WEBSOCKET:
            own = json.loads(replies(asked, [vector])[0]["parameters"])
            drawn.append(dict(vector, call=["signParams", {k: v for k, v in own.items() if k not in ("signature", "apiKey", "timestamp")}]))
    for v, answer in zip(drawn, ask(where, [question(v["key"], wire.decode_request(bytes.fromhex(v["message"])), v["call"])
                                            for v in drawn])):
        v["ccxt"] = answer
    return drawn


def differing(asked, drawn):
    """What differs, as sentences, and how many of each call there are."""
    bad, calls = [], collections.Counter()
    for v, reply in zip(drawn, replies(asked, drawn)):
        calls["%s, key %d" % (v["call"][0], v["key"]["kind"])] += 1
        bad += ["ORACLE_SEED=%d %s: %s" % (v["seed"], v["call"], b) for b in compare(v, reply)]
    return bad, calls


# Requests that others recorded.

def message_of(method, path, p):
    """A request of REST, its parameters as a dict -> the message that asks for it; None where there is none."""
    named = {"coid": p.get("origClientOrderId", ""), "venue_id": int(p.get("orderId", 0))}
    symbol = next((s for s in SYMBOLS + ("LTC-BTC",) if s.replace("-", "") == p.get("symbol")), None)
    signing = {"key": "k", "transport": wire.REST, "timestamp": int(p["timestamp"]), "validity": int(p["recvWindow"])}
    kinds = {name: number for number, name in encode.KINDS.items()}
    if "side" in p:
        if p["type"] not in kinds or (p["type"] == "MARKET" and ("quantity" in p) == (p["side"] == "BUY")):
            return None
        order = {"number": 2, "symbol": symbol, "coid": p["newClientOrderId"], "side": 1 + (p["side"] == "SELL"),
                 "kind": kinds[p["type"]], "tif": {name: n for n, name in encode.TIFS.items()}.get(p.get("timeInForce"), 0)}
        for name, field in ("quantity", "base"), ("quoteOrderQty", "quote"), ("price", "price"), ("stopPrice", "stop"):
            order[field] = wire.units(p.get(name, "0"))
        if "cancelReplaceMode" not in p:
            return wire.encode_request(wire.SIGN_ORDER, 1, signing=signing, order=order)
        cancel = {"symbol": symbol, "coid": p.get("cancelOrigClientOrderId", ""), "venue_id": int(p.get("cancelOrderId", 0))}
        return wire.encode_request(wire.SIGN_CANCEL_REPLACE, 1, signing=signing, order=dict(order, replaces=1), cancel=cancel)
    if method == "DELETE":
        if path == "/api/v3/openOrders":
            return wire.encode_request(wire.SIGN_CANCEL_ALL, 1, signing=signing, symbol=symbol)
        return wire.encode_request(wire.SIGN_CANCEL, 1, signing=signing, cancel=dict(named, symbol=symbol))
    what = next(w for w, (its, _) in encode.QUERIES.items() if its == path)
    query = dict(named, what=what, symbol=symbol or "", limit=int(p.get("limit", 0)), to=int(p.get("endTime", 0)))
    query["from"] = int(p.get("startTime", 0))
    return wire.encode_request(wire.SIGN_QUERY, 1, signing=signing, query=query)


def recorded(path):
    """Vectors of a file of requests that ccxt made for Binance's spot market."""
    with open(path) as f:
        book = json.load(f)
    key = {"kind": driver.HMAC, "api_key": book["keys"]["apiKey"], "secret": book["keys"]["secret"]}
    for case in book["cases"]:
        sent = case["request"]
        url = urllib.parse.urlsplit(sent["url"])
        if not case["signed"] or url.netloc != "api.binance.com":
            continue
        message = message_of(sent["method"], url.path, parsed((sent.get("body") or url.query).rpartition("&signature=")[0]))
        if message:
            yield {"key": key, "message": message.hex(), "call": [case["description"]], "ccxt": sent}
