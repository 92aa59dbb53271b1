"""A websocket and HTTPS client of its own, from RFC 6455 and the standard library: an independent reader of what our
servers say. Strict: a frame that breaks the rules raises Broken."""
import base64, hashlib, json, os, socket, ssl, struct, time, zlib


class Broken(Exception):
    """The peer broke the protocol."""


class Closed(Exception):
    """The peer closed; code and reason are those of its close frame (None, "" without one)."""

    def __init__(self, code, reason):
        super().__init__("closed: %s %s" % (code, reason))
        self.code, self.reason = code, reason


def tls_context(ca_file):
    c = ssl.create_default_context(cafile=ca_file)
    return c


def https(port, path, ca_file, method="GET", body=None, host="localhost", timeout=10, headers=()):
    """One request; returns (status, headers as a dict of lower-case names, body bytes)."""
    raw = socket.create_connection(("127.0.0.1", port), timeout)
    with tls_context(ca_file).wrap_socket(raw, server_hostname=host) as s:
        lines = ["%s %s HTTP/1.1" % (method, path), "Host: %s:%d" % (host, port), "Connection: close", *headers]
        if body is not None:
            lines.append("Content-Length: %d" % len(body))
        s.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b""))
        data = b""
        while True:
            try:
                part = s.recv(65536)
            except ssl.SSLEOFError:
                part = b""
            if not part:
                break
            data += part
            head, _, rest = data.partition(b"\r\n\r\n")
            length = [l.split(b":")[1] for l in head.split(b"\r\n") if l.lower().startswith(b"content-length:")]
            if length and len(rest) >= int(length[0]):
                break
    head, _, rest = data.partition(b"\r\n\r\n")
    first, *fields = head.decode("latin-1").split("\r\n")
    found = {}
    for f in fields:
        name, _, value = f.partition(":")
        found[name.lower()] = value.strip()
    return int(first.split()[1]), found, rest


def get_json(port, path, ca_file, **more):
    status, headers, body = https(port, path, ca_file, **more)
    return status, json.loads(body)


class WebSocket:
    """wss:// client. messages() and recv() answer pings by themselves unless pong=False."""

    def __init__(self, port, path, ca_file, deflate=False, pong=True, timeout=10, host="localhost", rcvbuf=0):
        raw = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if rcvbuf:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        raw.settimeout(timeout)
        raw.connect(("127.0.0.1", port))
        self.sock = tls_context(ca_file).wrap_socket(raw, server_hostname=host)
        self.sock.settimeout(timeout)
        self.buffer = b""
        self.pong = pong
        self.pings = 0
        self.compressed = 0
        self.parts, self.kind, self.deflated = [], None, False
        key = base64.b64encode(os.urandom(16)).decode()
        lines = ["GET %s HTTP/1.1" % path, "Host: %s:%d" % (host, port), "Upgrade: websocket", "Connection: Upgrade",
                 "Sec-WebSocket-Key: " + key, "Sec-WebSocket-Version: 13"]
        if deflate:
            lines.append("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits")
        self.sock.sendall("\r\n".join(lines).encode() + b"\r\n\r\n")
        while b"\r\n\r\n" not in self.buffer:
            self._more()
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        self.head = head.decode("latin-1")
        self.status = int(self.head.split()[1])
        fields = {l.partition(":")[0].lower(): l.partition(":")[2].strip() for l in self.head.split("\r\n")[1:]}
        if self.status != 101:
            raise Broken("status %d" % self.status)
        want = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()
        if fields.get("sec-websocket-accept") != want:
            raise Broken("wrong Sec-WebSocket-Accept")
        extension = fields.get("sec-websocket-extensions", "")
        self.deflate = "permessage-deflate" in extension
        if self.deflate and not deflate:
            raise Broken("compression that was not offered")
        self.takeover = "server_no_context_takeover" not in extension
        self.inflater = zlib.decompressobj(-15)

    def _more(self):
        part = self.sock.recv(65536)
        if not part:
            raise Closed(None, "")
        self.buffer += part

    def _take(self, n):
        while len(self.buffer) < n:
            self._more()
        part, self.buffer = self.buffer[:n], self.buffer[n:]
        return part

    def send_frame(self, opcode, payload, final=True, masked=True, bits=0):
        head = bytes([(0x80 if final else 0) | bits | opcode])
        n, m = len(payload), 0x80 if masked else 0
        head += bytes([m | n]) if n < 126 else bytes([m | 126]) + struct.pack(">H", n) if n < 65536 else \
            bytes([m | 127]) + struct.pack(">Q", n)
        if masked:
            mask = os.urandom(4)
            whole = (mask * (n // 4 + 1))[:n]
            payload = mask + (int.from_bytes(payload, "big") ^ int.from_bytes(whole, "big")).to_bytes(n, "big")
        self.sock.sendall(head + payload)

    def send(self, text):
        self.send_frame(1, text.encode() if isinstance(text, str) else text)

    def send_json(self, value):
        self.send(json.dumps(value))

    def recv_frame(self):
        """(opcode, payload) of one frame."""
        a, b = self._take(2)
        n = b & 0x7f
        if b & 0x80:
            raise Broken("a masked frame from a server")
        if n == 126:
            n = struct.unpack(">H", self._take(2))[0]
        elif n == 127:
            n = struct.unpack(">Q", self._take(8))[0]
        return a, self._take(n)

    def recv(self):
        """The next whole message as text."""
        while True:
            a, payload = self.recv_frame()
            opcode, final, rsv1 = a & 15, bool(a & 0x80), bool(a & 0x40)
            if a & 0x30 or (rsv1 and not self.deflate):
                raise Broken("reserved bits")
            if opcode >= 8:
                if not final or len(payload) > 125:
                    raise Broken("control frame")
                if opcode == 8:
                    code = struct.unpack(">H", payload[:2])[0] if payload else None
                    try:
                        self.send_frame(8, payload[:2])
                    except OSError:
                        pass
                    raise Closed(code, payload[2:].decode())
                if opcode == 9:
                    self.pings += 1
                    if self.pong:
                        self.send_frame(10, payload)
                continue
            if opcode:
                if self.parts:
                    raise Broken("a message inside a message")
                self.kind, self.deflated = opcode, rsv1
            elif self.kind is None:
                raise Broken("a continuation of nothing")
            self.parts.append(payload)
            if final:
                data = b"".join(self.parts)
                self.parts = []
                kind, self.kind = self.kind, None
                if self.deflated:
                    self.compressed += 1
                    data = self.inflater.decompress(data + b"\x00\x00\xff\xff")
                    if not self.takeover:
                        self.inflater = zlib.decompressobj(-15)
                if kind != 1:
                    raise Broken("not a text message")
                return data.decode("utf-8")

    def recv_json(self):
        return json.loads(self.recv())

    def drain(self, quiet=0.3):
        """All messages until nothing came for [quiet] seconds."""
        got, before = [], self.sock.gettimeout()
        self.sock.settimeout(quiet)
        try:
            while True:
                got.append(self.recv())
        except (socket.timeout, TimeoutError):
            pass
        finally:
            self.sock.settimeout(before)
        return got

    def wait_closed(self, seconds=10):
        """The Closed the peer ends with; messages before it are dropped."""
        end = time.time() + seconds
        self.sock.settimeout(seconds)
        try:
            while time.time() < end:
                self.recv()
        except Closed as c:
            return c
        except (ConnectionError, ssl.SSLError, BrokenPipeError) as e:
            return Closed(None, str(e))
        raise Broken("still open")

    def close(self):
        try:
            self.send_frame(8, struct.pack(">H", 1000))
        except OSError:
            pass
        self.sock.close()
