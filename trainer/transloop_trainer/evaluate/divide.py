"""Which problems may be learned from, and which are kept for evaluation: by a fixed hash.

Problems that are alike stay together, whatever their language: those with the same entry name in
other words (`quick_sort`, `QuickSort.sort`), and those with the same text. So no set knows an
answer of another.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Literal

from transloop_trainer.evaluate.rows import Row

Set = Literal["learn", "validation", "gate", "final", "unused"]
SHARES: Mapping[Set, float] = {"validation": 0.15, "gate": 0.3}
"""Of the problems to train on: what ends a training early, and what decides about its adapter. The
gate needs the larger one: 5 points are seen from about 470 pairs on. The rest is learned from."""
_SAY_NOTHING = frozenset(
    re.findall(
        r"\w+",
        "a an the of to from in for is are has with by and or get find compute calculate check"
        " count number function solution main run solve test my new helper util utils",
    )
)
"""Words of a name."""


def divided(rows: Sequence[Row]) -> dict[str, Set]:
    """The set of each row, by id.

    The final set is what the rows themselves call `dev`. A row to train on that is like one of
    those is in none, which is told as `unused`.
    """
    found: dict[str, Set] = {}
    for group in _alike(rows):
        dev = {row["id"] for row in group if row.get("split") == "dev"}
        drawn = _drawn(min(key for row in group for key in keys(row)))
        for row in group:
            if row["id"] in dev:
                found[row["id"]] = "final"
            else:
                found[row["id"]] = "unused" if dev else drawn
    return found


def keys(row: Row) -> set[str]:
    """What makes problems alike; two rows that share one of them are."""
    names = [each.get("entry_point") or "" for each in row["languages"].values()]
    words = {" ".join(sorted(_words(name))) for name in names} - {""}
    text = " ".join(re.findall(r"\w+", str(row.get("problem") or "").lower()))
    told = {f"text {text}"} if text else set()
    return {f"name {each}" for each in words} | told | {f"id {row['id']}"}


def _words(name: str) -> frozenset[str]:
    """The words of a name that say what it does, each once, in the singular."""
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    words = [each.lower() for each in re.findall(r"[A-Za-z]+", split)]
    said = [each for each in words if each not in _SAY_NOTHING] or words
    return frozenset(each.rstrip("s") or each for each in said)


def _alike(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """The rows in groups: all that are alike, directly or through others."""
    by_key: dict[str, list[Row]] = {}
    for row in rows:
        for key in keys(row):
            by_key.setdefault(key, []).append(row)
    seen: set[str] = set()
    for first in by_key.values():
        group, todo = [], list(first)
        while todo:
            row = todo.pop()
            if row["id"] not in seen:
                seen.add(row["id"])
                group.append(row)
                todo += [other for key in keys(row) for other in by_key[key]]
        if group:
            yield group


def _drawn(key: str) -> Set:
    """The set of a key, the same in every run."""
    at = int(sha256(key.encode()).hexdigest()[:8], 16) / 16**8
    for name, share in SHARES.items():
        if at < share:
            return name
        at -= share
    return "learn"
