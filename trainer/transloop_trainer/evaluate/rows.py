"""Units to evaluate on, as rows of JSON lines; two formats are read.

A benchmark's row, of which only `id` and `languages` must be there:

    {"id", "problem", "group", "split", "cases": [{"args": [..], "out": ..}],
     "languages": {LANGUAGE: {"code", "tests", "entry_point", "signature", "prelude", "verified"}}}

`code` is a reference, `tests` the end of a program that exits with 0 if all is well, `signature`
what it calls. A line `//@@SHIM name@@` in tests stands for the file `shims/name` beside the file,
or one folder up. `cases` are calls of the source with what it returns. And a seed, as
`transloop seeds export` writes it: its tests are the evidence that is derived from its source.
"""

from __future__ import annotations

import json
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from transloop_settings.errors import UsageError

Row = Mapping[str, Any]
_TOLD = 10


def read(path: Path) -> list[Row]:
    """All units of a file, or of all `*.jsonl` below a folder, mixed, so that a limit takes of all.

    Raises:
        UsageError: it cannot be read, a line is no unit, or a unit is there twice; names them.
    """
    files = sorted(path.rglob("*.jsonl")) if path.is_dir() else [path]
    if not files:
        raise UsageError(f"{path} holds no *.jsonl.")
    found = [row for file in files for row in _rows(file)]
    counted = Counter(row["id"] for row in found)
    if twice := [each for each, count in counted.items() if count > 1]:
        raise UsageError(f"{path} holds units twice: {', '.join(twice[:_TOLD])}.")
    return sorted(found, key=lambda row: hash_of(row["id"]))


def hash_of(text: str) -> int:
    """The same on every machine and in every run."""
    return zlib.crc32(text.encode())


def _rows(path: Path) -> Iterator[Row]:
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}.") from None
    shims = _shims(path)
    found, problems = [], []
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                found.append(_row(json.loads(line), shims))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                problems.append(f"line {number}: {type(error).__name__}: {error}")
    if problems:
        more = f"\n  and {len(problems) - _TOLD} more" if len(problems) > _TOLD else ""
        told = "\n  ".join(problems[:_TOLD])
        raise UsageError(f"{path} holds lines that are no units:\n  {told}{more}\n")
    yield from found


def _shims(path: Path) -> Mapping[str, str]:
    folders = [path.parent / "shims", path.parent.parent / "shims"]
    folder = next((each for each in folders if each.is_dir()), None)
    if folder is None:
        return {}
    return {each.name: each.read_text("utf-8") for each in sorted(folder.iterdir())}


def _row(given: Any, shims: Mapping[str, str]) -> Row:
    if "source" in given:
        return _of_seed(given)
    if not isinstance(given["id"], str) or not given["languages"]:
        raise ValueError("`id` must be a text and `languages` must not be empty")
    spoken = {
        name: {**each, "tests": _shimmed(each.get("tests") or "", shims)}
        for name, each in given["languages"].items()
        if each
    }
    return {**given, "languages": spoken}


def _of_seed(given: Any) -> Row:
    """A seed without tests, and its translation, which is no reference: nobody has tested it."""
    source = given["source"]
    names = source.get("names") or [""]
    code = {"code": source["code"], "entry_point": names[0], "prelude": _needed(source)}
    made = given.get("id") or f"{hash_of(source['code']):08x}"
    return {"id": f"seed/{made}", "split": "train", "languages": {source["language"]: code}}


def _needed(source: Mapping[str, Any]) -> str:
    return "\n".join(source.get("needs") or ())


def _shimmed(tests: str, shims: Mapping[str, str]) -> str:
    """The tests with the stand-ins for test libraries that they ask for."""

    def shim(found: re.Match[str]) -> str:
        if found[1] not in shims:
            raise ValueError(f"the tests ask for shims/{found[1]}, which is not there")
        return shims[found[1]]

    return re.sub(r"^//@@SHIM (\S+?)@@$", shim, tests, flags=re.MULTILINE)
