"""Cases of a misbehaving venue: each has a directory, a fake venue, a daemon in paper mode, and runs in its own thread."""
import json, os, re, shutil, tempfile, threading, time, traceback
import agent, tap
from fake_venue import Authority, Market, Venue

SCRATCH = tempfile.mkdtemp(prefix="tw-hostile-")
AUTHORITY = Authority(SCRATCH)
HONEST = AUTHORITY.issue()
STALE_S = 1.0
SLOW = 4 if "san" in tap.BUILD else 2  # waiting ends as soon as what is waited for is there
SENTENCE = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (info |warn |error) [^:]+: \S.*$")
LOCK = threading.Lock()

AGENT = """[agent]
name = "hostile"
mode = "paper"
quote = "USDT"
state_dir = "state"
[risk]
max_order_value = "1000"
max_position_value = "50000"
max_gross_exposure = "50000"
price_collar = "0.2"
daily_loss = "50000"
max_drawdown = "0.9"
max_open_orders = 100
max_messages = 5000
message_interval = "1s"
max_reference_age = "10s"
"""
VENUE = """[[venue]]
name = "%(name)s"
kind = "binance-spot"
ws_url = "wss://%(host)s:%(port)d"
rest_url = "https://%(host)s:%(port)d"
ca_file = "%(ca)s"
maker_fee = "0.001"
taker_fee = "0.001"
stale_after = "1s"
[venue.paper]
fill_model = "touch"
order_latency = "5ms"
slippage = "0.0005"
balances = { USDT = "100000", BTC = "100", ETH = "100" }
"""
INSTRUMENT = """[[instrument]]
symbol = "%(base)s-USDT"
venue = "%(name)s"
%(rules)s[[strategy]]
name = "grid-%(low)s"
kind = "grid"
budget = "20000"
inventory = "20"
instrument = "%(base)s-USDT@%(name)s"
lower = "98.5"
upper = "101.5"
levels = 13
size = "0.5"
[[strategy]]
name = "dca-%(low)s"
kind = "dca"
budget = "20000"
instrument = "%(base)s-USDT@%(name)s"
interval = "1s"
amount = "20"
"""


def config_text(port, bases=("BTC",), name="fake", host="localhost", rules="", ca=AUTHORITY.file):
    text = AGENT + VENUE % {"name": name, "host": host, "port": port, "ca": ca}
    for b in bases:
        text += INSTRUMENT % {"name": name, "base": b, "low": b.lower(), "rules": rules}
    if "ETH" not in bases:
        text = text.replace(', ETH = "100"', "")
    return text


def ok(holds, name, detail=""):
    with LOCK:
        return tap.ok(holds, name, detail)


class Case:
    """name prefixes the tests' names."""

    def __init__(self, name, venue, start=True, **config):
        self.name, self.venue = name, venue
        self.dir = os.path.join(SCRATCH, name)
        os.mkdir(self.dir)
        self.config = os.path.join(self.dir, "agent.toml")
        with open(self.config, "w") as f:
            f.write(config_text(venue.port, **config))
        self.daemon = None
        if start:
            self.start()

    def start(self):
        self.daemon = agent.Program([agent.DAEMON, self.config], self.dir)

    def ok(self, holds, what, detail=""):
        return ok(holds, "%s_%s" % (self.name, what), "%s\n%s" % (detail, "\n".join(l for l in self.log().splitlines() if "Z " in l[:26] and not re.search(r"(order: |bought|sold)", l))[-4000:]))

    def log(self):
        return self.daemon.log() if self.daemon else ""

    def status(self):
        """The venue's counters, with those of the agent that matter here."""
        s = agent.ask(self.config, "status")
        if not s:
            return None
        v = dict(s["venues"][0])
        v.update({k: s[k] for k in ("orders", "fills", "books_balance", "open_orders")})
        v["agent_state"] = s["state"]
        v["feed"] = {i["instrument"].partition("@")[0]: i["feed"] for i in s["instruments"]}
        v["by"] = {i["strategy"]: i["orders"] for i in s["strategies"]}
        return v

    def until(self, holds, seconds=10):
        """Until holds(status); the last status."""
        end = time.time() + seconds * SLOW
        while True:
            s = self.status()
            if (s and holds(s)) or time.time() > end or self.daemon.p.poll() is not None:
                return s
            time.sleep(0.1)

    def live(self, what="is_live", symbol="BTC-USDT", seconds=10):
        s = self.until(lambda s: s["feed"][symbol] == "live", seconds)
        return self.ok(s and s["feed"][symbol] == "live", what, s)

    def says(self, text, what, seconds=10):
        """A line of the log that matches."""
        return self.ok(self.daemon.wait_log(text, seconds * SLOW), what, "expected: " + text)

    def trades(self, what="trades", strategy="dca-btc", seconds=10):
        """New orders come."""
        before = (self.status() or {"by": {strategy: 0}})["by"][strategy]
        s = self.until(lambda s: s["by"][strategy] > before, seconds)
        return self.ok(s and s["by"][strategy] > before, what, s)

    def idle(self, what="sends_no_order", seconds=1.5):
        """No new order for a while; that the feed is not live is the caller's to know."""
        before = self.status()
        time.sleep(seconds)
        after = self.status()
        return self.ok(before and after and before["orders"] == after["orders"], what, "%s\n%s" % (before, after))

    def end(self):
        """Whatever happened: it is up, stops in order, replays, and acted on nothing that was not live."""
        if self.daemon.p.poll() is None:
            s = self.status()
            self.ok(s and s["books_balance"], "books_balance", s)
        code = self.daemon.stop()
        self.ok(code == 0, "stays_up_and_stops", "exit %s" % code)
        bad = [l for l in self.log().splitlines() if not SENTENCE.match(l)]
        before_summary = [l for l in bad if "Z " in l[:26]]
        self.ok(not before_summary, "log_is_sentences", before_summary[:5])
        code, out = agent.tell("replay", os.path.join(self.dir, "state"))
        self.ok(code == 0 and "byte for byte" in out, "replays", out)
        wrong = orders_on_dead_feeds(os.path.join(self.dir, "state"))
        self.ok(wrong == [], "no_order_while_the_feed_is_not_live", wrong[:5])
        self.venue.close()
        shutil.rmtree(self.dir, ignore_errors=True)


def orders_on_dead_feeds(state):
    """The journal's own word: submissions for an instrument of which the newest feed event is not live. What was due
    before an input comes behind its line, and in front of "(the input itself)"."""
    code, out = agent.tell("journal", state)
    lines = out.splitlines()
    feed, wrong, to_come = {}, [], None
    for n, line in enumerate(lines):
        m = re.match(r"\d+ in  feed (\S+) (\S+) ", line)
        if m:
            later = next((l for l in lines[n + 1:] if re.match(r"\d+ in  |\d+     \(the input", l)), "")
            if "(the input itself)" in later:
                to_come = m.groups()
            else:
                feed[m.group(1)] = m.group(2)
        if to_come and "(the input itself)" in line:
            feed[to_come[0]], to_come = to_come[1], None
        m = re.match(r"\d+   > submit \S+ \S+ (\S+) ", line)
        if m and feed.get(m.group(1)) != "live":
            wrong.append(line)
    return wrong if code == 0 else [out]


def run_all(cases, width):
    """Each case (a function) in a thread, so many at a time; what one throws is its failure."""
    todo = list(cases)

    def work():
        while True:
            with LOCK:
                if not todo:
                    return
                case = todo.pop(0)
            start = time.time()
            try:
                case()
            except Exception:
                ok(False, case.__name__ + "_ran", traceback.format_exc())
            if os.environ.get("TIMES"):
                with LOCK:
                    print("# %5.1f s %s" % (time.time() - start, case.__name__))

    threads = [threading.Thread(target=work) for _ in range(width)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    agent.stop_all()
    shutil.rmtree(SCRATCH, ignore_errors=True)
    tap.done()
