"""Who may include whom: every C file's includes, as gcc -MM sees them, against one table (docs/architecture.md)."""
import concurrent.futures, os, subprocess
import tree

STRATEGY_H = "strategies/strategy.h"

# What a file of a directory may see, directly or through other headers.
ALLOWED = {
    "agent/base/": ["agent/base/"],
    "agent/model/": ["agent/model/", "agent/base/"],
    "agent/venue/": ["agent/venue/", "agent/model/", "agent/base/"],
    "strategies/": ["strategies/", "agent/model/", "agent/base/"],
    # Alerts are set on indicators, too: the same ones that strategies use.
    "agent/core/alert": ["agent/core/", STRATEGY_H, "strategies/indicators.h", "agent/model/", "agent/base/"],
    "agent/core/": ["agent/core/", STRATEGY_H, "agent/model/", "agent/base/"],
    "config/": ["config/", STRATEGY_H, "agent/model/", "agent/base/"],
    "agent/sim/": ["agent/sim/", "agent/venue/", "agent/core/", STRATEGY_H, "agent/model/", "agent/base/"],
    # The exchange in a box: its state is in sim, its sockets and files are in io.
    "agent/io/box_": ["agent/io/", "agent/sim/box", "agent/sim/recording", "agent/venue/", "agent/model/", "agent/base/"],
    "agent/io/recording_file": ["agent/io/", "agent/sim/recording", "agent/model/", "agent/base/"],
    "agent/io/datafile_recording": ["agent/io/", "agent/sim/recording", "agent/venue/", "agent/core/", STRATEGY_H,
                                    "agent/model/", "agent/base/"],
    # What is said on the signer's socket, and nothing else of it.
    "agent/io/signer": ["agent/io/", "wallet/wire.h", "agent/model/", "agent/base/"],
    "agent/io/wire_secret": ["agent/io/", "wallet/wire.h", "agent/model/", "agent/base/"],
    "agent/io/": ["agent/io/", "agent/venue/", "agent/core/", STRATEGY_H, "agent/model/", "agent/base/"],
    "wallet/signer_main": ["wallet/", "agent/base/", "build_id.h"],
    "wallet/": ["wallet/", "agent/base/"],
    # The policy's compiler writes what the signer reads.
    "agent/main/policy_": ["agent/", "config/", "strategies/", "wallet/policy.h", "wallet/policy_words.h", "wallet/kind.h",
                           "wallet/wire.h"],
    "agent/main/cmd_policy": ["agent/", "config/", "strategies/", "wallet/policy.h", "wallet/kind.h", "wallet/wire.h"],
    "agent/main/": ["agent/", "config/", "strategies/", "wallet/wire.h", "build_id.h"],
}


def dependencies(root, name):
    """Files of the project that [name] includes, directly or not."""
    p = subprocess.run(["gcc", "-MM", "-MG", "-x", "c++" if name.endswith(".cc") else "c", "-D_GNU_SOURCE",
                        "-Iagent", "-I.", name], cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if p.returncode:
        return None, p.stderr.decode("utf-8", "replace").strip()
    words = p.stdout.decode().replace("\\\n", " ").split()[1:]
    return [os.path.normpath(w) for w in words if os.path.normpath(w) != name], ""


def check(root, build):
    problems = []
    names = tree.files(root, tree.C_SUFFIXES, ALLOWED)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for name, (seen, error) in zip(names, pool.map(lambda n: dependencies(root, n), names)):
            layer = next(l for l in ALLOWED if name.startswith(l))
            if seen is None:
                problems.append("%s: gcc -MM failed: %s" % (name, error))
                continue
            for other in seen:
                if not other.startswith(tuple(ALLOWED[layer])):
                    problems.append("%s sees %s; %s may see only %s" %
                                    (name, other, layer, ", ".join(ALLOWED[layer])))
    return problems
