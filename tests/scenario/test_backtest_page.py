#!/usr/bin/env python3
"""The pictures of a backtest: --plot and --report say what the report says, load nothing from anywhere, and nothing in a
configuration can break out of them."""
import csv, decimal, json, os, re, sys, tempfile, xml.dom.minidom

sys.path[:0] = ["tests/tools", "tests/lib"]
import tap
import backtest_case as case

HOSTILE = "# </pre><script>alert(1)</script> & \"quoted\" <img src=x>\n"


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def main():
    with tempfile.TemporaryDirectory() as scratch:
        def path(name):
            return os.path.join(scratch, name)

        config = case.write_config(path("case.toml"), text=HOSTILE + case.CONFIG)
        data = [case.write(path("BTCUSDT-aggTrades-2024-01.csv"), case.agg_trades(case.walk(1, 20000, 6175000, 400))),
                case.write(path("ETHUSDT-aggTrades-2024-01.csv"), case.agg_trades(case.walk(2, 15000, 330000, 60)))]
        arguments = [config, "--data", *data, "--plot", path("p.svg"), "--report", path("r.html")]
        r = case.report(*arguments)
        svg, page = read(path("p.svg")), read(path("r.html"))
        tap.ok(r == case.report(config, "--data", *data), "pictures_change_nothing")

        numbers = json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S).group(1))
        fills = [f for i in numbers["instruments"] for f in i["fills"]]
        tap.ok(r["fills"] > 0 and len(fills) == r["fills"], "page_has_every_fill", len(fills))
        tap.ok(abs(numbers["equity"][-1][1] - float(r["equity_end"])) < 1e-6, "page_ends_with_the_report's_equity",
               numbers["equity"][-1])
        worst = max(e[2] for e in numbers["equity"])
        tap.ok(worst > 0 and abs(worst - float(r["max_drawdown"])) < 1e-5, "page_has_the_report's_drawdown", worst)
        tap.ok(len(numbers["instruments"]) == 2 and all(i["price"] for i in numbers["instruments"]),
               "page_has_prices_of_all_that_is_traded")
        tap.ok(all(i["orders"] for i in numbers["instruments"][:1]), "page_has_the_orders_of_the_grid")
        tap.ok(not re.search(r'<(script|link|img|iframe)[^>]*(src|href)\s*=', page) and
               not re.search(r'@import|url\(', page), "page_loads_nothing")
        tap.ok("default-src 'none'" in page, "page_forbids_loading")
        tap.ok("<script>alert" not in page and "&lt;script&gt;alert(1)" in page, "configuration_is_shown_as_text")
        for s in r["per_strategy"]:
            tap.ok("<tr><td>%s</td>" % s["name"] in page, "page_tells_of_%s" % s["name"])
        tap.ok("<td>2024</td>" in page, "page_has_the_months")

        fills = path("f.csv")
        case.report(*arguments, "--fills", fills)
        closes = {}
        with open(fills) as f:
            for row in csv.DictReader(f):
                if row["side"] == "sell":
                    key = row["strategy"], row["order"]
                    closes[key] = closes.get(key, 0) + decimal.Decimal(row["realized"])
        for s in r["per_strategy"]:
            mine = [v for (who, _), v in closes.items() if who == s["name"]]
            cells = re.search(r"<tr><td>%s</td>(.*?)</tr>" % s["name"], page[page.index("<h2>Strategies"):], re.S).group(1)
            won, lost = re.findall(r"<td[^>]*>([^<]*)</td>", cells)[10:12]
            tap.ok((int(won), int(lost)) == (sum(v > 0 for v in mine), sum(v < 0 for v in mine)),
                   "closes_of_%s_are_sells_not_fills" % s["name"], (won, lost, mine))
        tap.ok(any(len([1 for k in closes if k[0] == s["name"]]) for s in r["per_strategy"]), "something_was_closed")

        stopped = case.write_config(path("stopped.toml"), text=case.CONFIG.replace("[risk]", '[risk]\nmax_drawdown = "0.000001"', 1)
                                    if "max_drawdown" not in case.CONFIG else
                                    re.sub(r'max_drawdown = "[^"]*"', 'max_drawdown = "0.000001"', case.CONFIG, count=1))
        case.report(stopped, "--data", *data, "--report", path("s.html"))
        early = read(path("s.html"))
        tap.ok(0 < early.find("<h2>Stops and locks") < early.find('<h2>Strategies') and
               early.find("<h2>Stops and locks") < early.find('class="chart"', early.find("<body>")),
               "what_was_stopped_is_told_before_the_charts", early.find("<h2>Stops and locks"))

        doc = xml.dom.minidom.parseString(svg)
        marks = [p for p in doc.getElementsByTagName("path") if p.getAttribute("class") in ("b", "s")]
        tap.ok(len(marks) == r["fills"], "picture_has_every_fill", len(marks))
        case.report(*arguments)
        tap.ok((svg, page) == (read(path("p.svg")), read(path("r.html"))), "equal_runs_give_equal_bytes")

        code, _, err = case.run(config, "--data", *data, "--plot", path("no/such/dir.svg"))
        tap.ok(code == 1 and "no/such/dir.svg" in err, "a_place_that_cannot_be_written_is_named", err)
        code, _, err = case.run(config, "--data", *data, "--plot", path("x"), "--report", path("x"))
        tap.ok(code == 2 and "--plot and --report are the same file" in err, "the_same_file_twice_is_refused", err)
    tap.done()


main()
