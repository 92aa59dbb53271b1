#!/usr/bin/env python3
"""tradewind backtest from outside: what it reports, writes and refuses."""
import csv, gzip, json, os, signal, subprocess, sys, tempfile, time
from decimal import Decimal

sys.path[:0] = ["tests/tools", "tests/lib"]
import tap
import backtest_case as case

KEYS = ["schema", "events", "orders", "fills", "volume_quote", "fees_quote", "balances", "positions", "equity_start",
        "equity_end", "pnl", "pnl_realized", "max_drawdown", "sharpe", "per_strategy", "stops", "locks"]


def main():
    with tempfile.TemporaryDirectory() as scratch:
        def path(name):
            return os.path.join(scratch, name)

        btc_trades = case.walk(1, 40000, 6175000, 400)
        eth_trades = case.walk(2, 30000, 330000, 60)
        config = case.write_config(path("case.toml"))
        btc = case.write(path("BTCUSDT-aggTrades-2024-01.csv"), case.agg_trades(btc_trades))
        eth = case.write(path("ETHUSDT-aggTrades-2024-01.csv"), case.agg_trades(eth_trades))

        # ---- the report ----
        fills, equity = path("fills.csv"), path("equity.csv")
        code, out, err = case.run("--json", "--fills", fills, "--equity", equity, config, "--data", btc, eth)
        tap.ok(code == 0, "runs", err)
        r = json.loads(out, object_pairs_hook=list)
        tap.ok([k for k, _ in r] == KEYS, "keys_in_their_order", [k for k, _ in r])
        r = json.loads(out)
        tap.ok(r["schema"] == 1 and r["events"] == 70000, "counts_the_market_events", r["events"])
        tap.ok(all(s["fills"] > 0 for s in r["per_strategy"]), "every_strategy_trades", out)
        tap.ok(all(isinstance(r[k], str) for k in ("volume_quote", "pnl", "equity_end", "max_drawdown")) and
               r["sharpe"] is None, "money_is_text")

        with open(fills) as f:
            rows = list(csv.DictReader(f))
        tap.ok(list(rows[0]) == "time venue symbol strategy order side liquidity price qty fee fee_asset realized".split()
               and len(rows) == r["fills"], "fills_csv", rows[:2])
        volume = sum(Decimal(x["price"]) * Decimal(x["qty"]) for x in rows)
        tap.ok(volume == Decimal(r["volume_quote"]), "volume_is_that_of_the_fills", volume)
        # The account, recomputed from the fills alone: a fee is taken from what was received.
        account = {"USDT": Decimal(20000), "BTC": Decimal("0.1"), "ETH": Decimal(1)}
        for x in rows:
            base, quote = x["symbol"].split("-")
            cost, qty = Decimal(x["price"]) * Decimal(x["qty"]), Decimal(x["qty"])
            account[base] += qty if x["side"] == "buy" else -qty
            account[quote] += -cost if x["side"] == "buy" else cost
            account[x["fee_asset"]] -= Decimal(x["fee"])
        told = {b["asset"]: Decimal(b["amount"]) for b in r["balances"]}
        tap.ok(told == account, "balances_are_those_of_the_fills", "%s\n%s" % (told, account))
        tap.ok(sum(Decimal(x["realized"]) for x in rows) == Decimal(r["pnl_realized"]), "realized_adds_up")

        with open(equity) as f:
            rows = list(csv.DictReader(f))
        tap.ok(list(rows[0]) == ["time", "equity"] and rows[0]["equity"] == r["equity_start"] and
               rows[-1]["equity"] == r["equity_end"], "equity_csv_begins_and_ends_as_the_report", rows[:1] + rows[-1:])
        tap.ok([x["time"] for x in rows] == sorted(x["time"] for x in rows), "equity_csv_is_in_order")
        peak, fall = Decimal(0), Decimal(0)
        for x in rows:
            peak = max(peak, Decimal(x["equity"]))
            fall = max(fall, (peak - Decimal(x["equity"])) / peak)
        tap.ok(Decimal(r["max_drawdown"]) == fall.quantize(Decimal("1e-8"), rounding="ROUND_UP"), "drawdown", fall)
        last = {"BTC": Decimal(btc_trades[-1][1]) / 100, "ETH": Decimal(eth_trades[-1][1]) / 100, "USDT": Decimal(1)}
        value = sum(account[a] * last[a] for a in account)
        tap.ok(value == Decimal(r["equity_end"]), "equity_is_the_account_at_the_last_prices", value)
        tap.ok(Decimal(r["pnl"]) == Decimal(r["equity_end"]) - Decimal(r["equity_start"]), "pnl")

        code, out, err = case.run(config, "--data", btc, "--data", eth)
        tap.ok(code == 0 and "books balance: yes" in out and "grid-btc" in out and "rows loaded in" in err, "table", out)
        tap.ok("\r" not in err, "no_progress_bar_without_a_terminal", err)
        _, again, _ = case.run(config, "--quiet", "--data", btc, eth)
        tap.ok(out == again, "table_is_the_same_each_time")

        # ---- the data ----
        with open(btc, "rb") as f:
            packed = path("packed-BTCUSDT.csv.gz")
            with gzip.open(packed, "wb") as g:
                g.write(f.read())
        tap.ok(case.report(config, "--data", packed, "ETH-USDT=" + eth) == r, "gzip_and_prefix_give_the_same")
        lines = open(btc).read().splitlines(True)
        half = len(lines) // 2
        parts = [case.write(path("BTCUSDT-%d.csv" % i), "".join(x)) for i, x in
                 enumerate((lines[:half], lines[half:]))]
        tap.ok(case.report(config, "--data", *parts, eth) == r, "a_file_in_two_parts_gives_the_same")
        micro = case.write(path("BTCUSDT-us.csv"), "".join(
            ",".join(v + "000" if i == 5 else v for i, v in enumerate(x.split(","))) for x in lines))
        tap.ok(case.report(config, "--data", micro, eth) == r, "microseconds_give_the_same")

        middle = "2024-01-01T00:30:00Z"
        n = sum(x[3] < 1704067200000 + 1800000 for x in btc_trades + eth_trades)
        early = case.report(config, "--data", btc, eth, "--to", middle)["events"]
        late = case.report(config, "--data", btc, eth, "--from", middle)["events"]
        tap.ok(early == n and early + late == 70000, "from_and_to_part_the_data", (n, early, late))

        # What lies before --from warms up; a minute after it nothing is missing, or all but that minute.
        def missing(c, *more):
            report = case.report(c, "--data", btc, *more, "--from", middle, "--to", "2024-01-01T00:31:01Z")
            figures = {s["name"]: s["figures"] for s in report["per_strategy"]}["momentum-btc"]
            return int(figures["candles_missing"]["value"])
        cold = case.write_config(path("cold.toml"), text=case.CONFIG.replace(
            'name = "momentum-btc"\n', 'name = "momentum-btc"\nwarmup = "none"\n'))
        tap.ok(missing(config) == 0 and missing(cold) >= 6, "data_before_from_warms_up", (missing(config), missing(cold)))
        late_only = case.write(path("BTCUSDT-late.csv"), "".join(
            x for x in lines if int(x.split(",")[5]) >= 1704067200000 + 1800000))
        tap.ok(case.report(cold, "--data", btc, eth, "--from", middle) ==
               case.report(config, "--data", late_only, eth, "--from", middle), "without_such_data_it_is_cold")

        bars = case.write(path("BTCUSDT-1m.csv"), case.candles(btc_trades))
        slow = case.write_config(path("slow.toml"), age="10m", model="queue")
        code, out, err = case.run(slow, "--json", "--data", bars, eth)
        tap.ok(code == 0 and "fill model touch" in err, "candles_force_touch", err)
        tap.ok(json.loads(out)["events"] == 30000 + 4 * (open(bars).read().count("\n") - 1), "candles_are_four_prints")
        code, out, err = case.run(config, "--json", "--data", bars)
        tap.ok(code == 0 and "max_reference_age does not apply" in err and "no data for ETH-USDT@binance" in err and
               "the ETH on binance cannot be valued" in err, "notes", err)

        strict = case.CONFIG.replace("[venue.paper]", "[venue.risk]\nmax_reference_age = \"1s\"\n[venue.paper]").replace(
            "symbol = \"BTC-USDT\"\n", "symbol = \"BTC-USDT\"\nrisk = { max_reference_age = \"1s\" }\n", 1)
        r = case.report(case.write_config(path("strict.toml"), text=strict), "--data", bars, eth)
        tap.ok("STALE_REFERENCE" not in json.dumps(r) and r["fills"] > 50, "no_scope_s_reference_ages_on_bars", r)

        names = ["tests/data/binance-spot-btcusdt-2024080%d.gz" % d for d in (8, 9)]
        live = case.write_config(path("live.toml"), model="queue", text=case.CONFIG.replace(", ETH = \"1\"", ""))
        r = case.report(live, "--data", *names)
        tap.ok(r["events"] == 19904 + 73174 + 6493 + 1 and r["per_strategy"][0]["fills"] > 0, "a_recording", r)
        code, out, err = case.run(live, "--json", "--data", names[1])
        tap.ok(code == 0 and "no feed went live" in err and json.loads(out)["orders"] == 0, "without_its_snapshot", err)

        # ---- refusals ----
        def refuses(name, status, words, *arguments, **more):
            code, out, err = case.run(*arguments, **more)
            tap.ok(code == status and all(w in err for w in words) and not out, name, (code, out, err))

        bad = case.write(path("BTCUSDT-bad.csv"), "".join(lines[:100]) + "7,1x,2,3,4,1704067200000,True,True\n")
        refuses("corrupt_row", 1, ["BTCUSDT-bad.csv: row 101: column 2 (price): '1x' is not a number"], config, "--data",
                bad, "--fills", path("none.csv"))
        tap.ok(not any(n.startswith("none.csv") for n in os.listdir(scratch)), "nothing_is_written_on_failure",
               os.listdir(scratch))
        swapped = case.write(path("BTCUSDT-swap.csv"), lines[500] + lines[0])
        refuses("time_going_back", 1, ["BTCUSDT-swap.csv: row 2: the time goes back"], config, "--data", swapped)
        refuses("no_such_file", 1, ["/nowhere.csv: cannot be opened"], config, "--data", "BTC-USDT=/nowhere.csv")
        refuses("symbol_unknown", 1, ["no instrument DOGE-USDT"], config, "--data", "DOGE-USDT=" + btc)
        refuses("no_config", 2, ["which configuration?"], "--data", btc)
        refuses("no_data", 2, ["which data?"], config)
        refuses("unknown_option", 2, ["--frobnicate"], config, "--frobnicate")
        refuses("value_missing", 2, ["a value is missing after --fills"], config, "--data", btc, "--fills")
        refuses("option_for_a_value", 2, ["a value is missing after --data"], config, "--data", "--json")
        refuses("one_file_for_two", 2, ["are the same file"], config, "--data", btc, "--fills", "x", "--equity", "x")
        refuses("bad_time", 2, ["'yesterday' is no time"], config, "--data", btc, "--from", "yesterday")
        refuses("from_after_to", 2, ["--from is not before --to"], config, "--data", btc, "--from", "2024-01-02", "--to",
                "2024-01-02")
        refuses("nothing_left", 1, ["no event to run on"], config, "--data", btc, "--from", "2025-01-01")
        refuses("bad_config", 4, ["bad.toml:"], case.write(path("bad.toml"), "[agent]\nname = 7\n"), "--data", btc)
        rules = case.write_config(path("rules.toml"), text=case.CONFIG.replace('tick_size = "0.01"\nlot_size = "0.0001"',
                                                                               "").replace('min_qty = "0.0001"\n', ""))
        refuses("rules_missing", 4, ["ETH-USDT@binance", "tick_size"], rules, "--data", btc, eth)
        refuses("output_directory_missing", 1, ["/no/dir/x.csv: cannot be written"], config, "--data", btc, "--fills",
                "/no/dir/x.csv")
        with open("/dev/full", "w") as full:
            p = subprocess.run([os.path.join(case.BUILD, "tradewind"), "backtest", config, "--quiet", "--json", "--data",
                                btc], stdout=full, stderr=subprocess.PIPE)
        tap.ok(p.returncode == 1 and b"standard output" in p.stderr, "full_standard_output", p.stderr)

        # ---- Ctrl-C: a pipe that never ends is being loaded ----
        fifo = path("BTCUSDT-fifo.csv")
        os.mkfifo(fifo)
        p = subprocess.Popen([os.path.join(case.BUILD, "tradewind"), "backtest", config, "--data", fifo, "--equity",
                              path("cut.csv")], stderr=subprocess.PIPE)
        try:
            with open(fifo, "w") as f:
                f.write("".join(lines))
                f.flush()
                time.sleep(0.2)
                p.send_signal(signal.SIGINT)
                f.write("".join(lines[-1:]) * 100000)
        except BrokenPipeError:
            pass  # as it should be: the reader is gone
        err = p.communicate(timeout=20)[1].decode()
        tap.ok(p.returncode == 1 and "interrupted" in err and not os.path.exists(path("cut.csv")), "ctrl_c",
               (p.returncode, err))
    tap.done()


main()
