#!/usr/bin/env python3
"""The daemon when things go wrong: killed, disk full, configuration changed, journal damaged. It never loses or
invents money, and what halted it halts it until a person looked at it."""
import json, os, random, re, resource, shutil, signal, subprocess, sys, tempfile, time
from decimal import Decimal

sys.path[:0] = ["tests/tools", "tests/lib"]
import agent, tap
from agent import ask, tell, wait_for

SCRATCH = tempfile.mkdtemp(prefix="tw-crash-")
SEED = int(os.environ.get("TRADEWIND_SEED", time.time_ns() % 1000000))
print("# TRADEWIND_SEED=%d" % SEED)
RANDOM = random.Random(SEED)


def directory(name):
    path = os.path.join(SCRATCH, name)
    os.mkdir(path)
    return path


def replays(d, name, journal=None):
    code, out = tell("replay", journal or os.path.join(d, "state"))
    return tap.ok(code == 0 and "byte for byte" in out, name, out)


def accounts(config):
    b = ask(config, "balances")
    return {a["asset"]: Decimal(a["total"]) for a in b["accounts"]} if b else {}


def test_killed_at_random_points():
    d = directory("killed")
    exchange = agent.Exchange(d, 10)
    config = agent.write_config(d, exchange.port)
    journal = os.path.join(d, "state/journal-0001.twj")
    fills = 0
    for n in range(6):
        daemon = agent.Program([agent.DAEMON, config], d)
        tap.ok(daemon.wait_log("agent demo runs"), "start_%d_after_a_kill" % n, daemon.log())
        if n:
            m = re.search(r"recovered journal-0001.twj: (\d+) events from outside, (\d+) fills", daemon.log())
            tap.ok(m and int(m.group(2)) >= fills, "recovery_%d_forgets_no_fill" % n, daemon.log())
        if n == 5:  # the shorter lives may have traded nothing on a slow machine
            wait_for(lambda: (ask(config, "status") or {"fills": 0})["fills"] > 0)
        time.sleep(RANDOM.uniform(0.0, 1.2))
        status = ask(config, "status")
        fills = status["fills"] if status else fills
        daemon.kill()
    tap.ok(fills > 0, "it_traded_between_the_kills", fills)  # how often is up to the machine
    daemon = agent.Program([agent.DAEMON, config], d)
    tap.ok(daemon.wait_log("agent demo runs"), "it_starts_once_more", daemon.log())
    status = ask(config, "status")
    tap.ok(status and status["books_balance"] and status["fills"] >= fills, "books_balance_after_the_kills", status)
    tap.ok(daemon.stop() == 0, "and_stops", daemon.log())
    replays(d, "a_journal_of_seven_runs_replays")
    tap.ok(os.listdir(os.path.join(d, "state")).count("journal-0002.twj") == 0, "it_is_one_journal")

    # Cut at random bytes: the whole records before are recovered, and the run goes on.
    with open(journal, "rb") as f:
        whole = f.read()
    for n in range(3):
        with open(journal, "wb") as f:
            f.write(whole[:RANDOM.randrange(len(whole) // 2, len(whole))])
        daemon = agent.Program([agent.DAEMON, config], d)
        tap.ok(daemon.wait_log("agent demo runs"), "start_%d_after_a_torn_write" % n, daemon.log())
        tap.ok("an interrupted write" in daemon.log(), "the_torn_write_%d_is_told" % n, daemon.log())
        tap.ok(daemon.stop() == 0, "stop_%d_after_a_torn_write" % n, daemon.log())
        replays(d, "journal_%d_after_a_torn_write_replays" % n)

    # A byte changed in the middle is no interrupted write.
    with open(journal, "wb") as f:
        at = len(whole) // 3
        f.write(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:])
    daemon = agent.Program([agent.DAEMON, config], d)
    tap.ok(daemon.wait() == 1, "a_damaged_journal_is_refused", daemon.log())
    tap.ok(re.search(r"journal-0001.twj: record \d+ at byte \d+: ", daemon.log()) and "--fresh" in daemon.log(),
           "the_damage_is_named_and_the_way_out", daemon.log())
    code, out = tell("replay", journal)
    tap.ok(code == 1 and re.search(r"record \d+ at byte \d+", out), "replay_names_the_damage", out)
    daemon = agent.Program([agent.DAEMON, config, "--fresh"], d)
    tap.ok(daemon.wait_log("begins journal-0002.twj with the balances of the configuration"), "the_way_out_works",
           daemon.log())
    daemon.wait_log("agent demo runs")
    tap.ok("recovered" not in daemon.log() and "carried over" not in daemon.log() and os.path.exists(journal), "nothing_of_the_old_run_but_its_file",
           daemon.log())
    daemon.stop()
    exchange.stop()


def test_supervisor_restarts():
    d = directory("supervised")
    exchange = agent.Exchange(d, 5)
    config = agent.write_config(d, exchange.port)
    run = agent.Program([agent.TRADEWIND, "run", config], d)
    tap.ok(run.wait_log("is live"), "supervised_start", run.log())
    first = ask(config, "status")["pid"]
    os.kill(first, signal.SIGKILL)
    status = wait_for(lambda: (lambda s: s and s["pid"] != first and s)(
        ask(config, "status") if os.path.exists(os.path.join(d, "state/control.sock")) else None))
    tap.ok(bool(status), "a_killed_daemon_is_started_again", run.log())
    tap.ok("the daemon crashed: Killed" in run.log() and "recovered journal-0001.twj" in run.log(), "and_recovers",
           run.log())
    run.kill()  # the supervisor itself: its daemon must not live on unseen
    tap.ok(wait_for(lambda: tell("status", config)[0] == 3), "the_daemon_does_not_outlive_the_supervisor", run.log())
    replays(d, "supervised_journal_replays")
    exchange.stop()


def test_changed_configuration():
    d = directory("changed")
    exchange = agent.Exchange(d, 10)
    config = agent.write_config(d, exchange.port)
    daemon = agent.Program([agent.DAEMON, config], d)
    daemon.wait_log("is live")
    wait_for(lambda: (ask(config, "status") or {"fills": 0})["fills"] >= 4)
    tell("halt", config, "--reason", "before the change")
    before = accounts(config)
    daemon.stop()

    agent.write_config(d, exchange.port, change=lambda t: t.replace("levels = 15", "levels = 9"))
    daemon = agent.Program([agent.DAEMON, config], d)
    tap.ok(daemon.wait_log("agent demo runs"), "start_with_another_configuration", daemon.log())
    log = daemon.log()
    tap.ok("the configuration has changed since; its balances are carried over" in log and
           "strategy grid-btc goes on with" in log and "open paper orders are gone" in log, "what_is_carried_is_told",
           log)
    tap.ok(accounts(config) == before, "no_coin_is_lost_or_made", "%s %s" % (before, accounts(config)))
    status = ask(config, "status")
    tap.ok(status["state"] == "HALTED", "a_halt_stays", status)
    tap.ok(status["journal"].endswith("journal-0002.twj"), "a_new_journal", status)
    tell("unhalt", config, "--reason", "looked at it")
    tap.ok(daemon.stop() == 0, "stop_with_another_configuration", daemon.log())
    replays(d, "carried_journal_replays")
    replays(d, "the_old_journal_still_replays", os.path.join(d, "state/journal-0001.twj"))

    daemon = agent.Program([agent.DAEMON, config], d)
    tap.ok(daemon.wait_log("recovered journal-0002.twj"), "the_carried_journal_is_recovered", daemon.log())
    daemon.wait_log("agent demo runs")
    tap.ok(accounts(config)["USDT"] + accounts(config)["BTC"] == before["USDT"] + before["BTC"] or
           ask(config, "status")["fills"] > 0, "with_its_balances")
    daemon.stop()

    # Without the grid: its part belongs to nobody, the account is the same.
    def without_grid(text):
        return re.sub(r'\[\[strategy\]\]\nname = "grid-btc".*?(?=\n\[\[strategy)', "", text, flags=re.S)
    agent.write_config(d, exchange.port, change=without_grid)
    daemon = agent.Program([agent.DAEMON, config], d)
    tap.ok(daemon.wait_log("strategy grid-btc on BTC-USDT is no longer configured"), "a_strategy_that_went_is_told",
           daemon.log())
    daemon.wait_log("agent demo runs")
    tap.ok(ask(config, "status")["books_balance"], "books_balance_without_it")
    daemon.stop()

    # A venue of another name has no place for the old one's coins.
    agent.write_config(d, exchange.port, change=lambda t: t.replace('"binance"', '"other"'))
    daemon = agent.Program([agent.DAEMON, config], d)
    tap.ok(daemon.wait() == 4 and "has no place for it" in daemon.log() and "--fresh" in daemon.log(),
           "coins_without_a_place_are_refused", daemon.log())
    exchange.stop()


def test_verified_segments():
    """`journal verify` reads every segment, names the damaged one, and takes no part of a journal for all of it."""
    d = directory("verified")
    exchange = agent.Exchange(d, 30)
    config = agent.write_config(d, exchange.port, change=lambda t: t + "\n[journal]\nsegment_kib = 256\n")
    state = os.path.join(d, "state")

    def files():
        return sorted((n for n in os.listdir(state) if re.fullmatch(r"journal-0001(\.\d{6})?\.twj", n)), key=lambda n: (len(n), n))
    daemon = agent.Program([agent.DAEMON, config], d)
    tap.ok(wait_for(lambda: os.path.isdir(state) and len(files()) > 2), "a_journal_of_segments", daemon.log())
    tap.ok(daemon.stop() == 0, "stop_with_segments", daemon.log())
    exchange.stop()
    code, out = tell("journal", "verify", state)
    tap.ok(code == 0 and out.count("  segment ") == len(files()) and "every checksum and every hash fits" in out,
           "verify_has_a_line_per_segment", out)
    code, out = tell("journal", "verify", state, "--json")
    j = json.loads(out)
    parts = j["segments"]
    tap.ok(code == 0 and j["whole"] and j["torn_bytes"] == 0 and [p["segment"] for p in parts] == list(range(1, len(files()) + 1)) and
           all(a["last"] < b["first"] for a, b in zip(parts, parts[1:])), "verify_as_json", out)
    code, out = tell("journal", os.path.join(state, files()[0]))
    printed = sum(1 for line in out.splitlines() if line[:1].isdigit())
    tap.ok(sum(p["records"] for p in parts) == printed, "verify_counts_what_is_printed", (parts, printed))
    middle = os.path.join(state, files()[1])
    with open(middle, "r+b") as f:
        f.seek(os.path.getsize(middle) // 2)
        byte = f.read(1)
        f.seek(-1, 1)
        f.write(bytes([byte[0] ^ 1]))
    code, out = tell("journal", "verify", state)
    tap.ok(code == 1 and re.search(r"journal-0001.000002.twj: record \d+ at byte \d+: ", out), "verify_names_the_damage", out)
    code, out = tell("journal", "verify", state, "--json")
    tap.ok(code == 1 and not json.loads(out.splitlines()[0])["whole"], "verify_says_damaged_as_json", out)
    code, out = tell("journal", "verify", state, "--count", "1")
    tap.ok(code == 2, "verify_prints_no_records", out)

    # Without the first segment nobody knows the balances: not even those of a changed configuration are carried over.
    os.rename(os.path.join(state, files()[0]), os.path.join(d, "away"))
    for name, change in (("same", lambda t: t), ("changed", lambda t: t.replace("levels = 15", "levels = 9"))):
        agent.write_config(d, exchange.port, change=lambda t: change(t) + "\n[journal]\nsegment_kib = 256\n")
        daemon = agent.Program([agent.DAEMON, config], d)
        tap.ok(daemon.wait() == 1 and "its first segment is not there" in daemon.log() and "--fresh" in daemon.log(),
               "no_start_without_the_first_segment_%s" % name, daemon.log())
    tap.ok(not os.path.exists(os.path.join(state, "journal-0002.twj")), "and_no_other_journal", os.listdir(state))


def test_full_disk():
    d = directory("full")
    exchange = agent.Exchange(d, 10)
    config = agent.write_config(d, exchange.port)

    def little_room():
        resource.setrlimit(resource.RLIMIT_FSIZE, (300000, 300000))

    daemon = agent.Program([agent.DAEMON, config], d, limits=little_room)
    tap.ok(daemon.wait() == 1 and "there is no room for the 67108864 bytes of a segment: File too large" in daemon.log(),
           "without_room_for_a_segment_no_start", daemon.log())
    daemon = agent.Program([agent.DAEMON, config], d)
    daemon.wait_log("agent demo runs")
    resource.prlimit(daemon.p.pid, resource.RLIMIT_FSIZE, (300000, 300000))
    code = daemon.wait()
    log = daemon.log()
    tap.ok(code == 1 and re.search(r"journal-0001.twj: cannot write at byte \d+: File too large", log),
           "a_full_disk_is_named", log)
    tap.ok("HALTED: nothing is done any more" in log, "nothing_is_done_after_it", log)
    trades = len(re.findall(r"bought|sold", log))
    code, out = tell("doctor", config)
    tap.ok("the next start begins HALTED" in out, "doctor_knows_of_the_latch", out)
    daemon = agent.Program([agent.DAEMON, config], d)
    tap.ok(daemon.wait_log("begins HALTED: the last run ended at record"), "the_next_start_begins_halted",
           daemon.log())
    daemon.wait_log("agent demo runs")
    status = wait_for(lambda: (lambda s: s and s["open_orders"] == 0 and s)(ask(config, "status")))
    tap.ok(status and status["state"] == "HALTED", "halted_and_no_open_orders", ask(config, "status"))
    status = ask(config, "status")
    tap.ok(status["fills"] >= trades, "no_fill_that_was_told_is_forgotten", "%s %s" % (status, log))
    daemon.stop()
    daemon = agent.Program([agent.DAEMON, config], d)
    daemon.wait_log("agent demo runs")
    tap.ok(ask(config, "status")["state"] == "HALTED", "halted_until_a_person_looked_at_it", daemon.log())
    code, out = tell("unhalt", config, "--reason", "made room")
    tap.ok(code == 0 and ask(config, "status")["state"] == "ACTIVE", "unhalt_after_a_full_disk", out)
    daemon.stop()
    replays(d, "the_journal_of_a_full_disk_replays")

    # The engine itself gave up: its journal is not replayed into the same wall; balances are carried over.
    with open(os.path.join(d, "state/latch"), "r+") as f:
        f.write("HALTED 2 1 99 internal check failed, says a test".ljust(511) + "\n")
    daemon = agent.Program([agent.DAEMON, config], d)
    tap.ok(daemon.wait_log("agent demo runs"), "start_after_an_engine_failure", daemon.log())
    tap.ok("the engine could not go on at its end; its balances are carried over" in daemon.log() and
           "begins HALTED" in daemon.log(), "an_engine_failure_carries_over_halted", daemon.log())
    tap.ok(ask(config, "status")["state"] == "HALTED", "halted_after_an_engine_failure")
    daemon.stop()
    replays(d, "and_replays")
    exchange.stop()


def test_really_full_disk():
    """The latch has its blocks from the start: it is written even when the disk holds not one byte more."""
    d = directory("tmpfs")
    state = os.path.join(d, "state")
    os.mkdir(state)
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "none", state],
                                           stderr=subprocess.DEVNULL).returncode != 0:
        tap.skip("the_latch_is_written_on_a_full_disk", "needs root to mount a small file system")
        return
    try:
        exchange = agent.Exchange(d, 10)
        config = agent.write_config(d, exchange.port, change=lambda t: t + "\n[journal]\nsegment_kib = 256\n")
        daemon = agent.Program([agent.DAEMON, config], d)
        tap.ok(daemon.wait() == 1 and "there is no room for the 262144 bytes of a segment: No space left" in daemon.log(),
               "no_space_left_is_named", daemon.log())
        # The reserve: the halt, what it cancelled, and why are in the journal itself.
        code, out = tell("journal", state)
        tap.ok(code == 0 and re.search(r"in .*halt.*there is no room", out) and
               re.search(r"daemon stopped.*there is no room", out), "the_journal_has_the_halt_and_why", out[-3000:])
        v = os.statvfs(state)
        with open(os.path.join(state, "latch")) as f:
            tap.ok(f.read().startswith("HALTED 1 1 "), "the_latch_is_written_on_a_full_disk", v)
        daemon = agent.Program([agent.DAEMON, config], d)
        tap.ok(daemon.wait() == 1 and "recovered journal-0001.twj" in daemon.log(), "while_it_is_full_no_start",
               daemon.log())
        subprocess.run(["mount", "-o", "remount,size=20m", state], check=True)
        daemon = agent.Program([agent.DAEMON, config], d)
        tap.ok(daemon.wait_log("begins HALTED") and daemon.wait_log("agent demo runs"), "with_room_it_begins_halted",
               daemon.log())
        tap.ok(daemon.stop() == 0, "stop_after_a_full_disk", daemon.log())
        replays(d, "the_journal_of_a_really_full_disk_replays")
        exchange.stop()
    finally:
        subprocess.run(["umount", "-l", state])


try:
    test_killed_at_random_points()
    test_verified_segments()
    test_supervisor_restarts()
    test_changed_configuration()
    test_full_disk()
    test_really_full_disk()
finally:
    agent.stop_all()
    shutil.rmtree(SCRATCH, ignore_errors=True)
tap.done()
