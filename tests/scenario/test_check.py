#!/usr/bin/env python3
"""`tradewind check` and `tradewind init` as a person uses them."""
import json, os, re, subprocess, sys, tempfile

sys.path.insert(0, "tests/tools")
import tap

TRADEWIND = os.path.abspath(os.path.join(tap.BUILD, "tradewind"))


def run(*arguments, **more):
    p = subprocess.run([TRADEWIND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                       timeout=30, **more)
    return p.returncode, p.stdout.decode(), p.stderr.decode()


def main():
    code, out, err = run("check", "config/examples/demo.toml")
    tap.ok(code == 0 and not err, "check_accepts_the_demo", err)
    tap.ok(all(word in out for word in ("venue binance (binance-spot)", "BTC-USDT@binance", "grid-btc (grid)",
                                        "budget 4000 USDT", "max_order_value 500 USDT")),
           "check_says_what_would_run", out)
    code, out, err = run("check", "config/examples/momentum.toml")
    tap.ok(code == 0 and "its own limits:\n    max_position_value 1500 USDT\n    max_messages 40 per 10s" in out,
           "check_says_a_strategys_own_limits", out + err)
    code, out, err = run("check", "config/examples/risk.toml")
    tap.ok(code == 0 and "max_asset_exposure 4000 USDT\n" in out and "max_executions 30 per 10m" in out and
           "duplicate_window 2s, self_trade cancel_resting\n    group majors: BTC ETH, max_exposure 6000 USDT\n"
           "limits of venue binance:\n    max_open_orders 100\n" in out and
           "limits of ETH-USDT@binance:\n    max_order_value 250 USDT\n" in out,
           "check_says_the_limits_of_every_scope", out + err)
    code, out, err = run("check", "config/examples/alerts.toml")
    tap.ok(code == 0 and "  guards:\n    2 losing closes within 6h: entries locked for 12h\n    a losing close: " in out and
           "    20 closes within 1d with less than 0 USDT: entries locked for 6h\n    a lock cancels the open buys\n"
           "  may enter (UTC):\n    mon 06:00 to mon 22:00\n" in out and
           "    BTC-USDT@binance: no entries at a price that jumped by more than 0.03 within 10s, for 5s\n" in out and
           "    falls-fast: change below -0.03, each time\n" in out and "    money-runs-out: balance below 300, once\n" in out,
           "check_says_guards_schedules_and_alerts", out + err)

    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "signer.toml")
        with open("config/examples/demo.toml") as f:
            text = f.read()
        for extra, line in (("", "signer: sockets in /run/user/7/tradewind, key store /data/tradewind/keys\n"),
                            ('sockets = "/s"\nstore = "k"\nrequired = true\n',
                             "signer: sockets in /s, key store %s/k; required\n" % directory)):
            with open(path, "w") as f:
                f.write(text + "\n[signer]\n" + extra)
            code, out, err = run("check", path, env=dict(os.environ, XDG_RUNTIME_DIR="/run/user/7", XDG_DATA_HOME="/data"))
            tap.ok(code == 0 and line in out, "check_says_where_the_signer_is", out + err)

    code, out, err = run("check", "--explain")
    tap.ok(code == 0 and not err and "[[venue]]" in out and 'kind = "grid"' in out and "price_ceiling" in out,
           "explain_lists_keys_and_strategies", out + err)

    for name, arguments, word in (("none", [], "an argument is missing"), ("two", ["a", "b"], "'b' is one argument too"),
                                  ("an_option", ["--nonsense"], "option '--nonsense' is unknown")):
        code, out, err = run("check", *arguments)
        tap.ok(code == 2 and not out and err.startswith("tradewind check: " + word) and "\nusage:" in err,
               "check_with_%s_is_usage" % name, out + err)
    code, out, err = run("check", "--help")
    tap.ok(code == 0 and out.startswith("usage:") and not err, "check_helps", out + err)

    code, out, err = run("check", "config/examples/dca.toml", "--json")
    told = json.loads(out)
    tap.ok(code == 0 and not err and told["schema"] == 1 and told["good"] is True and
           [s["name"] for s in told["strategies"]][:2] == ["dca-btc", "dca-eth"] and
           told["strategies"][0]["budget"] == "2600", "check_json_lists_the_strategies", out + err)
    code, out, err = run("check", "config/examples/dca-safety.toml", "--price", "BTC-USDT=61000")
    tap.ok(code == 0 and not err and "plan at a price of 61000 USDT:" in out and
           re.search(r"safety order 6 +buy +-9.93 % +54942.74 +0.00675 .* 57496.86\n", out) and
           "needs at most 1375.603 USDT at a time, of a budget of 2500 USDT\n" in out and
           "stop at 53939.00 with all orders filled: loses 84.93, fees included" in out,
           "check_prints_the_plan", out + err)
    code, out, err = run("check", "config/examples/dca-safety.toml", "--price", "BTC-USDT@binance=61000", "--json")
    plan = json.loads(out)["strategies"][0]["plan"]
    tap.ok(code == 0 and plan["price"] == "61000" and plan["capital_quote"] == "1375.603" and plan["allowed"] is True and
           len(plan["orders"]) == 11 and plan["orders"][3]["break_even"] == "60814.71" and
           plan["orders"][1]["side"] == "sell", "check_json_has_the_plan", out + err)
    with open("config/examples/dca-safety.toml") as f:
        text = f.read()
    with tempfile.TemporaryDirectory() as scratch:
        poor = os.path.join(scratch, "poor.toml")
        with open(poor, "w") as f:
            f.write(text.replace('budget = "2500"', 'budget = "1375.602"'))
        code, out, err = run("check", poor)
        tap.ok(code == 4 and not out and ":41:10: strategy.budget: 1375.602 cannot pay all orders" in err,
               "check_refuses_a_ladder_beyond_the_budget", out + err)
        with open(poor, "a") as f:
            f.write("allow_underfunded = true\n")
        code, out, err = run("check", poor)
        tap.ok(code == 0 and "note: 0.001 USDT too little" in out, "check_notes_a_ladder_that_may_lack", out + err)

    code, out, err = run("check", "/nowhere/at/all.toml", "--json")
    tap.ok(code == 4 and json.loads(out)["good"] is False and json.loads(out)["errors"] == err.splitlines(),
           "check_json_lists_the_errors", out + err)
    for price in ("BTC-USDT", "BTC-USDT=0", "XYZ-USDT=1"):
        code, out, err = run("check", "config/examples/dca.toml", "--price", price)
        tap.ok(code == 2 and not out and err.startswith("tradewind check: --price: '" + price.split("=")[0]),
               "check_refuses_the_price_" + price.replace("=", "_is_"), out + err)
    code, out, err = run("check", "config/examples/dca.toml", "--price")
    tap.ok(code == 2 and not out and "'--price'" in err, "check_with_a_price_missing_is_usage", out + err)

    with tempfile.TemporaryDirectory() as scratch:
        def path(name, text=None):
            p = os.path.join(scratch, name)
            if text is not None:
                with open(p, "w") as f:
                    f.write(text)
            return p

        bad = path("bad.toml", "[agent]\nname = \"x\"\nquote = \"USDT\"\nsed = 1\n")
        code, out, err = run("check", bad)
        lines = err.splitlines()
        tap.ok(code == 4 and not out and len(lines) == 3 and
               bad + ':4:1: agent.sed: unknown key; did you mean "seed"?' in lines, "check_names_every_error", err)
        code, out, err = run("check", path("syntax.toml", "[agent\n"))
        tap.ok(code == 4 and not out and ":1:" in err, "check_names_the_syntax_error", err)
        code, out, err = run("check", path("missing.toml"))
        tap.ok(code == 4 and not out and "No such file" in err, "check_names_a_missing_file", err)

        # Nothing outside the file has a say.
        outside = dict(os.environ, TRADEWIND_MODE="live", TRADEWIND_API_KEY="k", AGENT_NAME="other", HOME="/nowhere")
        tap.ok(run("check", "config/examples/demo.toml", env=outside) == run("check", "config/examples/demo.toml", env={}),
               "check_ignores_the_environment")

        starter = path("starter.toml")
        code, out, err = run("init", starter)
        tap.ok(code == 0 and starter in out and not err, "init_writes", out + err)
        code, out, err = run("check", starter)
        tap.ok(code == 0, "init_writes_what_check_accepts", err)
        with open(starter, "a") as f:
            f.write("# mine\n")
        with open(starter) as f:
            mine = f.read()
        code, out, err = run("init", starter)
        with open(starter) as f:
            tap.ok(code == 1 and "File exists" in err and f.read() == mine, "init_overwrites_nothing", out + err)
        with open("config/examples/demo.toml") as f:
            demo = f.read()
        for name, change, word in (
                ("can_be_had", lambda t: t, "warms up with 8 candles of 10s from binance\n"),
                ("is_longer_than_the_venue_gives", lambda t: t.replace('timeframe = "10s"', 'timeframe = "61s"')
                 .replace("slow = 8", "slow = 1000"), "warning: binance gives at most 326 of them"),
                ("is_its_own", lambda t: t.replace('timeframe = "10s"', 'timeframe = "10s"\nwarmup = "none"'),
                 ", its own: it waits 80s or longer")):
            with open(path("warm.toml"), "w") as f:
                f.write(change(demo))
            code, out, err = run("check", path("warm.toml"))
            tap.ok(code == 0 and word in out, "check_says_when_a_warm_up_" + name, out + err)
        code, out, err = run("init", path("no/such/directory.toml"))
        tap.ok(code == 1 and "No such file" in err, "init_names_its_failure", err)
        code, out, err = run("init", cwd=scratch)
        tap.ok(code == 0 and os.path.exists(path("tradewind.toml")), "init_has_a_default_name", err)
        code, out, err = run("init", "a", "b")
        tap.ok(code == 2 and err.startswith("tradewind init: 'b' is") and "\nusage:" in err, "init_with_two_is_usage", err)
        code, out, err = run("init", "--help")
        tap.ok(code == 0 and out.startswith("usage:"), "init_helps", err)
    tap.done()


main()
