"""How much of a translation may be kept: the strictest of all that has a say.

Consent, the settings, the workspace's ignored files, and "do not learn from this" of one run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from transloop_seeds.consent import Consent
from transloop_seeds.ignore import Ignore, ignore_for
from transloop_settings.settings import Learn, Level, stricter


@dataclass(frozen=True)
class Permission:
    """`all`: code too; `no-code`: what happened, without code, names and paths; `off`: nothing."""

    level: Level
    reason: str = ""
    """Why it is less than `all`; to be shown."""
    retention_days: int = Learn().retention_days


def permission(
    workspace: Path | None,
    paths: Sequence[Path],
    learn: Learn,
    consent: Consent,
    *,
    this_run: bool = True,
) -> Permission:
    """What may be kept of a translation that touches `paths`, of which each may be ignored.

    `this_run` is False where the person said "do not learn from this".
    """
    agreed = consent.level(workspace)
    off = _refusal(agreed, learn, consent, this_run) or _ignored(workspace, paths, learn)
    if off:
        return Permission("off", off, learn.retention_days)
    level = stricter(agreed or "off", learn.level)
    reason = "" if level == "all" else "no code is kept: so you chose"
    return Permission(level, reason, learn.retention_days)


def _refusal(agreed: Level | None, learn: Learn, consent: Consent, this_run: bool) -> str:
    if not this_run:
        return "you said not to learn from this"
    if learn.level == "off":
        return "learning is off in the settings"
    if consent.problem:
        return consent.problem
    if agreed is None:
        return "you were not asked yet"
    return "you said no to learning" if agreed == "off" else ""


def _ignored(workspace: Path | None, paths: Sequence[Path], learn: Learn) -> str:
    return _rules(workspace, learn).reason(paths)


def _rules(workspace: Path | None, learn: Learn) -> Ignore:
    """Without a workspace, the file system's root is one, and has no file of patterns."""
    return ignore_for(workspace or Path("/"), learn.ignore)
