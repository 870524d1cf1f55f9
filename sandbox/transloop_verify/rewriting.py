"""A side's code as it stands beside a harness: without what would clash, line by line as before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from transloop_syntax.source import Source
from transloop_verify.captures import captured


@dataclass(frozen=True)
class Rewritten:
    """The code, and what was taken out of it to stand elsewhere."""

    code: str
    hoisted: tuple[tuple[int, str], ...]
    """Line, from 1, and text."""


def rewritten(source: Source, rewrites: Sequence[Mapping[str, Any]]) -> Rewritten:
    """The source's text after the rewrites of `harness.toml`; every line stays where it was."""
    edits = [
        (start, end, rewrite)
        for rewrite in rewrites
        for start, end in captured(source, rewrite["query"])
    ]
    code = source.text
    hoisted: list[tuple[int, str]] = []
    for start, end, rewrite in sorted(edits, key=lambda edit: edit[0], reverse=True):
        gone = code[start:end]
        if rewrite.get("hoist"):
            hoisted.insert(0, (source.row(start) + 1, gone))
        code = code[:start] + rewrite.get("by", "") + "\n" * gone.count("\n") + code[end:]
    return Rewritten(code, tuple(hoisted))
