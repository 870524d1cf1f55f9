"""From a type as its language writes it to a `Type`, by the patterns of `types.toml`.

A pattern is text of the language with wildcards: `$a` stands for one type, `$*` for a list of them,
`$n` for a number. `python/types.toml` explains the keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType
from typing import Any

from transloop_verify.tables import table
from transloop_verify.type import ANY, Type

Tokens = tuple[str, ...]

_TOKEN = re.compile(r"'[^']*'|\"[^\"]*\"|=>|->|\.\.\.|\$\w|\$\*|\w+(?:(?:\.|::)\w+)*|\S")
_OPEN, _CLOSE = "([{<", ")]}>"
_SCALARS = frozenset({"null", "bool", "int", "float", "char", "string"})
_ITEMS = {"list": 1, "set": 1, "optional": 1, "map": 2}
_DEEPEST = 12
"""Levels of a type; what is deeper is not worth a literal."""
NO_RECORDS: Mapping[str, Type] = MappingProxyType({})


@dataclass(frozen=True)
class Pattern:
    """One way to write a type, and what it means."""

    tokens: Tokens
    kind: str
    settings: Mapping[str, Any]


def parse_type(
    spelled: str, language: str, records: Mapping[str, Type] = NO_RECORDS, depth: int = 0
) -> Type:
    """The type that `spelled` names. `records` are those that the program itself declares."""
    if not spelled.strip():
        return ANY
    tokens = _tokens(_stripped(spelled, language))
    known = records.get("".join(tokens))
    if known is not None:
        return known
    if depth < _DEEPEST:
        for pattern in _patterns(language):
            for found in _matches(pattern.tokens, tokens):
                return _made(pattern, found, tokens, language, records, depth + 1)
    return Type(table(language, "types")["unknown"], spelled=_joined(tokens))


def fallible_type(
    spelled: str, language: str, records: Mapping[str, Type] = NO_RECORDS
) -> tuple[Type, bool]:
    """The type of a result, and whether it may be an error instead: Rust's `Result<T, E>`."""
    tokens = _tokens(_stripped(spelled, language))
    for pattern in table(language, "entry")["fallible"]:
        for found in _matches(_tokens(pattern), tokens):
            return parse_type(_joined(found["a"]), language, records), True
    return parse_type(spelled, language, records), False


def _made(
    pattern: Pattern,
    found: Mapping[str, Tokens],
    tokens: Tokens,
    language: str,
    records: Mapping[str, Type],
    depth: int,
) -> Type:
    """The type of a pattern that matched, with the types in it."""
    parts = [found[name] for name in "abc" if name in found]
    if "*" in found:
        parts = [part for part in _split(found["*"]) if part != ("...",)]
    items = tuple(parse_type(_joined(part), language, records, depth) for part in parts)
    settings = {key: value for key, value in pattern.settings.items() if key != "items"}
    if pattern.kind == "same":
        return replace(items[0], **settings)
    if "items" in pattern.settings:
        items = tuple(parse_type(each, language) for each in pattern.settings["items"])
    if pattern.kind == "union":
        return _union(items, _joined(tokens))
    items += (ANY,) * (_ITEMS.get(pattern.kind, 0) - len(items))
    mutable = pattern.kind not in _SCALARS
    spelled = _respelled(settings.pop("as", ""), items) or _joined(tokens)
    made: Mapping[str, Any] = {"spelled": spelled, "mutable": mutable, **settings}
    return Type(pattern.kind, items, **made)  # type: ignore[arg-type]


def _respelled(template: str, items: Sequence[Type]) -> str:
    """The full name of a type, whatever the program has opened to shorten it."""
    named = {name: each.spelled for name, each in zip("abc", items, strict=False)}
    return template.format(items=", ".join(each.spelled for each in items), **named)


def _union(items: tuple[Type, ...], spelled: str) -> Type:
    """Alternatives, flat; null among them makes it optional."""
    flat: list[Type] = []
    null = False
    for each in items:
        null = null or each.kind in ("null", "optional")
        inner = each.items if each.kind in ("union", "optional") else (each,)
        flat += [one for one in inner if one.kind != "null" and one not in flat]
    some = flat[0] if len(flat) == 1 else Type("union", tuple(flat), spelled=spelled)
    return Type("optional", (some,), spelled=spelled) if null and flat else some


def _matches(pattern: Tokens, tokens: Tokens) -> Iterator[dict[str, Tokens]]:
    """The ways to read `tokens` as `pattern`, the shortest wildcards first."""
    if not pattern:
        if not tokens:
            yield {}
        return
    head, rest = pattern[0], pattern[1:]
    if not head.startswith("$") or head == "$":
        if tokens and tokens[0] == head:
            yield from _matches(rest, tokens[1:])
        return
    name = head[1:]
    for end in _ends(tokens, name):
        for found in _matches(rest, tokens[end:]):
            yield {name: tokens[:end], **found}


def _ends(tokens: Tokens, name: str) -> Iterator[int]:
    """Where a wildcard that begins with the first token may end."""
    if name == "*":
        yield 0
    if name in "nm":
        if tokens and (tokens[0].isidentifier() or tokens[0].isdigit()):
            yield 1
        return
    depth = 0
    for at, token in enumerate(tokens):
        depth += (token in _OPEN) - (token in _CLOSE)
        if depth < 0 or (depth == 0 and token in (",", ";") and name != "*"):
            return
        if depth == 0:
            yield at + 1


def _split(tokens: Sequence[str]) -> list[Tokens]:
    """The parts of a list between its commas."""
    parts: list[list[str]] = [[]]
    depth = 0
    for each in tokens:
        depth += (each in _OPEN) - (each in _CLOSE)
        if depth == 0 and each == ",":
            parts.append([])
        else:
            parts[-1].append(each)
    return [tuple(part) for part in parts if part]


def _stripped(spelled: str, language: str) -> str:
    for noise in table(language, "types").get("strip", ()):
        spelled = re.sub(noise, "", spelled)
    return spelled.strip()


def _tokens(spelled: str) -> Tokens:
    return tuple(_TOKEN.findall(spelled))


def _joined(tokens: Sequence[str]) -> str:
    """The tokens as text, with a blank only where two words would run together."""
    text = ""
    for token in tokens:
        words = text[-1:].isalnum() or text.endswith("_")
        text += f" {token}" if words and (token[0].isalnum() or token[0] == "_") else token
    return text


@cache
def _patterns(language: str) -> tuple[Pattern, ...]:
    """The language's patterns, in the order in which they are tried."""
    found: list[Pattern] = []
    for entry in table(language, "types")["types"]:
        settings = {key: value for key, value in entry.items() if key not in ("spelled", "kind")}
        found += [Pattern(_tokens(each), entry["kind"], settings) for each in entry["spelled"]]
    return tuple(found)
