"""From a selection to the whole syntactic unit around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from transloop_settings.errors import UnitError, UsageError
from transloop_syntax.declarations import (
    DECLARES,
    Item,
    body_of,
    core_of,
    name_nodes,
    names_of,
    top_level,
)
from transloop_syntax.growth import SPACE, Choice, Kind, Rows, choose, kind_of, outside, rows_of
from transloop_syntax.language import Language
from transloop_syntax.layout import dedent, string_rows
from transloop_syntax.resolution import needs_of
from transloop_syntax.signature import signature_of
from transloop_syntax.source import Source

if TYPE_CHECKING:
    from tree_sitter import Node


_DEEPEST_NAME = 8
"""Levels from a name up to its declaration: C's pointers to arrays of functions need the most."""
_SELECT = "Select a function, a class or whole statements."


@dataclass(frozen=True)
class Unit:
    """Whole lines of a document that can be translated on their own."""

    code: str
    """Dedented, with plain line endings and none after the last line."""
    language: str
    """The language's id."""
    kind: Kind
    names: tuple[str, ...]
    """What it declares, in order."""
    signature: str | None
    """Of one function, method or class: its text up to the body, on one line. Else None."""
    needs: tuple[str, ...]
    """What it uses from around it: imports, short constants, signatures; nothing else."""
    enclosing: str | None
    """The class around a method."""
    start: int
    """Code point offsets in the document: start of the first line, end of the last one."""
    end: int
    indent: str
    """What was removed from its lines."""
    warnings: tuple[str, ...]
    """Such as `syntax error at line 12`."""


def unit_at(source: Source, start: int, end: int) -> Unit:
    """Grow a selection (code point offsets; a cursor when they are equal) to a whole unit.

    Raises UsageError for offsets outside the text, UnitError when nothing there can be translated.
    """
    _check(source, start, end)
    rows = rows_of(source, start, end)
    top = top_level(source.root, source.language)
    choice = choose(top, rows, source.language)
    if choice is None:
        raise _nothing(source, rows, top)
    return build(source, choice, top, kind_of(choice, top))


def unit_of_file(source: Source) -> Unit:
    """The whole document as a unit. Raises UnitError when it is empty."""
    _check(source, 0, 0)
    top = top_level(source.root, source.language)
    return build(source, Choice(tuple(top), tuple(top)), top, "file")


def snippet(text: str, language: Language) -> Unit:
    """Text that is in no file as a unit; its kind goes by what it holds. UnitError when empty."""
    source = Source(dedent(text.replace("\r\n", "\n"))[0], language)
    _check(source, 0, 0)
    top = top_level(source.root, language)
    choice = Choice(tuple(top), tuple(top))
    kind = _snippet_kind(choice)
    unit = build(source, choice, top, "file")
    one = kind in ("function", "class")
    signature = _signature(choice, language) if one else None
    names = unit.names[: 1 if one else None]
    indent = dedent(text)[1]
    return replace(
        unit, kind=kind, names=names, signature=signature, start=0, end=len(text), indent=indent
    )


def unit_name_at(source: Source, offset: int) -> str | None:
    """The unit's name when the cursor is on the name of its declaration; None anywhere else.

    Costs a walk from the root to the cursor, so an editor may ask at every movement.
    """
    byte = source.byte(max(0, min(offset, len(source.text))))
    for at in (byte, byte - 1):  # a cursor behind the last letter is on the name, too
        token = source.root.named_descendant_for_byte_range(max(0, at), max(0, at))
        if token is not None and (node := _declaring(token, source.language)) is not None:
            local = _inside_function(node, source.language)
            return None if local else (token.text or b"").decode("utf-8", "replace")
    return None


def _declaring(token: Node, language: Language) -> Node | None:
    """The function or class whose name this token is."""
    node: Node | None = token
    for _ in range(_DEEPEST_NAME):
        if node is None:
            return None
        core = core_of(node, language)
        whole = core is not None and (
            core.type in language.nodes.functions or body_of(core, language)
        )
        if whole and token in list(name_nodes(node, language)):
            return node
        node = node.parent
    return None


def _inside_function(node: Node, language: Language) -> bool:
    above = node.parent
    while above is not None and above.type not in language.nodes.functions:
        above = above.parent
    return above is not None


def _check(source: Source, start: int, end: int) -> None:
    if not 0 <= start <= end <= len(source.text):
        raise UsageError(
            f"The range {start}..{end} is outside the document (0..{len(source.text)})."
        )
    if not source.text.strip(SPACE):
        raise UnitError("The document is empty.", "Write or open some code first.")


def _snippet_kind(choice: Choice) -> Kind:
    if not choice.items or any(item.part == "broken" for item in choice.items):
        return "snippet"
    kind = kind_of(choice, choice.items)
    if kind == "file" and not any(item.part in ("import", "header") for item in choice.items):
        declares = any(item.part in DECLARES for item in choice.items)
        return "declarations" if declares else "statements"
    return kind if any(item.part != "comment" for item in choice.items) else "snippet"


def build(
    source: Source,
    choice: Choice,
    top: Sequence[Item],
    kind: Kind,
    rows: tuple[int, int] | None = None,
) -> Unit:
    """The unit of a choice among a file's items; `rows` are its lines if not those of the items."""
    language = source.language
    whole = kind == "file" and rows is None
    if rows is None:
        last = source.row(len(source.text)) if whole else max(each.last for each in choice.items)
        rows = (0 if whole else min(each.first for each in choice.items), last)
    start, end = _trimmed(source, *rows)
    first = source.row(start)
    kept = [row - first for row in string_rows((x.node for x in choice.items), language)]
    code, indent = dedent(source.text[start:end].replace("\r\n", "\n"), kept)
    siblings = choice.level if choice.enclosing else ()
    one = kind in ("function", "method", "class")
    around = outside(top, choice) if choice.items else ()
    return Unit(
        code=code,
        language=language.id,
        kind=kind,
        names=_names(choice, language)[: 1 if one else None],
        signature=_signature(choice, language) if one else None,
        needs=() if whole else needs_of(choice, around, siblings, language),
        enclosing=choice.enclosing,
        start=start,
        end=end,
        indent=indent,
        warnings=_warnings(source, *rows),
    )


def _trimmed(source: Source, first: int, last: int) -> tuple[int, int]:
    """The offsets of whole lines without the blank ones at either end."""
    start, end = source.lines(first, last)
    text = source.text[start:end]
    lead = len(text) - len(text.lstrip(SPACE))
    end = start + len(text.rstrip(SPACE)) if text.rstrip(SPACE).count("\n") < last - first else end
    return start + text.rfind("\n", 0, lead) + 1, end


def _names(choice: Choice, language: Language) -> tuple[str, ...]:
    declaring = [each for each in choice.items if each.part not in ("import", "header")]
    return tuple(dict.fromkeys(name for each in declaring for name in names_of(each, language)))


def _signature(choice: Choice, language: Language) -> str | None:
    solid = [item for item in choice.items if item.part != "comment"]
    return signature_of(solid[0], language)


def _warnings(source: Source, first: int, last: int) -> tuple[str, ...]:
    rows = dict.fromkeys(node.start_point.row for node in source.errors())
    return tuple(f"syntax error at line {row + 1}" for row in rows if first <= row <= last)[:3]


def _nothing(source: Source, rows: Rows, top: Sequence[Item]) -> UnitError:
    """Why nothing can be translated here, and what to do."""
    touched = [item for item in top if rows.touches(item)]
    line = rows.first + 1
    if rows.blank and not touched:
        return UnitError(f"There is no code at line {line}.", _SELECT)
    if touched and all(item.part == "comment" for item in touched):
        return UnitError(f"There is only a comment at line {line}.", _SELECT)
    error = next(source.errors(), None)
    if error is not None:
        return UnitError(
            f"The code around line {line} does not parse: syntax error at line "
            f"{error.start_point.row + 1}.",
            "Fix it, or select a declaration that is complete.",
        )
    return UnitError(f"There is nothing to translate on its own at line {line}.", _SELECT)
