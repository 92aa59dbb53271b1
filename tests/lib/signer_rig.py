"""A signer of its own for a test or a measurement: a key store with keys, the shipped tradewind-signer serving it, opened,
with a policy.

    rig = Rig(directory, {"bin": ("binance-hmac", SECRET), "ed": ("binance-ed25519", SEED_HEX)}, wire={"tg": TOKEN})
    rig.start("--durability", "sliced")       # seconds from exec to ready
    rig.unlock(); rig.set_policy()
    rig.socket("trade.sock")
"""
import os, select, signal, subprocess, time
import signer_client as wire, signer_policy

BUILD = os.environ.get("TRADEWIND_BUILD", "build")
SIGNER = os.path.join(BUILD, "tradewind-signer")
NETWORK = "binance:testnet"
PHRASE = "rig-passphrase-3141"
LIGHT = ("--kdf-memory", "8", "--kdf-passes", "1")
PATIENCE = 120


def environment(directory):
    """Without what could lead out of the directory."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("TRADEWIND_", "XDG_", "LISTEN_", "NOTIFY_"))}
    env.update(HOME=directory, ASAN_OPTIONS="detect_leaks=0")
    return env


class Rig:
    def __init__(self, directory, keys, wire_secrets=None, kdf=LIGHT, phrase=PHRASE):
        self.directory, self.keys, self.phrase = directory, keys, phrase
        os.makedirs(directory, 0o700, exist_ok=True)
        self.store, self.sockets = (os.path.join(directory, n) for n in ("keys", "sockets"))
        self.process = None
        self.key("init", *kdf)
        for label, (kind, secret) in keys.items():
            api = "api" + "".join(c for c in label if c.isalnum())
            add = ("--kind", kind, "--class", "trade", "--network", NETWORK)
            if kind == "binance-hmac":
                self.key("add", label, *add, secret=secret, api_key=api)
            else:
                self.key("import", label, *add, "--format", "hex", secret=secret)
                self.key("api-key", label, api_key=api)
        for label, secret in (wire_secrets or {}).items():
            self.key("add", label, "--kind", "telegram-token", secret=secret)

    def key(self, *arguments, **secrets):
        """`tradewind-signer key ...`, secrets through pipes."""
        line, ends = [SIGNER, "key", *arguments, "--store", self.store], []
        for name, text in dict(secrets, passphrase=self.phrase).items():
            r, w = os.pipe()
            os.write(w, text.encode())
            os.close(w)
            ends.append(r)
            line += ["--%s-fd" % name.replace("_", "-"), str(r)]
        p = subprocess.run(line, env=environment(self.directory), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, pass_fds=ends)
        for r in ends:
            os.close(r)
        if p.returncode:
            raise RuntimeError("key %s: %s" % (arguments[0], p.stdout.decode(errors="replace")))

    def socket(self, name):
        return os.path.join(self.sockets, name)

    def start(self, *more, cores=None):
        """Serves; seconds until it was ready."""
        r, w = os.pipe()
        line = [SIGNER, "serve", "--store", self.store, "--counter", os.path.join(self.directory, "counter"), "--sockets",
                self.sockets, "--unlock", "none", "--ready-fd", str(w), *more]
        self.log = open(os.path.join(self.directory, "signer.log"), "ab")
        begin = time.monotonic()
        self.process = subprocess.Popen(line, env=environment(self.directory), stdin=subprocess.DEVNULL, stdout=self.log,
                                        stderr=self.log, pass_fds=[w],
                                        preexec_fn=(lambda: os.sched_setaffinity(0, cores)) if cores else None)
        os.close(w)
        told = select.select([r], [], [], PATIENCE)[0] and os.read(r, 64)
        took = time.monotonic() - begin
        os.close(r)
        if not told:
            self.stop()
            raise RuntimeError("the signer does not come up:\n" + self.said())
        return took

    def said(self):
        with open(os.path.join(self.directory, "signer.log"), errors="replace") as f:
            return f.read()

    def stop(self, number=signal.SIGTERM):
        if self.process:
            if self.process.poll() is None:
                self.process.send_signal(number)
                try:
                    self.process.wait(PATIENCE)
                except subprocess.TimeoutExpired:
                    self.process.kill()
                    self.process.wait()
            self.process = None
            self.log.close()

    def admin(self, kind, **parts):
        with wire.Client(self.socket("admin.sock")) as c:
            reply = c.ask(kind, **parts)
        if reply["reason"]:
            raise RuntimeError("the signer refuses: %s\n%s" % (reply["name"], self.said()))
        return reply

    def unlock(self):
        """Seconds it took."""
        begin = time.monotonic()
        self.admin(wire.UNLOCK, secret={"how": wire.PASSPHRASE, "bytes": self.phrase.encode()})
        return time.monotonic() - begin

    def set_policy(self, **caps):
        """All keys may order BTC-USDT, with more room than a test uses."""
        many = wire.units("100000000")
        instrument = dict({c: many for c in signer_policy.CAPS}, symbol="BTC-USDT", floor=wire.units("1"),
                          ceiling=wire.units("1000000"))
        instrument.update(caps)
        policy = {"keys": [{"key": label, "network": NETWORK, "operations": signer_policy.ORDER | signer_policy.CANCEL,
                            "kinds": signer_policy.ALL_KINDS, "validity": 60000, "skew": 60000, "rate": 6000, "replays": 1,
                            "instruments": [instrument]} for label in self.keys]}
        self.admin(wire.POLICY_SET, secret={"how": wire.PASSPHRASE, "bytes": self.phrase.encode()},
                   policy=signer_policy.encode(policy))
