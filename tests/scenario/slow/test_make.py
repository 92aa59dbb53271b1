#!/usr/bin/env python3
"""What the Makefile promises: nothing is built twice, changes are seen, install puts things where they belong."""
import os, re, shutil, subprocess, sys, tempfile

sys.path.insert(0, "tests/tools")
import tap, tree


def run(arguments, cwd, env=None):
    p = subprocess.run(arguments, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       stdin=subprocess.DEVNULL)
    return p.returncode, p.stdout.decode("utf-8", "replace")


def make(root, *arguments):
    env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    return run(["make", "-j2", *arguments], root, env)


def building(root):
    code, out = make(root)
    tap.ok(code == 0, "make_builds_a_fresh_copy", out[-2000:])
    code, out = make(root)
    tap.ok(code == 0 and not re.search(r"CC|LINK|AR", out), "make_builds_nothing_twice", out)

    os.utime(os.path.join(root, "agent/base/decimal.h"))
    code, out = make(root)
    tap.ok(code == 0 and "agent/base/decimal.c" in out and "agent/core/engine.c" in out and "LINK" in out,
           "make_sees_a_changed_header", out)
    code, out = make(root, "CFLAGS=-DANOTHER_FLAG")
    tap.ok(code == 0 and "agent/base/err.c" in out, "make_sees_changed_flags", out)
    make(root)

    extra = os.path.join(root, "agent/base/extra.c")
    with open(extra, "w") as f:
        f.write("int extra_symbol(void);\nint extra_symbol(void)\n{\n    return 1;\n}\n")
    make(root)
    archive = os.path.join(root, "build/libtradewind.a")
    _, symbols = run(["nm", archive], root)
    tap.ok("extra_symbol" in symbols, "make_sees_a_new_file", "")
    os.remove(extra)
    code, out = make(root)
    _, symbols = run(["nm", archive], root)
    tap.ok(code == 0 and "extra_symbol" not in symbols, "make_sees_a_file_that_went", out)

    code, out = make(root, "help")
    documented = set(re.findall(r"^  ([a-z-]+) ", out, re.M))
    wanted = {"all", "demo", "test", "test-all", "lint", "bench", "install", "help", "clean", "deps", "fuzz", "unit"}
    tap.ok(code == 0 and wanted <= documented, "make_help_lists_the_targets", out)


def without_packages(root):
    """Where pkg-config does not know the libraries, as on a fresh machine, plain make says what to do."""
    env = dict(os.environ, PKG_CONFIG_LIBDIR="/nowhere")
    code, out = run(["make", "BUILD=build/fresh"], root, env)
    tap.ok(code != 0 and "make deps" in out, "make_says_what_is_missing", out)


def installing(root):
    with tempfile.TemporaryDirectory() as dest:
        code, out = make(root, "install", "DESTDIR=" + dest, "PREFIX=/usr")
        tap.ok(code == 0, "make_install_works", out)
        for program in [f[:-len("_main.c")] for f in os.listdir(os.path.join(root, "agent/main")) if f.endswith("_main.c")]:
            path = os.path.join(dest, "usr/bin", program)
            good = os.path.isfile(path) and os.stat(path).st_mode & 0o7777 == 0o755
            code, out = run([path, "--version"], "/") if good else (1, "missing: " + path)
            tap.ok(good and code == 0 and out.startswith(program), "installed_%s_runs" % program, out)
        documents = os.path.join(dest, "usr/share/doc/tradewind")
        have = set(os.listdir(documents)) if os.path.isdir(documents) else set()
        tap.ok({"README.md", "LICENSE", "definitions.md"} <= have, "documents_are_installed", have)
        outside = [d for d in os.listdir(dest) if d != "usr"]
        tap.ok(not outside, "nothing_is_installed_beside_the_prefix", outside)


def dependencies(root):
    code, out = run(["sh", "tests/tools/deps.sh", "bash", "coreutils"], root)
    tap.ok(code == 0 and out == "", "deps_are_silent_when_all_is_there", out)
    if os.getuid() != 0:
        tap.skip("deps_without_root_say_what_to_do", "needs root to become nobody")
        return
    with tempfile.TemporaryDirectory() as empty:  # a PATH with dpkg-query, but without sudo
        os.chmod(empty, 0o755)
        for tool in ("sh", "dpkg-query", "id"):
            os.symlink(shutil.which(tool), os.path.join(empty, tool))
        with open(os.path.join(root, "tests/tools/deps.sh")) as script:
            code, out = run_as_nobody(script.read(), empty)
        tap.ok(code == 1 and "apt-get install" in out and "no-such-package-for-sure" in out,
               "deps_without_root_say_what_to_do", out)


def run_as_nobody(script, path):
    p = subprocess.run([shutil.which("sh"), "-s", "no-such-package-for-sure"], cwd="/", input=script.encode(),
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={"PATH": path}, user="nobody")
    return p.returncode, p.stdout.decode()


def main():
    with tempfile.TemporaryDirectory() as root:
        os.chmod(root, 0o755)
        for name in tree.files("."):
            os.makedirs(os.path.join(root, os.path.dirname(name)), exist_ok=True)
            shutil.copy2(name, os.path.join(root, name))
        building(root)
        without_packages(root)
        installing(root)
        dependencies(root)
    tap.done()


main()
