"""Functions to grow pairs from, and an engine that gives right and wrong translations of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from transloop_model.echo import EchoEngine
from transloop_model.engine import Request
from transloop_synth.order import Order, Share
from transloop_synth.source import SourceFunction, of_program

PYTHON = {
    "half": "def half(n: int) -> int:\n    return n // 2",
    "clamp": (
        "def clamp(x: int, low: int, high: int) -> int:\n"
        "    if x < low:\n        return low\n    if x > high:\n        return high\n    return x"
    ),
    "tail": (
        "def tail(text: str, count: int) -> str:\n    return text[-count:] if count > 0 else ''"
    ),
    "total": (
        "def total(xs: list[int]) -> int:\n    n = 0\n    for x in xs:\n"
        "        n += x\n    return n"
    ),
}
JAVASCRIPT = {
    "half": "function half(n) {\n  return Math.floor(n / 2);\n}",
    "clamp": (
        "function clamp(x, low, high) {\n  if (x < low) {\n    return low;\n  }\n"
        "  if (x > high) {\n    return high;\n  }\n  return x;\n}"
    ),
    "tail": "function tail(text, count) {\n  return count > 0 ? text.slice(-count) : '';\n}",
    "total": "function total(xs) {\n  return xs.reduce((a, b) => a + b, 0);\n}",
}
WRONG = {
    "half": "function half(n) {\n  return n / 2;\n}",
    "clamp": "function clamp(x, low, high) {\n  return x;\n}",
    "tail": "function tail(text, count) {\n  return text.slice(count);\n}",
    "total": "function total(xs) {\n  return xs.length;\n}",
}


def sources(*names: str) -> list[SourceFunction]:
    """Python functions; all of them where none is named."""
    return [
        of_program(PYTHON[name], "python", name, parents=(f"row/{name}",), seeds=(f"row/{name}",))
        for name in names or PYTHON
    ]


def order(*shares: Share, **changes: object) -> Order:
    """Python to JavaScript with two samples, where nothing else is said."""
    given: dict[str, object] = {"samples": 2, "seconds": 600.0, "mutants": 0.5, "cases": 12}
    return Order(
        shares or (Share("python:javascript", None, 9),),
        **{**given, **changes},  # type: ignore[arg-type]
    )


class Script:
    """Answers by the name of the function that is asked for: the greedy one first.

    Repairs have a table of their own; what is invented comes from `new`, in turn.
    """

    def __init__(
        self,
        answers: Mapping[str, Sequence[str]],
        repairs: Mapping[str, str] | None = None,
        new: Sequence[str] = (),
    ) -> None:
        self.answers, self.repairs, self.new = answers, repairs or {}, list(new)

    def __call__(self, request: Request, candidate: int) -> str:
        if request.messages[0].content.startswith("You write"):
            return f"{self.new[candidate % len(self.new)]}\n```"
        asked = request.messages[1].content
        name = re.findall(r"(?:def|function) (\w+)", asked)[-1]
        if any(each.role == "assistant" for each in request.messages):
            return f"{self.repairs.get(name, 'I do not know.')}\n```"
        some = self.answers[name]
        return f"{some[min(candidate, len(some) - 1)]}\n```"


def engine(
    answers: Mapping[str, Sequence[str]] | None = None,
    repairs: Mapping[str, str] | None = None,
    new: Sequence[str] = (),
) -> EchoEngine:
    """An engine that knows all right answers, where nothing else is said."""
    right = {name: (code,) for name, code in JAVASCRIPT.items()}
    return EchoEngine(Script({**right, **(answers or {})}, repairs, new))
