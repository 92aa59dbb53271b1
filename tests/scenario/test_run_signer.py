#!/usr/bin/env python3
"""`tradewind run` with a signer beside the daemon, both played by scripts: who is started when, with which arguments,
restarted without the other, asked to stop first; at a terminal and without one."""
import os, pty, shutil, signal, socket, subprocess, sys, tempfile, time

sys.path[:0] = ["tests/tools", "tests/lib"]
import tap

SCRATCH = tempfile.mkdtemp(prefix="tw-run-signer-")
PATIENCE = 60
RUNNING = []

READY = 'while [ "$1" != --ready-fd ]; do shift; done; echo READY >/proc/self/fd/$2; echo signer ready >>"$L"\n'
# Before a script tells that it is there, it can be told to stop.
TOLD = "trap 'echo %s told; echo %s told >>\"$L\"; exit 0' TERM INT\n"
STAY = "while :; do sleep 0.1; done\n"
SIGNER = TOLD % ("signer", "signer") + 'echo "signer start $*" >>"$L"\n' + READY + STAY
DAEMON = TOLD % ("daemon", "daemon") + 'echo "daemon start $*" >>"$L"\n' + STAY


class Run:
    """A copy of tradewind beside the two scripts; what they do is in events()."""

    def __init__(self, name, signer=SIGNER, daemon=DAEMON, section="[signer]\n", store=True, sockets="sockets",
                 terminal=False):
        self.dir = os.path.join(SCRATCH, name)
        os.mkdir(self.dir)
        shutil.copy(os.path.join(tap.BUILD, "tradewind"), self.dir)
        for program, script in (("tradewind-signer", signer), ("tradewindd", daemon)):
            path = os.path.join(self.dir, program)
            with open(path, "w") as f:
                f.write("#!/bin/sh\nL=%s/events\n" % self.dir + script)
            os.chmod(path, 0o755)
        if store:
            open(os.path.join(self.dir, "keys"), "w").close()
        config = os.path.join(self.dir, "my.toml")
        with open("config/examples/demo.toml") as f, open(config, "w") as out:
            out.write(f.read() + "\n" + section)
            if section:
                out.write('sockets = "%s"\nstore = "keys"\n' % sockets)
        self.log_path = os.path.join(self.dir, "log")
        line = [os.path.join(self.dir, "tradewind"), "run", config]
        self.terminal = None
        if terminal:
            self.pid, self.terminal = pty.fork()
            if self.pid == 0:
                os.execv(line[0], line)
            self.p = None
        else:
            with open(self.log_path, "wb") as log:
                self.p = subprocess.Popen(line, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
            self.pid = self.p.pid
        RUNNING.append(self)

    def events(self):
        try:
            with open(os.path.join(self.dir, "events")) as f:
                return f.read().splitlines()
        except FileNotFoundError:
            return []

    def log(self):
        with open(self.log_path, errors="replace") as f:
            return f.read() + "\n--\n" + "\n".join(self.events())

    def wait_events(self, *words, least=1):
        """Until each of the words begins at least so many events."""
        end = time.time() + PATIENCE
        while time.time() < end:
            e = self.events()
            if all(sum(x.startswith(w) for x in e) >= least for w in words):
                return True
            time.sleep(0.02)
        return False

    def stop(self):
        """Told to stop: its exit code."""
        if self.p:
            self.p.send_signal(signal.SIGTERM)
        return self.wait()

    def wait(self):
        if self.p:
            try:
                return self.p.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                return "late"
        end = time.time() + PATIENCE
        while time.time() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = 0
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.02)
        return "late"

    def end(self):
        if self.p and self.p.poll() is None:
            self.p.terminate()
            try:
                self.p.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.p.kill()
        elif not self.p and self.pid:
            os.kill(self.pid, signal.SIGTERM)
            self.wait()


def first_words(events):
    return [" ".join(e.split()[:2]) for e in events]


def both():
    r = Run("both")
    tap.ok(r.wait_events("daemon start"), "both_are_started", r.log())
    code = r.stop()
    tap.ok(code == 0 and first_words(r.events()) ==
           ["signer start", "signer ready", "daemon start", "daemon told", "signer told"],
           "the_signer_is_first_up_and_last_down", str(code) + r.log())
    start = r.events()[0].split()
    tap.ok(start[2] == "serve" and start[3:9] ==
           ["--store", r.dir + "/keys", "--sockets", r.dir + "/sockets", "--unlock", "none"] and start[9] == "--ready-fd",
           "with_its_store_and_sockets_and_sealed", start)

    r = Run("unconfigured", section="")
    tap.ok(r.wait_events("daemon start") and r.stop() == 0 and first_words(r.events()) == ["daemon start", "daemon told"],
           "without_the_section_there_is_no_signer", r.log())


def crashes():
    once = '[ -e "$L.once" ] || { : >"$L.once"; %s; }\n'
    r = Run("signer-crash", signer=TOLD % ("signer", "signer") + 'echo "signer start" >>"$L"\n' + READY +
            once % "sleep 0.5; kill -SEGV $$" + STAY)
    tap.ok(r.wait_events("signer start", "signer ready", least=2) and "the signer crashed: Segmentation fault" in r.log(),
           "a_signer_that_crashes_is_started_again", r.log())
    tap.ok(r.stop() == 0 and sum(e.startswith("daemon start") for e in r.events()) == 1, "and_the_daemon_goes_on", r.log())

    r = Run("daemon-crash", daemon=TOLD % ("daemon", "daemon") + 'echo "daemon start" >>"$L"\n' +
            once % "sleep 0.5; kill -SEGV $$" + STAY)
    tap.ok(r.wait_events("daemon start", least=2) and "the daemon crashed: Segmentation fault" in r.log(),
           "a_daemon_that_crashes_is_started_again", r.log())
    tap.ok(r.stop() == 0 and sum(e.startswith("signer start") for e in r.events()) == 1, "and_the_signer_stays", r.log())

    r = Run("killed")
    r.wait_events("daemon start")
    r.p.kill()
    tap.ok(r.wait_events("daemon told", "signer told"), "both_end_with_the_supervisor", r.log())


def not_there():
    bad = 'echo "signer start" >>"$L"\nexit 1\n'
    r = Run("fails", signer=bad)
    tap.ok(r.wait_events("daemon start") and "the signer does not come up" in r.log(), "paper_needs_no_signer", r.log())
    tap.ok(r.stop() == 0, "and_it_ends_as_told", r.log())
    r = Run("required", signer=bad, section="[signer]\nrequired = true\n")
    tap.ok(r.wait() == 1 and first_words(r.events()) == ["signer start"], "where_it_is_required_nothing_is_started", r.log())

    r = Run("no-store", store=False)
    tap.ok(r.wait_events("daemon start") and "there is no key store %s/keys" % r.dir in r.log() and
           "tradewind key init" in r.log(), "without_a_key_store_it_is_not_started", r.log())
    tap.ok(r.stop() == 0 and not any(e.startswith("signer") for e in r.events()), "at_all", r.log())
    r = Run("no-store-required", store=False, section="[signer]\nrequired = true\n")
    tap.ok(r.wait() == 1 and not r.events(), "or_nothing_is", r.log())


def served():
    """A signer that somebody else started, as systemd would."""
    where = os.path.join(SCRATCH, "elsewhere")
    os.mkdir(where)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
        s.bind(where + "/trade.sock")
        s.listen(1)
        r = Run("served", sockets=where)
        tap.ok(r.wait_events("daemon start") and "a signer serves already" in r.log() and
               r.stop() == 0 and not any(e.startswith("signer") for e in r.events()), "one_that_serves_is_used", r.log())


def terminal():
    ask = 'if [ "$1" = signer ]; then echo "asks $*" >>"$L"; read x; echo "asked $x" >>"$L"; exit %d; fi\n'
    for code in (0, 1):
        r = Run("terminal-%d" % code, signer=ask % code + SIGNER, terminal=True)
        tap.ok(r.wait_events("asks") and not any(e.startswith("daemon") for e in r.events()),
               "at_a_terminal_it_asks_before_the_daemon_%d" % code, r.events())
        os.write(r.terminal, b"passphrase\n")
        tap.ok(r.wait_events("daemon start") and "asks signer unlock --sockets %s/sockets" % r.dir in r.events() and
               "asked passphrase" in r.events(), "and_goes_on_whatever_the_answer_%d" % code, r.events())
        os.write(r.terminal, b"\x03")  # Ctrl-C: the terminal tells the whole foreground
        out = r.wait()
        tap.ok(out == 0 and first_words(r.events())[-2:] == ["daemon told", "signer told"],
               "ctrl_c_stops_the_daemon_first_%d" % code, str(out) + str(r.events()))
        os.close(r.terminal)


try:
    both()
    crashes()
    not_there()
    served()
    terminal()
finally:
    for r in RUNNING:
        r.end()
    shutil.rmtree(SCRATCH, ignore_errors=True)
tap.done()
