"""Languages as data: what `languages/<id>.toml` says about one, and how to find one.

Reading the files costs a few milliseconds once; a grammar is imported when it first parses.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from transloop_settings.errors import SettingsError, UsageError

if TYPE_CHECKING:
    import tree_sitter

_Table = TypeVar("_Table")


@dataclass(frozen=True)
class Grammar:
    """Where the parser comes from: a module and the function in it that returns the grammar."""

    module: str
    function: str
    variants: Mapping[str, str] = field(default_factory=dict)
    """Suffix or editor language id -> another function, such as `.tsx`."""


@dataclass(frozen=True)
class Nodes:
    """Node types of the grammar by the part they play. `python.toml` explains each."""

    functions: frozenset[str]
    classes: frozenset[str]
    bodies: frozenset[str]
    imports: frozenset[str]
    identifiers: frozenset[str]
    comments: frozenset[str]
    other: frozenset[str] = frozenset()
    headers: frozenset[str] = frozenset()
    attributes: frozenset[str] = frozenset()
    strings: frozenset[str] = frozenset()
    statements: frozenset[str] = frozenset()
    wildcards: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Scope:
    """How a method reaches the other members of its class."""

    members: bool
    receivers: frozenset[str]
    around: tuple[str, ...] = ()
    """What must stand around a method for it to parse on its own, where that is needed."""


@dataclass(frozen=True)
class Detect:
    """Regular expressions: `marks` speak for the language; one of `requires` must be there."""

    marks: tuple[str, ...]
    requires: tuple[str, ...] = ()


@dataclass(frozen=True)
class Language:
    """One programming language. Equality and hash go by `id`: there is one file for each."""

    id: str
    name: str = field(compare=False)
    lsp_ids: tuple[str, ...] = field(compare=False)
    suffixes: tuple[str, ...] = field(compare=False)
    """With the dot; the preferred one first."""
    fence: str = field(compare=False)
    line_comment: str = field(compare=False)
    naming: str = field(compare=False)
    """The naming conventions, as a phrase for the prompt."""
    grammar: Grammar = field(compare=False, repr=False)
    nodes: Nodes = field(compare=False, repr=False)
    scope: Scope = field(compare=False, repr=False)
    detect: Detect = field(compare=False, repr=False)
    binds: Mapping[str, str] = field(compare=False, repr=False)
    names: Mapping[str, str] = field(compare=False, repr=False)
    members: Mapping[str, tuple[str, ...]] = field(compare=False, repr=False)
    aliases: tuple[str, ...] = field(default=(), compare=False)
    block_comment: tuple[str, ...] = field(default=(), compare=False)
    """Opening and closing delimiter; empty where the language has none."""
    wrappers: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    branches: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    containers: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    imports: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    opens: Mapping[str, tuple[str, ...]] = field(default_factory=dict, compare=False, repr=False)
    lines_end: bool = field(default=False, compare=False, repr=False)
    """The end of a line ends a statement, so that a semicolon there says nothing."""
    opening: str = field(default="", compare=False, repr=False)
    """How one of the names that `opens` lists is imported; empty where that is not done for it."""

    def parser(self, variant: str = "") -> tree_sitter.Parser:
        """A new parser; `variant` is a suffix or an editor's language id (`typescriptreact`)."""
        import tree_sitter

        function = self.grammar.variants.get(variant.lower(), self.grammar.function)
        return tree_sitter.Parser(_grammar(self.grammar.module, function))

    def query(self, text: str) -> tree_sitter.Query:
        """What looks for `text`, in tree-sitter's query language; it is compiled once.

        Raises:
            tree_sitter.QueryError: the grammar has no such nodes, or the text is wrong.
        """
        return _query(self.grammar.module, self.grammar.function, text)


@cache
def languages() -> Mapping[str, Language]:
    """All languages by id, in alphabetical order.

    Raises SettingsError when a file lacks a key or has an unknown one.
    """
    found = sorted((Path(__file__).parent / "languages").glob("*.toml"))
    return MappingProxyType(
        {path.stem: read_language(path.stem, path.read_text("utf-8")) for path in found}
    )


def language(name: str) -> Language:
    """The language of this id, name or alias, in any case. UsageError lists the known ones."""
    found = _by_name().get(name.strip().lower())
    if found is None:
        known = ", ".join(languages())
        raise UsageError(f"Unknown language `{name}`.", f"Known languages: {known}.")
    return found


def language_for(path: Path | None = None, lsp_id: str | None = None) -> Language | None:
    """The language of a document, by the editor's language id first and by suffix second."""
    for each in languages().values():
        if lsp_id is not None and lsp_id.lower() in each.lsp_ids:
            return each
    suffix = path.suffix.lower() if path is not None else ""
    return next((each for each in languages().values() if suffix in each.suffixes), None)


def read_language(identifier: str, text: str) -> Language:
    """One language from the text of its file. Raises SettingsError naming every problem."""
    import tomllib

    data = tomllib.loads(text)
    tables = {"grammar": Grammar, "nodes": Nodes, "scope": Scope, "detect": Detect}
    problems: list[str] = []
    for name, kind in tables.items():
        data[name] = _table(kind, data.get(name, {}), f"{name}.", problems)
    made = _table(Language, {"id": identifier, **data}, "", problems)
    if made is None or problems:
        raise SettingsError(f"languages/{identifier}.toml: {'; '.join(problems)}.")
    return made


def _table(
    kind: type[_Table], data: Mapping[str, Any], prefix: str, problems: list[str]
) -> _Table | None:
    known = {each.name: str(each.type) for each in fields(kind)}  # type: ignore[arg-type]
    unknown = [f"unknown key `{prefix}{key}`" for key in data if key not in known]
    values = {key: _frozen(value, known[key]) for key, value in data.items() if key in known}
    problems += unknown
    try:
        return kind(**values)
    except TypeError as error:  # a key without a default is not there
        problems.append(f"{prefix or 'file'}: {str(error).partition(' ')[2]}")
        return None


def _frozen(value: Any, annotation: str) -> Any:
    if isinstance(value, list):
        return frozenset(value) if annotation.startswith("frozenset") else tuple(value)
    if isinstance(value, dict):
        return MappingProxyType({key: _frozen(item, "") for key, item in value.items()})
    return value


@cache
def _by_name() -> Mapping[str, Language]:
    names: dict[str, Language] = {}
    for each in languages().values():
        names |= dict.fromkeys((each.id, each.name.lower(), *each.aliases), each)
    return names


@cache
def _grammar(module: str, function: str) -> tree_sitter.Language:
    import tree_sitter

    return tree_sitter.Language(getattr(importlib.import_module(module), function)())


@cache
def _query(module: str, function: str, text: str) -> tree_sitter.Query:
    import tree_sitter

    return tree_sitter.Query(_grammar(module, function), text)
