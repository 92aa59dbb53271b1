#!/usr/bin/env python3
"""A web and websocket server that behaves as told by the path: for the tests of the network clients.

usage: odd_server.py [CERT.pem CERT.key]...

Listens on 127.0.0.1: one port without TLS, then one per certificate; prints the ports on one line and serves until
its standard input ends. Everything is written by hand on plain sockets, so that it can also be wrong on purpose.
"""
import base64, gzip, hashlib, os, socket, ssl, struct, sys, threading, time, urllib.parse, zlib

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def frame(op, data, fin=True, rsv1=False):
    head = bytes([(0x80 if fin else 0) | (0x40 if rsv1 else 0) | op])
    n = len(data)
    if n < 126:
        head += bytes([n])
    elif n < 65536:
        head += bytes([126]) + struct.pack(">H", n)
    else:
        head += bytes([127]) + struct.pack(">Q", n)
    return head + data


class Closed(Exception):
    pass


class Conn:
    def __init__(self, s):
        self.s, self.buf = s, b""
        self.deflate = None

    def fill(self):
        d = self.s.recv(65536)
        if not d:
            raise Closed()
        self.buf += d

    def take(self, n):
        while len(self.buf) < n:
            self.fill()
        d, self.buf = self.buf[:n], self.buf[n:]
        return d

    def head(self):
        while b"\r\n\r\n" not in self.buf:
            self.fill()
            if self.buf[0] == 0x16:  # TLS where none is expected: answered as nginx does
                self.s.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
                raise Closed()
        h, self.buf = self.buf.split(b"\r\n\r\n", 1)
        lines = h.decode().split("\r\n")
        return lines[0].split(" "), {k.strip().lower(): v.strip() for k, v in (l.split(":", 1) for l in lines[1:])}

    def read_frame(self):
        a, b = self.take(2)
        n = b & 127
        if n == 126:
            n = struct.unpack(">H", self.take(2))[0]
        elif n == 127:
            n = struct.unpack(">Q", self.take(8))[0]
        mask = self.take(4) if b & 128 else None
        d = self.take(n)
        if mask is None:
            raise Closed()
        return a & 15, bytes(c ^ mask[i & 3] for i, c in enumerate(d)), bool(a & 0x40)

    def read_message(self):
        """The next text message; answers pings and the close."""
        while True:
            op, d, packed = self.read_frame()
            if op == 8:
                self.s.sendall(frame(8, d))
                raise Closed()
            if op == 9:
                self.s.sendall(frame(10, d))
            if op == 1:
                return self.inflate(d) if packed else d

    def inflate(self, d):
        if not hasattr(self, "inflater"):
            self.inflater = zlib.decompressobj(-15)
        return self.inflater.decompress(d + b"\0\0\xff\xff")

    def pack(self, d):
        if self.deflate is None:
            self.deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
        return (self.deflate.compress(d) + self.deflate.flush(zlib.Z_SYNC_FLUSH))[:-4]


def compressible(n, seed):
    """Text of n bytes like a depth message, with long repeats in between."""
    out, x = [], seed
    size = 0
    while size < n:
        x = (x * 1103515245 + 12345) & 0x7FFFFFFF
        piece = '["%d.%02d","%d"],' % (60000 + x % 997, x % 100, x % 13) if x & 64 else "0" * (x % 700)
        out.append(piece)
        size += len(piece)
    return "".join(out)[:n].encode()


def websocket(c, path, q, headers):
    if path == "/hang":
        time.sleep(30)
        return
    if path == "/401":
        c.s.sendall(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
        return
    if path == "/moved":
        c.s.sendall(b"HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:1/echo\r\nContent-Length: 0\r\n\r\n")
        return
    if path == "/hangup":
        return
    accept = base64.b64encode(hashlib.sha1((headers["sec-websocket-key"] + GUID).encode()).digest()).decode()
    if path == "/bad-accept":
        accept = "AAAA" + accept[4:]
    packed = "permessage-deflate" in headers.get("sec-websocket-extensions", "") and path != "/plain-echo"
    answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n" % accept
    if packed:
        answer += "Sec-WebSocket-Extensions: permessage-deflate%s\r\n" % q.get("options", "").replace(",", ";")
    answer = (answer + "\r\n").encode()
    if path == "/greet":  # the first message in the same packet as the answer
        c.s.sendall(answer + frame(1, b"hello"))
    else:
        c.s.sendall(answer)
    if path in ("/echo", "/plain-echo", "/greet"):
        while True:
            c.s.sendall(frame(1, c.read_message()))
    elif path == "/packed-echo":
        while True:
            c.s.sendall(frame(1, c.pack(c.read_message()), rsv1=True))
    elif path == "/headers":
        c.s.sendall(frame(1, ("%s|%s" % (headers.get("host"), headers.get("user-agent"))).encode()))
        c.read_message()
    elif path == "/fragments":
        c.s.sendall(frame(1, b"one ", fin=False) + frame(9, b"ping") + frame(0, b"", fin=False) + frame(0, b"two ", fin=False) + frame(0, b"three"))
        op, d, _ = c.read_frame()
        c.s.sendall(frame(1, b"pong " + d if op == 10 else b"no pong"))
        c.s.sendall(frame(1, b""))
        c.read_message()
    elif path == "/packed":  # messages of many sizes, whole, in fragments, and some not packed at all
        for i in range(int(q["count"])):
            m = compressible((i * 7919) % int(q["max"]), i)
            d = c.pack(m) if i % 5 else m
            cut = len(d) // 3
            if i % 3 == 0:
                c.s.sendall(frame(1, d, rsv1=bool(i % 5)))
            else:
                c.s.sendall(frame(1, d[:cut], fin=False, rsv1=bool(i % 5)) + frame(0, d[cut:], fin=i % 3 == 1))
                if i % 3 == 2:
                    c.s.sendall(frame(0, b""))
        c.read_message()
    elif path == "/zeros":  # one message of n zeros, which packs extremely well
        d = b"0" * int(q["n"])
        c.s.sendall(frame(1, c.pack(d), rsv1=True) if packed else frame(1, d))
        c.read_message()
    elif path == "/plain-big":
        d = b"1" * int(q["n"])
        for i in range(0, len(d), 100000):
            last = i + 100000 >= len(d)
            c.s.sendall(frame(1 if i == 0 else 0, d[i:i + 100000], fin=last))
        c.read_message()
    elif path == "/garbage-deflate":
        c.s.sendall(frame(1, b"\xff\xff\xff\xff\xff not deflate", rsv1=True))
        c.read_message()
    elif path == "/reserved":
        c.s.sendall(b"\xb1\x02ab")
        c.read_message()
    elif path == "/close":
        c.s.sendall(frame(1, b"last words") + frame(8, struct.pack(">H", int(q["code"])) + b"maintenance"))
        try:
            c.read_frame()
        except Closed:
            pass
    elif path == "/drop":
        c.s.sendall(frame(1, b"last words"))
        time.sleep(0.05)
    elif path == "/silent":  # reads, says nothing, not even pong
        while True:
            c.fill()
    elif path == "/pongs":  # says nothing but pongs
        while True:
            c.read_message()
    elif path == "/goodbye":  # tells on the control list how the client ended
        op, d = 1, b""
        while op != 8:
            op, d, _ = c.read_frame()
        goodbyes.append(struct.unpack(">H", d[:2])[0] if len(d) >= 2 else 0)
        c.s.sendall(frame(8, d))


goodbyes = []
served = {"connections": 0}


def respond(c, status, body=b"", extra="", length=None):
    c.s.sendall(("HTTP/1.1 %s\r\nContent-Length: %d\r\n%s\r\n" % (status, len(body) if length is None else length, extra)).encode() + body)


def http(c, path, q, headers):
    if path == "/ok":
        respond(c, "200 OK", b'{"path":"%s","host":"%s","query":"%s"}' % (path.encode(), headers["host"].encode(), q.get("a", "").encode()), "Content-Type: application/json\r\n")
    elif path == "/429":
        respond(c, "429 Too Many Requests", b"{}", "Retry-After: 17\r\n")
    elif path == "/418-date":
        when = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 60))
        respond(c, "418 I'm a teapot", b"{}", "Retry-After: %s\r\n" % when)
    elif path == "/503-zero":
        respond(c, "503 Service Unavailable", b"{}", "Retry-After: 0\r\n")
    elif path == "/500":
        respond(c, "500 Internal Server Error", b"oops")
    elif path == "/html":
        respond(c, "200 OK", b"<html><body>Maintenance</body></html>", "Content-Type: text/html\r\n")
    elif path == "/truncated":
        respond(c, "200 OK", b'{"half":', length=1000)
        raise Closed()
    elif path == "/nothing":
        raise Closed()
    elif path == "/large":
        respond(c, "200 OK", b"x" * int(q["n"]))
    elif path == "/gzip":
        assert "gzip" in headers.get("accept-encoding", "")
        respond(c, "200 OK", gzip.compress(b"z" * int(q["n"])), "Content-Encoding: gzip\r\n")
    elif path == "/moved":
        respond(c, "302 Found", b"", "Location: %s\r\n" % q["to"])
    elif path == "/connections":
        respond(c, "200 OK", b"%d" % served["connections"])
    elif path == "/goodbyes":
        respond(c, "200 OK", (",".join(map(str, goodbyes))).encode())
    elif path == "/slow":
        time.sleep(float(q["s"]))
        respond(c, "200 OK", b"late")
    else:
        respond(c, "404 Not Found")


def serve(s, context):
    try:
        if context:
            s = context.wrap_socket(s, server_side=True)
        c = Conn(s)
        served["connections"] += 1
        while True:
            (method, target, _), headers = c.head()
            u = urllib.parse.urlsplit(target)
            q = {k: v[0] for k, v in urllib.parse.parse_qs(u.query).items()}
            if headers.get("upgrade", "").lower() == "websocket":
                websocket(c, u.path, q, headers)
                break
            http(c, u.path, q, headers)
    except (Closed, OSError):
        pass
    finally:
        s.close()


def listen(context):
    l = socket.create_server(("127.0.0.1", 0), backlog=64)

    def accept():
        while True:
            s, _ = l.accept()
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=serve, args=(s, context), daemon=True).start()
    threading.Thread(target=accept, daemon=True).start()
    return l.getsockname()[1]


def main():
    ports = [listen(None)]
    for cert, key in zip(sys.argv[1::2], sys.argv[2::2]):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        ports.append(listen(context))
    print(*ports, flush=True)
    sys.stdin.read()
    os._exit(0)


main()
