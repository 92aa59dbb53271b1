"""policy.py with one thing in it changed: a comparison, an `and`, a sign, a number, a refusal. Whoever draws questions well
sees each of them by its answers."""
import ast, copy, os, sys, types

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import draw, policy
import signer_policy as binary

OTHER = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.In: ast.NotIn,
         ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.And: ast.Or, ast.Or: ast.And, ast.Add: ast.Sub, ast.Sub: ast.Add}


class Change(ast.NodeTransformer):
    """Changes the place with the given number; `places` counts them, `what` is the source of the one that was changed."""

    def __init__(self, number):
        self.number, self.places, self.what = number, 0, None

    def here(self, node):
        self.places += 1
        if self.places - 1 != self.number:
            return False
        self.what = node.lineno, ast.unparse(node)
        return True

    def visit_Compare(self, node):
        for i, op in enumerate(node.ops):
            if self.here(node):
                node.ops[i] = OTHER[type(op)]()
        return self.generic_visit(node)

    def visit_BoolOp(self, node):
        if self.here(node):
            node.op = OTHER[type(node.op)]()
        return self.generic_visit(node)

    def visit_BinOp(self, node):
        if type(node.op) in OTHER and self.here(node):
            node.op = OTHER[type(node.op)]()
        return self.generic_visit(node)

    def visit_Constant(self, node):
        if type(node.value) is int and self.here(node):
            node.value += 1
        return node

    def visit_Raise(self, node):
        return ast.copy_location(ast.Pass(), node) if self.here(node) else self.generic_visit(node)


def mutants():
    """(line, what was changed in it, the changed module) of each place."""
    with open(policy.__file__) as f:
        source = f.read()
    tree, lines = ast.parse(source), source.splitlines()
    tree.body = [n for n in tree.body if not (isinstance(n, ast.Expr) and isinstance(n.value, ast.Call))]  # sys.path
    number = 0
    while True:
        change = Change(number)
        changed = ast.fix_missing_locations(change.visit(copy.deepcopy(tree)))
        if number >= change.places:
            return
        module = types.ModuleType("mutant")
        module.__file__ = policy.__file__
        exec(compile(changed, policy.__file__, "exec"), module.__dict__)
        line, what = change.what
        yield lines[line - 1].strip(), what, module
        number += 1


def notices(steps, module):
    """Whether the module answers one of a session's questions otherwise."""
    counters, its_policy = None, {"keys": []}
    for question, expected in steps:
        if question[:1] == b"R":
            counters = module.Counters(int.from_bytes(question[1:5], "little"))
        elif question[:1] == b"P":
            its_policy = binary.decode(question[1:]) if expected == b"\0" else its_policy
        else:
            try:
                if draw.answer(module, its_policy, counters, question) != expected:
                    return True
            except Exception:  # it broke: that is seen, too
                return True
    return False
