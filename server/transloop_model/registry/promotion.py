"""Which version is in use: promoted by the gate's verdict, rolled back and pinned by people."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace

from transloop_model.registry import files
from transloop_model.registry.card import Change, Standing
from transloop_model.registry.registry import Registry, Version
from transloop_settings.errors import AdapterRefused, UsageError

NOBODY: Mapping[str, str] = {}


def promote(
    registry: Registry,
    number: int,
    *,
    force: bool = False,
    automatic: bool = False,
    remark: str = "",
) -> Change:
    """Use a version from now on. One that is in use already stays so.

    Args:
        force: do it against the gate, or without it; that is written down.
        remark: what else speaks against it, besides the gate; it needs `force` too.
        automatic: no person asks for it: not while one is pinned, and not what was rolled back.

    Raises:
        AdapterRefused: it is damaged, or was trained on another prompt; `force` changes nothing.
        UsageError: the gate has not said so, or a person is against it.
    """
    with files.writing(registry.folder):
        found = registry.usable(number)
        standing = registry.standing()
        if standing.number == number:
            return _last_of(standing, number)
        if automatic:
            _require_free(standing, number)
        against = "; ".join(filter(None, (objection(registry, found), remark)))
        if against and not force:
            raise UsageError(
                f"Adapter {number} is not promoted: {against}.", "To do it all the same: --force"
            )
        said = found.verdict.reason if found.verdict else ""
        reason = f"It was forced: {against}." if against else said
        change = Change(time.time(), "promoted", number, reason, forced=bool(against))
        _stand(registry, standing, change, (*standing.before, standing.number))
        return change


def objection(registry: Registry, version: Version) -> str:
    """Why the gate does not let a version be used now; empty: it does."""
    verdict = version.verdict
    if verdict is None:
        return "the gate has not judged it"
    if not verdict.promote:
        return f"the gate said: {verdict.reason.rstrip('.')}"
    try:
        in_use = registry.digest_in_use()
    except AdapterRefused:
        return "the gate compared it with another one than that in use, which is damaged"
    if verdict.against != in_use:
        return "the gate compared it with another one than that in use"
    return ""


def rollback(registry: Registry, unfit: Mapping[str, str] = NOBODY) -> Change:
    """Use what was in use before, or what was before that if it cannot be used any more.

    Args:
        unfit: digests of adapters that must not come back, and why.

    Raises:
        UsageError: nothing was in use before.
    """
    with files.writing(registry.folder):
        standing = registry.standing()
        if not standing.before:
            raise UsageError("There is nothing to roll back: no adapter was promoted.")
        before, skipped = list(standing.before), []
        while before:
            number = before.pop()
            why = _unusable(registry, number, unfit)
            if not why:
                break
            skipped.append(f"adapter {number} is passed over: {why}")
        else:
            number = None
        reason = "; ".join([f"instead of {standing.number}", *skipped])
        change = Change(time.time(), "rolled back", number, reason)
        _stand(registry, standing, change, tuple(before))
        return change


def pin(registry: Registry, pinned: bool = True) -> Change:
    """Keep what is in use until a person says otherwise, or let the trainer promote again."""
    with files.writing(registry.folder):
        standing = registry.standing()
        action = "pinned" if pinned else "released"
        change = Change(time.time(), action, standing.number, "by hand")
        changes = (*standing.changes, change)
        registry.stand(replace(standing, pinned=pinned, changes=changes))
        return change


def _stand(
    registry: Registry, standing: Standing, change: Change, before: tuple[int | None, ...]
) -> None:
    changes = (*standing.changes, change)
    registry.stand(replace(standing, number=change.number, before=before, changes=changes))


def _require_free(standing: Standing, number: int) -> None:
    if standing.pinned:
        what = "the model alone" if standing.number is None else f"adapter {standing.number}"
        raise UsageError(f"{what.capitalize()} is pinned.", "See: transloop adapters pin --off")
    used = None
    for change in standing.changes:
        if change.action == "rolled back" and used == number:
            raise UsageError(f"Adapter {number} was rolled back.", "A person may promote it.")
        used = change.number


def _last_of(standing: Standing, number: int) -> Change:
    return [each for each in standing.changes if each.number == number][-1]


def _unusable(registry: Registry, number: int | None, unfit: Mapping[str, str]) -> str:
    if number is None:
        return ""
    try:
        found = registry.usable(number)
    except (AdapterRefused, UsageError) as error:
        return str(error).rstrip(".")
    return unfit.get(found.card.sha256, "")
