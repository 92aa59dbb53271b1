"""A venue that misbehaves on request: a small Binance Spot market-data server, websocket and REST on one TLS port,
written from RFC 6455 and the standard library. Left alone it is honest: a price that swings, numbered depth
differences, snapshots that fit. A test then changes what it likes.

All venues live on one event loop in a thread of their own; what a test calls from outside is thread-safe.
"""
import asyncio, base64, hashlib, json, os, random, socket, ssl, struct, subprocess, threading, time, urllib.parse, zlib

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BINARY, CLOSE, PING = 1, 2, 8, 9
TICK_S = 0.05
LEVELS = 15

LOOP = asyncio.new_event_loop()
threading.Thread(target=LOOP.run_forever, daemon=True).start()


def fixed_port():
    """A free port that the kernel gives to nobody by itself: a venue closes and opens again at the same port, and a
    client's own port (even that of a client that calls the closed port) must not have taken it meanwhile."""
    with open("/proc/sys/net/ipv4/ip_local_port_range") as f:
        low, high = map(int, f.read().split())
    below, above = range(min(10240, low), low), range(high + 1, 65536)
    candidates = [*below, *above]
    random.shuffle(candidates)
    for port in candidates:
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass
    return 0  # all ports are the kernel's to give: the risk remains


def on_loop(coroutine, seconds=30):
    return asyncio.run_coroutine_threadsafe(coroutine, LOOP).result(seconds)


# ---- certificates ----

class Authority:
    """A CA of its own; issue() gives a TLS context that shows a certificate for the given names."""

    def __init__(self, directory):
        self.directory, self.count = directory, 0
        self.file = os.path.join(directory, "ca.pem")
        self.run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                 self.file + ".key", "-out", self.file, "-days", "3", "-subj", "/CN=test authority")

    def run(self, *arguments):
        subprocess.run(["openssl", *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       cwd=self.directory)

    def issue(self, names="DNS:localhost,IP:127.0.0.1", begin="20250101000000Z", end="20991231000000Z"):
        self.count += 1
        path = os.path.join(self.directory, "server%d" % self.count)
        with open(path + ".cnf", "w") as f:
            f.write("[ca]\ndefault_ca=d\n[d]\ndatabase=%s.db\nnew_certs_dir=.\nserial=%s.serial\ndefault_md=sha256\n"
                    "policy=p\nx509_extensions=x\n[p]\ncommonName=supplied\n[x]\nsubjectAltName=%s\n"
                    % (path, path, names))
        open(path + ".db", "w").close()
        with open(path + ".serial", "w") as f:
            f.write("%02x\n" % (0x10 + self.count))
        self.run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", path + ".key",
                 "-out", path + ".csr", "-subj", "/CN=server")
        self.run("ca", "-batch", "-config", path + ".cnf", "-cert", self.file, "-keyfile", self.file + ".key", "-in",
                 path + ".csr", "-out", path + ".pem", "-startdate", begin, "-enddate", end, "-notext")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path + ".pem", path + ".key")
        return context


# ---- the market ----

class Market:
    """One symbol: a triangle wave of the mid price, in ticks of 0.01 around 100.00."""

    def __init__(self, base, quote="USDT"):
        self.base, self.quote, self.symbol = base, quote, base + quote
        self.id, self.trade_id, self.mid, self.step = 1000, 1, 10000, 5
        self.info = {}            # changes to its part of exchangeInfo
        self.frozen = set()       # of "depth", "bookTicker", "trade": not sent
        self.skip = 0             # differences to leave out
        self.change = None        # function of a difference: the texts to send in its place
        self.clock_s = 0.0        # error of the venue's clock

    def price(self, ticks):
        return "%d.%02d000000" % divmod(ticks, 100)

    def book(self):
        return ({self.mid - 1 - i: 5 for i in range(LEVELS)}, {self.mid + 1 + i: 5 for i in range(LEVELS)})

    def now_ms(self):
        return int((time.time() + self.clock_s) * 1000)

    def tick(self):
        """The next moment: a list of (stream, data)."""
        old = self.book()
        self.mid += self.step
        if abs(self.mid - 10000) >= 100:
            self.step = -self.step
        new = self.book()
        changed = []
        for was, now in zip(old, new):
            side = {p: 0 for p in was if p not in now}
            side.update({p: q for p, q in now.items() if p not in was})
            changed.append([[self.price(p), "%d.00000000" % q] for p, q in sorted(side.items())])
        first, self.id = self.id + 1, self.id + 3
        out = [("depth", {"e": "depthUpdate", "E": self.now_ms(), "s": self.symbol, "U": first, "u": self.id,
                          "b": changed[0], "a": changed[1]}),
               ("bookTicker", self.ticker()), ("trade", self.trade())]
        return [(kind, data) for kind, data in out if kind not in self.frozen]

    def ticker(self):
        return {"u": self.id, "s": self.symbol, "b": self.price(self.mid - 1), "B": "5.00000000",
                "a": self.price(self.mid + 1), "A": "5.00000000"}

    def trade(self):
        self.trade_id += 1
        return {"e": "trade", "E": self.now_ms(), "s": self.symbol, "t": self.trade_id,
                "p": self.price(self.mid - 1 if self.step < 0 else self.mid + 1), "q": "1.00000000",
                "T": self.now_ms(), "m": self.step < 0, "M": True}

    def snapshot(self):
        bids, asks = self.book()
        return {"lastUpdateId": self.id,
                "bids": [[self.price(p), "%d.00000000" % q] for p, q in sorted(bids.items(), reverse=True)],
                "asks": [[self.price(p), "%d.00000000" % q] for p, q in sorted(asks.items())]}

    def exchange_info(self):
        info = {"symbol": self.symbol, "status": "TRADING", "baseAsset": self.base, "baseAssetPrecision": 8,
                "quoteAsset": self.quote, "quoteAssetPrecision": 8, "isSpotTradingAllowed": True,
                "filters": [{"filterType": "PRICE_FILTER", "minPrice": "0.01000000", "maxPrice": "1000000.00000000",
                             "tickSize": "0.01000000"},
                            {"filterType": "LOT_SIZE", "minQty": "0.00010000", "maxQty": "9000.00000000",
                             "stepSize": "0.00010000"},
                            {"filterType": "NOTIONAL", "minNotional": "5.00000000", "applyMinToMarket": True,
                             "maxNotional": "9000000.00000000", "applyMaxToMarket": False, "avgPriceMins": 5}]}
        info.update(self.info)
        return info


def wrapped(data, stream=None):
    kind = {"depthUpdate": "depth@100ms", "trade": "trade"}.get(data.get("e"), "bookTicker")
    return json.dumps({"stream": stream or "%s@%s" % (str(data.get("s", "btcusdt")).lower(), kind), "data": data},
                      separators=(",", ":"))


def frame(opcode, payload, final=True, rsv=0):
    n, head = len(payload), bytes([(0x80 if final else 0) | rsv | opcode])
    if n < 126:
        return head + bytes([n]) + payload
    return head + (bytes([126]) + struct.pack(">H", n) if n < 65536 else bytes([127]) + struct.pack(">Q", n)) + payload


def deflated(text):
    z = zlib.compressobj(9, zlib.DEFLATED, -15)
    return (z.compress(text) + z.flush(zlib.Z_SYNC_FLUSH))[:-4]


async def put(writer, data):
    """In pieces: the event loop's TLS copies what is left of a piece for each record."""
    for i in range(0, len(data), 65536):
        writer.write(data[i:i + 65536])
        await writer.drain()


class Connection:
    """A websocket that was accepted."""

    def __init__(self, writer, streams, deflate):
        self.writer, self.streams, self.deflate = writer, streams, deflate
        self.silent = self.busy = False


class Venue:
    def __init__(self, context, *markets):
        self.market = {m.symbol: m for m in markets or (Market("BTC"),)}
        self.connections, self.requests, self.opened = [], [], 0
        self.answer = {}       # path: function of the query giving (status, headers, body), or None for the honest one
        self.pings = 0.0       # s between pings of ours
        self.paused = False    # no market data at all
        self.refuse_ws = None  # (status, headers) in place of the websocket
        self.deaf = False      # connections are accepted and never answered
        self.context, self.server, self.port, self.task = context, None, 0, None
        self.writers = set()
        self.open()

    # -- from outside --

    def open(self):
        on_loop(self._open())

    def close(self):
        on_loop(self._close())

    def send(self, payload, opcode=TEXT, **bits):
        """A message, as told, to all that are connected."""
        self.raw(frame(opcode, payload if isinstance(payload, bytes) else payload.encode(), **bits))

    def send_data(self, data, stream=None):
        self.send(wrapped(data, stream))

    def raw(self, data):
        async def do():
            for c in list(self.connections):
                c.busy = True  # nothing between the pieces
                try:
                    await put(c.writer, data)
                except (ConnectionError, ssl.SSLError, OSError):
                    pass
                c.busy = False
        on_loop(do())

    def drop(self, how="fin"):
        """Ends all websockets: "fin" at once, "rst", or "mute": they stay open, and nothing is said or read."""
        async def do():
            for c in list(self.connections):
                if how == "mute":
                    c.silent = True
                    c.writer.transport.pause_reading()
                    continue
                if how == "rst":
                    c.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                                                 struct.pack("ii", 1, 0))
                c.writer.transport.abort()
        on_loop(do())

    def asked(self, path, since=0.0):
        """When that was asked for, by REST."""
        return [at for at, p in self.requests if p == path and at >= since]

    # -- on the loop --

    async def _open(self):
        deadline = time.monotonic() + 20
        while True:
            try:
                self.server = await asyncio.start_server(self._serve, "127.0.0.1", self.port or fixed_port(),
                                                         ssl=self.context, limit=1 << 20)
                break
            except OSError:
                # A process that another thread is just starting holds a copy of every socket until it has called
                # exec, that of fixed_port() and that of the venue that was closed included.
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.05)
        self.port = self.server.sockets[0].getsockname()[1]
        self.task = LOOP.create_task(self._trade())

    async def _close(self):
        self.task.cancel()
        self.server.close()
        for w in list(self.writers):
            w.transport.abort()

    async def _serve(self, reader, writer):
        self.writers.add(writer)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                if self.deaf:
                    await asyncio.sleep(3600)
                path, _, query = head.split()[1].partition("?")
                if "upgrade: websocket" in head.lower():
                    await self._websocket(reader, writer, head, query)
                    return
                await self._rest(writer, path, query)
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError, OSError):
            pass
        finally:
            self.writers.discard(writer)
            writer.transport.abort()

    async def _rest(self, writer, path, query):
        self.requests.append((time.time(), path))
        given = self.answer[path](urllib.parse.parse_qs(query)) if path in self.answer else None
        status, headers, body = given or self._honest(path, urllib.parse.parse_qs(query))
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        body = body if isinstance(body, bytes) else body.encode()
        lines = ["HTTP/1.1 %d -" % status]
        if not any(h.lower().startswith("content-length") for h in headers):
            lines.append("Content-Length: %d" % len(body))
        await put(writer, "\r\n".join([*lines, *headers, "", ""]).encode() + body)
        if "Connection: close" in headers:
            writer.transport.abort() if "Abort: yes" in headers else writer.close()

    def _honest(self, path, query):
        if path == "/api/v3/exchangeInfo":
            wanted = json.loads(query["symbols"][0]) if "symbols" in query else query.get("symbol", list(self.market))
            if any(s not in self.market for s in wanted):
                return 400, [], {"code": -1121, "msg": "Invalid symbol."}
            return 200, [], {"timezone": "UTC", "serverTime": self.market[wanted[0]].now_ms(), "rateLimits": [],
                             "exchangeFilters": [], "symbols": [self.market[s].exchange_info() for s in wanted]}
        if path == "/api/v3/depth":
            return 200, [], self.market[query["symbol"][0]].snapshot()
        return 404, [], "<html>no such page</html>"

    async def _websocket(self, reader, writer, head, query):
        if self.refuse_ws:
            status, headers = self.refuse_ws
            writer.write("\r\n".join(["HTTP/1.1 %d -" % status, *headers, "Content-Length: 0", "", ""]).encode())
            await writer.drain()
            return
        fields = {l.partition(":")[0].lower(): l.partition(":")[2].strip() for l in head.split("\r\n")[1:]}
        key = base64.b64encode(hashlib.sha1((fields["sec-websocket-key"] + GUID).encode()).digest()).decode()
        lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade",
                 "Sec-WebSocket-Accept: " + key]
        deflate = "permessage-deflate" in fields.get("sec-websocket-extensions", "")
        if deflate:
            lines.append("Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover")
        writer.write("\r\n".join([*lines, "", ""]).encode())
        streams = urllib.parse.parse_qs(query).get("streams", [""])[0].split("/")
        c = Connection(writer, streams, deflate)
        self.connections.append(c)
        self.opened += 1
        try:
            while await reader.read(65536):
                pass  # pongs, pings and goodbyes
        finally:
            self.connections.remove(c)

    async def _trade(self):
        pinged = time.time()
        while True:
            await asyncio.sleep(TICK_S)
            if self.pings and time.time() - pinged > self.pings:
                pinged = time.time()
                for c in self.connections:
                    if not c.silent and not c.busy:
                        c.writer.write(frame(PING, b"alive"))
            if self.paused:
                continue
            for m in self.market.values():
                texts = []
                for kind, data in m.tick():
                    if kind == "depth" and m.skip:
                        m.skip -= 1
                        continue
                    if kind == "depth" and m.change:
                        texts += [wrapped(d) for d in m.change(data)]
                    else:
                        texts.append(wrapped(data))
                whole = b"".join(frame(TEXT, t.encode()) for t in texts)
                for c in list(self.connections):
                    if not c.silent and not c.busy and any(s.startswith(m.symbol.lower()) for s in c.streams):
                        c.writer.write(whole)
