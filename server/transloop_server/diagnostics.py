"""Failures as diagnostics, where editors list problems: what differs, and where the original is.

Only of text that was run as it stands: an edit takes its diagnostics away.
"""

from __future__ import annotations

from lsprotocol import types as lsp

from transloop_server.documents import Text
from transloop_server.jobs import Job
from transloop_server.session import Session

SOURCE = "transloop"
_SEVERITY = {
    "failed": lsp.DiagnosticSeverity.Warning,
    "compile_error": lsp.DiagnosticSeverity.Error,
}


class Diagnostics:
    """What this server has published, by document."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._shown: dict[str, list[lsp.Diagnostic]] = {}

    def show(self, job: Job) -> None:
        """Bring the documents up to date that a job is in, or was in."""
        if not self.session.editor.client.diagnostics:
            return
        where = {job.placed.uri} if job.placed else set()
        for uri in where | {uri for uri, each in self._shown.items() if _of(job, each)}:
            jobs = (each for each in self.session.jobs if each.placed and each.placed.uri == uri)
            self._publish(uri, [found for each in jobs if (found := self._diagnostic(each))])

    def _publish(self, uri: str, found: list[lsp.Diagnostic]) -> None:
        if found != self._shown.get(uri, []):
            self._shown[uri] = found
            self.session.editor.publish(uri, found)

    def _diagnostic(self, job: Job) -> lsp.Diagnostic | None:
        standing, placed = job.standing, job.placed
        verdict = standing.verdict if standing else None
        if job.decided or placed is None or verdict is None or verdict.verdict not in _SEVERITY:
            return None
        from transloop_translate.verdicts import short

        document = self.session.documents.get(placed.uri)
        text = document.text if document else Text(placed.text)
        start = placed.anchor.start if placed.anchor else 0
        row = text.position(min(start, len(text.text))).line + max(0, (verdict.line or 1) - 1)
        row = min(row, len(text.starts) - 1)
        return lsp.Diagnostic(
            range=text.range(text.starts[row], text.line_end(row)),
            message=f"{short(verdict, job.name)}. {self._afterwards(job)}".strip(),
            severity=_SEVERITY[verdict.verdict],
            code=verdict.verdict,
            source=SOURCE,
            related_information=self._original(job),
            data={"job": job.id},
        )

    def _afterwards(self, job: Job) -> str:
        """Where the original is, for clients that show nothing but the message."""
        if self.session.editor.client.related_information:
            return ""
        document = self.session.documents.get(job.uri)
        line = document.text.position(job.anchor.start).line + 1 if document else None
        return f"The original is in line {line}." if line else ""

    def _original(self, job: Job) -> list[lsp.DiagnosticRelatedInformation] | None:
        document = self.session.documents.get(job.uri)
        if document is None or not self.session.editor.client.related_information:
            return None
        there = document.text.range(job.anchor.start, job.anchor.end)
        return [
            lsp.DiagnosticRelatedInformation(
                lsp.Location(document.uri, there), "the original, which was run on the same input"
            )
        ]


def _of(job: Job, published: list[lsp.Diagnostic]) -> bool:
    return any(each.data == {"job": job.id} for each in published)
