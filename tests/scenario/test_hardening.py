#!/usr/bin/env python3
"""The programs are hardened: what the flags promise, read back from the files themselves."""
import glob, os, re, subprocess, sys

sys.path.insert(0, "tests/tools")
import tap


def readelf(*arguments):
    return subprocess.run(["readelf", "-W", *arguments], check=True, stdout=subprocess.PIPE).stdout.decode()


def main():
    programs = [os.path.join(tap.BUILD, os.path.basename(p)[:-len("_main.c")]) for p in glob.glob("agent/main/*_main.c")]
    programs += [os.path.join(tap.BUILD, "tradewind-" + os.path.basename(p)[:-len("_main.c")])
                 for p in glob.glob("wallet/*_main.c")]
    for program in sorted(programs):
        name = os.path.basename(program)
        symbols = readelf("--dyn-syms", program)
        if "__asan_init" in symbols:
            tap.skip("hardening_of_" + name, "a sanitized program is never installed")
            continue
        dynamic, headers = readelf("-d", program), readelf("-lh", program)
        tap.ok(re.search(r"Type:\s+DYN", headers) and re.search(r"FLAGS_1.*\bPIE\b", dynamic), name + "_is_position_independent",
               headers)
        tap.ok("GNU_RELRO" in headers and re.search(r"BIND_NOW|FLAGS_1.*\bNOW\b", dynamic), name + "_has_full_relro", dynamic)
        stack = re.search(r"GNU_STACK.*", headers)
        tap.ok(stack and " RW " in stack.group() and "RWE" not in stack.group(), name + "_has_no_executable_stack", headers)
        tap.ok(not re.search(r"LOAD.* RWE ", headers), name + "_maps_nothing_writable_and_executable", headers)
        tap.ok("__stack_chk_fail" in symbols, name + "_has_stack_protectors", symbols)
        tap.ok(re.search(r"__(memcpy|snprintf|vsnprintf|fprintf|printf)_chk", symbols), name + "_is_fortified", symbols)
        tap.ok("RPATH" not in dynamic and "RUNPATH" not in dynamic, name + "_has_no_library_path", dynamic)
        if os.uname().machine == "x86_64":
            code = subprocess.run(["objdump", "-d", "--no-show-raw-insn", program], check=True,
                                  stdout=subprocess.PIPE).stdout.decode()
            tap.ok(re.search(r"<main>:\n[^\n]*endbr64", code), name + "_marks_branch_targets")
    tap.done()


main()
