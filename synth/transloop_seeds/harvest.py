"""Functions of a code base that could stand on their own: what they need from around is small.

Whether they really do, and whether they always give the same, only running them shows; that is not
done here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from transloop_seeds.event import Source as SeedSource
from transloop_syntax.declarations import Item, names_of, top_level
from transloop_syntax.language import Language
from transloop_syntax.resolution import uses_of
from transloop_syntax.signature import signature_of
from transloop_syntax.source import Source

SHORTEST, LONGEST = 3, 60
"""Lines of a function, with its comments."""
NEEDED = 40
"""Lines of all that it needs."""
_ELSEWHERE = re.compile(r"^\s*from\s+\.|import\s+\*|[\"']\.{1,2}/|^\s*use\s+(?:super|crate)\b")
"""Imports of the code base's own files, and of names that nobody can tell."""
_OUTSIDE = re.compile(
    # What a file system or a machine answers is the same twice, and another elsewhere.
    r"\bos\.(?!path\b|fspath\b|fsencode\b|fsdecode\b|(?:alt|ext)?sep\b|(?:par|cur)dir\b)\w"
    r"|\b(?:os\.)?path\.(?:l?exists|is(?:file|dir|link|mount)|get\w+|abs\w+|real\w+|expand\w+"
    r"|same\w+|relpath)\b"
    r"|\bsys\.(?!maxsize\b|maxunicode\b|intern\b)\w"
    r"|\b(?:platform|locale|socket|subprocess|shutil|tempfile|threading|process|fs)\.\w"
)
_NOT_PLAIN = re.compile(r"^(?:test|Test|main$|__)")


@dataclass(frozen=True)
class Function:
    """A function, and why it cannot stand on its own where that is so."""

    source: SeedSource
    refused: str = ""

    @property
    def program(self) -> str:
        """What it needs, and the function."""
        return "\n".join((*self.source.needs, self.source.code)) + "\n"


def functions(text: str, language: Language, path: str | None = None) -> Iterator[Function]:
    """The functions at the top level of a file; none of one that does not parse."""
    source = Source(text.replace("\r\n", "\n"), language)
    if source.root.has_error:
        return
    top = top_level(source.root, language)
    for item in top:
        if item.part == "function" and item.core is not None:
            yield _function(source, top, item, path)


def _function(source: Source, top: Sequence[Item], item: Item, path: str | None) -> Function:
    names = names_of(item, source.language)
    needed = _needed(top, item, source.language)
    texts = tuple(_text(source, each) for each in needed)
    made = SeedSource(
        _text(source, item),
        source.language.id,
        names[:1],
        signature_of(item, source.language),
        texts,
        path,
    )
    return Function(made, _refused(item, made.code, names, needed, texts))


def _refused(
    item: Item, code: str, names: Sequence[str], needed: Sequence[Item], texts: Sequence[str]
) -> str:
    length = item.last - item.first + 1
    if not names or _NOT_PLAIN.match(names[0]):
        return "it is a test or an entry point"
    if not SHORTEST <= length <= LONGEST:
        return "it is too short or too long"
    if any(_ELSEWHERE.search(text) for text in texts):
        return "it needs another file"
    if _OUTSIDE.search("\n".join((code, *texts))):
        return "it asks the machine that it runs on"
    if sum(each.last - each.first + 1 for each in needed) > NEEDED:
        return "it needs too much from around it"
    return ""


def _needed(top: Sequence[Item], item: Item, language: Language) -> list[Item]:
    """What the function uses of its file, what that uses, and so on; in the file's order."""
    kept = {id(item)}
    fresh = [item]
    found = [each for each in top if each.part == "header" or _always(each)]
    kept.update(map(id, found))
    while fresh:
        wanted = uses_of([each.node for each in fresh], language).names
        fresh = [
            each
            for each in top
            if id(each) not in kept and wanted.intersection(names_of(each, language))
        ]
        kept.update(map(id, fresh))
        found += fresh
    return sorted(found, key=lambda each: each.first)


def _always(item: Item) -> bool:
    """It changes how the file is read."""
    return item.part == "import" and b"__future__" in (item.node.text or b"")


def _text(source: Source, item: Item) -> str:
    start, end = source.lines(item.first, item.last)
    return source.text[start:end].rstrip("\n")
