#!/usr/bin/env python3
"""Orders at the exchange in a box over TLS: REST, the websocket API, user events, faults, and its books as the judge."""
import json, os, subprocess, sys, tempfile, time

sys.path[:0] = ["tests/tools", "tests/lib"]
import tap, ws
from box_client import ACCOUNTS, PATIENCE, PROGRAM, Client, Exchange, books_balance

BTC = {"symbol": "BTCUSDT"}


def limit(price, quantity="0.01", side="BUY", **more):
    return dict(BTC, side=side, type="LIMIT", timeInForce="GTC", price=price, quantity=quantity, **more)


def far_below(exchange):
    bid = float(exchange.get("/api/v3/ticker/bookTicker?symbol=BTCUSDT")[1]["bidPrice"])
    return "%.2f" % (bid * 0.8)


class Api:
    """The websocket API: answers by id, and events in order."""

    def __init__(self, exchange, query=""):
        self.ws = ws.WebSocket(exchange.port, "/ws-api/v3" + query, exchange.ca)
        self.events = []

    def ask(self, message):
        self.ws.send_json(message)
        while True:
            answer = json.loads(self.ws.recv())
            if "event" in answer:
                self.events.append(answer)
            elif answer["id"] == message["id"]:
                return answer

    def wait_event(self, wanted, seconds=PATIENCE):
        """The first event for which wanted(event) holds, told or still to come; None after a while."""
        end = time.time() + seconds
        seen = 0
        while True:
            for e in self.events[seen:]:
                if wanted(e["event"]):
                    return e
            seen = len(self.events)
            self.ws.sock.settimeout(max(end - time.time(), 0.01))
            try:
                self.events.append(json.loads(self.ws.recv()))
            except OSError:
                return None


def report(client_id, execution):
    return lambda e: e["e"] == "executionReport" and e["x"] == execution and client_id in (e["c"], e["C"])


def test_rest(x, anna):
    price = far_below(x)
    status, headers, o = anna.request("POST", "/api/v3/order", **limit(price, newClientOrderId="r1"))
    tap.ok(status == 200 and o["status"] == "NEW" and headers["x-mbx-order-count-10s"] == "1" and
           "x-mbx-used-weight-1m" in headers, "an_order_is_taken", (status, headers, o))
    status, _, a = anna.request("POST", "/api/v3/order", **limit(price, newClientOrderId="r1"))
    tap.ok(status == 400 and a["code"] == -2010 and a["msg"] == "Duplicate order sent.", "not_twice", a)
    status, _, a = anna.request("DELETE", "/api/v3/order", **BTC, origClientOrderId="r1")
    tap.ok(status == 200 and a["status"] == "CANCELED" and a["origClientOrderId"] == "r1", "it_is_cancelled", a)
    status, _, a = anna.request("POST", "/api/v3/order", **BTC, side="BUY", type="MARKET", quantity="0.01")
    tap.ok(status == 200 and a["status"] == "FILLED" and a["fills"], "a_market_order_fills", a)
    status, _, a = anna.request("GET", "/api/v3/account", timestamp=int(time.time() * 1000) - 70000)
    tap.ok(status == 400 and a["code"] == -1021, "old_requests_are_refused", a)
    anna.secret, kept = b"wrong", anna.secret
    status, _, a = anna.request("GET", "/api/v3/account")
    anna.secret = kept
    tap.ok(status == 400 and a["code"] == -1022, "wrong_signatures_are_refused", a)
    tap.ok(abs(x.get("/api/v3/time")[1]["serverTime"] - time.time() * 1000) < 60000, "it_trades_by_the_wall_clock")
    status, _, body = ws.https(x.port, "/api/v3/time", x.ca, headers=["X-MBX-TIME-UNIT: MICROSECOND"])
    tap.ok(json.loads(body)["serverTime"] > 1e15, "times_in_microseconds_are_offered", body)
    tap.ok(books_balance(ACCOUNTS, x.books()) == "", "books_balance_after_rest", books_balance(ACCOUNTS, x.books()))


def test_websocket(x, anna):
    price = far_below(x)
    api = Api(x, "?returnRateLimits=false")
    a = api.ask(anna.call("userDataStream.subscribe.signature"))
    tap.ok(a["status"] == 200 and a["result"] == {"subscriptionId": 0} and "rateLimits" not in a, "stream_by_signature", a)
    a = api.ask(anna.call("order.place", **limit(price, newClientOrderId="w1")))
    tap.ok(a["status"] == 200 and a["result"]["status"] == "NEW", "an_order_over_the_websocket", a)
    e = api.wait_event(report("w1", "NEW"))
    tap.ok(e and e["subscriptionId"] == 0 and e["event"]["X"] == "NEW", "it_is_told", api.events)
    # what REST does is told here, too
    anna.request("DELETE", "/api/v3/order", **BTC, origClientOrderId="w1")
    tap.ok(api.wait_event(report("w1", "CANCELED")), "a_cancel_by_rest_is_told", api.events)
    x.get("/box/deposit?account=anna&asset=USDT&amount=1", method="POST")
    e = api.wait_event(lambda e: e["e"] == "balanceUpdate")
    tap.ok(e and e["event"]["d"] == "1.00000000", "a_deposit_is_told", api.events)
    x.get("/box/deposit?account=anna&asset=USDT&amount=-1", method="POST")
    a = api.ask({"id": 1, "method": "userDataStream.unsubscribe"})
    tap.ok(a["status"] == 200 and api.wait_event(lambda e: e["e"] == "eventStreamTerminated"), "the_end_is_told", a)


def test_events_go_wrong(x, anna):
    price = far_below(x)
    api = Api(x)
    api.ask(anna.call("userDataStream.subscribe.signature"))

    def reports(client_id):
        """Executions of one order, told up to its cancel; the position event after it is the last."""
        api.ask(anna.call("order.place", **limit(price, newClientOrderId=client_id)))
        api.ask(anna.call("order.cancel", **BTC, origClientOrderId=client_id))
        api.ask({"id": "mark-" + client_id, "method": "ping"})
        return [e["event"]["x"] for e in api.events
                if e["event"]["e"] == "executionReport" and client_id in (e["event"]["c"], e["event"]["C"])]

    tap.ok(reports("e0") == ["NEW", "CANCELED"], "events_come_in_order", api.events)
    x.order_fault(kind="event-lost", match="executionReport")
    tap.ok(reports("e1") == ["CANCELED"], "an_event_is_lost", api.events)
    x.order_fault(kind="event-twice", match="executionReport")
    tap.ok(reports("e2") == ["NEW", "NEW", "CANCELED"], "an_event_comes_twice", api.events)
    x.order_fault(kind="event-swap", match="executionReport")
    got = reports("e3")
    names = [e["event"]["e"] for e in api.events[-4:]]
    tap.ok(got == ["NEW", "CANCELED"] and names[:2] == ["outboundAccountPosition", "executionReport"],
           "events_change_places", (got, names))


def test_answers_go_wrong(x, anna):
    price = far_below(x)

    def exists(client_id):
        return any(o["clientOrderId"] == client_id for o in x.books()["orders"])

    x.order_fault(kind="lost", match="POST /api/v3/order")
    try:
        status, _, body = anna.raw("POST", "/api/v3/order", **limit(price, newClientOrderId="f1"))
    except (OSError, IndexError, ValueError):
        body = b""
    tap.ok(body == b"" and exists("f1"), "reply_lost_after_accept", body)
    x.order_fault(kind="lost", match="POST /api/v3/order", execute="false")
    try:
        anna.raw("POST", "/api/v3/order", **limit(price, newClientOrderId="f2"))
    except (OSError, IndexError, ValueError):
        pass
    tap.ok(not exists("f2"), "request_lost_before_accept")
    x.order_fault(kind="status", match="POST /api/v3/order", status="504", code="-1007")
    status, _, a = anna.request("POST", "/api/v3/order", **limit(price, newClientOrderId="f3"))
    tap.ok(status == 504 and a["code"] == -1007 and exists("f3"), "unknown_and_executed", a)
    x.order_fault(kind="status", match="POST /api/v3/order", status="503", code="-1008", execute="false")
    status, _, a = anna.request("POST", "/api/v3/order", **limit(price, newClientOrderId="f4"))
    tap.ok(status == 503 and a["code"] == -1008 and not exists("f4"), "unknown_and_not_executed", a)
    x.order_fault(kind="html", match="GET /api/v3/*", status="403")
    status, headers, body = anna.raw("GET", "/api/v3/account")
    tap.ok(status == 403 and body.startswith(b"<html>") and headers["content-type"] == "text/html", "a_page_of_html", body)
    x.order_fault(kind="truncate", match="GET /api/v3/account")
    status, _, body = anna.raw("GET", "/api/v3/account")
    try:
        whole = bool(json.loads(body))
    except ValueError:
        whole = False
    tap.ok(status == 200 and body.startswith(b"{") and not whole, "json_cut_short", body)
    x.order_fault(kind="delay", match="GET /api/v3/account", ms="300")
    began = time.monotonic()
    status, _, _ = anna.request("GET", "/api/v3/account")
    tap.ok(status == 200 and time.monotonic() - began >= 0.3, "an_answer_comes_late")
    status, a = x.get("/box/fault?kind=unheard", method="POST")
    tap.ok(status == 400 and "kind" in a["error"], "unknown_faults_are_refused", a)
    x.get("/box/clock?skewMs=-70000", method="POST")
    status, _, a = anna.request("GET", "/api/v3/account")
    tap.ok(status == 400 and a["code"] == -1021, "the_venue's_clock_can_be_wrong", a)
    x.get("/box/clock?skewMs=0", method="POST")
    x.get("/box/ban?seconds=60", method="POST")
    status, headers, a = anna.request("GET", "/api/v3/account")
    tap.ok(status == 418 and a["code"] == -1003 and 0 < int(headers["retry-after"]) <= 60, "an_address_is_banned", a)
    x.get("/box/ban?seconds=0", method="POST")
    status, _, _ = anna.request("GET", "/api/v3/account")
    tap.ok(status == 200, "a_ban_is_lifted", status)


def test_market_goes_wrong(x):
    feed = ws.WebSocket(x.port, "/ws/btcusdt@depth@100ms", x.ca)

    def gap():
        """Whether ids have a hole within the next messages."""
        last = None
        for _ in range(30):
            d = json.loads(feed.recv())
            if last and d["U"] != last + 1:
                return True
            last = d["u"]
        return False

    tap.ok(not gap(), "books_have_no_gap")
    x.order_fault(kind="book-gap", match="btcusdt@depth@100ms", after="3")
    tap.ok(gap(), "a_gap_is_ordered")


def test_frozen_feed(x):
    feed = ws.WebSocket(x.port, "/ws/btcusdt@depth@100ms", x.ca, timeout=PATIENCE)
    feed.recv()
    x.order_fault(kind="freeze", ms="3000")  # long enough to be seen by who looks late
    longest, last = 0, time.monotonic()
    for _ in range(12):
        feed.recv()
        longest, last = max(longest, time.monotonic() - last), time.monotonic()
    tap.ok(longest >= 1.0 and feed.pings > 0, "a_frozen_feed_still_pings", (longest, feed.pings))


def test_disconnect(x):
    feed = ws.WebSocket(x.port, "/ws/btcusdt@trade", x.ca)
    x.get("/box/disconnect", method="POST")
    try:
        while True:
            feed.recv()
    except (ws.Closed, OSError) as e:
        tap.ok(isinstance(e, ws.Closed) and e.code == 1001, "connections_are_ended_on_request", e)


def test_maintenance(x, anna):
    api = Api(x)
    x.get("/box/maintenance?on=true", method="POST")
    try:
        while True:
            api.ws.recv()
    except (ws.Closed, OSError) as e:
        tap.ok(isinstance(e, ws.Closed), "maintenance_disconnects", e)
    status, _, a = anna.request("GET", "/api/v3/account")
    tap.ok(status == 503 and a["code"] == -1016, "maintenance_answers_503", a)
    try:
        Api(x)
        tap.ok(False, "maintenance_takes_no_connections")
    except ws.Broken as e:
        tap.ok("503" in str(e), "maintenance_takes_no_connections", e)
    x.get("/box/maintenance?on=false", method="POST")
    tap.ok(anna.request("GET", "/api/v3/account")[0] == 200, "maintenance_ends")


def test_files():
    for text, word in (("{", "accounts"), ('{"accounts": [{"balances": {"BTC": 1}}]}', "balances")):
        path = os.path.join(SCRATCH, "bad.json")
        with open(path, "w") as f:
            f.write(text)
        p = subprocess.run([PROGRAM, "exchange", "--dir", SCRATCH, "--generate", "--accounts", path, "--listen", "127.0.0.1:0"],
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE)
        tap.ok(p.returncode == 1 and word in p.stdout.decode() and "bad.json" in p.stdout.decode(),
               "a_bad_file_is_named_%s" % word, p.stdout.decode())


def main():
    test_files()
    y = Exchange(os.path.join(SCRATCH, "pinging"), "--ping-every", "500ms")
    try:
        test_frozen_feed(y)
    finally:
        y.stop()
    x = Exchange(os.path.join(SCRATCH, "box"))
    try:
        anna = Client(x, "anna")
        test_rest(x, anna)
        test_websocket(x, anna)
        test_events_go_wrong(x, anna)
        test_answers_go_wrong(x, anna)
        test_market_goes_wrong(x)
        test_disconnect(x)
        test_maintenance(x, anna)
        tap.ok(books_balance(ACCOUNTS, x.books()) == "", "books_balance_at_the_end", books_balance(ACCOUNTS, x.books()))
        tap.ok(x.stop() == 0, "it_ends_well", x.log()[-2000:])
    finally:
        if x.p.poll() is None:
            x.p.kill()


with tempfile.TemporaryDirectory() as SCRATCH:
    try:
        main()
    except Exception:
        import traceback
        tap.ok(False, "runs_to_its_end", traceback.format_exc())
tap.done()
