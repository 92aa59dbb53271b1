#!/usr/bin/env python3
"""The daemon against a venue that misbehaves: what it says is counted and told, nothing is done on prices that are
not to be trusted, and all goes on once the venue is well again."""
import json, os, re, signal, sys, time

sys.path[:0] = ["tests/tools", "tests/lib"]
import agent, hostile
from fake_venue import Authority, BINARY, CLOSE, PING, TEXT, Market, Venue, deflated, frame, wrapped
from hostile import AUTHORITY, HONEST, SLOW, STALE_S, Case, ok, run_all

COUNTERS = ("malformed", "unsupported", "unknown")


def trade_text(market, **change):
    data = market.trade()
    data.update(change)
    return wrapped(data)


def with_price(m, text, key="p"):
    """A trade with that JSON value in place of the price."""
    return json.dumps({"stream": "btcusdt@trade", "data": dict(m.trade(), **{key: "@"})}).replace('"@"', text)


def bad_messages(m):
    """(name, bytes, which counter)"""
    yield "garbage", b"hello, world", "malformed"
    yield "braces", b"{}{}", "unknown"
    yield "truncated", trade_text(m)[:-20].encode(), "malformed"
    yield "nested_arrays", b"[" * 100000, "malformed"
    yield "nested_objects", b'{"a":' * 100000, "malformed"
    yield "nested_in_an_unknown_key", trade_text(m, z="@").replace('"@"', "[" * 5000 + "]" * 5000).encode(), "malformed"
    yield "million_digits", with_price(m, '"' + "1" * 1000000 + '"').encode(), "malformed"
    yield "million_decimals", with_price(m, '"1.' + "1" * 1000000 + '"').encode(), "malformed"
    for text in ("-1.0", "0", "0.00000000", "99999999999999999999999999", "10000000000000", "NaN", "Infinity", "1e5",
                 "1E-5", "+1", "1.", ".5", "0x10", "", " 1", "1 ", "1,5", "١٢", "\\u0031"):
        for key in "pq":
            yield "%s_%s" % (key, text or "empty"), with_price(m, '"%s"' % text, key).encode(), "malformed"
    for text in ("1.5", "null", "true", "[]", "{}", "[1]", "NaN", "-Infinity", "1e400"):
        yield "p_unquoted_" + text, with_price(m, text).encode(), "malformed"
    for key, value in (("E", "x"), ("E", -1), ("E", 1.5), ("E", 0), ("E", 10 ** 30), ("T", None), ("t", -5),
                       ("t", "7"), ("t", 2 ** 64), ("m", "true"), ("m", 1), ("s", 5), ("s", None), ("s", ["BTCUSDT"])):
        yield "%s_is_%s" % (key, value), trade_text(m, **{key: value}).encode(), "malformed"
    for value in (5, None):
        yield "e_is_%s" % value, trade_text(m, e=value).encode(), "unknown"
    for key in "EstpqTm":
        data = m.trade()
        del data[key]
        yield "trade_without_" + key, wrapped(data).encode(), "malformed"
    for key in "usbBaA":
        data = m.ticker()
        del data[key]
        yield "ticker_without_" + key, wrapped(data).encode(), "unknown"  # known by its keys only
    whole = trade_text(m)
    yield "duplicate_key", whole.replace('"p":', '"p":"1.0","p":').encode(), "malformed"
    yield "duplicate_data", whole.replace('"data":', '"data":{},"data":').encode(), "unknown"
    yield "nul_byte", whole.replace('"M":true', '"M":true\0').encode(), "malformed"
    yield "two_messages", (whole + whole).encode(), "malformed"
    yield "crossed_ticker", wrapped(dict(m.ticker(), b="100.00", a="99.00")).encode(), "malformed"
    yield "ticker_price_without_end", wrapped(dict(m.ticker(), b="9" * 40, a="9" * 41)).encode(), "malformed"
    yield "time_in_a_year", trade_text(m, E=m.now_ms() + 366 * 86400000).encode(), "malformed"
    yield "trade_of_tomorrow", trade_text(m, T=m.now_ms() + 86400000).encode(), "malformed"
    yield "unknown_type", trade_text(m, e="zzz").encode(), "unknown"
    yield "unknown_symbol", trade_text(m, s="DOGEUSDT").encode(), "unknown"
    yield "answer_to_nothing", b'{"result":null,"id":77}', "unknown"
    yield "unwanted_agg_trade", wrapped({"e": "aggTrade", "E": m.now_ms(), "s": m.symbol, "a": 1, "p": "1.00",
                                         "q": "1.0", "f": 1, "l": 1, "T": m.now_ms(), "m": True, "M": True}).encode(), \
        "unknown"
    yield "futures_ticker", wrapped(dict(m.ticker(), e="bookTicker", E=m.now_ms(), T=m.now_ms())).encode(), \
        "unsupported"
    yield "futures_depth", wrapped({"e": "depthUpdate", "E": m.now_ms(), "T": m.now_ms(), "s": m.symbol, "U": m.id + 1,
                                    "u": m.id + 2, "pu": m.id, "b": [["1.0", "1.0"]], "a": []}).encode(), "unsupported"
    futures_trade = dict(m.trade(), X="MARKET")
    del futures_trade["M"]
    yield "futures_trade", wrapped(futures_trade).encode(), "unsupported"


def case_messages():
    """All kinds of nonsense between honest messages: each is counted as what it is; trading goes on."""
    v = Venue(HONEST)
    m = v.market["BTCUSDT"]
    c = Case("messages", v)
    c.live()
    c.trades("trades_before")
    s = c.status()
    sent = {k: 0 for k in COUNTERS}
    # Few at a time, so that each is known; a mismatch names its batch.
    batch, messages = [], list(bad_messages(m))
    for n, (name, data, counter) in enumerate(messages):
        v.send(data)
        sent[counter] += 1
        batch.append(name)
        if len(batch) == 12 or n == len(messages) - 1:
            want = {k: s[k] + sent[k] for k in COUNTERS}
            now = c.until(lambda x: sum(x[k] for k in COUNTERS) >= sum(want.values()), 5)
            c.ok(now and {k: now[k] for k in COUNTERS} == want, "counts_%d" % n, "%s\nwant %s\ngot %s" % (batch, want, now))
            if now:
                s, sent, batch = now, {k: 0 for k in COUNTERS}, []
    c.ok(s["feed"]["BTC-USDT"] == "live" and s["gaps"] == 0 and s["reconnects"] == 0, "harm_nothing", s)
    c.trades("trades_after")
    lines = c.log().count("message(s) dropped")
    c.ok(1 <= lines <= 4, "are_told_in_few_lines", lines)
    # A malformed difference is a hole in the book: it is fetched anew.
    m.change = lambda d: [dict(d, b=[["-1.0", "1.0"]])]
    s = c.until(lambda x: x["malformed"] > s["malformed"])
    m.change = None
    c.says(r"gap in the depth stream", "malformed_depth_is_a_gap")
    c.live("is_live_after_malformed_depth")
    c.trades("trades_after_malformed_depth")
    c.end()


def case_flood():
    """Unknown events, 1000 a second for three seconds: counted, three lines of log at most."""
    v = Venue(HONEST)
    c = Case("flood", v)
    c.live()
    for n in range(30):
        v.raw(b"".join(frame(TEXT, b'{"e":"news","n":%d}' % i) for i in range(100)))
        time.sleep(0.1)
    s = c.until(lambda x: x["unknown"] >= 3000)
    c.ok(s["unknown"] == 3000, "is_counted", s)
    c.ok(c.log().count("dropped") <= 3, "log_is_bounded")
    c.ok(s["feed"]["BTC-USDT"] == "live" and s["reconnects"] == 0, "leaves_the_feed_alone", s)
    c.trades()
    c.end()


def case_frames():
    """Frames in all shapes that are allowed, and some that are not."""
    v = Venue(HONEST)
    m = v.market["BTCUSDT"]
    c = Case("frames", v)
    c.live()
    before = c.status()
    text = trade_text(m, p="100.77").encode()
    # A message in pieces of 7 bytes with a ping behind each; no honest message may come between.
    pieces = [text[i:i + 7] for i in range(0, len(text), 7)]
    data = b"".join(frame(TEXT if i == 0 else 0, p, final=i == len(pieces) - 1) +
                    (frame(PING, b"%d" % i) if i < len(pieces) - 1 else b"") for i, p in enumerate(pieces))
    v.raw(data)
    v.send(trade_text(m, p="100.77"))
    v.send(deflated(trade_text(m).encode()), rsv=0x40)
    time.sleep(0.5)
    s = c.status()
    c.ok(s["malformed"] == before["malformed"] and s["reconnects"] == 0 and s["feed"]["BTC-USDT"] == "live",
         "fragments_pings_and_compression_are_fine", s)
    # Not valid UTF-8: dropped, or the connection ends; never read.
    was = c.status()
    v.send(trade_text(m, x="@").encode().replace(b"@", b"\xc3\x28"))
    s = c.until(lambda x: x["malformed"] > was["malformed"] or x["reconnects"] > was["reconnects"], 5)
    c.ok(s["malformed"] > was["malformed"] or s["reconnects"] > was["reconnects"], "invalid_utf8_is_not_taken", s)
    c.live("is_live_after_invalid_utf8")
    c.trades()
    c.end()


LONG = r"localhost sent a message of more than 8388608 bytes"
BREAKS = [("9_megabytes", lambda: frame(TEXT, b'{"x":"' + b"y" * 9000000 + b'"}'), LONG),
          ("a_compression_bomb", lambda: frame(TEXT, deflated(b"\0" * 200000000), rsv=0x40), LONG),
          ("endless_fragments", lambda: frame(TEXT, b"[" * 1000000, final=False) +
           frame(0, b"[" * 1000000, final=False) * 9, LONG),
          ("a_binary_message", lambda: frame(BINARY, b'{"e":"trade"}'), r"a binary message came where only text"),
          ("reserved_bits", lambda: frame(TEXT, b"{}", rsv=0x30), r"broke the websocket protocol"),
          ("broken_compression", lambda: frame(TEXT, b"\xff" * 50, rsv=0x40), r"connection lost"),
          ("a_continuation_of_nothing", lambda: frame(0, b"{}"), r"connection lost"),
          ("an_unknown_opcode", lambda: frame(5, b"{}"), r"connection lost"),
          ("a_long_ping", lambda: frame(PING, b"p" * 126), r"connection lost"),
          ("a_frame_of_2_to_63", lambda: b"\x81\x7f\x7f" + b"\xff" * 7, r"connection lost"),
          ("half_a_frame", lambda: frame(TEXT, b"x" * 1000)[:500], r"connection lost")]
# Those after which waiting for more is all that one can do: the venue goes away then.
WAITING = ("a_frame_of_2_to_63", "half_a_frame")


def case_breaks(some):
    """Each ends the connection, is told by one line, and all is well again on the next one."""
    def run():
        v = Venue(HONEST)
        c = Case("breaks_" + some[0][0], v)
        c.live()
        for name, data, line in some:
            was, told = c.status(), len(c.log())
            v.raw(data())
            if name in WAITING:
                time.sleep(0.2)
                v.drop()
            s = c.until(lambda x: x["reconnects"] > was["reconnects"], 5)
            c.ok(s and s["reconnects"] == was["reconnects"] + 1, name + "_ends_the_connection", s)
            lines = [l for l in c.log()[told:].splitlines() if "connection lost" in l]
            c.ok(len(lines) == 1 and re.search(line, lines[0]), name + "_is_told", lines)
            c.live("is_live_after_" + name, seconds=40)
        c.trades()
        c.end()
    run.__name__ = "case_breaks_" + some[0][0]
    return run


def case_book():
    """Depth: gaps, repetitions, reordering, crossing, numbers that make no sense."""
    v = Venue(HONEST)
    m = v.market["BTCUSDT"]
    c = Case("book", v)
    c.live()

    def once(change):
        def do(d):
            m.change = None
            return change(d)
        m.change = do

    def harm(name, counter, change, line=None):
        was = c.status()
        change()
        s = c.until(lambda x: x[counter] > was[counter], 5)
        c.ok(s and s[counter] > was[counter], name + "_is_counted", "%s\n%s" % (was, s))
        if line:
            c.says(line, name + "_is_told")
        s = c.until(lambda x: x["resyncs"] > was["resyncs"] and x["feed"]["BTC-USDT"] == "live")
        c.ok(s and s["resyncs"] > was["resyncs"] and s["feed"]["BTC-USDT"] == "live", "is_live_after_" + name, s)
        c.trades("trades_after_" + name)

    def skip():
        m.skip = 1
    harm("gap", "gaps", skip, r"BTC-USDT: gap in the depth stream after \d+, next is \d+; fetching the book anew")
    harm("crossed", "crossed", lambda: once(lambda d: [dict(d, b=d["b"] + [["103.00", "1.0"]])]),
         r"the book is crossed or broken, fetching it anew")
    held = []

    def reorder(d):
        if held:
            m.change = None
            return [d, held.pop()]
        held.append(d)
        return []
    harm("reordered", "gaps", lambda: setattr(m, "change", reorder))
    harm("backwards", "gaps", lambda: once(lambda d: [dict(d, U=d["U"] - 100, u=d["u"] - 100)]))
    harm("far_ahead", "gaps", lambda: once(lambda d: [dict(d, U=2 ** 62, u=2 ** 62 + 1)]))
    was = c.status()
    once(lambda d: [d, d, d])
    time.sleep(0.5)
    s = c.status()
    c.ok(s["gaps"] == was["gaps"] and s["feed"]["BTC-USDT"] == "live", "duplicates_are_left_out", "%s\n%s" % (was, s))
    once(lambda d: [dict(d, U=d["u"], u=d["U"])])
    s = c.until(lambda x: x["malformed"] > was["malformed"], 5)
    c.ok(s["malformed"] > was["malformed"], "backwards_range_is_malformed", s)
    c.live("is_live_after_a_backwards_range")
    # Snapshots that are of no use: never live on them, asked again, not too often.
    for name, snapshot in (("old", lambda: dict(m.snapshot(), lastUpdateId=m.id - 600)),
                           ("crossed", lambda: dict(m.snapshot(), bids=[["105.0", "1.0"]])),
                           ("truncated", lambda: json.dumps(m.snapshot())[:-30]),
                           ("with_an_empty_level", lambda: dict(m.snapshot(), bids=[["99.0", "0.0"]])),
                           ("without_an_id", lambda: {"bids": [], "asks": []})):
        v.answer["/api/v3/depth"] = lambda q: (200, [], snapshot())
        at = time.time()
        m.skip = 1
        c.until(lambda x: x["feed"]["BTC-USDT"] != "live", 5)
        hostile.agent.wait_for(lambda: v.asked("/api/v3/depth", at), 10 * SLOW)
        c.idle("no_order_on_a_snapshot_" + name, 0.7)
        s = c.status()
        c.ok(s["feed"]["BTC-USDT"] == "invalid", "a_snapshot_%s_is_not_live" % name, s)
        asked = len(v.asked("/api/v3/depth", at))
        c.ok(1 <= asked <= 4 * SLOW, "a_snapshot_%s_is_not_hammered" % name, asked)
        del v.answer["/api/v3/depth"]
        c.live("is_live_after_a_snapshot_" + name, seconds=40)
    c.trades()
    c.end()


def case_frozen():
    """No data while pings live: stale within stale_after, no orders, and back."""
    v = Venue(HONEST)
    m = v.market["BTCUSDT"]
    v.pings = 0.2
    c = Case("frozen", v)
    c.live()
    c.trades("trades_before")
    for name in ("feed", "depth"):
        at = time.time()
        if name == "feed":
            v.paused = True
        else:
            m.frozen = {"depth"}
        s = c.until(lambda x: x["feed"]["BTC-USDT"] == "stale", 5)
        late = time.time() - at
        c.ok(s and s["feed"]["BTC-USDT"] == "stale" and late < STALE_S + 5 * SLOW, "%s_is_stale_in_time" % name,
             "%.2f s %s" % (late, s))
        c.idle("no_order_on_a_stale_" + name)
        c.says(r"no %s for 1000 ms: feed is stale" % ("data" if name == "feed" else "depth"), name + "_is_told")
        c.ok(c.status()["stale"] >= 1 and c.status()["session"] == "live", name + "_is_counted", c.status())
        v.paused, m.frozen = False, set()
        c.live("is_live_again_after_" + name)
        c.trades("trades_again_after_" + name)
    c.ok(c.status()["reconnects"] == 0, "needs_no_reconnect", c.status())
    c.end()


def case_lost():
    """The connection ends in all its ways; each time it comes back by itself."""
    v = Venue(HONEST)
    c = Case("lost", v)
    c.live()
    shut = '{"e":"serverShutdown","E":%d}' % v.market["BTCUSDT"].now_ms()
    for name, end, line in (("rst", lambda: v.drop("rst"), "connection lost: the connection was lost"),
                            ("eof", lambda: v.drop(), "connection lost"),
                            ("close_frame", lambda: (v.raw(frame(CLOSE, b"\x03\xe9bye")), v.drop()),
                             r"closed the connection: 1001 \(going away\): bye|connection was lost"),
                            ("a_day_is_over", lambda: v.send(shut), "the server says that it shuts down"),
                            ("empty_close", lambda: (v.raw(frame(CLOSE, b"")), v.drop()), "connection")):
        was = c.status()
        end()
        s = c.until(lambda x: x["reconnects"] > was["reconnects"], 5)
        c.ok(s and s["reconnects"] == was["reconnects"] + 1, name + "_is_seen", s)
        c.says(line, name + "_is_told")
        c.live("is_live_after_" + name, seconds=40)
    c.trades()
    c.end()


def case_half_open():
    """The peer is gone and nobody said so: stale at once, closed when no ping is answered, then connected anew."""
    v = Venue(HONEST)
    c = Case("half_open", v)
    c.live()
    v.drop("mute")
    s = c.until(lambda x: x["feed"]["BTC-USDT"] == "stale", 5)
    c.ok(s["feed"]["BTC-USDT"] == "stale", "is_stale", s)
    c.idle()
    c.says(r"connection lost: nothing came from localhost for 30(\.\d+)? s, not even the answer to a ping", "is_found_out",
           35)
    c.live("is_live_again")
    c.trades()
    c.end()


def case_refused_then_open():
    """Nobody listens; somebody listens who never answers; then the venue is there."""
    v = Venue(HONEST)
    v.close()
    c = Case("closed", v)
    c.says(r"cannot connect to localhost port %d: refused or unreachable; next try in \d+ ms" % v.port, "is_told")
    c.ok(c.until(lambda x: True)["feed"]["BTC-USDT"] == "invalid", "is_invalid")
    c.idle(seconds=0.5)
    v.open()
    c.live("is_live_once_there", seconds=40)
    c.trades()
    c.end()


def case_websocket_refused():
    """The websocket is answered by something else."""
    v = Venue(HONEST)
    c = Case("refused", v, start=False)
    v.refuse_ws = (302, ["Location: wss://127.0.0.1:%d/" % v.port])
    c.start()
    c.says(r"localhost refused the websocket with HTTP status 302", "redirect_is_not_followed")
    v.refuse_ws = (503, [])
    c.says(r"localhost refused the websocket with HTTP status 503", "503_is_told")
    v.refuse_ws = (200, [])
    c.says(r"refused the websocket with HTTP status 200|did not answer as a websocket", "200_is_told", 20)
    v.refuse_ws = None
    c.live(seconds=40)
    c.trades()
    c.end()


def rest_case(name, path, answer, line, quiet_s=0.0, recovers=True):
    """A REST answer that is wrong until it is made right."""
    def run():
        v = Venue(HONEST)
        v.answer[path] = answer(v)
        c = Case(name, v)
        c.says(line, "is_told")
        if quiet_s:
            first = v.asked(path)[0]
            c.idle(seconds=max(0.5, first + quiet_s - 0.2 - time.time()))
            early = [at for at, _ in v.requests if first < at < first + quiet_s - 0.2]
            c.ok(not early, "is_not_asked_before_its_time", early)
        else:
            c.idle(seconds=1.0)
        c.ok(c.status()["feed"]["BTC-USDT"] == "invalid", "is_not_live", c.status())
        del v.answer[path]
        c.live("is_live_once_right", seconds=40)
        c.trades()
        c.end()
    run.__name__ = "case_" + name
    return run


INFO, DEPTH = "/api/v3/exchangeInfo", "/api/v3/depth"


def info_with(**change):
    def answer(v):
        def do(q):
            body = v._honest(INFO, q)[2]
            body["symbols"][0].update(change)
            return 200, [], body
        return do
    return answer


def plain(status, body="", *headers):
    return lambda v: lambda q: (status, list(headers), body)


def partial(v):
    return lambda q: (200, ["Content-Length: 5000", "Connection: close", "Abort: yes"], '{"timezone":"UTC"')


REST = [
    rest_case("429", INFO, plain(429, '{"code":-1003,"msg":"Too many requests."}', "Retry-After: 4"),
              r"REST request failed: HTTP status 429, -1003 Too many requests\.; next try in [45]\d\d\d ms", 4),
    rest_case("418", DEPTH, plain(418, '{"code":-1003,"msg":"Way too many requests; IP banned."}', "Retry-After: 4"),
              r"REST request failed: HTTP status 418, -1003 Way too many", 4),
    rest_case("500", INFO, plain(500, "<html><body>Internal Server Error</body></html>"),
              r"REST request failed: HTTP status 500; next try in \d+ ms"),
    rest_case("truncated_json", INFO, plain(200, '{"timezone":"UTC","serverTime":17000'),
              r"REST request failed: HTTP status 200, .*; next try in"),
    rest_case("truncated_body", INFO, partial, r"the answer of localhost ended before its end"),
    rest_case("50_megabytes", DEPTH, plain(200, b"[" + b" " * 50000000), r"localhost sent more than 33554432 bytes"),
    rest_case("redirect", INFO, plain(302, "", "Location: https://127.0.0.1:1/"),
              r"REST request failed: HTTP status 302"),
    rest_case("garbage_200", INFO, plain(200, "<html>welcome to the hotel's network</html>"),
              r"REST request failed: HTTP status 200, "),
    rest_case("futures_rest", INFO, info_with(contractType="PERPETUAL"),
              r"exchangeInfo is that of a futures venue: check rest_url"),
    rest_case("nested_rest", DEPTH, plain(200, "[" * 1000000), r"REST request failed: HTTP status 200, "),
]


def case_symbol(name, line, trades, info=None, **config):
    """What exchangeInfo says of the symbol."""
    def run():
        m = Market("BTC")
        m.info = info or {}
        v = Venue(HONEST, m) if name != "symbol_unknown" else Venue(HONEST, Market("ETH"))
        c = Case(name, v, **config)
        if line:
            c.says(line, "is_told")
        if trades:
            c.trades()
            prices = [o["price"] for o in agent.ask(c.config, "orders")["orders"]]
            c.ok(prices, "has_orders")
            step = round(trades * 100)
            c.ok(all(round(float(p) * 100) % step == 0 for p in prices if p), "orders_fit_the_venues_tick", prices)
            c.ok(agent.ask(c.config, "status")["rejected"] == 0, "nothing_is_rejected")
        else:
            c.idle(seconds=2)
            c.ok(c.status()["orders"] == 0, "no_order_at_all", c.status())
        c.end()
    run.__name__ = "case_" + name
    return run


def filters(tick):
    return {"filters": [{"filterType": "PRICE_FILTER", "minPrice": "0", "maxPrice": "0", "tickSize": tick},
                        {"filterType": "LOT_SIZE", "minQty": "0.0001", "maxQty": "9000", "stepSize": "0.0001"}]}


RULES = 'tick_size = "0.01"\nlot_size = "0.0001"\n'
SYMBOLS = [
    case_symbol("symbol_unknown", r"BTC-USDT: no market data: the venue does not know this symbol", 0),
    case_symbol("symbol_of_other_assets", r"BTC-USDT: no market data: the venue's exchangeInfo has no such pair", 0,
                {"baseAsset": "BTCU", "quoteAsset": "SDT"}),
    case_symbol("symbol_in_a_break", r"BTC-USDT: the venue does not trade it at the moment", 0, {"status": "BREAK"}),
    case_symbol("tick_of_0", None, 0.01, filters("0.00000000")),
    case_symbol("tick_of_another_size", None, 0.05, filters("0.05"), rules=RULES),
    case_symbol("tick_below_0", r"REST request failed: HTTP status 200", 0, filters("-0.01")),
]


def tls_case(name, line, context, ca=None):
    """A certificate that is not to be believed; then the right one."""
    def run():
        v = Venue(context())
        c = Case(name, v, **({"ca": ca()} if ca else {}))
        c.says("connection lost: " + line, "is_told", 20)
        c.says(r"warn  fake: (?!connection lost).*" + line, "is_told_for_rest")
        c.ok(v.opened == 0 and not v.requests, "nothing_was_asked", v.requests)
        c.idle(seconds=0.5)
        v.close()
        if ca:
            c.daemon.stop()
            with open(c.config) as f:
                text = f.read().replace(ca(), AUTHORITY.file)
            with open(c.config, "w") as f:
                f.write(text)
        v.context = HONEST
        v.open()
        if ca:
            c.start()
        c.live("is_live_with_the_right_one", seconds=40)
        c.trades()
        c.end()
    run.__name__ = "case_" + name
    return run


def another_authority():
    path = os.path.join(hostile.SCRATCH, "other")
    if not os.path.exists(path):
        os.mkdir(path)
        Authority(path)
    return os.path.join(path, "ca.pem")


TLS = [
    tls_case("tls_unknown_authority", r".*certificate", lambda: HONEST, another_authority),
    tls_case("tls_wrong_name", r".*certificate", lambda: AUTHORITY.issue("DNS:elsewhere.example")),
    tls_case("tls_expired", r".*(expired|has run out)",
             lambda: AUTHORITY.issue(begin="20240101000000Z", end="20240201000000Z")),
    tls_case("tls_not_yet_valid", r".*(not yet|valid)", lambda: AUTHORITY.issue(begin="20980101000000Z")),
    tls_case("tls_not_spoken", r".*(TLS connection|SSL)", lambda: None),
]


def case_clock():
    """The venue's clock is wrong by an hour, and steps while we watch."""
    def run(name, error, step):
        m = Market("BTC")
        m.clock_s = error
        v = Venue(HONEST, m)
        c = Case("clock_" + name, v)
        c.live()
        c.trades()
        orders = c.status()["orders"]
        if step:
            m.clock_s += step
            time.sleep(2)
            s = c.status()
            c.ok(s["orders"] - orders < 25, "a_step_is_no_flood", s)
            c.live("is_live_after_a_step")
        c.end()
    for name, error, step in (("ahead", 3600, 0), ("behind", -3600, 0), ("steps_ahead", 0, 3600),
                              ("steps_back", 0, -3600)):
        run(name, error, step)


def case_two_symbols():
    """One misbehaves, the other goes on trading."""
    def refused_depth(q):
        return (500, [], "no") if q["symbol"] == ["ETHUSDT"] else None

    btc, eth = Market("BTC"), Market("ETH")
    v = Venue(HONEST, btc, eth)
    v.answer[DEPTH] = refused_depth
    c = Case("two", v, bases=("BTC", "ETH"))
    c.live()
    c.trades()
    btc.skip = 1
    c.says("BTC-USDT: gap in the depth stream", "its_gap_is_told")
    c.live("is_live_again_although_the_others_book_fails", seconds=20)
    c.ok(c.status()["feed"]["ETH-USDT"] == "invalid", "the_other_is_not_live", c.status())
    del v.answer[DEPTH]
    c.live("the_other_is_live_later", "ETH-USDT", 40)
    c.trades("the_other_trades", "dca-eth")
    for name, harm in (("frozen", lambda: eth.frozen.update(("depth", "bookTicker", "trade"))),
                       ("malformed", lambda: setattr(eth, "change", lambda d: [dict(d, b="x")])),
                       ("crossing", lambda: setattr(eth, "change", lambda d: [dict(d, b=[["109.0", "1.0"]])]))):
        eth.frozen, eth.change = set(), None
        c.live("the_other_is_live_before_" + name, "ETH-USDT", 40)
        was = c.status()
        harm()
        s = c.until(lambda x: x["feed"]["ETH-USDT"] != "live", 5)
        c.ok(s["feed"]["ETH-USDT"] != "live", "the_other_%s_is_not_live" % name, s)
        c.trades("trades_while_the_other_is_" + name)
        c.ok(c.status()["feed"]["BTC-USDT"] == "live", "is_live_while_the_other_is_" + name, c.status())
    c.end()
    v = Venue(HONEST, Market("BTC"))
    c = Case("two_of_which_one_is_unknown", v, start=False, bases=("BTC", "ETH"))
    with open(c.config) as f:  # what it holds must have a price: no ETH then
        btc, _, eth = f.read().replace(', ETH = "100"', "").rpartition("[[instrument]]")
    with open(c.config, "w") as f:
        f.write(btc + "[[instrument]]" + eth.replace('inventory = "20"', ""))
    c.start()
    c.says("ETH-USDT: no market data: the venue does not know this symbol", "is_told")
    c.live()
    c.trades()
    c.end()


def case_stopped():
    """The daemon itself stands still: what was due meanwhile is not done on the old prices."""
    v = Venue(HONEST)
    c = Case("stopped", v)
    c.live()
    c.trades()
    since = -time.time()
    was = c.status()
    c.daemon.signal(signal.SIGSTOP)
    since += time.time()
    time.sleep(15)
    c.daemon.signal(signal.SIGCONT)
    awake = time.time()
    c.until(lambda x: x["by"]["dca-btc"] > was["by"]["dca-btc"])
    time.sleep(0.2)
    s = c.status()
    since += time.time() - awake  # it asks for one every second
    c.ok(s["by"]["dca-btc"] - was["by"]["dca-btc"] <= 2 + since, "no_burst_of_orders", "%.1f s\n%s\n%s" % (since, was, s))
    c.says(r"no data for 1000 ms: feed is stale", "is_told")
    c.live("is_live_again", seconds=40)
    c.trades("trades_again")
    c.end()


if __name__ == "__main__":
    run_all([case_half_open, case_stopped, case_clock, case_two_symbols, case_book,
             *[case_breaks(BREAKS[i:i + 3]) for i in range(0, len(BREAKS), 3)], case_messages, case_frames, case_lost,
             case_frozen, case_flood, case_refused_then_open, case_websocket_refused, *TLS, *SYMBOLS, *REST], 12)
