"""What compilers complain about, at lines of the job's own files, without paths of this machine."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from transloop_sandbox.job import Diagnostic

MOST = 20
"""More are not of use to anybody."""


def read(said: str, patterns: Sequence[str], names: Mapping[str, str]) -> tuple[Diagnostic, ...]:
    """The diagnostics in a compiler's output, errors first.

    Args:
        said: what it printed.
        patterns: a recipe's, with groups `path`, `line`, `column`, `severity`, `message`.
        names: the job's own path of each file, by the path under which it was compiled.
    """
    found = [
        _diagnostic(each.groupdict(), names)
        for pattern in patterns
        for each in re.finditer(pattern, said, re.MULTILINE)
    ]
    return tuple(sorted(found, key=lambda each: each.severity == "warning")[:MOST])


def _diagnostic(groups: Mapping[str, str | None], names: Mapping[str, str]) -> Diagnostic:
    path = (groups.get("path") or "").removeprefix("./")
    own = next((names[each] for each in names if path == each or path.endswith(f"/{each}")), "")
    warns = (groups.get("severity") or "error").startswith(("warn", "note"))
    return Diagnostic(
        message=(groups.get("message") or "").strip(),
        path=own or path,
        line=int(groups.get("line") or 0),
        column=int(groups.get("column") or 0),
        severity="warning" if warns else "error",
    )
