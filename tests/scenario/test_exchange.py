#!/usr/bin/env python3
"""The exchange in a box, seen from outside: TLS with its own CA, REST, websocket streams, errors, hostile clients."""
import gzip, json, os, re, shutil, signal, socket, ssl, struct, subprocess, sys, tempfile, time, warnings
from decimal import Decimal

sys.path[:0] = ["tests/tools", "tests/lib"]
import tap, ws

PROGRAM = os.path.join(tap.BUILD, "tradewind")
DAY1 = "tests/data/binance-spot-btcusdt-20240808.gz"
DAY2 = "tests/data/binance-spot-btcusdt-20240809.gz"
SHARED = os.environ.get("TRADEWIND_SHARED", "../shared")
SESSION = os.path.join(SHARED, "data/recordings/binance-spot-2021-10-12.jsonl.gz")
PATIENCE = 60 if "san" in tap.BUILD else 20


class Box:
    """A running `tradewind exchange`."""

    def __init__(self, directory, *arguments, ready=True):
        self.dir = directory
        self.ca = os.path.join(directory, "ca.pem")
        self.log_path = tempfile.mktemp(dir=SCRATCH, suffix=".log")
        self.log_file = open(self.log_path, "wb")
        self.p = subprocess.Popen([PROGRAM, "exchange", "--dir", directory, *arguments], stdout=self.log_file,
                                  stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        RUNNING.append(self)
        self.port = None
        end = time.time() + PATIENCE
        while ready and time.time() < end and self.p.poll() is None and not self.port:
            m = re.search(r"exchange ready: wss://\S+:(\d+)", self.log())
            self.port = int(m.group(1)) if m else None
            time.sleep(0.02)
        if ready and not self.port:
            raise RuntimeError("not ready:\n" + self.log())

    def log(self):
        with open(self.log_path) as f:
            return f.read()

    def wait_log(self, text, seconds=10):
        end = time.time() + seconds
        while time.time() < end:
            if text in self.log():
                return True
            time.sleep(0.05)
        return False

    def get(self, path, **more):
        return ws.get_json(self.port, path, self.ca, **more)

    def step(self, **query):
        status, answer = self.get("/box/step?" + "&".join("%s=%s" % q for q in query.items()), method="POST")
        if status != 200:
            raise RuntimeError("step: %d %r" % (status, answer))
        return answer

    def ws(self, path, **more):
        return ws.WebSocket(self.port, path, self.ca, **more)

    def stop(self):
        if self.p.poll() is None:
            self.p.send_signal(signal.SIGTERM)
        return self.wait()

    def wait(self, seconds=30):
        try:
            return self.p.wait(seconds)
        except subprocess.TimeoutExpired:
            self.p.kill()
            self.p.wait()
            return "killed"


RUNNING = []


def run(*arguments):
    p = subprocess.run([PROGRAM, "exchange", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       stdin=subprocess.DEVNULL, timeout=60)
    return p.returncode, p.stdout.decode()


class Book:
    """The local order book as the venue's documentation tells clients to keep it."""

    def __init__(self, snapshot):
        self.id = snapshot["lastUpdateId"]
        self.sides = [dict(snapshot["bids"]), dict(snapshot["asks"])]
        self.gaps = 0

    def apply(self, d):
        if d["u"] <= self.id:
            return
        self.gaps += d["U"] > self.id + 1
        for side, changes in zip(self.sides, (d["b"], d["a"])):
            for price, qty in changes:
                if Decimal(qty) == 0:
                    side.pop(price, None)
                else:
                    side[price] = qty
        self.id = d["u"]

    def top(self, n):
        bids = sorted(self.sides[0].items(), key=lambda l: -Decimal(l[0]))[:n]
        asks = sorted(self.sides[1].items(), key=lambda l: Decimal(l[0]))[:n]
        return [list(l) for l in bids], [list(l) for l in asks]


def test_command_line():
    code, out = run("--help")
    tap.ok(code == 0 and "--wait-for-client" in out and "POST /box/step" in out, "help_says_what_it_can", out)
    for arguments, word in ((["--replay", DAY1], "--dir"), (["--dir", "x"], "--replay"),
                            (["--dir", "x", "--replay", DAY1, "--speed", "0"], "--speed"),
                            (["--dir", "x", "--replay", DAY1, "--speed", "10000.001"], "--speed"),
                            (["--dir", "x", "--replay", DAY1, "--listen", "127.0.0.1:65536"], "--listen"),
                            (["--dir", "x", "--replay", DAY1, "--listen", "9443"], "--listen"),
                            (["--dir", "x", "--replay", DAY1, "--step", "--speed", "2"], "--step"),
                            (["--dir", "x", "--replay", DAY1, "--frobnicate"], "--frobnicate"),
                            (["--dir", "x", "--replay", DAY1, "--ping-every", "249ms"], "--ping-every"),
                            (["--dir", "x", "--replay", DAY1, "--instance", "a b"], "--instance"),
                            (["--dir", "x", "--replay", DAY1, "--loop"], "repeat ids"),
                            (["--dir", "x", "--replay"], "wants a value")):
        code, out = run(*arguments)
        tap.ok(code == 2 and word in out, "usage_error_names_%s" % re.sub(r"\W+", "_", " ".join(arguments[2:])), out)


def test_bad_recordings():
    d = os.path.join(SCRATCH, "bad")
    with gzip.open(DAY1) as f:
        lines = [next(f) for _ in range(40)]

    def replay(name, data, word, packed=False):
        path = os.path.join(SCRATCH, name)
        with open(path, "wb") as out:
            out.write(data)
        code, out = run("--dir", d, "--listen", "127.0.0.1:0", "--replay", path, "--exit-at-end", "--speed", "10000")
        tap.ok(code == 1 and word in out, "bad_recording_%s_is_named" % name, out)

    with open(DAY1, "rb") as f:
        packed = f.read()
    replay("cut.gz", packed[:200000], "cut.gz:")
    replay("damaged.gz", packed[:3000] + bytes(64) + packed[3064:60000], "damaged.gz:")
    replay("cut_line", b"".join(lines[:20]) + lines[20][:60], "cut_line:21:")
    replay("no_time", b"".join(lines[:12]) + b"hello\n", "no_time:13:")
    replay("no_book", b"".join(lines[:6]), "snapshot")
    replay("empty", b"", "no market data")
    replay("not_json", b"".join(lines[:15]) + b"1723161254987085768 {\"stream\":\"btcusdt@trade\",\"data\":{,}}\n",
           "not_json:16:")
    replay("bad_price", b"".join(lines[:15]) + b'1723161254987085768 {"stream":"btcusdt@trade","data":{"e":"trade",'
           b'"E":1723161255343,"s":"BTCUSDT","t":9935683259,"p":"x","q":"1","T":1723161255342,"m":true,"M":true}}\n',
           "bad_price:16:")
    replay("back_in_time", b"".join(lines[:15]) + lines[3].replace(b"1723161254", b"1723161154", 1), "jumps back")
    code, out = run("--dir", d, "--listen", "127.0.0.1:0", "--replay", os.path.join(SCRATCH, "nowhere.gz"))
    tap.ok(code == 1 and "nowhere.gz" in out, "missing_file_is_named", out)
    futures = os.path.join(SHARED, "data/l2/binance-usdm-btcusdt-20240808.gz")
    if os.path.exists(futures):
        code, out = run("--dir", d, "--listen", "127.0.0.1:0", "--replay", futures)
        tap.ok(code == 1 and "Binance Spot" in out and ".gz:1:" in out, "futures_are_refused", out)
    else:
        tap.skip("futures_are_refused", "needs recordings that are not in the repository")


def test_tls(box):
    mode = {n: os.stat(os.path.join(box.dir, n)).st_mode & 0o777 for n in ("ca-key.pem", "server-key.pem", "ca.pem")}
    tap.ok(mode == {"ca-key.pem": 0o600, "server-key.pem": 0o600, "ca.pem": 0o644}, "keys_are_private", mode)
    for host in ("localhost", "127.0.0.1"):
        tap.ok(ws.https(box.port, "/api/v3/ping", box.ca, host=host)[0] == 200, "tls_verifies_%s" % host)

    def refused(name, context, host):
        try:
            with context.wrap_socket(socket.create_connection(("127.0.0.1", box.port), 5), server_hostname=host):
                tap.ok(False, name, "the handshake went through")
        except ssl.SSLError as e:
            tap.ok(True, name, e)

    refused("tls_is_refused_without_the_ca", ssl.create_default_context(), "localhost")
    refused("tls_is_refused_for_another_host", ws.tls_context(box.ca), "example.org")
    old = ws.tls_context(box.ca)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("DEFAULT@SECLEVEL=0")
    refused("old_tls_is_refused", old, "localhost")
    with socket.create_connection(("127.0.0.1", box.port), 5) as s:
        s.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        s.settimeout(5)
        try:
            answer = s.recv(100)
        except (ConnectionError, socket.timeout):
            answer = b""
        tap.ok(b"200" not in answer, "plain_http_is_not_served", answer)


def test_rest(box):
    get = box.get
    tap.ok(get("/api/v3/ping") == (200, {}), "ping")
    status, t = get("/api/v3/time")
    tap.ok(status == 200 and 1723161254000 < t["serverTime"] < 1723162000000, "time_is_the_replay_clock", t)
    status, info = get('/api/v3/exchangeInfo?symbols=%5B%22BTCUSDT%22%5D')
    s = info["symbols"][0]
    filters = {f["filterType"]: f for f in s["filters"]}
    tap.ok(status == 200 and len(info["symbols"]) == 1 and s["baseAsset"] == "BTC" and s["quoteAsset"] == "USDT" and
           s["status"] == "TRADING" and filters["PRICE_FILTER"]["tickSize"] == "0.01000000" and
           filters["LOT_SIZE"]["stepSize"] == "0.00001000" and filters["NOTIONAL"]["minNotional"] == "5.00000000",
           "exchange_info", info)
    tap.ok(info["rateLimits"][0]["limit"] == 6000 and get("/api/v3/exchangeInfo")[1]["symbols"] == info["symbols"],
           "exchange_info_of_all", info)
    status, d = get("/api/v3/depth?symbol=BTCUSDT&limit=5")
    tap.ok(status == 200 and len(d["bids"]) == len(d["asks"]) == 5 and
           Decimal(d["bids"][0][0]) < Decimal(d["asks"][0][0]) and re.fullmatch(r"\d+\.\d{8}", d["bids"][0][0]),
           "depth", d)
    tap.ok(len(get("/api/v3/depth?symbol=BTCUSDT")[1]["bids"]) == 100, "depth_has_100_levels_unless_asked")
    tap.ok(len(get("/api/v3/depth?symbol=BTCUSDT&limit=9999")[1]["bids"]) > 500, "depth_of_too_many_gives_all")
    for path, code, word in (("depth", -1102, "'symbol'"), ("depth?symbol=", -1102, "'symbol'"),
                             ("depth?symbol=btcusdt", -1100, "legal range"), ("depth?symbol=NOPE", -1121, "Invalid symbol."),
                             ("depth?symbol=BTCUSDT&limit=x", -1100, "'limit'"),
                             ("depth?symbol=BTCUSDT&limit=0", -1130, "'limit'"),
                             ("depth?symbol=BTCUSDT&limit=", -1105, "'limit'"),
                             ("depth?symbol=BTCUSDT&limit=99999999999999999999", -1108, "'limit'"),
                             ("depth?symbol=BTCUSDT&depth=5", -1104, "read '1' parameter(s) but was sent '2'"),
                             ("depth?symbol=BTCUSDT&symbol=BTCUSDT", -1101, "Duplicate"),
                             ("klines?symbol=BTCUSDT", -1102, "'interval'"),
                             ("klines?symbol=BTCUSDT&interval=7m", -1120, "Invalid interval."),
                             ("ticker/price?symbol=NOPE", -1121, "Invalid symbol."),
                             ("ticker/price?symbols=NOPE", -1100, "'symbols'"),
                             ("ticker/24hr?symbol=BTCUSDT&symbols=%5B%22BTCUSDT%22%5D", -1128, "Combination"),
                             ("exchangeInfo?symbol=NOPE", -1121, "Invalid symbol."),
                             ("ping?x=1", -1104, "read '0' parameter(s) but was sent '1'")):
        status, e = get("/api/v3/" + path)
        tap.ok(status == 400 and e["code"] == code and word in e["msg"], "error_of_" + re.sub(r"\W+", "_", path), e)
    status, headers, body = ws.https(box.port, "/api/v3/nothing", box.ca)
    tap.ok(status == 404, "unknown_path_is_404", (status, body))
    status, headers, body = ws.https(box.port, "/api/v3/ping", box.ca, method="POST", body=b"a=b")
    tap.ok(status == 405, "wrong_method_is_405", (status, body))
    for method in ("POST", "GET", "DELETE"):
        status, headers, body = ws.https(box.port, "/api/v3/order?symbol=BTCUSDT&side=BUY", box.ca, method=method,
                                         body=b"quantity=1" if method == "POST" else None)
        e = json.loads(body)
        tap.ok(status == 400 and e["code"] == -1020 and "order entry" in e["msg"], "no_order_entry_by_" + method, e)
    before = int(ws.https(box.port, "/api/v3/ping", box.ca)[1]["x-mbx-used-weight-1m"])
    after = int(ws.https(box.port, "/api/v3/depth?symbol=BTCUSDT&limit=1000", box.ca)[1]["x-mbx-used-weight-1m"])
    tap.ok(after - before == 50 or after == 50, "weight_is_counted", (before, after))
    # two requests on one connection
    with ws.tls_context(box.ca).wrap_socket(socket.create_connection(("127.0.0.1", box.port), 10),
                                            server_hostname="localhost") as s:
        ask = b"GET /api/v3/ping HTTP/1.1\r\nHost: localhost\r\n\r\n"
        s.settimeout(10)
        answers = []
        for _ in range(2):
            s.sendall(ask)
            answers.append(b"")
            while not answers[-1].endswith(b"{}"):
                part = s.recv(4096)
                if not part:
                    break
                answers[-1] += part
        tap.ok(all(a.startswith(b"HTTP/1.1 200") for a in answers), "connections_are_kept_alive", answers)
    # a URL longer than any buffer
    status = 0
    try:
        status, headers, body = ws.https(box.port, "/api/v3/" + "a" * 100000, box.ca)
    except (OSError, ValueError, IndexError):
        pass
    tap.ok(status != 200 and get("/api/v3/ping")[0] == 200, "endless_url_does_no_harm", status)


def book_from_stream(box, deflate, path="/stream?streams=btcusdt@depth@100ms/btcusdt@trade/btcusdt@bookTicker"):
    """Follows the streams as a client would, stepping the replay, and compares the books."""
    c = box.ws(path, deflate=deflate)
    if "@" not in path:
        c.send_json({"method": "SUBSCRIBE", "params": ["btcusdt@depth@100ms", "btcusdt@trade"], "id": 1})
        answer = c.recv_json()
        tap.ok(answer == {"result": None, "id": 1}, "subscribe_is_confirmed", answer)
    box.step(events=300)
    early = c.drain()
    book = Book(box.get("/api/v3/depth?symbol=BTCUSDT&limit=5000")[1])
    trades, messages = [], [json.loads(m) for m in early]
    for n in (1, 500, 2000):
        box.step(events=n)
        messages += [json.loads(m) for m in c.drain()]
    for m in messages:
        data = m.get("data", m)
        if data.get("e") == "depthUpdate":
            book.apply(data)
        elif data.get("e") == "trade":
            trades.append(data["t"])
    want = box.get("/api/v3/depth?symbol=BTCUSDT&limit=200")[1]
    return c, book, want, trades, messages


def test_streams(box):
    c, book, want, trades, messages = book_from_stream(box, False)
    tap.ok(book.gaps == 0 and book.id == want["lastUpdateId"], "streamed_ids_fit_the_snapshot",
           (book.gaps, book.id, want["lastUpdateId"]))
    tap.ok(book.top(200) == (want["bids"], want["asks"]), "book_of_snapshot_and_differences_is_the_venues")
    tap.ok(trades == sorted(set(trades)) and len(trades) > 50, "trades_come_once_and_in_order", len(trades))
    kinds = {m["stream"] for m in messages}
    tap.ok(kinds == {"btcusdt@depth@100ms", "btcusdt@trade", "btcusdt@bookTicker"}, "combined_messages_name_their_stream",
           kinds)
    with gzip.open(DAY1) as f:
        recorded = {line.split(b" ", 1)[1].strip().decode() for _, line in zip(range(6000), f)}
    c2 = box.ws("/stream?streams=btcusdt@trade/btcusdt@depth@100ms")
    box.step(events=200)
    got = c2.drain()
    tap.ok(len(got) > 10 and all(m in recorded for m in got), "messages_keep_their_recorded_text", got[:1])
    c.close()
    c2.close()
    raw = box.ws("/ws/btcusdt@trade")
    box.step(events=200)
    got = [json.loads(m) for m in raw.drain()]
    tap.ok(got and all(m["e"] == "trade" and "stream" not in m for m in got), "raw_stream_is_not_wrapped", got[:1])
    raw.close()
    c, book, want, trades, messages = book_from_stream(box, True)
    tap.ok(c.deflate and c.compressed > 100 and book.top(200) == (want["bids"], want["asks"]) and book.gaps == 0,
           "compressed_stream_gives_the_same_book", (c.deflate, c.compressed))
    c.close()
    c, book, want, trades, messages = book_from_stream(box, False, path="/ws")
    tap.ok(book.top(200) == (want["bids"], want["asks"]) and book.gaps == 0, "late_subscription_gives_the_same_book")
    c.close()
    both = [box.ws("/ws/btcusdt@trade"), box.ws("/ws/btcusdt@trade", deflate=True)]
    box.step(events=500)
    got = [b.drain() for b in both]
    tap.ok(got[0] == got[1] and got[0], "every_client_hears_the_same", [len(g) for g in got])
    for b in both:
        b.close()


def test_derived(box):
    c = box.ws("/stream?streams=btcusdt@kline_1s/btcusdt@kline_1m/btcusdt@miniTicker/btcusdt@ticker/btcusdt@depth5@100ms"
               "/btcusdt@trade")
    for _ in range(9):
        box.step(ms=10000)
    messages = [json.loads(m) for m in c.drain(1)]
    of = {}
    for m in messages:
        of.setdefault(m["stream"].split("@", 1)[1], []).append(m["data"])
    minutes = [k["k"] for k in of.get("kline_1m", [])]
    closed = [k for k in minutes if k["x"]]
    tap.ok(len(closed) in (1, 2) and len(minutes) > 20, "klines_are_pushed_and_closed", (len(closed), len(minutes)))
    k = closed[-1]
    trades = [t for t in of["trade"] if k["t"] <= t["T"] <= k["T"]]
    if trades[0]["t"] != k["f"]:
        tap.ok(False, "a_closed_kline_is_its_trades", (trades[0]["t"], k["f"]))
    else:
        volume = sum(Decimal(t["q"]) for t in trades)
        quote = sum(Decimal(t["q"]) * Decimal(t["p"]) for t in trades)
        taker = sum(Decimal(t["q"]) for t in trades if not t["m"])
        prices = [Decimal(t["p"]) for t in trades]
        tap.ok((Decimal(k["v"]), Decimal(k["V"]), k["n"], k["L"]) == (volume, taker, len(trades), trades[-1]["t"]) and
               (Decimal(k["o"]), Decimal(k["c"]), Decimal(k["h"]), Decimal(k["l"])) ==
               (prices[0], prices[-1], max(prices), min(prices)) and
               Decimal(k["q"]) == quote.quantize(Decimal("1e-8"), rounding="ROUND_DOWN"), "a_closed_kline_is_its_trades", k)
    status, rest = box.get("/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=10")
    row = [r for r in rest if r[0] == k["t"]][0]
    tap.ok(len(row) == 12 and row[1:6] == [k["o"], k["h"], k["l"], k["c"], k["v"]] and row[6] == k["T"] and
           row[7:11] == [k["q"], k["n"], k["V"], k["Q"]], "rest_klines_agree_with_the_stream", (row, k))
    first, last = rest[0][0], rest[-1][0]
    tap.ok([r[0] for r in rest] == list(range(first, last + 1, 60000)), "klines_have_no_holes", rest)
    status, some = box.get("/api/v3/klines?symbol=BTCUSDT&interval=1m&startTime=%d&endTime=%d" % (first + 1, last - 1))
    tap.ok([r[0] for r in some] == [r[0] for r in rest][1:-1], "klines_between_times", some)
    tap.ok(len(of.get("kline_1s", [])) > 80, "second_klines", len(of.get("kline_1s", [])))
    tap.ok(len(of.get("miniTicker", [])) > 20 and of["miniTicker"][-1]["e"] == "24hrMiniTicker" and
           of["ticker"][-1]["c"] == of["miniTicker"][-1]["c"], "tickers_are_pushed", of.get("ticker"))
    top = of["depth5@100ms"][-1]
    tap.ok(len(top["bids"]) == len(top["asks"]) == 5 and
           top == box.get("/api/v3/depth?symbol=BTCUSDT&limit=5")[1], "partial_depth", top)
    status, day = box.get("/api/v3/ticker/24hr?symbol=BTCUSDT")
    tap.ok(status == 200 and day["lastId"] == of["trade"][-1]["t"] and day["lastPrice"] == of["trade"][-1]["p"], "day_ticker",
           day)
    status, recent = box.get("/api/v3/trades?symbol=BTCUSDT&limit=3")
    tap.ok([t["id"] for t in recent] == [t["t"] for t in of["trade"][-3:]], "recent_trades", recent)
    status, price = box.get("/api/v3/ticker/price?symbol=BTCUSDT")
    status, top = box.get("/api/v3/ticker/bookTicker?symbol=BTCUSDT")
    tap.ok(price == {"symbol": "BTCUSDT", "price": of["trade"][-1]["p"]} and
           Decimal(top["bidPrice"]) < Decimal(top["askPrice"]), "price_and_top", (price, top))
    c.close()


def test_requests(box):
    c = box.ws("/stream?streams=btcusdt@trade")

    def ask(name, request, want):
        c.send(request if isinstance(request, str) else json.dumps(request))
        answer = c.recv_json()
        tap.ok(answer == want if isinstance(want, dict) else
               (answer.get("error", {}).get("code"), want[1] in answer.get("error", {}).get("msg", "")) == (want[0], True),
               name, answer)
        time.sleep(0.25)

    ask("list_subscriptions", {"method": "LIST_SUBSCRIPTIONS", "id": 3}, {"result": ["btcusdt@trade"], "id": 3})
    ask("subscribe_more", {"method": "SUBSCRIBE", "params": ["btcusdt@depth", "ethusdt@trade"], "id": "a1"},
        {"result": None, "id": "a1"})
    ask("unknown_symbols_are_listed_too", {"method": "LIST_SUBSCRIPTIONS", "id": None},
        {"result": ["btcusdt@trade", "btcusdt@depth", "ethusdt@trade"], "id": None})
    ask("unsubscribe", {"method": "UNSUBSCRIBE", "params": ["btcusdt@trade", "ethusdt@trade"], "id": -5},
        {"result": None, "id": -5})
    ask("unsubscribed_is_not_listed", {"method": "LIST_SUBSCRIPTIONS", "id": 9}, {"result": ["btcusdt@depth"], "id": 9})
    box.step(events=300)
    got = {json.loads(m)["stream"] for m in c.drain()}
    tap.ok(got == {"btcusdt@depth"}, "only_what_is_subscribed_comes", got)
    ask("property_combined", {"method": "GET_PROPERTY", "params": ["combined"], "id": 2}, {"result": True, "id": 2})
    ask("property_is_set", {"method": "SET_PROPERTY", "params": ["combined", False], "id": 5}, {"result": None, "id": 5})
    box.step(events=300)
    tap.ok(all("stream" not in json.loads(m) for m in c.drain()), "property_takes_effect")
    ask("unknown_property", {"method": "GET_PROPERTY", "params": ["x"], "id": 2}, (0, "Unknown property"))
    ask("property_value", {"method": "SET_PROPERTY", "params": ["combined", 1], "id": 2}, (1, "expected Boolean"))
    ask("property_name", {"method": "SET_PROPERTY", "params": [1, 1], "id": 2}, (2, "property name must be a string"))
    ask("too_many_parameters", {"method": "GET_PROPERTY", "params": ["combined", 1], "id": 2}, (2, "too many parameters"))
    ask("unknown_method", {"method": "subscribe", "params": [], "id": 2}, (2, "unknown variant `subscribe`"))
    ask("missing_method", {"params": [], "id": 2}, (2, "missing field `method`"))
    ask("missing_id", {"method": "LIST_SUBSCRIPTIONS"}, (2, "request ID must be an unsigned integer"))
    ask("bad_id", {"method": "LIST_SUBSCRIPTIONS", "id": 1.5}, (2, "request ID must be an unsigned integer"))
    ask("params_of_numbers", {"method": "SUBSCRIBE", "params": [1], "id": 2}, (2, "params"))
    c.send("{\"method\": ?}")
    answer = c.recv_json()
    end = c.wait_closed()
    tap.ok(answer["error"]["code"] == 3 and "line 1 column 12" in answer["error"]["msg"] and end.code == 1008,
           "text_that_is_not_json_ends_it", (answer, end))
    c = box.ws("/ws")
    c.send_json({"method": "SUBSCRIBE", "params": ["b t c"], "id": 1})
    answer, end = c.recv_json(), c.wait_closed()
    tap.ok(answer["error"] == {"code": 2, "msg": "Invalid request: invalid stream"} and end.code == 1008,
           "malformed_stream_ends_it", (answer, end))
    names = ["s%d@trade" % i for i in range(1024)]
    c = box.ws("/stream?streams=" + "/".join(names))
    c.send_json({"method": "LIST_SUBSCRIPTIONS", "id": 1})
    tap.ok(len(c.recv_json()["result"]) == 1024, "1024_streams_in_a_url")
    c.send_json({"method": "SUBSCRIBE", "params": ["one@toomany"], "id": 2})
    answer = c.recv_json()
    tap.ok(answer.get("error", {}).get("code") == 2 and "1024" in answer["error"]["msg"], "not_one_stream_more", answer)
    c.close()
    for path, want in (("/nope", 404), ("/stream?streams=" + "/".join(names + ["one@more"]), 400),
                       ("/stream?streams=a@b%7cc", 400)):
        try:
            box.ws(path)
            tap.ok(False, "refused_" + path[:12], "was accepted")
        except ws.Broken as e:
            tap.ok(str(e) == "status %d" % want, "refused_%s_%d" % (re.sub(r"\W+", "_", path[:12]), want), e)


def test_hostile(box):
    def ends(name, act, codes):
        c = box.ws("/ws/btcusdt@trade")
        try:
            act(c)
            end = c.wait_closed()
            tap.ok(end.code in codes, name, end)
        except (ConnectionError, ssl.SSLError) as e:
            tap.ok(None in codes, name, e)
        c.sock.close()

    ends("binary_is_refused", lambda c: c.send_frame(2, b"\0\1\2"), (1003,))
    ends("oversize_is_refused", lambda c: c.send("[" + " " * 70000 + "]"), (1009,))
    ends("oversize_in_pieces_is_refused",
         lambda c: [c.send_frame(1 if i == 0 else 0, b" " * 1000, final=False) for i in range(80)], (1009,))
    ends("broken_utf8_is_refused", lambda c: c.send_frame(1, b'{"id":"\xff\xfe"}'), (1007, 1008, None))
    ends("reserved_opcode_is_refused", lambda c: c.send_frame(3, b"x"), (1002, None))
    ends("continuation_of_nothing_is_refused", lambda c: c.send_frame(0, b"x"), (1002, 1008, None))
    ends("more_than_five_messages_a_second_end_it",
         lambda c: [c.send_json({"method": "LIST_SUBSCRIPTIONS", "id": i}) for i in range(6)], (1008,))
    ends("pongs_count_too", lambda c: [c.send_frame(10, b"x") for i in range(6)], (1008,))
    ends("deep_nesting_is_refused", lambda c: c.send("[" * 60000), (1008,))
    c = box.ws("/ws/btcusdt@trade")
    for i in range(5):
        c.send_json({"method": "LIST_SUBSCRIPTIONS", "id": i})
    tap.ok([c.recv_json()["id"] for _ in range(5)] == [0, 1, 2, 3, 4], "five_messages_a_second_are_answered")
    c.close()
    # a request in fragments, with a ping between them
    c = box.ws("/ws/btcusdt@trade")
    c.send_frame(1, b'{"method":"LIST_SUBSC', final=False)
    c.send_frame(9, b"hello")
    c.send_frame(0, b'RIPTIONS","id":7}')
    a, payload = c.recv_frame()
    if a & 15 == 10:
        a2, payload2 = c.recv_frame()
    else:
        a2, payload2, (a, payload) = a, payload, c.recv_frame()
    tap.ok(a & 15 == 10 and payload == b"hello" and json.loads(payload2)["id"] == 7, "fragments_and_a_ping_between",
           (payload, payload2))
    c.close()
    # half a handshake, then silence; garbage instead of TLS; a client that vanishes
    idle = [socket.create_connection(("127.0.0.1", box.port), 5) for _ in range(20)]
    for i, s in enumerate(idle):
        s.sendall(os.urandom(200) if i % 2 else b"\x16\x03\x01")
    gone = [box.ws("/ws/btcusdt@trade") for _ in range(10)]
    for g in gone:
        g.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        g.sock.close()
    box.step(events=1000)
    tap.ok(box.get("/api/v3/ping")[0] == 200 and box.p.poll() is None, "others_do_not_suffer")
    for s in idle:
        s.close()
    for _ in range(50):
        if box.get("/box/status")[1]["clients"] == 0:
            break
        time.sleep(0.1)
    tap.ok(box.get("/box/status")[1]["clients"] == 0, "who_left_is_forgotten", box.get("/box/status"))


def test_slow_client(box):
    slow = box.ws("/stream?streams=btcusdt@depth@100ms/btcusdt@bookTicker/btcusdt@trade/btcusdt@depth20@100ms"
                  "/btcusdt@depth", rcvbuf=4096)
    quick = box.ws("/ws/btcusdt@trade")
    trades, gone = 0, False
    for _ in range(12):
        box.step(events=5000)
        trades += len(quick.drain(0.2))
        gone = "too slow" in box.log()
        if gone:
            break
    tap.ok(gone, "a_client_that_does_not_read_is_disconnected", box.log()[-500:])
    end = slow.wait_closed()
    tap.ok(end.code in (None, 1008), "the_slow_client_sees_the_end", end)
    tap.ok(trades > 100, "the_quick_client_hears_everything", trades)
    quick.close()


def test_limits():
    d = os.path.join(SCRATCH, "limits")
    box = Box(d, "--listen", "127.0.0.1:0", "--replay", DAY1, "--step", "--ping-every", "300ms", "--disconnect-after", "2s")
    c = box.ws("/ws/btcusdt@trade", timeout=5)
    start = time.time()
    end = c.wait_closed(8)
    tap.ok(c.pings >= 2, "pings_come", c.pings)
    tap.ok(end.code == 1001 and time.time() - start > 1.5, "connections_have_a_greatest_age", (end, time.time() - start))
    mute = box.ws("/ws/btcusdt@trade", pong=False)
    end = mute.wait_closed(8)
    tap.ok(end.code == 1008 and "pong" in end.reason, "who_does_not_pong_is_disconnected", end)
    # the weight limit: 24 requests of 250 are 6000, the next is too much
    while time.time() % 60 > 50:
        time.sleep(0.5)
    codes = [ws.https(box.port, "/api/v3/depth?symbol=BTCUSDT&limit=5000", box.ca) for _ in range(25)]
    used = [int(h["x-mbx-used-weight-1m"]) for s, h, b in codes]
    refused = [(s, h, json.loads(b)) for s, h, b in codes if s == 429]
    over = sum(u > 6000 for u in used)
    tap.ok(len(refused) == over and (over == 0) == (used[-1] < 6250) and
           all(e["code"] == -1003 and 0 < int(h["retry-after"]) <= 60 for s, h, e in refused),
           "too_much_weight_is_429", (used, [r[2] for r in refused]))
    tap.ok(box.stop() == 0, "ends_on_sigterm")


def test_pace():
    d = os.path.join(SCRATCH, "pace")
    box = Box(d, "--listen", "127.0.0.1:0", "--replay", DAY1, "--wait-for-client", "--speed", "20")
    first = box.get("/api/v3/time")[1]["serverTime"]
    time.sleep(0.5)
    tap.ok(box.get("/api/v3/time")[1]["serverTime"] == first and box.get("/box/status")[1]["state"] == "waiting",
           "waits_for_a_subscription")
    tap.ok(box.get("/box/step?events=1", method="POST")[0] == 409, "does_not_step_while_it_runs")
    begin = time.time()
    c = box.ws("/stream?streams=btcusdt@trade/btcusdt@depth@100ms")
    book = Book(box.get("/api/v3/depth?symbol=BTCUSDT&limit=5000")[1])
    start = time.time()
    depths = []
    while time.time() - start < 3:
        data = c.recv_json()["data"]
        if data["e"] == "depthUpdate":
            book.apply(data)
            depths.append(data["E"])
    passed = (depths[-1] - depths[0]) / 1000
    tap.ok(30 < passed < 20 * (time.time() - begin) + 2, "twenty_times_as_fast", (passed, time.time() - begin))
    now = box.get("/api/v3/time")[1]["serverTime"]
    tap.ok(book.gaps == 0 and -500 < now - depths[-1] < 10000, "clock_and_book_agree", (now, depths[-1], book.gaps))
    want = box.get("/api/v3/depth?symbol=BTCUSDT&limit=5000")[1]
    while book.id < want["lastUpdateId"]:
        data = c.recv_json()["data"]
        if data["e"] == "depthUpdate":
            book.apply(data)
    tap.ok(book.id == want["lastUpdateId"] and book.top(300) == (want["bids"][:300], want["asks"][:300]),
           "book_agrees_while_running", (book.id, want["lastUpdateId"]))
    box.p.send_signal(signal.SIGTERM)
    last = [json.loads(m) for m in until_closed(c)]
    tap.ok(last and last[-1]["stream"] == "!serverShutdown" and c.end.code == 1001, "clients_hear_of_the_shutdown",
           (last[-1:], c.end))
    tap.ok(box.wait() == 0, "ends_cleanly")


def test_flood():
    """As fast as it goes: a client that reads gets every message, one that does not is let go."""
    d = os.path.join(SCRATCH, "pace")
    box = Box(d, "--listen", "127.0.0.1:0", "--replay", DAY1, "--wait-for-client", "--speed", "10000", "--exit-at-end")
    first = box.get("/api/v3/depth?symbol=BTCUSDT")[1]["lastUpdateId"]
    path = "/stream?streams=btcusdt@trade/btcusdt@depth@100ms/btcusdt@bookTicker"
    c = box.ws(path, timeout=PATIENCE)
    mute = box.ws(path, rcvbuf=4096)
    got = until_closed(c)
    with gzip.open(DAY1) as f:
        lines = [line.split(b" ", 1)[1].strip().decode() for line in f]
    start = [i for i, l in enumerate(lines) if l.startswith('{"lastUpdateId"')][0] + 1
    want = [l for l in lines[start:] if "depthUpdate" not in l or json.loads(l)["data"]["u"] > first]
    tap.ok(got[:-1] == want and "serverShutdown" in got[-1], "a_flood_loses_nothing", (len(got), len(want), box.log()[-600:]))
    mute.sock.close()
    tap.ok(box.wait() == 0 and "too slow" in box.log(), "who_does_not_read_does_not_hold_it_up", box.log()[-600:])


def until_closed(c):
    got = []
    try:
        while True:
            got.append(c.recv())
    except ws.Closed as e:
        c.end = e
    return got


def test_end():
    """Both days to the end: the book the recording leads to, and the exit."""
    d = os.path.join(SCRATCH, "end")
    box = Box(d, "--listen", "127.0.0.1:0", "--replay", DAY1, DAY2, "--step")
    book = Book(box.get("/api/v3/depth?symbol=BTCUSDT&limit=5000")[1])
    c = box.ws("/stream?streams=btcusdt@depth@100ms")
    ended = False
    while not ended:
        ended = box.step(events=10000)["ended"]
        for m in c.drain(0.15):
            book.apply(json.loads(m)["data"])
    want = box.get("/api/v3/depth?symbol=BTCUSDT&limit=5")[1]
    while book.id < want["lastUpdateId"]:
        book.apply(c.recv_json()["data"])
    # End state of this recording, computed by a plain replay in another program.
    tap.ok(book.id == want["lastUpdateId"] == 50093696318 and book.gaps == 0 and
           want["bids"] == [["61602.01000000", "1.67177000"], ["61602.00000000", "0.09122000"],
                            ["61601.75000000", "0.03197000"], ["61601.59000000", "0.00009000"],
                            ["61601.58000000", "0.32456000"]] and book.top(5) == (want["bids"], want["asks"]),
           "the_end_of_the_recording_is_the_known_one", want)
    tap.ok("the recording is over" in box.log() and "0 gaps" in box.log(), "the_end_is_told", box.log()[-400:])
    status, answer = box.get("/box/step?events=1", method="POST")
    tap.ok(status == 200 and answer["applied"] == 0 and answer["ended"], "steps_at_the_end_do_nothing", answer)
    tap.ok(box.get("/api/v3/depth?symbol=BTCUSDT&limit=5")[1] == want, "rest_goes_on_after_the_end")
    box.stop()
    with gzip.open(DAY1) as f:
        short = b"".join(next(f) for _ in range(2000))
    path = os.path.join(SCRATCH, "short")
    with open(path, "wb") as f:
        f.write(short)
    box = Box(d, "--listen", "127.0.0.1:0", "--replay", "BTC-USDT=" + path, "--wait-for-client", "--exit-at-end",
              "--speed", "200")
    c = box.ws("/stream?streams=btcusdt@trade")
    got = until_closed(c)
    tap.ok(box.wait() == 0 and len(got) > 100 and "serverShutdown" in got[-1], "exit_at_end", box.log()[-400:])


def test_again():
    d = os.path.join(SCRATCH, "again")
    one = Box(d, "--listen", "127.0.0.1:0", "--replay", DAY1, "--step")
    read = lambda n: open(os.path.join(d, n)).read()
    before = [read(n) for n in ("ca.pem", "ca-key.pem", "server.pem")]
    code, out = run("--dir", d, "--listen", "127.0.0.1:%d" % one.port, "--replay", DAY1)
    lines = [l for l in out.splitlines() if l]
    tap.ok(code == 1 and len(lines) == 1 and "port %d of 127.0.0.1 is in use" % one.port in out, "port_in_use_is_one_sentence",
           out)
    two = Box(d, "--listen", "127.0.0.1:0", "--replay", DAY1, "--step", "--instance", "second")
    tap.ok(two.port != one.port and two.get("/box/status")[1]["instance"] == "second" and
           one.get("/box/status")[1]["instance"] == "exchange", "several_instances_share_a_directory")
    port = one.port
    code, out = run("--dir", d + "-wide", "--listen", "0.0.0.0:%d" % port, "--replay", DAY1)
    tap.ok(code == 1 and "warn" in out and "listening on 0.0.0.0" in out, "listening_beyond_the_machine_is_warned_of", out)
    one.stop()
    two.stop()
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        six = Box(d, "--listen", "[::1]:0", "--replay", DAY1, "--step")
        with ws.tls_context(six.ca).wrap_socket(socket.create_connection(("::1", six.port), 5), server_hostname="::1") as t:
            t.sendall(b"GET /api/v3/ping HTTP/1.1\r\nHost: [::1]\r\n\r\n")
            tap.ok(t.recv(4096).startswith(b"HTTP/1.1 200"), "ipv6_is_served")
        six.stop()
    except OSError as e:
        tap.skip("ipv6_is_served", "no IPv6 loopback here")
    three = Box(d, "--listen", "127.0.0.1:%d" % port, "--replay", DAY1, "--step")
    tap.ok([read(n) for n in ("ca.pem", "ca-key.pem", "server.pem")] == before and three.get("/api/v3/ping")[0] == 200,
           "a_restart_keeps_the_ca_and_takes_the_port_again")
    three.stop()
    os.remove(os.path.join(d, "server.pem"))
    four = Box(d, "--listen", "127.0.0.1:0", "--replay", DAY1, "--step")
    tap.ok(read("ca.pem") == before[0] and read("server.pem") != before[2] and four.get("/api/v3/ping")[0] == 200,
           "a_lost_server_certificate_is_made_anew")
    four.stop()
    os.remove(os.path.join(d, "ca-key.pem"))
    code, out = run("--dir", d, "--listen", "127.0.0.1:0", "--replay", DAY1)
    tap.ok(code == 1 and "ca-key.pem" in out, "a_lost_ca_key_is_told", out)
    code, out = run("--dir", os.path.join(SCRATCH, "no", "such"), "--listen", "127.0.0.1:0", "--replay", DAY1)
    tap.ok(code == 1 and "no/such" in out, "a_directory_that_cannot_be_made_is_named", out)


def test_session_recording():
    names = ["exchange_info_of_a_recorded_session", "several_symbols", "symbols_can_be_chosen"]
    if not os.path.exists(SESSION):
        for n in names:
            tap.skip(n, "needs recordings that are not in the repository")
        return
    d = os.path.join(SCRATCH, "session")
    box = Box(d, "--listen", "127.0.0.1:0", "--replay", SESSION, "--step")
    info = box.get("/api/v3/exchangeInfo?symbol=RUNEEUR")[1]["symbols"][0]
    filters = {f["filterType"]: f for f in info["filters"]}
    tap.ok(info["baseAsset"] == "RUNE" and info["quoteAsset"] == "EUR" and filters["PRICE_FILTER"]["tickSize"] ==
           "0.00100000", names[0], info)
    c = box.ws("/stream?streams=nknusdt@depth@100ms/lrcbtc@depth@100ms/nknusdt@bookTicker")
    books = {s: Book(box.get("/api/v3/depth?symbol=%s&limit=5000" % s.upper())[1]) for s in ("nknusdt", "lrcbtc")}
    while not box.step(events=1000)["ended"]:
        pass
    for m in c.drain(0.5):
        m = json.loads(m)
        symbol, kind = m["stream"].split("@", 1)
        if kind == "depth@100ms":
            books[symbol].apply(m["data"])
    agree = True
    for s, b in books.items():
        want = box.get("/api/v3/depth?symbol=%s&limit=5000" % s.upper())[1]
        agree = agree and b.id == want["lastUpdateId"] and b.top(900) == (want["bids"][:900], want["asks"][:900])
    tap.ok(agree and sorted(box.get("/box/status")[1]["symbols"]) == ["BLZETH", "LRCBTC", "NKNUSDT", "RUNEEUR"], names[1],
           box.get("/box/status"))
    box.stop()
    box = Box(d, "--listen", "127.0.0.1:0", "--replay", SESSION, DAY1, "--step", "--symbol", "NKN-USDT")
    tap.ok(box.get("/box/status")[1]["symbols"] == ["NKNUSDT"] and
           [s["symbol"] for s in box.get("/api/v3/exchangeInfo")[1]["symbols"]] == ["NKNUSDT"] and
           box.get("/api/v3/depth?symbol=BTCUSDT")[1]["code"] == -1121, names[2])
    box.stop()


def main():
    test_command_line()
    test_bad_recordings()
    box = Box(os.path.join(SCRATCH, "main"), "--listen", "127.0.0.1:0", "--replay", DAY1, "--step")
    test_tls(box)
    test_rest(box)
    test_streams(box)
    test_derived(box)
    test_requests(box)
    test_hostile(box)
    test_slow_client(box)
    tap.ok(box.stop() == 0, "ends_well_after_all_that", box.log()[-1000:])
    test_limits()
    test_pace()
    test_flood()
    test_end()
    test_again()
    test_session_recording()


with tempfile.TemporaryDirectory() as SCRATCH:
    try:
        main()
    except Exception as e:
        import traceback
        tap.ok(False, "runs_to_its_end", traceback.format_exc())
        for b in RUNNING:
            if b.p.poll() not in (None, 0, 1, 2):
                print("# exit status %s\n# %s" % (b.p.poll(), b.log()[-3000:].replace("\n", "\n# ")))
    for b in RUNNING:
        if b.p.poll() is None:
            b.p.kill()
tap.done()
