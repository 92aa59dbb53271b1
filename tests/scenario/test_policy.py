#!/usr/bin/env python3
"""`tradewind policy` with the shipped programs: check, show and set; what becomes looser and tighter; a changed policy is
refused; no secret in anything that was written."""
import hashlib, json, os, pty, select, shutil, stat, subprocess, sys, tempfile, time

sys.path[:0] = ["tests/tools", "tests/lib"]
import signer_client as wire, signer_rig, tap

TRADEWIND, SIGNER = os.path.join(tap.BUILD, "tradewind"), os.path.join(tap.BUILD, "tradewind-signer")
SCRATCH = tempfile.mkdtemp(prefix="tw-policy-")
STORE = os.path.join(SCRATCH, "keys")
POLICY = STORE + ".policy"
PHRASE, WRONG = "correct-horse-battery-CANARY-1", "wrong-horse-battery-CANARY-2"
SECRET, TYPED = "secretCANARY3" + "y" * 40, "argv-CANARY-4"
CANARIES = [c.encode() for c in (PHRASE, WRONG, SECRET, TYPED)]
WRITTEN = []
ENV = {k: v for k, v in os.environ.items() if not k.startswith("TRADEWIND_")}
ENV.update(HOME=SCRATCH, XDG_RUNTIME_DIR=SCRATCH)
ENV["ASAN_OPTIONS"] = "detect_leaks=0"  # the leak checker cannot look into a process that hides
EXAMPLES = "config/examples/policy"
SPOT = open(os.path.join(EXAMPLES, "spot.toml")).read()


def run(*arguments, passphrase=None, program=(TRADEWIND, "policy")):
    """(exit code, standard output, standard error)"""
    line, ends = list(program) + list(arguments), []
    if passphrase is not None:
        r, w = os.pipe()
        os.write(w, passphrase.encode())
        os.close(w)
        ends.append(r)
        line += ["--passphrase-fd", str(r)]
    p = subprocess.run(line, env=ENV, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       pass_fds=ends, start_new_session=True)
    for r in ends:
        os.close(r)
    WRITTEN.append(p.stdout + p.stderr)
    return p.returncode, p.stdout.decode(errors="replace"), p.stderr.decode(errors="replace")


def write(name, text):
    path = os.path.join(SCRATCH, name)
    with open(path, "wb") as f:
        f.write(text if isinstance(text, bytes) else text.encode())
    return path


def put_policy(content):
    with open(os.open(POLICY, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as f:
        f.write(content)


def set_policy(text, *more, passphrase=PHRASE):
    return run("set", write("new.toml", text), "--store", STORE, *more, passphrase=passphrase)


def changes(out):
    """What is looser and what tighter, as lists of lines."""
    ret, now = {"looser": [], "tighter": []}, None
    for line in out.splitlines():
        if line in ("looser:", "tighter:"):
            now = ret[line[:-1]]
        elif now is not None and line.startswith("  "):
            now.append(line.strip())
        else:
            now = None
    return ret


def test_check():
    for name in sorted(os.listdir(EXAMPLES)):
        code, out, err = run("check", os.path.join(EXAMPLES, name))
        tap.ok(code == 0 and "is good" in out and not err, "example_" + name, out + err)
        tap.ok(("warning: binance-trade: market orders are allowed" in out) == (name == "market.toml"),
               "market_orders_are_warned_of_" + name, out)
    code, out, err = run("check", write("empty.toml", ""))
    tap.ok(code == 0 and "allows nothing" in out, "an_empty_file_allows_nothing_and_says_so", out + err)
    bad = write("bad.toml", "version = 2\n[[key]]\nlabel = \"A\"\nnetwork = \"n\"\noperations = [\"withdraw\"]\nfloor = 1\n"
                "[[key.instrument]]\nsymbol = \"BTC-USDT\"\nprice_floor = \"5\"\nprice_ceiling = \"4\"\n")
    code, out, err = run("check", bad)
    lines = err.splitlines()
    tap.ok(code == 4 and not out and all(l.startswith(bad + ":") for l in lines), "errors_have_a_place", out + err)
    for part in ("bad.toml:1:11: version: ", ":3:9: key.label: ", ":5:15: key.operations: \"withdraw\" is not known",
                 ":6:1: key.floor: unknown key", ":7:1: key.instrument.max_base_per_order: is missing"):
        tap.ok(any(part in l for l in lines), "all_errors_at_once " + part, err)
    code, out, err = run("check", bad, "--json")
    told = json.loads(out)
    tap.ok(code == 4 and told["good"] is False and told["errors"] == lines, "errors_as_json", out)
    code, out, err = run("check", write("syntax.toml", "[[key]\n"))
    tap.ok(code == 4 and "syntax.toml:1:" in err, "a_syntax_error", err)
    code, out, err = run("check", os.path.join(SCRATCH, "nothing.toml"))
    tap.ok(code == 4 and "cannot be read" in err, "a_file_that_is_not_there", err)
    code, out, err = run("check", "--explain")
    tap.ok(code == 0 and all(w in out for w in ("replays", "max_base_per_day", "price_ceiling", "max_clock_skew")),
           "explain", out)
    for arguments in ([], ["check"], ["check", "a", "b"], ["show"], ["set"], ["sell", "a"], ["check", "a", "--jsn"]):
        code, out, err = run(*arguments)
        tap.ok(code == 2 and "usage:" in err, "usage " + " ".join(arguments), err)
    code, out, err = run("--help")
    tap.ok(code == 0 and "policy set FILE" in out, "help", out)


def test_show():
    code, out, err = run("show", os.path.join(EXAMPLES, "spot.toml"))
    tap.ok(code == 0 and "worst day: 48000 USDT traded, 32000 lost" in out and "key binance-trade on binance:mainnet" in out,
           "the_worst_day_in_one_line", out + err)
    code, out, err = run("show", os.path.join(EXAMPLES, "spot.toml"), "--json")
    told = json.loads(out)
    tap.ok(told["worst_day"] == [{"quote": "USDT", "traded": "48000", "lost": "32000"}] and
           [k["label"] for k in told["keys"]] == ["binance-stream", "binance-trade"] and
           told["keys"][1]["instruments"][0]["max_base_per_order"] == "0.001", "as_json_and_exact", out)
    code, out, err = run("show", write("empty.toml", ""))
    tap.ok(code == 0 and out == "It allows nothing.\n", "nothing", out + err)


def test_set():
    key = (SIGNER, "key")
    code, out, err = run("init", "--store", STORE, "--kdf-memory", "8", "--kdf-passes", "1", passphrase=PHRASE, program=key)
    tap.ok(code == 0, "a_store", err)
    secret = write("secret", SECRET)
    api = write("api", "a" * 64)
    for path in (secret, api):
        os.chmod(path, 0o600)
    code, out, err = run("add", "binance-trade", "--kind", "binance-hmac", "--class", "trade", "--network",
                         "binance:mainnet", "--secret-file", secret, "--api-key-file", api, "--store", STORE,
                         passphrase=PHRASE, program=key)
    os.unlink(secret)
    tap.ok(code == 0, "a_key", err)

    code, out, err = set_policy(SPOT)
    tap.ok(code == 1 and "--yes" in err and not os.path.exists(POLICY), "it_asks_and_sets_nothing_unasked", out + err)
    code, out, err = set_policy(SPOT, "--yes", passphrase=WRONG)
    tap.ok(code == 1 and "does not open" in err and not os.path.exists(POLICY), "wrong_passphrase", out + err)
    code, out, err = set_policy(SPOT, "--yes")
    said = changes(out)
    tap.ok(code == 0 and len(said["looser"]) == 3 and not said["tighter"] and os.path.exists(POLICY), "the_first_one",
           out + err)
    tap.ok("binance-stream: the key store has no key of this name" in out, "keys_that_are_not_there_are_told", out)
    tap.ok(stat.S_IMODE(os.stat(POLICY).st_mode) == 0o600, "for_its_owner_alone")
    tap.ok(run("show", POLICY)[1] == run("show", os.path.join(EXAMPLES, "spot.toml"))[1], "what_is_set_is_what_was_written")
    first = open(POLICY, "rb").read()

    before = open(STORE, "rb").read()
    code, out, err = set_policy("# the same\n" + SPOT, "--yes")
    tap.ok(code == 0 and "has this policy already" in out and "0 looser, 0 tighter" in out and
           open(STORE, "rb").read() == before, "the_same_again_changes_nothing", out + err)

    changed = SPOT
    for a, b in (("replays = 20 ", "replays = 40 "), ('"40000"  ', '"30000"  '), ('max_validity = "3s"', 'max_validity = "2s"'),
                 ('"cancel-all", "query"]', '"query"]'), ('max_base_per_day = "0.4"', 'max_base_per_day = "0.5"')):
        assert a in changed, a
        changed = changed.replace(a, b)
    changed = changed[:changed.index("# The key that reads")]
    code, out, err = set_policy(changed, "--yes")
    said = changes(out)
    tap.ok(code == 0 and said["looser"] == ["binance-trade BTC-USDT: price_floor 40000 -> 30000: sells",
                                            "binance-trade BTC-USDT: max_base_per_day 0.4 -> 0.5"], "looser", out + err)
    tap.ok(said["tighter"] == ["binance-stream: key removed, on binance:mainnet: account, stream; orders: none",
                               "binance-trade: operations: cancel-all taken away",
                               "binance-trade: max_validity 3000 -> 2000 ms", "binance-trade: replays 20 -> 40"],
           "tighter", out)
    tap.ok("warning: binance-trade: query without cancel" in out, "warnings_are_said_when_setting", out)

    # Whatever is not the attested policy is not believed: it is compared with nothing, and said.
    good = open(POLICY, "rb").read()
    os.unlink(POLICY + ".previous")
    for name, content in (("flipped", good[:40] + bytes([good[40] ^ 1]) + good[41:]), ("cut", good[:-1]), ("older", first),
                          ("missing", None)):
        os.unlink(POLICY) if content is None else put_policy(content)
        code, out, err = set_policy(changed)
        says = "is missing" if content is None else "is not the policy that the key store attests"
        tap.ok(code == 1 and "cannot be compared with" in out and says in out and not changes(out)["tighter"],
               "refused_" + name, out + err)
        put_policy(good)
    code, out, err = set_policy(changed)
    tap.ok(code == 0 and "has this policy already" in out, "put_back_it_is_good_again", out + err)

    code, out, err = set_policy("")
    tap.ok(code == 1 and "0 looser" in out, "to_nothing_asks_as_well", out + err)
    code, out, err = set_policy("", "--yes")
    tap.ok(code == 0 and "allows nothing" in out and "0 looser, 2 tighter" in out, "to_nothing", out + err)

    code, out, err = set_policy("[[key]]\n", "--yes")
    tap.ok(code == 4 and "key.label" in err and not out, "a_bad_one_is_not_even_handed_over", out + err)
    for more in (["--passphrase", TYPED], ["--" + TYPED], [TYPED], ["--policy"], ["--compiled-fd", "3"]):
        code, out, err = set_policy(SPOT, *more, passphrase=None)
        tap.ok(code == 2 and TYPED not in out + err and err, "refused_on_the_command_line " + more[0][:10], err)
    code, out, err = set_policy(SPOT, "--policy", os.path.join(SCRATCH, "elsewhere"), "--yes")
    tap.ok(code == 0 and os.path.exists(os.path.join(SCRATCH, "elsewhere")), "kept_elsewhere", out + err)
    code, out, err = run("set", "--compiled-fd", "0", "--store", STORE, passphrase=PHRASE, program=(SIGNER, "policy"))
    tap.ok(code == 1 and "not a compiled policy" in err, "the_signer_takes_compiled_ones_only", err)


def test_at_a_terminal():
    """The passphrase and the answer are typed."""
    for answer, code_wanted in (("no", 1), ("yes", 0)):
        store = os.path.join(SCRATCH, "typed-" + answer)
        run("init", "--store", store, "--kdf-memory", "8", "--kdf-passes", "1", passphrase=PHRASE, program=(SIGNER, "key"))
        pid, fd = pty.fork()
        if pid == 0:
            os.execve(TRADEWIND, [TRADEWIND, "policy", "set", os.path.join(EXAMPLES, "spot.toml"), "--store", store], ENV)
        said, asked = b"", [(b"passphrase of the key store: ", PHRASE), (b'"yes" to set this policy: ', answer)]
        end = time.time() + 60
        while time.time() < end:
            if not select.select([fd], [], [], 0.1)[0]:
                continue
            try:
                got = os.read(fd, 4096)
            except OSError:
                break
            if not got:
                break
            said += got
            if asked and asked[0][0] in said:
                os.write(fd, asked[0][1].encode() + b"\r")
                asked.pop(0)
        WRITTEN.append(said)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        os.close(fd)
        tap.ok(code == code_wanted and os.path.exists(store + ".policy") == (answer == "yes"), "answered_" + answer,
               said.decode(errors="replace"))
        tap.ok(not asked and said.index(b"looser:") < said.index(b'"yes" to set'), "asked_after_what_changes_is_shown_" + answer)


def test_a_running_signer():
    """It takes over what is set, and the files are its own doing."""
    rig = signer_rig.Rig(os.path.join(SCRATCH, "rig"), {"bintrade": ("binance-hmac", SECRET)}, phrase=PHRASE)
    kept, numbers = rig.store + ".policy", iter(range(1, 100))
    base = SPOT.replace("binance:mainnet", signer_rig.NETWORK).replace("binance-trade", "bintrade")

    def live(text, *more, passphrase=PHRASE, sockets=rig.sockets):
        return run("set", write("live.toml", text), "--sockets", sockets, "--store", rig.store, *more, passphrase=passphrase)

    def attested():
        with wire.Client(rig.socket("admin.sock")) as c:
            return c.ask(wire.STATUS)["policy_hash"]

    def on_disk():
        return hashlib.blake2b(open(kept, "rb").read(), digest_size=32).digest()

    def order(price):
        with wire.Client(rig.socket("trade.sock")) as c:
            n = next(numbers)
            return c.ask(wire.SIGN_ORDER,
                         signing={"key": "bintrade", "transport": wire.REST, "timestamp": int(time.time() * 1000),
                                  "validity": 3000},
                         order={"instance": 1, "number": n, "symbol": "BTC-USDT", "coid": "c%d" % n, "side": wire.BUY,
                                "kind": wire.LIMIT, "tif": wire.GTC, "base": wire.units("0.001"),
                                "price": wire.units(price)})["name"]

    code, out, err = live(base, "--yes")
    tap.ok(code == 3 and "no signer serves there" in err and not os.path.exists(kept), "no_signer_there", out + err)
    try:
        rig.start()
        code, out, err = live(base)
        tap.ok(code == 1 and "is sealed" in out and "--yes" in err, "a_sealed_one_is_told", out + err)
        code, out, err = live("", "--yes")
        tap.ok(code == 0 and "when it is unlocked" in out, "and_what_is_set_is_for_its_next_unlock", out + err)
        rig.unlock()
        tap.ok(attested() == on_disk() and order("100000") == "policy-key", "which_takes_it")
        code, out, err = live(base)
        tap.ok(code == 1 and "--yes" in err and attested() == on_disk(), "it_asks", out + err)
        code, out, err = live(base, "--yes")
        tap.ok(code == 0 and "the signer has the policy" in out and len(changes(out)["looser"]) == 3 and
               "binance-stream: the key store has no key" in out, "set_while_it_runs", out + err)
        got = order("100000")
        tap.ok(attested() == on_disk() and got == "allowed", "and_in_force_at_once", got)
        code, out, err = live(base, "--yes")
        tap.ok(code == 0 and "has this policy already" in out, "the_same_again", out + err)
        code, out, err = live(base.replace('"120000" ', '"90000" '), "--yes")
        tap.ok(code == 0 and changes(out) == {
            "looser": ["bintrade BTC-USDT: price_ceiling 120000 -> 90000: the values of all orders count lower"],
            "tighter": ["bintrade BTC-USDT: price_ceiling 120000 -> 90000: buys"]}, "both_ways", out + err)
        got = order("100000"), order("90000")
        tap.ok(got == ("policy-ceiling", "allowed"), "a_tighter_one_too", got)
        put = open(kept, "rb").read()
        with open(kept, "r+b") as f:
            f.write(b"x")
        code, out, err = live(base)
        tap.ok(code == 1 and "cannot be compared with" in out, "a_changed_file_is_noticed", out + err)
        with open(kept, "wb") as f:
            f.write(put)
        code, out, err = live(base, "--yes", passphrase=WRONG)
        tap.ok(code == 1 and "policy-secret" in err and order("100000") == "policy-ceiling" and attested() == on_disk(),
               "a_wrong_passphrase_changes_nothing", out + err)
    finally:
        rig.stop()
    WRITTEN.append(rig.said().encode())


def test_canaries():
    for where, _, names in os.walk(SCRATCH):
        for name in names:
            if not stat.S_ISREG(os.stat(os.path.join(where, name)).st_mode):
                continue
            with open(os.path.join(where, name), "rb") as f:
                WRITTEN.append(f.read())
    found = [c for c in CANARIES for w in WRITTEN if c in w]
    tap.ok(len(WRITTEN) > 40 and not found, "no_secret_in_all_that_was_written", found)


try:
    test_check()
    test_show()
    test_set()
    test_at_a_terminal()
    test_a_running_signer()
    test_canaries()
finally:
    shutil.rmtree(SCRATCH, ignore_errors=True)
tap.done()
