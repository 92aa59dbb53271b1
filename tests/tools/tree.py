"""The source tree as the lint checks see it: which files there are, and C without comments and literals."""
import os, re, subprocess

C_SUFFIXES = (".c", ".h", ".cc")


def files(root, suffixes=None, under=()):
    """Paths below root, relative, sorted: tracked and new files, not what .gitignore leaves out."""
    try:
        out = subprocess.run(["git", "-C", root, "ls-files", "-co", "--exclude-standard"], check=True,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode()
        names = out.splitlines()
    except subprocess.CalledProcessError:  # a copy without history
        names = [os.path.relpath(os.path.join(d, f), root) for d, _, fs in os.walk(root) for f in fs]
        names = [n for n in names if not n.startswith(("build", ".git/"))]
    names = [n for n in sorted(set(names)) if os.path.isfile(os.path.join(root, n))]
    if suffixes:
        names = [n for n in names if n.endswith(suffixes)]
    if under:
        names = [n for n in names if n.startswith(tuple(under))]
    return names


def read(root, name):
    with open(os.path.join(root, name), encoding="utf-8", errors="surrogateescape") as f:
        return f.read()


def code_only(text):
    """C text with comments and the inside of literals blanked; lines keep their numbers."""
    token = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
    return token.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)


def matches(root, names, pattern, message):
    """One problem per place where the pattern occurs in the code (comments and literals aside)."""
    found = []
    for name in names:
        for n, line in enumerate(code_only(read(root, name)).splitlines(), 1):
            for m in re.finditer(pattern, line):
                found.append("%s:%d: %s" % (name, n, message % m.group(1)))
    return found
