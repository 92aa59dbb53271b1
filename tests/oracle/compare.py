"""Asks the program and the documents the same questions, and says where they differ."""
import collections, os, random, string, sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import draw, driver, encode, policy
import signer_client as wire

# The reasons of the decision: all that no socket and no key store is needed for.
REACHABLE = [name for number, name in sorted(wire.REASONS.items()) if number >= 16 or number == 0]


def first_seed():
    """The seed of the first session: ORACLE_SEED, else any."""
    given = os.environ.get("ORACLE_SEED")
    seed = int(given) if given else random.SystemRandom().randrange(10 ** 9)
    print("# ORACLE_SEED=%d" % seed, flush=True)
    return seed


def told(answer):
    """An answer to a decision, for people."""
    try:
        return " ".join("%s=%s" % item for item in vars(driver.Decision(answer)).items())
    except (wire.Malformed, KeyError):
        return answer.hex()


def what(question):
    if question[:1] != b"C":
        return question.hex()
    *around, data = driver.decided(question)
    try:
        return "%s %s" % (around, wire.decode_request(data))
    except wire.Malformed as e:
        return "%s: %s" % (e, data.hex())


def decisions(asked, count, seed):
    """At least so many decisions in sessions from that seed on. Returns (reason -> how often, what differs)."""
    seen, bad = collections.Counter(), []
    while seen.total() < count:
        steps = list(draw.Session(random.Random(seed)).steps())
        answers = asked.ask([question for question, _ in steps])
        for at, ((question, expected), answer) in enumerate(zip(steps, answers)):
            if question[:1] == b"C":
                seen["no message" if expected[0] == 1 else "other version" if expected[0] == 2 else
                     wire.REASONS[int.from_bytes(expected[1:3], "little")]] += 1
            if answer != expected:
                bad.append("ORACLE_SEED=%d step %d\nprogram:   %s\ndocuments: %s\n%s"
                           % (seed, at, told(answer), told(expected), what(question)))
                break  # what follows only follows from it
        seed += 1
    return seen, bad


def draw_key(r):
    """Kind, network, API key, secret: nearly always such as can sign."""
    kind = r.choice((driver.HMAC, driver.ED25519))
    text = "".join(r.choices(string.ascii_letters + string.digits, k=256))
    secret = bytes(r.randrange(256) for _ in range(32)) if kind == driver.ED25519 else \
        text[:r.choice((16, 64, 64, 256, r.randrange(16, 257)))].encode()
    key = [kind, r.choice(("binance:mainnet", "binance:testnet", "binance:")), text[:r.choice((1, 64, 64, 128))], secret]
    if r.random() < 0.05:
        key[r.randrange(4)] = None
        key = [r.choice((3, 4, 9)), "binance-mainnet", "", text[:15].encode()] if r.random() < 0.2 else \
            [r.choice((0, 3, 4, 5)) if key[0] is None else key[0], r.choice(("binance", "kraken:x", "Binance:x")) if key[1] is None
             else key[1], "" if key[2] is None else key[2], text[:15].encode() if key[3] is None else key[3]]
    return key


def expected_encoding(key, data):
    try:
        m = wire.decode_request(data)
    except wire.OtherVersion:
        return b"\2"
    except wire.Malformed:
        return b"\1"
    try:
        return b"\0" + wire.encode_reply(m["type"], m["id"], **encode.encode(*key, m))
    except encode.NoEncoder:
        return b"\3"
    except policy.Refused:
        return b"\4"


def kind_of(key, data, answer):
    """What an encoding was of, to be counted."""
    if answer[:1] != b"\0":
        return "result %d" % answer[0]
    m = wire.decode_request(data)
    name = "type %d" % m["type"]
    if "query" in m:
        name += " query %d" % m["query"]["what"]
    elif "order" in m:
        name += " kind %d" % m["order"]["kind"]
    return "%s, transport %d, key %d" % (name, m["signing"]["transport"], key[0])


def encodings(asked, count, seed):
    """At least so many signed requests, whole replies compared. Returns (what -> how often, what differs)."""
    seen, bad = collections.Counter(), []
    while seen.total() < count:
        r = random.Random(seed)
        session = draw.Session(r)
        session.policy = session.draw_policy()
        asks = []
        for _ in range(40):
            session.pass_time()
            asks.append((draw_key(r), session.draw_message()))
        answers = asked.ask([driver.encode(*key, data) for key, data in asks])
        for at, ((key, data), answer) in enumerate(zip(asks, answers)):
            expected = expected_encoding(key, data)
            seen[kind_of(key, data, expected)] += 1
            if answer != expected:
                bad.append("ORACLE_SEED=%d encoding %d\nprogram:   %r\ndocuments: %r\n%r" % (seed, at, answer, expected, key))
        seed += 1
    return seen, bad


def encodings_of_all():
    """What encodings() has to reach."""
    names = ["result 1", "result 2", "result 3", "result 4"]
    for key in driver.HMAC, driver.ED25519:
        for transport in wire.REST, wire.WEBSOCKET:
            kinds = ["type %d kind %d" % (t, k) for t in policy.ORDERS for k in range(1, 6)]
            kinds += ["type %d" % t for t in policy.CANCELS] + ["type %d query %d" % (wire.SIGN_QUERY, q) for q in range(1, 8)]
            kinds += ["type %d" % wire.SIGN_STREAM]
            for kind in kinds:
                if not (transport == wire.WEBSOCKET and kind == "type %d query 6" % wire.SIGN_QUERY) \
                        and not (transport == wire.REST and kind == "type %d" % wire.SIGN_STREAM):
                    names.append("%s, transport %d, key %d" % (kind, transport, key))
    return names


def table(seen):
    for name, count in sorted(seen.items(), key=lambda item: -item[1]):
        print("# %8d %s" % (count, name), flush=True)


def judge(tap, name, seen, bad, names, at_least):
    """Three lines of TAP about what decisions() or encodings() returned: nothing differs, nothing was never reached."""
    table(seen)
    tap.ok(not bad, name + "_agree", "%d differ\n%s" % (len(bad), "\n".join(bad[:10])))
    few = ["%s: %d" % (n, seen[n]) for n in names if seen[n] < at_least]
    tap.ok(not few, name + "_reach_all", "fewer than %d of\n%s" % (at_least, "\n".join(few)))
