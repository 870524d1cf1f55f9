"""Which files nothing is learned from: `.transloopignore` and the settings, as gitignore patterns.

It fails closed. A pattern file that cannot be read or understood means that nothing is learned in
its workspace at all, and the reason is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pathspec import GitIgnoreSpec

NAME = ".transloopignore"


@dataclass(frozen=True)
class Ignore:
    """The patterns of one workspace; with a `problem`, nothing in it may be learned from."""

    workspace: Path
    spec: GitIgnoreSpec
    problem: str = ""

    def reason(self, paths: Sequence[Path]) -> str:
        """Why nothing may be learned from something in these files; empty if it may."""
        if self.problem:
            return self.problem
        if len(self.spec) == 0:
            return ""
        if not paths:
            return "it has no path that could be compared with what is to be ignored"
        for path in paths:
            names = self._relative(path)
            if not names:
                return f"{path} is outside of the workspace, so its {NAME} cannot speak of it"
            if any(self.spec.match_file(each) for each in names):
                return f"{names[0]} is ignored"
        return ""

    def _relative(self, path: Path) -> list[str]:
        """As it is written and, behind links, as it is; none of both outside of the workspace."""
        written = self.workspace / path
        both = ((self.workspace, written), (self.workspace.resolve(), written.resolve()))
        pairs = ((Path(_normal(root)), Path(_normal(each))) for root, each in both)
        return [
            each.relative_to(root).as_posix() for root, each in pairs if each.is_relative_to(root)
        ]


def ignore_for(workspace: Path, patterns: Iterable[str] = ()) -> Ignore:
    """What a workspace's own file and the settings' patterns say."""
    file = workspace / NAME
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        lines = []
    except (OSError, UnicodeDecodeError) as error:
        return Ignore(workspace, GitIgnoreSpec([]), f"{file} cannot be read: {_why(error)}")
    sources = [(f"{NAME}, line {at}", line) for at, line in enumerate(lines, 1)]
    sources += [("the setting learn.ignore", each) for each in patterns]
    broken = [f"{where}: {line!r}" for where, line in sources if not _understood(line)]
    if broken:
        problem = f"not a pattern: {'; '.join(broken[:3])}"
        return Ignore(workspace, GitIgnoreSpec([]), problem)
    kept = [line for _, line in sources if line.strip() and not line.startswith("#")]
    return Ignore(workspace, GitIgnoreSpec.from_lines(kept))


def _understood(line: str) -> bool:
    """The library takes a bracket that is not closed for a pattern that matches nothing."""
    if not line.strip() or line.startswith("#"):
        return True
    try:
        spec = GitIgnoreSpec.from_lines([line])
    except (ValueError, re.error):
        return False
    return "\0" not in line and all(each.include is not None for each in spec.patterns)


def _normal(path: Path) -> str:
    """Without `..`; links are not followed."""
    parts: list[str] = []
    for part in path.absolute().parts:
        if part == "..":
            parts[1:] = parts[1:-1]
        else:
            parts.append(part)
    return str(Path(*parts))


def _why(error: OSError | UnicodeDecodeError) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else "it is not UTF-8"
