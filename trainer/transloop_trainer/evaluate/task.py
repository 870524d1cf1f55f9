"""A unit in one direction: what is translated, and by what a translation is judged."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from transloop_settings.errors import UnitError, UsageError
from transloop_settings.settings import Sampling
from transloop_syntax.constructs import constructs
from transloop_syntax.declarations import top_level
from transloop_syntax.language import Language, language
from transloop_syntax.source import Source
from transloop_syntax.unit import Unit, snippet, unit_at
from transloop_trainer.evaluate import programs
from transloop_trainer.evaluate.rows import Row
from transloop_translate.translation import Work
from transloop_verify.mutants import function_node

if TYPE_CHECKING:
    from tree_sitter import Node


@dataclass(frozen=True)
class Text:
    """A program in one language: a reference, or what tests expect of one."""

    language: str
    code: str = ""
    """Empty where there is no reference."""
    entry_point: str = ""
    """`Owner.name` names a method."""
    signature: str | None = None
    prelude: str = ""
    """Stands before the code: imports that it needs."""
    tests: str = ""
    """Empty where a translation is judged by running both sides."""
    verified: bool = True
    """The reference was seen to pass the tests."""


@dataclass(frozen=True)
class Task:
    """One unit in one direction."""

    id: str
    group: str
    """Of the problem: units of one group succeed and fail together."""
    source: Text
    target: Text
    cases: tuple[Mapping[str, Any], ...] = ()
    """Calls of the source, with what it returns, as JSON has it."""

    @property
    def direction(self) -> str:
        """Such as `python:java`."""
        return f"{self.source.language}:{self.target.language}"

    @property
    def digest(self) -> str:
        """Of all that an outcome depends on, but for the model."""
        told = [vars(self.source), vars(self.target), list(self.cases)]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]

    def constructs(self) -> frozenset[str]:
        """What the source uses."""
        return constructs(self.source.code, self.source.language)

    def text(self) -> str:
        """The program that the unit is a part of."""
        return f"{self.source.prelude}\n{self.source.code}"

    def work(self) -> Work:
        """What is asked of the translator. Raises UnitError where there is nothing to translate."""
        target = language(self.target.language)
        return Work(self._unit(), target, Sampling(), self.target.signature)

    def _unit(self) -> Unit:
        """The entry alone; with all around it where it needs more of the code than imports."""
        spoken = language(self.source.language)
        code = Source(self.source.code, spoken)
        name = self.source.entry_point.rpartition(".")[2]
        if not name or len(_functions(code)) != 1:
            return snippet(self.source.code, spoken)
        whole = Source(self.text(), spoken)
        node = function_node(whole.root, name, spoken)
        if node is None:
            return snippet(self.source.code, spoken)
        at = whole.offset(node.start_byte)
        return unit_at(whole, at, at)

    def fitted(self, code: str) -> str:
        """A translation as the tests call it: a lone method gets the class that they name."""
        owner = self.target.entry_point.rpartition(".")[0]
        if owner and not re.search(rf"\bclass {owner}\b", code):
            return f"class {owner} {{\n{code}\n}}"
        return code


def _functions(code: Source) -> list[Node]:
    """All functions that are not inside of another one."""
    found: list[Node] = []
    stack = [code.root]
    while stack:
        node = stack.pop()
        if node.type in code.language.nodes.functions:
            found.append(node)
        else:
            stack.extend(node.named_children)
    return found


def direction_of(text: str) -> tuple[Language, Language]:
    """The languages of `a:b`. Raises UsageError."""
    source, colon, target = text.partition(":")
    if not colon:
        raise UsageError(f"`{text}` is no direction.", "Give it as python:java.")
    spoken = language(source), language(target)
    if spoken[0] == spoken[1]:
        raise UsageError(f"`{text}` leads from a language to itself.")
    return spoken


def tasks(rows: Sequence[Row], direction: str) -> Iterator[Task]:
    """The units that can be judged in this direction, in the order of the rows.

    Raises:
        UsageError: it is no direction, or its languages are unknown.
    """
    source, target = direction_of(direction)
    for row in rows:
        given = row["languages"].get(source.id) or {}
        asked = row["languages"].get(target.id) or {}
        if not given.get("code") or asked.get("tests_verified") is False:
            continue  # of tests that no program was seen to pass, nothing can be told
        told = _text(asked, target.id)
        task = Task(
            row["id"],
            str(row.get("group") or row["id"]),
            _text(given, source.id),
            told,
            () if told.tests else tuple(row.get("cases") or ()),
        )
        if told.tests or _single(task):
            yield task


def itself(row: Row, identifier: str) -> Task | None:
    """A reference with its tests, as if it was its own translation; None where they are not there.

    For trying the harness, without a direction.
    """
    told = _text(row["languages"].get(identifier) or {}, identifier)
    if not told.code or not told.tests or not told.verified:
        return None
    return Task(row["id"], str(row.get("group") or row["id"]), told, told)


_RUNS = programs.languages()


def _text(given: Mapping[str, Any], identifier: str) -> Text:
    """Tests count only with the signature that they call."""
    signature, tests = given.get("signature") or None, given.get("tests") or ""
    testable = bool(tests and signature and identifier in _RUNS)
    return Text(
        identifier,
        given.get("code") or "",
        given.get("entry_point") or "",
        signature,
        given.get("prelude") or "",
        tests if testable else "",
        given.get("verified", True) is not False,
    )


def _single(task: Task) -> bool:
    """Is there one function that could be run on both sides?"""
    if not task.source.entry_point:
        return False
    try:
        task.work()
    except UnitError:
        return False
    spoken = language(task.source.language)
    parts = [each.part for each in top_level(Source(task.source.code, spoken).root, spoken)]
    return "function" in parts or "class" in parts
