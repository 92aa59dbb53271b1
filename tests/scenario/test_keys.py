#!/usr/bin/env python3
"""Key stores, with the shipped programs: made, filled, imported into, listed, changed, backed up; at a terminal and
without one; and no secret in anything that was written or that others can read."""
import base64, json, os, pty, re, resource, select, shutil, signal, stat, subprocess, sys, tempfile, termios, time

sys.path.insert(0, "tests/tools")
import tap

TRADEWIND, SIGNER = os.path.join(tap.BUILD, "tradewind"), os.path.join(tap.BUILD, "tradewind-signer")
SCRATCH = tempfile.mkdtemp(prefix="tw-keys-")
STORE, GIVEN = (os.path.join(SCRATCH, n) for n in ("store", "given"))
for directory in (STORE, GIVEN):
    os.mkdir(directory, 0o700)
KEYS = os.path.join(STORE, "keys")
PHRASE, NEXT = "correct-horse-battery-CANARY-1", "other-horse-battery-CANARY-2"
API, SECRET = "apikeyCANARY3" + "x" * 40, "secretCANARY4" + "y" * 40
EVM = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318"
ADDRESS = "0x2c7536E3605D9C16a7a3D7b1898e529396a65c23"
WORDS = "abandon " * 11 + "about"
WORDS_ADDRESS = "0x9858EfFD232B4033E47d90003D41EC34EcaEda94"
CANARIES = [PHRASE, NEXT, API, SECRET, EVM, EVM.upper(), WORDS, "typo-CANARY-5", "argv-CANARY-6"]
BYTES = [c.encode() for c in CANARIES] + [bytes.fromhex(EVM), base64.b64encode(bytes.fromhex(EVM))]
WRITTEN = []  # what the programs said
ENV = {k: v for k, v in os.environ.items() if not k.startswith("TRADEWIND_")}
ENV["HOME"] = SCRATCH
ENV["ASAN_OPTIONS"] = "detect_leaks=0"  # the leak checker cannot look into a process that hides
LIGHT = ["--kdf-memory", "8", "--kdf-passes", "1"]


def given(name, content, mode=0o600):
    path = os.path.join(GIVEN, name)
    with open(path, "wb") as f:
        f.write(content if isinstance(content, bytes) else content.encode())
    os.chmod(path, mode)
    return path


def key(*arguments, program=(SIGNER, "key"), env=ENV, store=KEYS, passphrase=PHRASE, before=None, **secrets):
    """Runs a command; secrets come through pipes. (exit code, standard output, standard error)"""
    line, ends = list(program) + list(arguments), []
    if store:
        line += ["--store", store]
    if passphrase is not None:
        secrets["passphrase"] = passphrase
    for name, text in secrets.items():
        r, w = os.pipe()
        os.write(w, text if isinstance(text, bytes) else text.encode())
        os.close(w)
        ends.append(r)
        line += ["--%s-fd" % name.replace("_", "-"), str(r)]
    p = subprocess.run(line, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       pass_fds=ends, start_new_session=True, preexec_fn=before)
    for r in ends:
        os.close(r)
    WRITTEN.append(p.stdout + p.stderr)
    return p.returncode, p.stdout.decode(errors="replace"), p.stderr.decode(errors="replace")


def keys(**more):
    return {k["name"]: k for k in json.loads(key("list", "--json", **more)[1])["keys"]}


def test_from_init_to_list():
    code, out, err = key("init", *LIGHT)
    tap.ok(code == 0 and stat.S_IMODE(os.stat(KEYS).st_mode) == 0o600, "init_makes_a_store_for_its_owner", out + err)
    code, out, err = key("init", *LIGHT)
    tap.ok(code == 1 and "is not replaced" in err, "and_replaces_none", err)
    code, out, err = key("add", "bin-1", "--kind", "binance-hmac", "--class", "trade", "--network", "binance:testnet",
                         secret=SECRET + "\n", api_key=API)
    tap.ok(code == 0 and "stored (binance-hmac, trade, binance:testnet)" in out, "add", out + err)
    code, out, err = key("add", "tg", "--kind", "telegram-token", "--secret-file", given("tg", SECRET + "\n"))
    tap.ok(code == 0, "add_from_a_file", err)
    code, out, err = key("import", "evm-1", "--kind", "evm", "--network", "evm:1", "--format", "hex", secret="0x" + EVM)
    tap.ok(code == 0 and ADDRESS in out, "import_hex", out + err)
    code, out, err = key("list", program=(TRADEWIND, "key"))
    tap.ok(code == 0 and re.search(r"^bin-1 +binance-hmac +trade +binance:testnet", out, re.M) and ADDRESS in out,
           "list_by_tradewind", out + err)
    code, out, err = key("list", "--unverified", passphrase=None)
    tap.ok(code == 0 and out.startswith("not verified") and "evm-1" in out, "list_without_the_passphrase_says_so", out)
    tap.ok(keys()["evm-1"]["public"] == ADDRESS and keys()["bin-1"]["has_api_key"], "list_as_json")
    code, out, err = key("show-address", "evm-1")
    tap.ok(out == ADDRESS + "\n", "show_address", out + err)
    code, out, err = key("show-address", "tg")
    tap.ok(code == 1 and "no public half" in err, "a_token_has_none", err)


def test_imports():
    code, out, err = key("import", "hd", "--kind", "evm", "--network", "evm:1", "--format", "mnemonic", secret=WORDS)
    tap.ok(WORDS_ADDRESS in out, "import_mnemonic", out + err)
    code, out, err = key("import", "hd-1", "--kind", "evm", "--network", "evm:1", "--format", "mnemonic",
                         "--path", "m/44'/60'/0'/0/1", secret=WORDS, import_passphrase="TREZOR")
    tap.ok(code == 0 and WORDS_ADDRESS not in out, "with_a_path_and_a_passphrase", out + err)
    cases = json.load(open("tests/data/crypto/web3-ethereum-tests.json"))
    for name, case in cases.items():
        code, out, err = key("import", name, "--kind", "evm", "--network", "evm:1", "--format", "web3", "--secret-file",
                             given(name, json.dumps(case["json"])), import_passphrase=case["password"])
        tap.ok(code == 0 and "0x008AeEda4D805471dF9b2A5B0f38A0C3bCBA786b" in out, "import_web3_" + name, out + err)
        CANARIES.append(case["priv"])
        BYTES.extend([case["priv"].encode(), bytes.fromhex(case["priv"])])
    pem = os.path.join(GIVEN, "ed.pem")
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", pem], check=True, stderr=subprocess.DEVNULL)
    os.chmod(pem, 0o600)
    public = subprocess.run(["openssl", "pkey", "-in", pem, "-pubout"], check=True, stdout=subprocess.PIPE).stdout.decode()
    code, out, err = key("import", "ed", "--kind", "binance-ed25519", "--class", "stream", "--network", "binance:mainnet",
                         "--format", "pem", "--secret-file", pem)
    tap.ok(code == 0 and "api-key ed" in out, "import_pem_without_an_api_key", out + err)
    tap.ok(key("show-address", "ed")[1] == public, "its_public_half_is_what_openssl_says")
    tap.ok(keys()["ed"]["has_api_key"] is False, "the_api_key_is_missing")
    code, out, err = key("api-key", "ed", api_key=API)
    tap.ok(code == 0 and keys()["ed"]["has_api_key"], "and_then_set", err)
    sealed = os.path.join(GIVEN, "sealed.pem")
    subprocess.run(["openssl", "pkcs8", "-topk8", "-in", pem, "-out", sealed, "-passout", "pass:typo-CANARY-5"], check=True)
    os.chmod(sealed, 0o600)
    code, out, err = key("import", "ed-2", "--kind", "binance-ed25519", "--class", "trade", "--network",
                         "binance:mainnet", "--format", "pem", "--secret-file", sealed, import_passphrase="typo-CANARY-5")
    tap.ok(code == 0 and key("show-address", "ed-2")[1] == public, "import_encrypted_pem", out + err)
    code, out, err = key("generate", "new", "--kind", "evm", "--network", "evm:10")
    tap.ok(code == 0 and re.search("0x[0-9a-fA-F]{40}", out), "generate", out + err)
    code, out, err = key("import", "no", "--kind", "evm", "--network", "evm:1", "--format", "hex", secret=EVM[:-1] + "g")
    tap.ok(code == 1 and EVM[:20] not in err and "no" not in keys(), "a_bad_key_is_refused_unsaid", err)


def test_refusals():
    where = len(WRITTEN)
    for name, arguments in {
            "secret": ["add", "x", "--secret", "argv-CANARY-6"],
            "secret_with_equals": ["add", "x", "--secret=argv-CANARY-6"],
            "passphrase": ["list", "--passphrase", "argv-CANARY-6"],
            "api_key": ["add", "x", "--api-key", "argv-CANARY-6"],
            "second_argument": ["add", "x", "argv-CANARY-6"],
            "unknown_option": ["list", "--argv-CANARY-6"],
            "unknown_command": ["argv-CANARY-6"]}.items():
        code, out, err = key(*arguments)
        tap.ok(code == 2 and "CANARY" not in out + err and err, "refused_on_the_command_line_" + name, err)
    env = dict(ENV, TRADEWIND_PASSPHRASE="argv-CANARY-6")
    code, out, err = key("list", env=env)
    tap.ok(code == 2 and "environment" in err, "refused_in_the_environment", err)
    code, out, err = key("add", "x", "--kind", "generic-hmac", "--secret-file", given("open", SECRET, 0o644))
    tap.ok(code == 1 and "chmod 600" in err, "a_secret_that_others_may_read", err)
    for name, arguments, says in [
            ("no_kind", ["add", "x"], "--kind"),
            ("no_class", ["add", "x", "--kind", "binance-hmac", "--network", "binance:mainnet"], "--class"),
            ("wrong_class", ["add", "x", "--kind", "evm", "--class", "trade"], "cannot have that class"),
            ("wrong_network", ["generate", "x", "--kind", "evm", "--network", "mainnet"], "evm:1"),
            ("no_network", ["generate", "x", "--kind", "evm"], "evm:1"),
            ("bad_name", ["generate", "X Y", "--kind", "evm", "--network", "evm:1"], "name of a key"),
            ("name_taken", ["generate", "evm-1", "--kind", "evm", "--network", "evm:1"], "already"),
            ("add_evm", ["add", "x", "--kind", "evm", "--network", "evm:1"], "imported"),
            ("generate_token", ["generate", "x", "--kind", "telegram-token"], "generated"),
            ("not_there", ["remove", "nobody", "--yes"], "no key with that name")]:
        code, out, err = key(*arguments)
        tap.ok(code == 1 and says in err, "refused_" + name, err)
    tap.ok(key("list", passphrase=None)[0] == 1, "without_a_terminal_nobody_waits")
    code, out, err = key("init", *LIGHT, store=KEYS + "2", passphrase="short")
    tap.ok(code == 1 and "at least 12" in err and not os.path.exists(KEYS + "2"), "a_short_passphrase", err)
    tap.ok(len(WRITTEN) > where and "x" not in keys(), "and_none_of_it_is_stored")


def test_wrong_passphrase_and_damage():
    start = time.time()
    code, out, wrong = key("list", passphrase="typo-CANARY-5")
    tap.ok(code == 1 and time.time() - start >= 1, "a_wrong_passphrase_costs_a_second", wrong)
    good = open(KEYS, "rb").read()
    broken = os.path.join(STORE, "broken")
    with open(os.open(broken, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as f:
        f.write(good[:-1] + bytes([good[-1] ^ 1]))
    code, out, damaged = key("list", store=broken)
    tap.ok(code == 1 and damaged.replace(broken, KEYS) == wrong, "a_damaged_store_says_the_same", damaged)
    with open(broken, "wb") as f:
        f.write(good[:len(good) // 2])
    code, out, err = key("list", store=broken)
    tap.ok(code == 1 and "damaged" in err, "half_a_store", err)
    tap.ok(key("list")[0] == 0, "the_good_one_opens")
    os.chmod(KEYS, 0o644)
    code, out, err = key("list")
    tap.ok(code == 1 and "chmod 600" in err, "a_store_that_others_may_read", err)
    os.chmod(KEYS, 0o600)


def test_full_disk():
    """What cannot be written to its end changes nothing; a limit of the file size stands for the disk."""
    good = open(KEYS, "rb").read()
    for room in (0, 1, len(good) // 2, len(good) - 1):
        def limit(room=room):
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
        for name, arguments, more in (("add", ["add", "full", "--kind", "telegram-token"], {"secret": SECRET}),
                                      ("rekey", ["rekey", *LIGHT], {"new_passphrase": NEXT}),
                                      ("slot", ["add-slot", "full", "--new-credential-file", os.path.join(GIVEN, "full")], {}),
                                      ("backup", ["backup", os.path.join(STORE, "full")], {})):
            code, out, err = key(*arguments, before=limit, **more)
            left = [n for n in os.listdir(STORE) if n.startswith(("keys.", "full"))] + [n for n in os.listdir(GIVEN) if n == "full"]
            tap.ok(code == 1 and not out and "File too large" in err and open(KEYS, "rb").read() == good and not left,
                   "%s_with_room_for_%s_bytes_changes_nothing" % (name, "no" if not room else "one" if room == 1 else
                                                                  "half_the" if room < len(good) - 1 else "all_but_one"), (code, out, err, left))
    tap.ok(key("list")[0] == 0, "it_still_opens")


def test_change():
    copy = os.path.join(STORE, "copy")
    code, out, err = key("backup", copy)
    tap.ok(code == 0 and open(copy, "rb").read() == open(KEYS, "rb").read(), "backup_is_the_same_bytes", err)
    tap.ok(stat.S_IMODE(os.stat(copy).st_mode) == 0o600 and key("backup", copy)[0] == 1, "and_replaces_nothing")
    code, out, err = key("remove", "evm-1")
    tap.ok(code == 1 and "--yes" in err and "evm-1" in keys(), "remove_asks", err)
    code, out, err = key("remove", "evm-1", "--yes")
    tap.ok(code == 0 and "evm-1" not in keys() and "evm-1" in keys(store=copy), "remove", err)
    before = set(keys())
    code, out, err = key("rekey", *LIGHT, new_passphrase=NEXT)
    tap.ok(code == 0 and set(keys(passphrase=NEXT)) == before, "rekey", out + err)
    tap.ok(not os.path.exists(KEYS + ".previous"), "rekey_leaves_no_store_with_the_old_passphrase")
    tap.ok(key("list")[0] == 1 and set(keys(store=copy)) == before | {"evm-1"}, "only_the_backup_has_the_old_passphrase")


def slots(**more):
    return {s["name"]: s for s in json.loads(key("slots", "--json", **more)[1])["slots"]}


def test_slots():
    store, credential = os.path.join(STORE, "slots"), os.path.join(GIVEN, "credential")
    key("init", *LIGHT, store=store)
    key("add", "tg", "--kind", "telegram-token", store=store, secret=SECRET)
    code, out, err = key("add-slot", "spare", *LIGHT, store=store, new_passphrase=NEXT)
    tap.ok(code == 0 and not err and "spare: opens the store, too" in out, "a_slot_is_added", out + err)
    tap.ok(key("list", store=store)[0] == 0 and key("list", store=store, passphrase=NEXT)[0] == 0, "both_passphrases_open")
    code, out, err = key("add-slot", "machine", "--new-credential-file", credential, store=store)
    with open(credential, "rb") as f:
        bytes_ = f.read()
    tap.ok(code == 0 and len(bytes_) == 64 and stat.S_IMODE(os.stat(credential).st_mode) == 0o600 and
           "systemd-creds encrypt" in out, "a_credential_is_made", out + err)
    tap.ok(bytes_.hex() not in (out + err) and base64.b64encode(bytes_).decode() not in (out + err), "and_is_not_shown")
    BYTES.extend([bytes_, bytes_.hex().encode()])
    code, out, err = key("list", "--json", "--credential-file", credential, store=store, passphrase=None)
    tap.ok(code == 0 and "tg" in out, "the_credential_opens_from_a_file", out + err)
    tap.ok(key("list", store=store, passphrase=None, credential=bytes_)[0] == 0, "and_from_a_descriptor")
    code, out, err = key("list", store=store, passphrase=None, credential=bytes_[:-1] + bytes([bytes_[-1] ^ 1]))
    tap.ok(code == 1 and "the credential is wrong, or the file is damaged" in err, "another_credential_does_not", err)
    code, out, err = key("list", store=store, credential=bytes_)
    tap.ok(code == 1 and "a passphrase or a credential: one" in err, "both_at_once_are_refused", err)
    os.chmod(credential, 0o640)
    tap.ok(key("list", "--credential-file", credential, store=store, passphrase=None)[0] == 1,
           "a_credential_that_others_read_is_refused")
    os.chmod(credential, 0o600)
    r, w = os.pipe()
    p = subprocess.run([SIGNER, "key", "add-slot", "piped", "--new-credential-fd", str(w), "--credential-file", credential,
                        "--store", store], env=ENV, pass_fds=[w], stdin=subprocess.DEVNULL, capture_output=True)
    os.close(w)
    piped = os.read(r, 1000)
    os.close(r)
    tap.ok(p.returncode == 0 and len(piped) == 64 and piped != bytes_ and
           key("list", store=store, passphrase=None, credential=piped)[0] == 0, "a_credential_goes_to_a_descriptor", p.stderr)
    now = slots(store=store)
    tap.ok(list(now) == ["main", "spare", "machine", "piped"] and now["machine"] == {"name": "machine", "kind": "credential"} and
           now["spare"] == {"name": "spare", "kind": "passphrase", "memory_mib": 8, "passes": 1}, "slots_are_listed", now)
    code, out, err = key("slots", "--unverified", store=store, passphrase=None)
    tap.ok(code == 0 and out.startswith("not verified") and "machine              credential -" in out, "unverified_too", out)

    for name, arguments, more, part in (
            ("a_name_is_taken", ["add-slot", "spare", *LIGHT], {"new_passphrase": NEXT}, "a slot with that name already"),
            ("a_name_is_wrong", ["add-slot", "Spare", *LIGHT], {"new_passphrase": NEXT}, "the name of a slot has"),
            ("a_passphrase_is_short", ["add-slot", "short", *LIGHT], {"new_passphrase": "short"}, "at least 12 characters"),
            ("a_file_is_there", ["add-slot", "other", "--new-credential-file", credential], {}, "File exists"),
            ("both_kinds", ["add-slot", "other", "--new-credential-file", credential + "x"], {"new_passphrase": NEXT}, "not both"),
            ("an_unknown_slot", ["remove-slot", "other"], {}, "no slot with that name")):
        code, out, err = key(*arguments, store=store, **more)
        tap.ok(code == 1 and part in err and list(slots(store=store)) == list(now), name + "_is_refused", err)
    with open(credential, "rb") as f:
        tap.ok(f.read() == bytes_ and not os.path.exists(credential + "x"), "no_credential_file_is_touched_or_left")
    for n in range(4):
        key("add-slot", "more%d" % n, "--new-credential-file", credential + str(n), store=store)
    code, out, err = key("add-slot", "ninth", "--new-credential-file", credential + "9", store=store)
    tap.ok(code == 1 and "has 8 slots" in err and not os.path.exists(credential + "9"), "a_ninth_slot_is_refused", err)

    code, out, err = key("remove-slot", "spare", store=store)
    tap.ok(code == 0 and "rekey" in out and key("list", store=store, passphrase=NEXT)[0] == 1, "a_removed_slot_opens_no_more", err)
    code, out, err = key("remove-slot", "main", store=store)
    tap.ok(code == 1 and "the last passphrase" in err, "the_last_passphrase_stays", err)
    code, out, err = key("remove-slot", "main", "--yes", store=store)
    tap.ok(code == 0 and key("list", store=store, passphrase=None, credential=bytes_)[0] == 0, "unless_it_is_meant", err)
    for n in ("piped", "more0", "more1", "more2", "more3"):
        key("remove-slot", n, store=store, passphrase=None, credential=bytes_)
    code, out, err = key("remove-slot", "machine", "--yes", store=store, passphrase=None, credential=bytes_)
    tap.ok(code == 1 and "the only slot" in err, "the_last_slot_stays", err)
    code, out, err = key("rekey", *LIGHT, store=store, passphrase=None, credential=bytes_, new_passphrase=NEXT)
    tap.ok(code == 0 and list(slots(store=store, passphrase=NEXT)) == ["main"], "a_credential_can_rekey", err)
    tap.ok(key("list", store=store, passphrase=None, credential=bytes_)[0] == 1, "and_is_gone_with_it")


class Terminal:
    """A program at a terminal of its own."""

    def __init__(self, *arguments):
        self.said = b""
        self.pid, self.fd = pty.fork()  # the child has a session and a controlling terminal
        if self.pid == 0:
            os.execve(SIGNER, [SIGNER, "key", *arguments], ENV)

    def wait(self, text, seconds=30):
        end = time.time() + seconds
        while time.time() < end and text.encode() not in self.said:
            if select.select([self.fd], [], [], 0.1)[0]:
                try:
                    self.said += os.read(self.fd, 4096)
                except OSError:
                    break
        found = text.encode() in self.said
        if found:
            self.seen = self.said[:self.said.index(text.encode()) + len(text)]
            WRITTEN.append(self.seen)
            self.said = self.said[len(self.seen):]
        return found

    def type(self, text):
        os.write(self.fd, text.encode())

    def end(self):
        while True:
            try:
                got = os.read(self.fd, 4096)
            except OSError:
                break
            if not got:
                break
            self.said += got
        WRITTEN.append(self.said)
        code = os.waitpid(self.pid, 0)[1]
        os.close(self.fd)
        return os.waitstatus_to_exitcode(code)

    def echoes(self):
        return bool(termios.tcgetattr(self.fd)[3] & termios.ECHO)


def test_at_a_terminal():
    store = os.path.join(STORE, "typed")
    t = Terminal("init", "--store", store, *LIGHT)
    tap.ok(t.wait("passphrase of the new key store: ") and not t.echoes(), "it_asks_without_echo", t.said)
    seen = b""
    for name in ("cmdline", "environ"):
        seen += open("/proc/%d/%s" % (t.pid, name), "rb").read() if os.geteuid() == 0 or name == "cmdline" else b""
    WRITTEN.append(seen)
    limits = open("/proc/%d/limits" % t.pid).read() if os.geteuid() == 0 else "Max core file size 0 0"
    tap.ok(re.search(r"Max core file size\s+0\s+0", limits), "no_core_file", limits)
    tap.ok(os.stat("/proc/%d/environ" % t.pid).st_uid == 0, "its_memory_is_hidden_from_its_user")
    t.type("wrong\x15" + PHRASE + "x\x7f\r")  # Ctrl-U, and a typing error taken back
    tap.ok(t.wait("Again, passphrase of the new key store: "), "twice", t.said)
    t.type(PHRASE + "\r")
    tap.ok(t.end() == 0, "made_at_a_terminal", t.said)
    tap.ok(key("list", store=store)[0] == 0, "what_was_typed_is_what_opens_it")
    t = Terminal("init", "--store", store + "2", *LIGHT)
    t.wait("store: ")
    t.type(PHRASE + "\r")
    t.wait("store: ")
    t.type("typo-CANARY-5\r")
    tap.ok(t.end() == 1 and b"not the same" in t.said and not os.path.exists(store + "2"), "two_that_differ", t.said)
    t = Terminal("list", "--store", store)
    start = time.time()
    for n in range(3):
        t.wait("passphrase of the key store: ")
        t.type("typo-CANARY-5\r")
    code = t.end()
    took = time.time() - start
    tap.ok(code == 1 and 7 <= took < 60, "three_tries_take_seven_seconds", "%s %.1f" % (code, took))
    for name, end in (("ctrl_c", lambda t: t.type("abc\x03")), ("sigterm", lambda t: os.kill(t.pid, signal.SIGTERM))):
        t = Terminal("list", "--store", store)
        t.wait("passphrase of the key store: ")
        end(t)
        until = time.time() + 30
        while not t.echoes() and time.time() < until:
            time.sleep(0.05)
        echo = t.echoes()
        tap.ok(t.end() not in (0, -9) and echo, name + "_gives_the_echo_back", t.said)


def test_canaries():
    for where, _, names in os.walk(SCRATCH):
        if where.startswith(GIVEN):
            continue
        for name in names:
            with open(os.path.join(where, name), "rb") as f:
                WRITTEN.append(f.read())
    found = [c for c in BYTES for w in WRITTEN if c in w]
    tap.ok(len(WRITTEN) > 50 and not found, "no_secret_in_all_that_was_written", found)
    tap.ok(not [n for n in os.listdir(".") if n.startswith("core")], "no_core_file_left")


try:
    test_from_init_to_list()
    test_imports()
    test_refusals()
    test_wrong_passphrase_and_damage()
    test_full_disk()
    test_change()
    test_slots()
    test_at_a_terminal()
    test_canaries()
finally:
    shutil.rmtree(SCRATCH, ignore_errors=True)
tap.done()
