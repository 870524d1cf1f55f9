"""Traced programs: which branches an input reaches, and what of it only Python would do.

A Python source is instrumented here, before it goes into the sandbox, and called through a function
of ours that returns the trace instead of the result. Endless inputs are found by counting steps, so
they cost milliseconds and not a time limit. Other languages are not traced.
"""

from __future__ import annotations

import ast
import warnings
from dataclasses import dataclass
from string import Template

from transloop_verify.case import Entry, Observation, Side
from transloop_verify.tables import text

STEPS = 30_000
"""Loop rounds, calls and branches of one call; an input that needs more is called endless."""


@dataclass(frozen=True)
class Traced:
    """An instrumented program."""

    side: Side
    branches: dict[int, int]
    """Each branch's line."""


@dataclass(frozen=True)
class Trace:
    """What one input did in an instrumented program."""

    end: str
    """`returned`, `raised`, `endless`, or what ended the process."""
    error: str = ""
    message: str = ""
    hits: frozenset[int] = frozenset()
    notes: tuple[str, ...] = ()
    result: int = 0
    """Equal for equal results, within one run."""


@dataclass(frozen=True)
class Coverage:
    """Branches that the cases reach, of all in the function and what it needs."""

    reached: int
    branches: int
    missed_lines: tuple[int, ...] = ()

    @property
    def share(self) -> float:
        """1 for a program without branches."""
        return self.reached / self.branches if self.branches else 1.0


def traced(side: Side) -> Traced | None:
    """The side, instrumented; None where its language is not traced or its code does not parse."""
    if side.language != "python":
        return None
    tree = _parsed(f"{side.prelude}\n{side.code}")
    if tree is None:
        return None
    work = _Instrument(first_line=side.prelude.count("\n") + 1)
    tree = ast.fix_missing_locations(work.visit(tree))
    code = _above(ast.unparse(tree)) + _template("traced").substitute(call=_call(side.entry))
    entry = Entry("transloop_traced", side.entry.parameters)
    return Traced(Side(code, "python", entry), work.branches)


def trace_of(seen: Observation) -> Trace:
    """The trace that an observation of an instrumented program carries."""
    match seen.value:
        case [str(end), str(error), str(message), list(hits), list(notes), int(result)]:
            reached = frozenset(each for each in hits if isinstance(each, int))
            return Trace(end, error, message, reached, tuple(map(str, notes)), result)
    return Trace(seen.kind, seen.error, seen.message)


def coverage(program: Traced, traces: list[Trace]) -> Coverage:
    """What some traces reach together."""
    reached = frozenset[int]().union(*(each.hits for each in traces))
    missed = {line for branch, line in program.branches.items() if branch not in reached}
    return Coverage(len(reached), len(program.branches), tuple(sorted(missed)))


class _Instrument(ast.NodeTransformer):
    """Puts a call of `_transloop_hit` into each branch, and watches operators of interest."""

    def __init__(self, first_line: int) -> None:
        self.branches: dict[int, int] = {}
        self._first_line = first_line
        self._depth = 0

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self._depth += 1
        node.body = [self.visit(each) for each in node.body]  # types and defaults stay as they are
        self._depth -= 1
        docstring = int(ast.get_docstring(node, clean=False) is not None)
        node.body.insert(docstring, self._hit(node.lineno))
        return node

    def visit_If(self, node: ast.If) -> ast.AST:
        self.generic_visit(node)
        if self._depth:
            node.body.insert(0, self._hit(node.lineno))
            node.orelse.insert(0, self._hit(node.lineno))
        return node

    def visit_For(self, node: ast.For) -> ast.AST:
        return self._loop(node)

    def visit_While(self, node: ast.While) -> ast.AST:
        return self._loop(node)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        self.generic_visit(node)
        if self._depth:
            node.body.insert(0, self._hit(node.lineno))
        return node

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        self.generic_visit(node)
        if self._depth:
            node.body = self._first(node.body, node.lineno)
            node.orelse = self._first(node.orelse, node.lineno)
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if not self._depth:
            return node
        if isinstance(node.op, ast.Mod | ast.FloorDiv):
            which = "mod" if isinstance(node.op, ast.Mod) else "div"
            return _watch(which, node.left, node.right)
        if isinstance(node.op, ast.Add | ast.Sub | ast.Mult | ast.Pow | ast.LShift):
            return _watch("big", node)
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        self.generic_visit(node)
        computed = not isinstance(node.slice, ast.Slice | ast.Tuple | ast.Constant | ast.UnaryOp)
        if self._depth and computed and isinstance(node.value, ast.Name):
            node.slice = _watch("at", ast.Name(node.value.id, ast.Load()), node.slice)
        return node

    def _loop(self, node: ast.For | ast.While) -> ast.AST:
        self.generic_visit(node)
        if self._depth:
            node.body.insert(0, self._hit(node.lineno))
        return node

    def _hit(self, line: int) -> ast.stmt:
        return ast.Expr(self._call(line))

    def _first(self, value: ast.expr, line: int) -> ast.expr:
        """The value, after its branch is noted: noting gives None."""
        return ast.BoolOp(ast.Or(), [self._call(line), value])

    def _call(self, line: int) -> ast.expr:
        branch = len(self.branches)
        self.branches[branch] = max(1, line - self._first_line)
        return _watch("hit", ast.Constant(branch))


def _parsed(code: str) -> ast.Module | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the user's code, such as "\\d" in plain quotes
        try:
            return ast.parse(code)
        except (SyntaxError, ValueError):
            return None


def _watch(what: str, *values: ast.expr) -> ast.expr:
    return ast.Call(ast.Name(f"_transloop_{what}", ast.Load()), list(values), [])


def _above(code: str) -> str:
    """The counting part, below `from __future__` lines, which must stay first."""
    lines = code.split("\n")
    last = max(
        (at + 1 for at, line in enumerate(lines) if line.startswith("from __future__")), default=0
    )
    counting = _template("trace").substitute(steps=STEPS)
    return "\n".join([*lines[:last], counting, *lines[last:]])


def _call(entry: Entry) -> str:
    if entry.owner is None:
        return entry.name
    return f"{entry.owner}.{entry.name}" if entry.static else f"{entry.owner}().{entry.name}"


def _template(name: str) -> Template:
    return Template(text("python", f"{name}.template"))
