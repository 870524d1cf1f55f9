"""The menu: what can be done with a selection. Answered from memory in about a millisecond."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lsprotocol import types as lsp

from transloop_server.client import Client
from transloop_server.documents import Document
from transloop_server.jobs import Job
from transloop_syntax.language import Language, languages
from transloop_syntax.unit import unit_name_at

KIND = "refactor.rewrite.translate"
LENS = 140
"""Characters of a verdict in a lens."""


@dataclass(frozen=True)
class Choice:
    """One line of the menu."""

    title: str
    kind: str
    command: str
    argument: dict[str, Any]


def choices(
    document: Document,
    chosen: lsp.Range,
    targets: Sequence[str],
    jobs: Iterable[Job],
    *,
    asked: bool = True,
) -> list[Choice]:
    """What can be done here; empty where nothing sensible is selected.

    Only a person who asked waits for a parse (30 ms after an edit of 10,000 lines); an editor that
    asks by itself at each move of the cursor gets what is known.
    """
    language = document.language
    if language is None:
        return []
    start, end = document.text.offset(chosen.start), document.text.offset(chosen.end)
    here = {"uri": document.uri, "range": _plain(chosen)}
    about_jobs = [line for job in jobs for line in _about(job, document, start, end)]
    if not document.text.text[start:end].strip():
        if start != end or not (asked or document.is_parsed()):
            return about_jobs
        if unit_name_at(document.source(), start) is None:
            return about_jobs
        return about_jobs + _translate(language, targets, here)
    bring = Choice(f"Bring into {language.name}", f"{KIND}.{language.id}", "transloop.bring", here)
    return [*about_jobs, *_translate(language, targets, here), bring]


def _translate(source: Language, targets: Sequence[str], here: dict[str, Any]) -> list[Choice]:
    known = languages()
    lines = [
        Choice(
            f"Translate to {known[target].name}",
            f"{KIND}.{target}",
            "transloop.translate",
            {**here, "target": target},
        )
        for target in targets
        if target != source.id and target in known
    ]
    return [*lines, Choice("Translate to...", KIND, "transloop.translateTo", here)]


def _about(job: Job, document: Document, start: int, end: int) -> list[Choice]:
    argument = {"job": job.id}
    mine = job.uri == document.uri
    if job.state == "running" and mine and _touches(job.anchor, start, end):
        title = f"Cancel translation to {job.work.target.name}"
        return [Choice(title, f"{KIND}.cancel", "transloop.cancel", argument)]
    placed = job.placed
    if placed is None or not job.stands_in(document):
        return []
    if placed.anchor is None or _touches(placed.anchor, start, end):
        return [
            Choice(title, f"{KIND}.{name}", f"transloop.{name}", argument)
            for name, title in _afterwards(job)
        ]
    return []


def _afterwards(job: Job) -> Iterator[tuple[str, str]]:
    """What can be done with a placed translation: commands, and what people read."""
    if not job.decided:
        yield "accept", "Accept the translation"
        yield "reject", "Reject the translation"
    if can_be_fixed(job):
        yield "fix", "Fix with this failure"
    yield "next", "Next alternative translation"
    yield "retry", "Translate again"
    yield "diff", "Compare with the original"
    if job.edited or job.final is not None:
        yield "diffDraft", "Compare with the draft"
    if job.evidence:
        yield "evidence", "Show evidence"
    if not job.decided:
        yield "learnNothing", "Do not learn from this translation"


def can_be_fixed(job: Job) -> bool:
    """Whether something is wrong that the model may be shown."""
    verdict = job.standing.verdict if job.standing else None
    if verdict is None or job.decided:
        return False
    example = verdict.counterexample
    shown = example is not None and not example.held_out
    return verdict.verdict == "compile_error" or (verdict.verdict == "failed" and shown)


def _touches(anchor: Any, start: int, end: int) -> bool:
    return bool(anchor.start <= end and start <= anchor.end)


def ordered(
    targets: Sequence[str], recent: Sequence[str], in_workspace: Sequence[str]
) -> list[str]:
    """Configured targets: the last used first, then the languages that are open, then the rest."""
    first = [*recent, *in_workspace]
    return sorted(targets, key=lambda t: first.index(t) if t in first else len(first))


def as_actions(
    lines: Iterable[Choice], client: Client, only: Sequence[str] | None
) -> list[lsp.CodeAction | lsp.Command]:
    """The menu as LSP code actions, or as bare commands for a client that knows nothing else."""
    wanted = [
        line
        for line in lines
        if _wanted(line.kind, only) and (client.ask or line.command != "transloop.translateTo")
    ]
    if not client.literal_actions:
        return [lsp.Command(line.title, line.command, arguments=[line.argument]) for line in wanted]
    tags = [lsp.CodeActionTag.LlmGenerated] if client.mark_generated else None
    return [
        lsp.CodeAction(
            title=line.title,
            kind=line.kind,
            tags=tags,
            command=lsp.Command(line.title, line.command, arguments=[line.argument]),
        )
        for line in wanted
    ]


def _wanted(kind: str, only: Sequence[str] | None) -> bool:
    return not only or any(each in ("", kind) or kind.startswith(f"{each}.") for each in only)


def lenses(document: Document, jobs: Iterable[Job]) -> list[lsp.CodeLens]:
    """Cancel above what is being translated; what can follow above what was."""
    found = []
    for job in jobs:
        if job.state == "running" and job.uri == document.uri:
            title = f"Cancel: {job.title[0].lower()}{job.title[1:]}"
            found.append(_lens(document, job.anchor.start, title, "transloop.cancel", job))
        elif job.placed and job.stands_in(document) and not job.decided:
            at = job.placed.anchor.start if job.placed.anchor else 0
            lines = ((_about_result(job), "next"), *_below(job))
            found += [_lens(document, at, title, f"transloop.{name}", job) for title, name in lines]
    return found


def _below(job: Job) -> Iterator[tuple[str, str]]:
    yield "Accept", "accept"
    yield "Reject", "reject"
    if can_be_fixed(job):
        yield "Fix with this failure", "fix"
    if job.evidence:
        yield "Show evidence", "evidence"
    yield "Translate again", "retry"


def _about_result(job: Job) -> str:
    """The verdict comes first: an editor may cut a long line."""
    said = _said(job)
    said = said if len(said) <= LENS else f"{said[: LENS - 1]}…"
    return f"{said} ({job.shown + 1}/{len(job.found)}) | Next alternative"


def _said(job: Job) -> str:
    """What is known of the text as it stands; an older verdict says nothing about an edit."""
    standing = job.standing
    if standing is None:
        return "you changed it, not run since"
    if standing.verdict is None:
        return "translated, not run"
    from transloop_translate.verdicts import short

    said = short(standing.verdict, job.name)
    return f"yours: {said}" if standing is job.final else said


def _lens(document: Document, offset: int, title: str, command: str, job: Job) -> lsp.CodeLens:
    at = document.text.position(min(offset, len(document.text.text)))
    return lsp.CodeLens(lsp.Range(at, at), lsp.Command(title, command, arguments=[{"job": job.id}]))


def _plain(range_: lsp.Range) -> dict[str, Any]:
    return {
        "start": {"line": range_.start.line, "character": range_.start.character},
        "end": {"line": range_.end.line, "character": range_.end.character},
    }
