"""Asks build/tools/policy_driver (DRIVER.md)."""
import os, struct, subprocess, sys, threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import signer_client as wire

HMAC, ED25519 = 1, 2
PROGRAM = os.path.join(os.environ.get("TRADEWIND_BUILD", "build"), "tools", "policy_driver")


def text(value):
    raw = value.encode() if isinstance(value, str) else value
    return struct.pack("<H", len(raw)) + raw


def policy(data):
    return b"P" + data


def reset(orders):
    return b"R" + struct.pack("<I", orders)


def decide(wall, boot, key_class, network, binds_path, reserve, message):
    return b"C" + struct.pack("<qqB", wall, boot, key_class) + text(network) + bytes((binds_path, reserve)) + message


def decided(question):
    """What decide() was given."""
    wall, boot, key_class, size = struct.unpack_from("<qqBH", question, 1)
    network, rest = question[20:20 + size].decode(), question[20 + size:]
    return wall, boot, key_class, network, rest[0], rest[1], rest[2:]


def encode(kind, network, api_key, secret, message):
    return b"E" + bytes((kind,)) + text(network) + text(api_key) + text(secret) + message


class Decision:
    """An answer to decide(): result, and where that is 0, reason's name, limit, value, time, and of a granted order
    base, value_counted and until."""

    def __init__(self, body):
        r = wire.Reader(body)
        self.result = r.take(1)[0]
        if self.result == 0:
            self.name = wire.REASONS[wire.read_field(r, "u16")]
            self.limit, self.value = wire.read_field(r, "dec"), wire.read_field(r, "dec")
            self.time = wire.read_field(r, "i64")
            self.is_order = r.take(1)[0]
            if self.is_order:
                self.base, self.value_counted = wire.read_field(r, "dec"), wire.read_field(r, "dec")
                self.until = wire.read_field(r, "i64")
        r.end()


class Driver:
    def __init__(self, program=None):
        self.process = subprocess.Popen([program or PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()

    def read(self):
        size = self.process.stdout.read(4)
        if len(size) < 4:
            raise RuntimeError("the driver ended with code %s" % self.process.wait())
        return self.process.stdout.read(struct.unpack("<I", size)[0])

    def write(self, questions):
        self.process.stdin.write(b"".join(struct.pack("<I", len(q)) + q for q in questions))
        self.process.stdin.flush()

    def ask(self, questions):
        """Bodies of answers, without their kinds, of questions made by the functions above."""
        # Another thread writes: two full pipes would wait for each other.
        writer = threading.Thread(target=self.write, args=(questions,), daemon=True)
        writer.start()
        answers = []
        for q in questions:
            a = self.read()
            if a[:1] != q[:1]:
                raise RuntimeError("asked %r, answered %r" % (q[:1], a[:1]))
            answers.append(a[1:])
        writer.join()
        return answers
