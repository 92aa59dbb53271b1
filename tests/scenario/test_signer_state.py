#!/usr/bin/env python3
"""What the daemon, `status`, `alerts`, `doctor` and the journal say of a signer, which a thread plays in every state. Paper
trading goes on in all of them."""
import os, shutil, socket, sys, tempfile, threading

sys.path[:0] = ["tests/tools", "tests/lib"]
import agent, signer_client as wire, tap

SCRATCH = tempfile.mkdtemp(prefix="tw-state-")
SOCKETS = os.path.join(SCRATCH, "sockets")
HASH = bytes(range(32))


class Fake:
    """A signer on trade.sock that answers HELLO and STATUS."""

    def __init__(self, sealed=False, capabilities=wire.CAN_STATUS | wire.CAN_TRADE, refuse=None, version=wire.VERSION,
                 mute=False):
        self.sealed, self.capabilities, self.refuse, self.version, self.mute = sealed, capabilities, refuse, version, mute
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(os.path.join(SOCKETS, "trade.sock"))
        self.listener.listen(8)
        self.connections, self.ended = [], False
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while not self.ended:
            try:
                c, _ = self.listener.accept()
            except OSError:
                return
            self.connections.append(c)
            threading.Thread(target=self.serve, args=(c,), daemon=True).start()

    def serve(self, c):
        try:
            while True:
                data = c.recv(65536)
                if not data:
                    return
                m = wire.decode_request(data)
                if self.mute:
                    continue
                if m["type"] == wire.HELLO and self.refuse:
                    out = wire.encode_reply(wire.HELLO, m["id"], wire.REASON[self.refuse])
                elif m["type"] == wire.HELLO:
                    out = wire.encode_reply(wire.HELLO, m["id"], capabilities=self.capabilities, sealed=int(self.sealed))
                else:
                    out = wire.encode_reply(wire.STATUS, m["id"], sealed=int(self.sealed), keys=5, generation=12, policy_hash=HASH)
                c.sendall(self.version.to_bytes(2, "little") + out[2:])
        except OSError:
            pass

    def stop(self):
        self.ended = True
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for c in self.connections:
            try:
                c.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            c.close()
        os.unlink(os.path.join(SOCKETS, "trade.sock"))


def signer_of(config):
    s = agent.ask(config, "status")
    return s and s["signer"]


def is_now(config, state):
    return agent.wait_for(lambda: (lambda s: s and s["state"] == state and s)(signer_of(config)))


def fired(config):
    return {a["alert"]: a["fired"] for a in agent.ask(config, "alerts")["alerts"]}


ALERTS = """
[signer]
sockets = "%s"
store = "keys"
[[alert]]
name = "closed"
when = "signer_sealed"
repeat = "each_time"
text = "open the key store"
[[alert]]
name = "gone"
when = "signer_lost"
repeat = "each_time"
""" % SOCKETS


def daemon_in_every_state(config):
    d = agent.Program([agent.DAEMON, config], SCRATCH)
    tap.ok(d.wait_log("trend-btc|grid-btc|dca-btc") and d.wait_log(r"warn +signer: absent: nobody listens at \S+/trade.sock"),
           "absent_is_told", d.log())
    s = is_now(config, "absent")
    tap.ok(s and s["why"].startswith("nobody listens at ") and s["socket"] == SOCKETS + "/trade.sock" and s["since"],
           "and_shown", s)
    tap.ok(agent.wait_for(lambda: fired(config) == {"closed": 0, "gone": 1}), "an_alert_tells_that_it_is_lost", fired(config))

    fake = Fake(sealed=True)
    s = is_now(config, "sealed")
    tap.ok(s and "tradewind signer unlock" in s["why"] and s["may"] == ["status", "trade"], "sealed_is_shown", s)
    tap.ok(agent.wait_for(lambda: fired(config) == {"closed": 1, "gone": 1}) and
           d.wait_log(r"warn +alert: closed: open the key store \(signer_sealed\)"), "and_alerted", d.log())
    fake.sealed = False
    s = is_now(config, "open")
    s = agent.wait_for(lambda: (lambda s: s["keys"] == 5 and s)(signer_of(config)))
    tap.ok(s and s["why"] == "" and s["generation"] == 12 and s["policy"] == HASH.hex() and s["connections"] == 1,
           "open_is_shown_with_what_it_has", s)
    tap.ok(d.wait_log(r"info +signer: open\n"), "and_told", d.log())
    tap.ok("  signer is open\n" in agent.tell("status", config)[1], "in_the_table_too", agent.tell("status", config)[1])
    before = agent.ask(config, "status")["events"]
    fake.stop()
    tap.ok(is_now(config, "absent") and agent.wait_for(lambda: fired(config) == {"closed": 1, "gone": 2}),
           "a_signer_that_goes_is_noticed", fired(config))
    tap.ok(agent.wait_for(lambda: agent.ask(config, "status")["events"] > before + 20) and
           agent.ask(config, "status")["state"] == "ACTIVE", "and_paper_trading_goes_on", agent.ask(config, "status"))

    for name, state, why, fake in (
            ("wrong_version", "wrong version", "does not speak version 1", lambda: Fake(refuse="policy-version")),
            ("another_version", "wrong version", "speaks another version", lambda: Fake(version=2)),
            ("not_allowed", "not allowed", "other things only", lambda: Fake(capabilities=wire.CAN_STATUS | wire.CAN_CANCEL))):
        fake = fake()
        s = agent.wait_for(lambda: (lambda s: s["state"] == state and why in s["why"] and s)(signer_of(config)))
        tap.ok(s, name, signer_of(config))
        code, out = agent.tell("doctor", config)
        tap.ok("warn   signer           %s: it " % state in out, name + "_by_doctor", out)
        fake.stop()
    tap.ok(d.stop() == 0, "it_stops_as_always", d.log())
    code, out = agent.tell("replay", os.path.join(SCRATCH, "state"))
    tap.ok(code == 0 and "every event and effect is equal" in out, "the_journal_replays", out)
    code, out = agent.tell("journal", os.path.join(SCRATCH, "state"))
    states = [line.split(" signer ")[1].rsplit(" ", 1)[0] for line in out.splitlines() if " signer " in line]
    tap.ok([s.strip() for s in states[:5]] == ["absent", "sealed", "open", "absent", "wrong version"], "and_has_every_change", states)


def doctor(config):
    keys = os.path.join(SCRATCH, "keys")
    code, out = agent.tell("doctor", config)
    tap.ok("warn   signer           absent, and there is no key store %s: `tradewind key init` makes one" % keys in out,
           "doctor_misses_the_store", out)
    open(keys, "w").close()
    code, out = agent.tell("doctor", config)
    tap.ok("ok     signer           absent; `tradewind run` starts it with %s" % keys in out, "doctor_knows_who_starts_it", out)
    os.unlink(keys)
    fake = Fake()
    tap.ok("ok     signer           open, at %s/trade.sock" % SOCKETS in agent.tell("doctor", config)[1], "doctor_finds_it_open")
    fake.sealed = True
    tap.ok("warn   signer           sealed: " in agent.tell("doctor", config)[1], "doctor_finds_it_sealed")
    fake.mute = True
    code, out = agent.tell("doctor", config)
    tap.ok("warn   signer           does not answer at " in out or "warn   signer           absent" in out,
           "doctor_does_not_wait_for_ever", out)
    fake.stop()
    with open(config) as f:
        text = f.read()
    with open(config, "w") as f:
        f.write(text.replace('store = "keys"', 'store = "keys"\nrequired = true'))
    code, out = agent.tell("doctor", config)
    tap.ok(code == 1 and "WRONG  signer           absent, and there is no key store" in out, "where_it_is_required_it_is_wrong", out)


try:
    os.mkdir(SOCKETS)
    exchange = agent.Exchange(SCRATCH, 2)
    config = agent.write_config(SCRATCH, exchange.port, change=lambda text: text + ALERTS)
    daemon_in_every_state(config)
    doctor(config)
    none = agent.write_config(SCRATCH, exchange.port, "none.toml", lambda text: text.replace('"state"', '"state-2"'))
    d = agent.Program([agent.DAEMON, none], SCRATCH)
    tap.ok(agent.wait_for(lambda: agent.ask(none, "status")) and signer_of(none) is None, "without_the_section_there_is_none")
    tap.ok("signer" not in agent.tell("status", none)[1] and "signer" not in agent.tell("doctor", none)[1], "anywhere")
    d.stop()
finally:
    agent.stop_all()
    shutil.rmtree(SCRATCH, ignore_errors=True)
tap.done()
