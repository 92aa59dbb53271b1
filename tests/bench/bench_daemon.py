#!/usr/bin/env python3
"""The daemon of the demo, from outside: milliseconds from exec to its first subscription at the local exchange, and its
resident memory after it has traded for some seconds."""
import os, re, subprocess, sys, tempfile, time

BUILD = os.environ.get("TRADEWIND_BUILD", "build")
TRADEWIND, DAEMON = os.path.join(BUILD, "tradewind"), os.path.join(BUILD, "tradewindd")
RECORDING = "tests/data/binance-spot-btcusdt-20240808.gz"
STARTS, TRADING_S, SPEED = 7, 8, 20


def tell(name, value, unit, peer="-", peer_value=0.0, aim="-"):
    print("bench\t%s\t%.6g\t%s\t%s\t%.6g\t%s" % (name, value, unit, peer, peer_value, aim), flush=True)


class Exchange:
    """The local exchange on a free port; line() waits for a line of its log."""

    def __init__(self, directory):
        self.process = subprocess.Popen(
            [TRADEWIND, "exchange", "--dir", directory, "--replay", "BTC-USDT=" + RECORDING, "--listen", "127.0.0.1:0",
             "--speed", str(SPEED), "--wait-for-client"], stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        self.port = re.search(rb"ready: wss:\S*:(\d+)", self.line(b"ready: wss:")).group(1).decode()

    def line(self, text):
        for line in self.process.stderr:
            if text in line:
                return line
        sys.exit("bench_daemon: the exchange ended before it said %r" % text)

    def end(self):
        self.process.terminate()
        self.process.stderr.close()
        self.process.wait()


def configuration(directory, exchange, number):
    with open("config/examples/demo.toml") as f:
        text = f.read().replace("127.0.0.1:9443", "127.0.0.1:" + exchange.port)
    text = text.replace('state_dir = "state"', 'state_dir = "state-%d"' % number)
    path = os.path.join(directory, "demo-%d.toml" % number)
    with open(path, "w") as f:
        f.write(text)
    return path


def resident_mib(pid, field):
    with open("/proc/%d/smaps_rollup" % pid) as f:
        return sum(int(l.split()[1]) for l in f if l.startswith(field)) / 1024


def one_start(directory, number, trade_s):
    """(milliseconds to the subscription, resident MiB or 0)"""
    exchange = Exchange(directory)
    path = configuration(directory, exchange, number)
    start = time.monotonic()
    daemon = subprocess.Popen([DAEMON, path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              stdin=subprocess.DEVNULL)
    exchange.line(b"client 1 connected")
    ms = (time.monotonic() - start) * 1000
    memory = 0.0, 0.0
    if trade_s:
        time.sleep(trade_s)
        memory = resident_mib(daemon.pid, "Rss:"), resident_mib(daemon.pid, "Private_")
    daemon.terminate()
    daemon.wait()
    exchange.end()
    return ms, memory


def run_ms(*command):
    start = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return (time.monotonic() - start) * 1000


def main():
    with tempfile.TemporaryDirectory() as directory:
        starts = sorted(one_start(directory, n, 0)[0] for n in range(STARTS))
        floor = sorted(run_ms(DAEMON, "--version") for _ in range(STARTS))
        tell("start to first subscription", starts[STARTS // 2], "ms", "exec and exit", floor[STARTS // 2], "<= 100")
        _, (resident, private) = one_start(directory, STARTS, TRADING_S)
        tell("resident memory of the demo daemon", resident, "MiB", "-", 0, "<= 20")
        tell("of it, its own (not shared)", private, "MiB", "all of it", resident)


main()
