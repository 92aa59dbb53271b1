"""Running programs for scenario tests: the exchange in a box, the daemon, and the command line."""
import json, os, re, signal, socket, subprocess, tempfile, time
import tap

TRADEWIND = os.path.join(tap.BUILD, "tradewind")
DAEMON = os.path.join(tap.BUILD, "tradewindd")
RECORDING = "tests/data/binance-spot-btcusdt-20240808.gz"
PATIENCE = 60 if "san" in tap.BUILD else 20
RUNNING = []


class Program:
    """A program in the background, with what it says in a file."""

    def __init__(self, arguments, directory, limits=None):
        self.path = tempfile.mktemp(dir=directory, suffix=".log")
        with open(self.path, "wb") as out:
            self.p = subprocess.Popen(arguments, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                      preexec_fn=limits)
        RUNNING.append(self)

    def log(self):
        with open(self.path, errors="replace") as f:
            return f.read()

    def wait_log(self, text, seconds=PATIENCE):
        """Until its output matches; the match, or None."""
        end = time.time() + seconds
        while time.time() < end:
            m = re.search(text, self.log())
            if m:
                return m
            if self.p.poll() is not None:
                return re.search(text, self.log())
            time.sleep(0.02)
        return None

    def signal(self, number):
        if self.p.poll() is None:
            self.p.send_signal(number)

    def wait(self, seconds=PATIENCE):
        """Its exit status; "late" where it had to be killed."""
        try:
            return self.p.wait(seconds)
        except subprocess.TimeoutExpired:
            self.p.kill()
            self.p.wait()
            return "late"

    def stop(self):
        self.signal(signal.SIGTERM)
        return self.wait()

    def kill(self):
        self.signal(signal.SIGKILL)
        return self.wait()


def stop_all():
    for program in RUNNING:
        program.kill()


class Exchange(Program):
    def __init__(self, directory, speed, *more):
        super().__init__([TRADEWIND, "exchange", "--dir", directory, "--replay", "BTC-USDT=" + RECORDING, "--listen",
                          "127.0.0.1:0", "--speed", str(speed), "--wait-for-client", *more], directory)
        m = self.wait_log(r"exchange ready: wss://\S+:(\d+)")
        if not m:
            raise RuntimeError("the exchange did not start:\n" + self.log())
        self.port = int(m.group(1))


def write_config(directory, port, name="demo.toml", change=lambda text: text):
    """The demo's configuration for that exchange."""
    with open("config/examples/demo.toml") as f:
        text = f.read().replace("127.0.0.1:9443", "127.0.0.1:%d" % port)
    path = os.path.join(directory, name)
    with open(path, "w") as f:
        f.write(change(text))
    return path


def tell(*arguments, timeout=60, user=None):
    """Runs `tradewind ...`: its exit status and all it said."""
    command = [TRADEWIND, *arguments]
    if user:
        command = ["setpriv", "--reuid", user, "--regid", "nogroup", "--clear-groups", *command]
    p = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                       timeout=timeout)
    return p.returncode, p.stdout.decode("utf-8", "replace")


def ask(config, what, *more):
    """The JSON of `tradewind WHAT --json`; None where it fails."""
    code, out = tell(what, config, "--json", *more)
    return json.loads(out) if code == 0 else None


def wait_for(holds, seconds=PATIENCE):
    """Until holds() is true; its last value."""
    end = time.time() + seconds
    while True:
        value = holds()
        if value or time.time() > end:
            return value
        time.sleep(0.1)


def http(socket_path, request):
    """One raw request to the control socket: all that comes back."""
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    s.settimeout(10)
    s.connect(socket_path)
    s.sendall(request)
    answer = b""
    try:
        while True:
            part = s.recv(65536)
            if not part:
                break
            answer += part
    except socket.timeout:
        answer += b"(no end)"
    s.close()
    return answer.decode("utf-8", "replace")
