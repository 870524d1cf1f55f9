"""A function with all that it needs from its file, as a program that can be called.

Statements that only do something, such as a call of `main()`, are left out where a language runs
them when a program is loaded; declarations that nothing uses go with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from transloop_syntax.declarations import DECLARES, Item, members, names_of, top_level
from transloop_syntax.language import Language, language
from transloop_syntax.resolution import uses_of
from transloop_syntax.source import Source
from transloop_verify.case import Side
from transloop_verify.matching import named
from transloop_verify.tables import table

LOOSE = frozenset({"python", "javascript", "typescript"})
"""Languages in which loading a program runs statements; only in these a file is cut down."""


def side(text: str, language_id: str, function: str) -> Side:
    """A function of a file (`Owner.name` for a method) as a side, with all that it needs.

    Raises NoCounterpart where the file has no such function that could be called.
    """
    entry = named(function, text, language_id)
    return Side(program(text, language_id, entry.owner or entry.name), language_id, entry)


def strict(source: Side) -> Side:
    """The side, ending where its language defines no result: such a result is nothing to expect."""
    rule = table(source.language, "hints").get("strict")
    if rule is None or rule in source.prelude:
        return source
    return replace(source, prelude=f"{source.prelude}\n{rule}".lstrip("\n"))


def program(text: str, language_id: str, name: str) -> str:
    """The part of a file that the function `name` needs; the whole file where that is safer."""
    spoken = language(language_id)
    if language_id not in LOOSE:
        return text
    source = Source(text, spoken)
    top = top_level(source.root, spoken)
    kept = {at for at, item in enumerate(top) if name in _names(item, spoken)}
    if not kept or source.root.has_error:
        return text
    kept |= {at for at, item in enumerate(top) if _always(item, spoken)}
    while more := _needed(top, kept, spoken) - kept:
        kept |= more
    return "\n".join(_text(source, top[at]) for at in sorted(kept)) + "\n"


def _names(item: Item, spoken: Language) -> tuple[str, ...]:
    """What an item declares; of a class, its methods as well."""
    inside = members(item.core, spoken) if item.part == "class" and item.core else []
    return (*names_of(item, spoken), *(name for each in inside for name in names_of(each, spoken)))


def _always(item: Item, spoken: Language) -> bool:
    """Imports of everything, and those that change how the file is read."""
    if item.part != "import":
        return False
    return "*" in _source(item) or "__future__" in _source(item) or not names_of(item, spoken)


def _needed(top: Sequence[Item], kept: set[int], spoken: Language) -> set[int]:
    """What declares a name that is used so far, and what fills a constant that is."""
    wanted = uses_of([top[at].node for at in kept], spoken).names
    found = {at for at, item in enumerate(top) if wanted.intersection(names_of(item, spoken))}
    values = {
        name
        for at in kept | found
        if top[at].part == "statement"
        for name in names_of(top[at], spoken)
    }
    calls = {name for item in top if item.part in DECLARES for name in names_of(item, spoken)}
    for at, item in enumerate(top):
        uses = uses_of([item.node], spoken).names if item.part == "statement" else frozenset()
        if uses & values and not uses & calls and "__name__" not in uses:
            found.add(at)
    return found


def _text(source: Source, item: Item) -> str:
    start, end = source.lines(item.first, item.last)
    return source.text[start:end]


def _source(item: Item) -> str:
    return (item.node.text or b"").decode("utf-8", "replace")
