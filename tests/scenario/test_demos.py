#!/usr/bin/env python3
"""The demos of the strategies, as `make demo-STRATEGY` runs them, but faster than anybody could watch: each trades, keeps
balanced books and ends with a replay that agrees. And the generated market, served and from a file, is one market."""
import concurrent.futures, hashlib, json, os, re, subprocess, sys, tempfile

sys.path.insert(0, "tests/tools")
import tap

TRADEWIND = os.path.join(tap.BUILD, "tradewind")
# How fast the market goes: so that the book's snapshots come in time on a machine that has other work, too.
SPEED = "20" if "san" in tap.BUILD else "50"
PROOF = "every event and effect is equal, byte for byte"


def run(*command, **more):
    p = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=240, **more)
    return p.returncode, p.stdout.decode()


def demo(strategy):
    return run("config/examples/demo.sh", tap.BUILD, strategy, env={**os.environ, "SPEED": SPEED})


def generate(path, words):
    return run(TRADEWIND, "generate", "--out", path, words)


def demos():
    names = ("grid", "dca", "momentum", "arbitrage", "triangular")
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(demo, names))  # they mostly wait
    for strategy, (code, out) in zip(names, runs):
        tap.ok(code == 0 and PROOF in out, "demo_of_%s_ends_with_the_proof" % strategy, out[-3000:])
        tap.ok("books balance: sub-ledgers equal the venue account" in out, "demo_of_%s_balances" % strategy, out[-3000:])
        fills = re.search(r"info  \S+: (bought|sold) ", out)
        tap.ok(fills, "demo_of_%s_trades" % strategy, out[-3000:])
        others = [s for s in ("grid-btc", "dca-btc", "trend-btc") if ": %s: order" % s in out or "info  %s: " % s in out]
        tap.ok(len(others) == (strategy in ("grid", "dca", "momentum")), "demo_of_%s_has_only_it" % strategy, others)
    cycles = [float(c) for c in re.findall(r"cycle \d+, \w+(?:, stranded)?: (-?[0-9.]+) USDT", out)]
    tap.ok(len(cycles) > 5 and sum(cycles) > 0, "demo_of_triangular_goes_around", cycles)
    code, out = demo("nothing")
    tap.ok(code == 2 and 'no demo of "nothing"' in out, "a_demo_that_is_not_there", out)


def generated(scratch):
    one, two, other = (os.path.join(scratch, n) for n in ("one", "two", "other"))
    for path, words in ((one, "seed=5,length=5m"), (two, "seed=5,length=5m"), (other, "seed=6,length=5m")):
        code, out = generate(path, words)
        tap.ok(code == 0, "generate_%s" % os.path.basename(path), out)
    digest = [hashlib.sha256(open(p, "rb").read()).hexdigest() for p in (one, two, other)]
    tap.ok(digest[0] == digest[1] != digest[2], "a_seed_is_a_market", digest)
    code, out = generate(one, "edge=1")
    tap.ok(code == 2 and "outside its range" in out, "generate_refuses_what_it_cannot", out)
    code, out = run(TRADEWIND, "generate", "--out", os.path.join(scratch, "no", "where"), "length=1s")
    tap.ok(code == 1 and "where" in out, "generate_names_a_file_it_cannot_write", out)
    code, out = run(TRADEWIND, "exchange", "--dir", scratch, "--generate", "sed=1")
    tap.ok(code == 2 and "there is no such key" in out, "exchange_refuses_what_it_cannot_generate", out)
    code, out = run(TRADEWIND, "exchange", "--dir", scratch, "--generate", "--replay", one)
    tap.ok(code == 2 and "two markets" in out, "exchange_serves_one_market", out)
    def backtest(path):
        p = subprocess.run([TRADEWIND, "backtest", "config/examples/triangular.toml", "--data", path, "--json"],
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if not tap.ok(p.returncode == 0, "backtest_of_%s" % os.path.basename(path), p.stderr.decode()):
            return None
        return json.loads(p.stdout)["per_strategy"][0]

    s = backtest(one)
    tap.ok(s and float(s["pnl"]) > 0 and s["fills"] > 20 and s["denied"] == 0, "it_earns_what_was_planted", s)
    cycles = s["figures"]["cycle_profit"]["value"]
    tap.ok(abs(float(cycles) - float(s["pnl"])) < 1, "its_figures_say_so", s)
    page = open("docs/strategies/triangular.md").read()
    for length, words in (("1m", "five cycles earn %s USDT"), ("10m", "97 cycles and %s USDT")):
        path = os.path.join(scratch, length)
        generate(path, "seed=1,length=" + length)
        s = backtest(path)
        said = words % ("%.2f" % float(s["pnl"]))
        tap.ok(said in page and s["figures"]["cycles"]["value"] == {"1m": "5", "10m": "97"}[length], "documented_" + length, said)
    quiet = os.path.join(scratch, "quiet")
    generate(quiet, "seed=5,length=5m,every=0s,lasts=0s")
    s = backtest(quiet)
    tap.ok(s and s["orders"] == 0, "where_nothing_is_planted_nothing_is_traded", s)


def depeg():
    """The numbers in docs/strategies/triangular.md are those of its command."""
    data = os.path.join(os.environ.get("TRADEWIND_SHARED", "../shared"), "data", "cross-venue")
    files = ["%s=%s/binanceus-%s-1m-2023-03-01_11.csv.gz" % (s, data, s.replace("-", "")) for s in
             ("BTC-USDT", "BTC-USDC", "USDC-USDT")]
    if not os.path.isdir(data):
        return tap.skip("depeg_of_march_2023", "needs recordings that are not in the repository")
    rows = re.findall(r"^\| (1 to 9|10 and 11) March \| ([0-9.]+) % \| (\w+) \| (\d+) \| (\d+) \| (\d+) \| (-?[0-9.]+) \|$",
                      open("docs/strategies/triangular.md").read(), re.M)
    tap.ok(len(rows) == 5, "depeg_is_documented", rows)
    with open("config/examples/triangular-depeg.toml") as f:
        text = f.read()
    for days, fee, latency, cycles, losing, stranded, result in rows:
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as config:
            fee = "%.3f" % (float(fee) / 100)
            config.write(text.replace('_fee = "0.001"', '_fee = "%s"' % fee).replace('"50ms"', '"%s"' % latency))
            config.flush()
            p = subprocess.run([TRADEWIND, "backtest", config.name, "--data", *files, "--json",
                                "--to" if days == "1 to 9" else "--from", "2023-03-10"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        s = json.loads(p.stdout)["per_strategy"][0]
        figures = {k: v["value"] for k, v in s["figures"].items()}
        got = [figures["cycles"], figures["losing_cycles"], figures["stranded_cycles"], "%.2f" % float(s["pnl"])]
        tap.ok(got == [cycles, losing, stranded, result], "depeg_%s_%s_%s" % (days.replace(" ", "_"), fee, latency), got)


def main():
    demos()
    depeg()
    with tempfile.TemporaryDirectory() as scratch:
        generated(scratch)
    tap.done()


main()
