"""Files of JSON lines that only grow: a line that is there is whole and safe on the disk."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from transloop_settings.errors import PairsUnusable


def read(path: Path) -> list[dict[str, Any]]:
    """The lines. One that was cut off by a kill is left out. Raises PairsUnusable."""
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise PairsUnusable(f"{path} cannot be read: {error}.") from error
    return [found for line in text.split("\n") if (found := _line(line)) is not None]


def append(path: Path, line: Mapping[str, Any]) -> None:
    """Write one more; it is safe when this returns. Raises PairsUnusable."""
    with writing(path), path.open("ab+") as file:
        file.write(_end_of_torn(file) + _text(line).encode())
        file.flush()
        os.fsync(file.fileno())


def replace(path: Path, lines: Collection[Mapping[str, Any]]) -> None:
    """Write the file anew. Raises PairsUnusable."""
    new = path.with_name(f"{path.name}.new")
    with writing(path):
        new.write_text("".join(map(_text, lines)), "utf-8")
        new.replace(path)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Makes the folder, and tells what goes wrong on the disk as people need it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise PairsUnusable(
            f"{path} cannot be written: {error.strerror or error}.",
            "Make room and run it again; it goes on where it was.",
        ) from error


def _end_of_torn(file: Any) -> bytes:
    """What ends a line that a kill has left half."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 1))
    return b"\n" if size and file.read(1) != b"\n" else b""


def _text(line: Mapping[str, Any]) -> str:
    return json.dumps(line, ensure_ascii=False, sort_keys=True) + "\n"


def _line(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text) if text.strip() else None
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
