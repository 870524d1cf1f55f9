"""The page behind "Show evidence": what was run, what it showed, and what was not looked at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from transloop_server import pages
from transloop_server.jobs import Job
from transloop_settings.errors import UsageError
from transloop_syntax.language import language
from transloop_translate.verdicts import call_of, outcome, short
from transloop_verify.evidence import Evidence
from transloop_verify.judge import Verdict
from transloop_verify.shown import shown


def write(job: Job) -> Path:
    """Write the page of the shown translation. Raises UsageError where nothing can be written."""
    try:
        path = pages.folder() / f"{job.id}-{job.name}.md"
        path.write_text(page(job), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"The evidence could not be written: {error}.") from error
    return path


def page(job: Job) -> str:
    """The page, in Markdown."""
    found = job.found[job.shown]
    source, target = language(found.unit.language), language(found.target)
    lines = [
        f"# {job.name}: {source.name} to {target.name}",
        "",
        short(found.verdict, job.name),
        "",
    ]
    if found.verdict is not None:
        lines += _verdict(found.verdict, job.name)
    for each in job.evidence:
        lines += _function(_used(each, found.verdict))
    lines += ["## All candidates", ""]
    lines += [f"{at}. {short(each.verdict, job.name)}" for at, each in enumerate(job.found, 1)]
    lines += ["", f"## The translation to {target.name}", "", *_fenced(found.code, target.fence)]
    return "\n".join(lines)


def _used(evidence: Evidence, verdict: Verdict | None) -> Evidence:
    """Other cases of the same function, where the translation's types asked for them."""
    used = verdict.evidence if verdict else None
    return used if used and used.side.entry == evidence.side.entry else evidence


def _verdict(verdict: Verdict, name: str) -> Iterator[str]:
    if verdict.isolation is not None:
        yield from (f"Isolation: {verdict.isolation}.", "")
    if verdict.counterexample is not None:
        example = verdict.counterexample
        yield from ("## Where they differ", "", f"`{call_of(example, name)}`", "")
        yield from (f"- the original: {outcome(example.expected)}",)
        yield from (f"- the translation: {outcome(example.got)}", "")
        yield from (f"- the original rests on: {note}" for note in example.notes)
    if verdict.unchecked:
        yield from ("## Cases that did not count", "")
        yield from (f"- {count} x {why}" for why, count in verdict.unchecked.items())
        yield ""
    if verdict.not_checked:
        yield from ("## Not checked", "")
        yield from (f"- {each}" for each in verdict.not_checked)
        yield ""


def _function(evidence: Evidence) -> Iterator[str]:
    yield from (f"## What was run: {evidence.side.entry.name}", "")
    if evidence.reason:
        yield from (f"Nothing: {evidence.reason}.", "")
        return
    if evidence.coverage is not None:
        reached, branches = evidence.coverage.reached, evidence.coverage.branches
        yield f"- branches reached: {reached} of {branches}"
    if evidence.mutants is not None:
        killed, run = evidence.mutants.killed, evidence.mutants.run
        yield f"- mutants of the original noticed: {killed} of {run}"
    for survivor in evidence.survivors:
        yield f"  - not noticed: line {survivor.line}: `{survivor.change}`"
    yield from ("", "| input | the original | from |", "|---|---|---|")
    for case in evidence.cases:
        given = ", ".join(shown(each) for each in case.arguments)
        expected = outcome(evidence.expected[case.id])
        yield f"| `{_cell(given)}` | `{_cell(expected)}` | {case.origin} |"
    yield ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("`", "'")


def _fenced(code: str, info: str) -> Iterator[str]:
    yield from (f"~~~~{info}", code, "~~~~", "")
