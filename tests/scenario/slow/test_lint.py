#!/usr/bin/env python3
"""Each rule of `make lint` can fail: a breach planted in a copy of the tree is found, and named."""
import os, shutil, subprocess, sys, tempfile

sys.path.insert(0, "tests/tools")
import tap, tree

# rule, file to write (appended to where it exists), text, what the report must name
PLANTS = [
    ("layout", "agent/base/planted.c", "int   planted( void );\n", "agent/base/planted.c"),
    ("includes", "agent/base/planted.c", '#include "model/event.h"\n', "agent/model/event.h"),
    ("includes", "strategies/planted.c", '#include "core/engine.h"\n', "agent/core/engine.h"),
    ("includes", "agent/core/planted.h", '#include "strategies/strategy.h"\n#include "venue/venue.h"\n', "agent/venue/venue.h"),
    ("includes", "agent/venue/planted.c", '#include "io/loop.h"\n', "agent/io/loop.h"),
    ("includes", "config/planted.c", '#include "core/engine.h"\n', "agent/core/engine.h"),
    ("pure", "strategies/planted.c", "#include <time.h>\nlong planted(void);\nlong planted(void) { return time(0); }\n", "time"),
    ("pure", "agent/core/planted.c", "#include <stdlib.h>\nvoid *planted(void);\nvoid *planted(void) { return malloc(9); }\n", "malloc"),
    ("pure", "agent/venue/planted.c", "#include <stdio.h>\nvoid planted(char *s, int n);\n"
     'void planted(char *s, int n) { snprintf(s, 9, "%d", n); }\n', "printf"),
    ("pure", "agent/model/planted.c", "int planted(void);\nint planted(void) { static int n; return ++n; }\n", "writable data"),
    ("pure", "agent/core/planted.c", '#include "base/clock.h"\nlong planted(void);\nlong planted(void) { return clock_mono_ns(); }\n', "clock_mono_ns"),
    ("money", "agent/sim/planted.c", "static const double planted = 0.1;\n", "double"),
    ("banned", "agent/io/planted.c", '#include <string.h>\nvoid planted(char *s);\nvoid planted(char *s) { strcpy(s, "x"); }\n', "strcpy"),
    ("size", "agent/base/planted.c", "/* */\n" * 601, "601 lines"),
    ("text", "agent/base/planted.c", "/* TO" "DO: later */\n", "planted.c:1"),
    ("text", "docs/planted.md", "blanks \n", "docs/planted.md:1"),
    ("docs", "docs/planted.md", "See `agent/base/nowhere.h`.\n", "agent/base/nowhere.h"),
    ("docs", "docs/planted.md", "[here](nowhere.md)\n", "nowhere.md"),
    ("programs", "tests/scenario/test_planted.py", "print(1)\n", "tests/scenario/test_planted.py"),
    ("headers", "agent/base/planted.h", "int planted(uint64_t x);\n", "agent/base/planted.h"),
]
RULES = sorted({p[0] for p in PLANTS})


def lint(root, rule):
    p = subprocess.run([sys.executable, "tests/tools/lint.py", "--root", root, "--build", "build", "--only", rule],
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return p.returncode, p.stdout.decode()


def compile_planted(root, name):
    """An object of the planted file, as the Makefile would make it."""
    obj = os.path.join(root, "build/obj", name[:-2] + ".o")
    os.makedirs(os.path.dirname(obj), exist_ok=True)
    subprocess.run(["gcc", "-std=c17", "-O2", "-fPIE", "-D_GNU_SOURCE", "-Iagent", "-I.", "-c", "-o", obj, name],
                   cwd=root, check=True)
    return obj


def main():
    with tempfile.TemporaryDirectory() as root:
        for name in tree.files("."):
            os.makedirs(os.path.join(root, os.path.dirname(name)), exist_ok=True)
            shutil.copy2(name, os.path.join(root, name))
        shutil.copytree(os.path.join(tap.BUILD, "obj"), os.path.join(root, "build/obj"))
        for rule in RULES:
            code, out = lint(root, rule)
            tap.ok(code == 0, "lint_%s_passes_on_the_tree" % rule, out)
        for number, (rule, name, text, named) in enumerate(PLANTS):
            path = os.path.join(root, name)
            with open(path, "w") as f:
                f.write(text)
            made = [path]
            if rule == "pure":
                made.append(compile_planted(root, name))
            code, out = lint(root, rule)
            tap.ok(code == 1 and named in out, "lint_%s_finds_plant_%d" % (rule, number), out)
            for m in made:
                os.remove(m)
    tap.done()


main()
