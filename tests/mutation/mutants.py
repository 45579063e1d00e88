"""Mutants of a Python module: every single change of a constant, an operator, a condition, a call or a statement.

Left alone: annotations, docstrings, arguments of `raise` and of log calls, and switches that only guard against
mistakes of callers (`UNCHANGED`).
"""

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

UNCHANGED = frozenset({"strict", "frozen", "description"})
"""Keyword arguments that are not mutated."""

MUTUAL = [
    *[(ast.Add, ast.Sub), (ast.Mult, ast.Div), (ast.BitAnd, ast.BitOr), (ast.LShift, ast.RShift), (ast.And, ast.Or)],
    *[(ast.Lt, ast.LtE), (ast.Gt, ast.GtE), (ast.Eq, ast.NotEq), (ast.Is, ast.IsNot), (ast.In, ast.NotIn)],
]
"""Operators that take each other's place. Order comparisons only move their boundary; conditions are negated too."""

OPERATORS: dict[type[ast.AST], type[ast.AST]] = {
    **dict(MUTUAL),
    **{second: first for first, second in MUTUAL},
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitXor: ast.BitAnd,
}
"""Operator -> the one that takes its place."""

SWAPPED = {"min": "max", "minimum": "maximum", "amin": "amax", "any": "all", "ceil": "floor", "argmin": "argmax"}
SWAPPED |= {value: key for key, value in SWAPPED.items()}
"""Function or method -> the one that is called in its place."""

UNWRAPPED = frozenset({"abs", "square", "sqrt", "clip", "clamp", "clamp_min", "nan_to_num", "detach", "clone"})
"""Functions and methods whose call is replaced by their first operand."""

LIBRARIES = frozenset({"np", "torch", "F", "math"})
"""Names of modules: `np.abs(x)` is unwrapped to its argument, `x.abs()` to x."""


@dataclass(frozen=True)
class Mutant:
    """One change of one module."""

    path: str
    """File, relative to the repository."""
    number: int
    """Position among the changes of its module."""
    name: str
    """`function: before -> after`, unique in its module and independent of line numbers."""
    lines: tuple[int, int]
    """First and last line of the changed statement, or of the header of a compound one."""


@dataclass(frozen=True)
class Change:
    """A node to be put in the place of another one."""

    owner: ast.AST
    field: str
    index: int | None
    """Position in a list-valued field."""
    node: ast.AST
    scope: tuple[str, ...]
    """Names of the enclosing classes and functions."""
    statement: ast.stmt

    @property
    def old(self) -> ast.AST:
        """The node that is replaced."""
        value = getattr(self.owner, self.field)
        return value if self.index is None else value[self.index]

    def apply(self) -> None:
        """Change the tree in place."""
        if self.index is None:
            setattr(self.owner, self.field, self.node)
        else:
            getattr(self.owner, self.field)[self.index] = self.node


def mutants(path: str, source: str) -> list[Mutant]:
    """All mutants of a module, in a fixed order."""
    found, seen = [], Counter()
    for number, change in enumerate(changes(ast.parse(source))):
        name = _name(change)
        seen[name] += 1
        unique = name if seen[name] == 1 else f"{name} #{seen[name]}"
        found.append(Mutant(path, number, unique, _lines(change.statement)))
    return found


def mutated(source: str, number: int) -> ast.Module:
    """The syntax tree of a module with the change of that number."""
    tree = ast.parse(source)
    for position, change in enumerate(changes(tree)):
        if position == number:
            change.apply()
            break
    return ast.fix_missing_locations(tree)


def changes(tree: ast.Module) -> Iterator[Change]:
    """Every change of a module, in a fixed order; apply one before the next is drawn, or none."""
    for position, statement in enumerate(tree.body):
        yield from _of_field(tree, "body", position, statement, (), statement)


def _of_field(
    owner: ast.AST, field: str, index: int | None, node: ast.AST, scope: tuple[str, ...], statement: ast.stmt
) -> Iterator[Change]:
    """Changes of the node in that field, then those of the nodes in it."""
    if _left_alone(node):
        return
    statement = node if isinstance(node, ast.stmt) else statement
    for replacement in _replacements(owner, field, node):
        yield Change(owner, field, index, replacement, scope, statement)
    if isinstance(node, ast.Raise):
        return
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        scope = (*scope, node.name)
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "type_params"):
            continue
        for position, child in enumerate(value if isinstance(value, list) else [value]):
            if isinstance(child, ast.AST):
                place = position if isinstance(value, list) else None
                yield from _of_field(node, name, place, child, scope, statement)


def _left_alone(node: ast.AST) -> bool:
    match node:
        case ast.Import() | ast.ImportFrom() | ast.Expr(value=ast.Constant()):
            return True
        case ast.keyword(arg=name):
            return name in UNCHANGED
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id="log")))):
            return True
        case ast.BinOp(op=ast.BitOr(), right=ast.Constant(value=None)):
            return True  # a type
    return False


def _replacements(owner: ast.AST, field: str, node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(value=int(value)):
            yield ast.Constant(value + 1)
        case ast.Constant(value=float(value)):
            yield ast.Constant(2 * value or 1.0)
        case ast.UnaryOp(op=ast.USub() | ast.Not() | ast.Invert(), operand=operand):
            yield operand
        case ast.Call():
            yield from _other_calls(node)
        case ast.stmt() if _removable(owner, field, node):
            yield ast.Pass()
        case ast.operator() | ast.boolop() | ast.cmpop() if type(node) in OPERATORS:
            yield OPERATORS[type(node)]()
    if field in ("test", "ifs") and not _negated_by_operator(node):
        yield ast.UnaryOp(ast.Not(), node)


def _negated_by_operator(node: ast.AST) -> bool:
    match node:
        case ast.UnaryOp(op=ast.Not()):
            return True
        case ast.Compare(ops=[ast.Eq() | ast.NotEq() | ast.Is() | ast.IsNot() | ast.In() | ast.NotIn()]):
            return True
    return False


def _other_calls(call: ast.Call) -> Iterator[ast.AST]:
    match call.func:
        case ast.Name(id=name) if name in SWAPPED:
            yield ast.Call(ast.Name(SWAPPED[name], ast.Load()), call.args, call.keywords)
        case ast.Attribute(value=value, attr=name) if name in SWAPPED:
            yield ast.Call(ast.Attribute(value, SWAPPED[name], ast.Load()), call.args, call.keywords)
        case ast.Attribute(value=ast.Name(id=module), attr=name) if name in UNWRAPPED and module in LIBRARIES:
            yield call.args[0]
        case ast.Attribute(value=value, attr=name) if name in UNWRAPPED:
            yield value


def _removable(owner: ast.AST, field: str, node: ast.stmt) -> bool:
    """True for a statement without which its function can go on: no first assignment, no last return."""
    match node:
        case ast.Expr(value=ast.Call()) | ast.AugAssign() | ast.Raise() | ast.Continue() | ast.Break():
            return True
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            return True
        case ast.Assign(targets=targets):
            names = {n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)}
            return names <= {n.id for n in ast.walk(node.value) if isinstance(n, ast.Name)}
        case ast.Return():
            body = getattr(owner, field)
            return not (isinstance(owner, ast.FunctionDef) and body[-1] is node)
    return False


def _lines(statement: ast.stmt) -> tuple[int, int]:
    body = getattr(statement, "body", None)
    last = (statement.end_lineno or statement.lineno) if not body else max(statement.lineno, body[0].lineno - 1)
    return statement.lineno, last


def _name(change: Change) -> str:
    """`function: before -> after`, both with the expression around an operator or a constant."""
    old = change.old
    shown = change.owner if isinstance(old, ast.operator | ast.boolop | ast.cmpop | ast.Constant) else old
    before = _text(shown)
    change.apply()
    after = _text(change.node if shown is old else shown)
    Change(change.owner, change.field, change.index, old, (), change.statement).apply()
    if before == after or len(before) > 100:  # a constant in a long expression
        before, after = _text(old), _text(change.node)
    return f"{'.'.join(change.scope) or 'module'}: {before} -> {after}"


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.operator | ast.boolop | ast.cmpop):
        return type(node).__name__
    return " ".join(ast.unparse(node).split())
