"""Which objects are pure: what they call, against an allow-list, and that they keep no state of their own.

The engine, the sessions and codecs, the matching engine and the strategies must be functions of their inputs, or live,
paper, backtest and replay would not be one engine. An object is pure when every undefined symbol of it is on the list
below, or is defined by an object it may use, and when it has no writable data.
"""
import os, re, subprocess
import tree

# The C library and the compiler's helpers: no clock, file, socket, heap, formatting, locale; of libm only sqrt.
EXTERNAL = {
    "memcpy", "memset", "memmove", "memcmp", "bcmp", "strlen", "strcmp", "strncmp", "strnlen", "sqrt",
    "__memcpy_chk", "__memset_chk", "__memmove_chk", "__stack_chk_fail", "_GLOBAL_OFFSET_TABLE_",
    "__udivti3", "__umodti3", "__divti3", "__modti3", "__udivmodti4", "__divmodti4", "__muloti4", "__multi3",
    "__floattidf", "__floatuntidf", "__fixdfti",
}
BASE = ["agent/base/decimal", "agent/base/buf", "agent/base/check", "agent/base/err", "agent/base/rng"]

# (objects, what they may use beside EXTERNAL and BASE, symbols of agent/core they may use)
GROUPS = [
    ("agent/model/", ["agent/model/"], None),
    ("agent/core/", ["agent/core/", "agent/model/", "strategies/indicators"], None),
    ("agent/venue/", ["agent/venue/", "agent/model/"], None),
    ("agent/sim/matching", ["agent/sim/matching", "agent/model/"], None),
    ("strategies/", ["strategies/", "agent/model/"], re.compile(r"(view|intents)_\w+")),
]


def nm(objects, *flags):
    """symbol sets by object"""
    out = subprocess.run(["nm", "-A", "-P", *flags] + objects, check=True, stdout=subprocess.PIPE).stdout.decode()
    found = {o: set() for o in objects}
    for line in out.splitlines():
        path, _, rest = line.partition(": ")
        found[path].add(rest.split()[0])
    return found


def writable_bytes(object_file):
    out = subprocess.run(["size", "-A", object_file], check=True, stdout=subprocess.PIPE).stdout.decode()
    return sum(int(l.split()[1]) for l in out.splitlines()
               if re.match(r"\.(data|bss|tdata|tbss)(\.(?!rel\.ro)\S*)?\s", l))


def check(root, build):
    sources = tree.files(root, (".c", ".cc"), ("agent/", "strategies/"))
    objects = {s.rsplit(".", 1)[0]: os.path.join(root, build, "obj", s.rsplit(".", 1)[0] + ".o") for s in sources}
    missing = [o for o in objects.values() if not os.path.exists(o)]
    if missing:
        return ["%s is not built; `make lint` builds it" % m for m in missing]
    defined = nm(list(objects.values()), "--defined-only", "-g")
    undefined = nm(list(objects.values()), "-u")
    problems = []

    def provided(prefixes):
        return set().union(*[defined[o] for s, o in objects.items() if s.startswith(tuple(prefixes))])

    for group, uses, of_core in GROUPS:
        members = [s for s in objects if s.startswith(group)]
        allowed = EXTERNAL | provided(BASE) | provided(uses)
        if of_core:
            allowed |= {s for s in provided(["agent/core/"]) if of_core.fullmatch(s)}
        for s in members:
            for symbol in sorted(undefined[objects[s]] - allowed):
                problems.append("%s uses %s: not allowed in a pure part" % (s, symbol))
            n = writable_bytes(objects[s])
            if n:
                problems.append("%s has %d bytes of writable data: a pure part keeps no state of its own" % (s, n))
    return problems
