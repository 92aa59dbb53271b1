"""Binance Spot's signed requests once more, from wallet/PROTOCOL.md ("Binance Spot") and the venue's documentation."""
import base64, hashlib, hmac, json, os, sys, urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import ed25519, policy
import signer_client as wire
from driver import ED25519, HMAC

SIDES = {wire.BUY: "BUY", wire.SELL: "SELL"}
KINDS = {wire.LIMIT: "LIMIT", wire.LIMIT_MAKER: "LIMIT_MAKER", wire.MARKET: "MARKET",
         wire.STOP_LOSS_LIMIT: "STOP_LOSS_LIMIT", wire.TAKE_PROFIT_LIMIT: "TAKE_PROFIT_LIMIT"}
TIFS = {wire.GTC: "GTC", wire.IOC: "IOC", wire.FOK: "FOK"}
CALLS = {  # what: (REST's method, REST's path, the websocket's method)
    wire.SIGN_ORDER: (wire.POST, "/api/v3/order", "order.place"),
    wire.SIGN_CANCEL: (wire.DELETE, "/api/v3/order", "order.cancel"),
    wire.SIGN_CANCEL_REPLACE: (wire.POST, "/api/v3/order/cancelReplace", "order.cancelReplace"),
    wire.SIGN_CANCEL_ALL: (wire.DELETE, "/api/v3/openOrders", "openOrders.cancelAll"),
    wire.SIGN_STREAM: (None, None, "userDataStream.subscribe.signature"),
}
QUERIES = {
    wire.Q_ORDER: ("/api/v3/order", "order.status"), wire.Q_OPEN: ("/api/v3/openOrders", "openOrders.status"),
    wire.Q_ALL: ("/api/v3/allOrders", "allOrders"), wire.Q_TRADES: ("/api/v3/myTrades", "myTrades"),
    wire.Q_ACCOUNT: ("/api/v3/account", "account.status"),
    wire.Q_PERMISSIONS: ("/sapi/v1/account/apiRestrictions", None),
    wire.Q_LIMITS: ("/api/v3/rateLimit/order", "account.rateLimits.orders"),
}


class NoEncoder(Exception):
    pass


def order_parameters(o):
    yield "symbol", o["symbol"].replace("-", "")
    yield "side", SIDES[o["side"]]
    yield "type", KINDS[o["kind"]]
    if o["tif"]:
        yield "timeInForce", TIFS[o["tif"]]
    for name, amount in ("quantity", "base"), ("quoteOrderQty", "quote"), ("price", "price"), ("stopPrice", "stop"):
        if o[amount]:
            yield name, wire.shown(o[amount])
    yield "newClientOrderId", o["coid"]
    yield "newOrderRespType", "FULL"


def named(m, by_coid, by_id):
    """An order's name: whichever it has."""
    if m["coid"]:
        yield by_coid, m["coid"]
    if m["venue_id"]:
        yield by_id, m["venue_id"]


def parameters(m):
    """What is asked, in the order in which REST sends it; numbers are int."""
    kind = m["type"]
    if kind in (wire.SIGN_ORDER, wire.SIGN_CANCEL_REPLACE):
        yield from order_parameters(m["order"])
    if kind == wire.SIGN_CANCEL_REPLACE:
        yield "cancelReplaceMode", "STOP_ON_FAILURE"
        yield from named(m["cancel"], "cancelOrigClientOrderId", "cancelOrderId")
    if kind == wire.SIGN_CANCEL:
        yield "symbol", m["cancel"]["symbol"].replace("-", "")
        yield from named(m["cancel"], "origClientOrderId", "orderId")
    if kind == wire.SIGN_CANCEL_ALL:
        yield "symbol", m["symbol"].replace("-", "")
    if kind == wire.SIGN_QUERY:
        q = m["query"]
        if q["symbol"]:
            yield "symbol", q["symbol"].replace("-", "")
        yield from named(q, "origClientOrderId", "fromId" if q["what"] == wire.Q_TRADES else "orderId")
        for name, field in ("startTime", "from"), ("endTime", "to"), ("limit", "limit"):
            if q[field]:
                yield name, q[field]
    yield "recvWindow", m["signing"]["validity"]
    yield "timestamp", m["signing"]["timestamp"]


def joined(pairs):
    return "&".join("%s=%s" % p for p in pairs)


def signature(kind, secret, text):
    if kind == HMAC:
        return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()
    return base64.b64encode(ed25519.sign(secret, text.encode())).decode()


def is_network(network):
    return network.startswith("binance:")


def encode(kind, network, api_key, secret, m):
    """A decoded request -> what a reply to it carries. Raises NoEncoder, or policy.Refused where its shape is wrong."""
    if kind not in (HMAC, ED25519) or not is_network(network) or not api_key or (kind == HMAC and len(secret) < 16) \
            or (kind == ED25519 and len(secret) != 32):
        raise NoEncoder()
    if m["type"] not in wire.SIGNS or not policy.shape_is_good(m):
        raise policy.Refused("policy-shape")
    if m["type"] == wire.SIGN_QUERY:
        method, (path, call) = wire.GET, QUERIES[m["query"]["what"]]
    else:
        method, path, call = CALLS[m["type"]]
    pairs = list(parameters(m))
    if m["signing"]["transport"] == wire.REST:
        text = joined(pairs)
        sent = text + "&signature=" + urllib.parse.quote(signature(kind, secret, text), safe="")
        return {"transport": wire.REST, "method": method, "covered": 1, "path": path, "api_key": api_key, "parameters": sent}
    pairs = sorted(pairs + [("apiKey", api_key)])
    sent = dict(pairs, signature=signature(kind, secret, joined(pairs)))
    return {"transport": wire.WEBSOCKET, "method": wire.CALL, "covered": 1, "path": call, "api_key": "",
            "parameters": json.dumps(sent, separators=(",", ":"))}
