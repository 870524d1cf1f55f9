"""Changing a file of the user's so that it can be taken back: backup, rename, and a note of it.

A link stays a link: what is written is the file that it leads to.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from transloop.jsonc import Unreadable
from transloop.setup_editors import Editor
from transloop_settings import directories
from transloop_settings.errors import UsageError

BOM = "\ufeff"


@dataclass(frozen=True)
class Change:
    """A file as it is, and as it would be."""

    path: Path
    before: str | None
    """None: there is no such file."""
    after: str | None
    """None: the file goes."""

    def diff(self) -> Iterator[str]:
        """What would change, as lines of a unified diff."""
        old, new = (self.before or "").splitlines(), (self.after or "").splitlines()
        there, then = ("/dev/null" if each is None else str(self.path) for each in self._texts())
        return difflib.unified_diff(old, new, there, then, lineterm="")

    def _texts(self) -> tuple[str | None, str | None]:
        return self.before, self.after


@dataclass(frozen=True)
class Written:
    """What setup did to one editor."""

    path: str
    digest: str
    """Of the file as setup left it: where it is still so, it can be put back byte by byte."""
    backup: str | None = None
    """None: there was no file."""
    exact: bool = True
    """Whether the backup holds everything that the person has written since."""
    made: tuple[str, ...] = ()
    """Folders that were not there."""
    extension: bool = False


def planned(editor: Editor) -> Change:
    """What setup would do to an editor's file. Raises Unreadable."""
    before = read(editor.file)
    bom = BOM if before and before.startswith(BOM) else ""
    return Change(editor.file, before, bom + editor.put((before or "").removeprefix(BOM)))


def undone(editor: Editor, written: Written) -> Change:
    """What undoing would do. Raises Unreadable."""
    path = Path(written.path)
    now = read(path)
    if now is None:
        return Change(path, None, None)
    if written.exact and _digest(path.read_bytes()) == written.digest:
        if written.backup is None:
            return Change(path, now, None)
        if (old := read(Path(written.backup))) is not None:
            return Change(path, now, old)
    bom = BOM if now.startswith(BOM) else ""
    left = editor.take(now.removeprefix(BOM))
    return Change(path, now, bom + left if left.strip() else None)


def read(path: Path) -> str | None:
    """The text of a file, with its line ends; None where there is none. Raises Unreadable."""
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise Unreadable("it is not in UTF-8") from error
    except OSError as error:
        raise Unreadable(error.strerror or str(error)) from error


def apply(change: Change, written: Written | None = None) -> Written:
    """Write a change, with a backup; what `note` needs to know of it.

    Args:
        written: what setup did to this file before.

    Raises:
        Unreadable: the file may not be changed; nothing was.
    """
    known = written or Written(str(change.path), "")
    target = change.path.resolve()
    made = tuple(str(each) for each in _missing(target.parent))
    old = change.before.encode() if change.before is not None else None
    untouched = written is not None and old is not None and _digest(old) == written.digest
    _require_writable(target)
    backup = known.backup if untouched else _backed_up(change.path, old)
    put_back(change)
    return replace(
        known,
        digest=_digest((change.after or "").encode()),
        backup=backup,
        exact=written is None or (written.exact and untouched),
        made=(*known.made, *made),
    )


def put_back(change: Change, made: tuple[str, ...] = ()) -> None:
    """Write a change without a backup; a file that goes takes the empty folders in `made` with it.

    Raises:
        Unreadable: the file may not be changed; nothing was.
    """
    target = change.path.resolve()
    if read(target) != change.before:
        raise Unreadable("it was changed meanwhile")
    _require_writable(target)
    if change.after is None:
        target.unlink(missing_ok=True)
        for folder in map(Path, made):
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()
        return
    fresh = target.with_name(f".{target.name}.transloop")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_bytes(change.after.encode())
        if target.exists():
            shutil.copymode(target, fresh)
        fresh.replace(target)
    except OSError as error:
        raise Unreadable(f"{error.filename}: {error.strerror}") from error
    finally:
        fresh.unlink(missing_ok=True)


def _require_writable(target: Path) -> None:
    """Root may write what is read-only, and should not either."""
    there = next(each for each in target.parents if each.exists())
    for place in (there, target) if target.exists() else (there,):
        if not place.stat().st_mode & 0o222 or not os.access(place, os.W_OK):
            raise Unreadable(f"{place} is read-only")


def _missing(folder: Path) -> Iterator[Path]:
    """The folders that do not exist, the innermost first."""
    while not folder.exists():
        yield folder
        folder = folder.parent


def _backed_up(path: Path, old: bytes | None) -> str | None:
    """The copy of a file. Raises Unreadable where nothing could be noted either."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    folder = _note().parent
    names = (f"{stamp}{extra}-{path.name}" for extra in ("", *(f".{n}" for n in range(1, 1000))))
    _require_writable(folder / "any")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        copy = next(folder / name for name in names if not (folder / name).exists())
        if old is not None:
            copy.write_bytes(old)
    except OSError as error:
        raise Unreadable(f"no backup can be made: {error}") from error
    return None if old is None else str(copy)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


# The note -----------------------------------------------------------------------------------------


def noted() -> dict[str, Written]:
    """What setup has done on this machine, by editor. Raises UsageError for a damaged note."""
    try:
        rows = json.loads(_note().read_text("utf-8"))
        return {id_: Written(**{**row, "made": tuple(row["made"])}) for id_, row in rows.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise UsageError(
            f"{_note()} cannot be read, so it is not known what was written.",
            "Backups are in the same folder. Remove the file to begin anew.",
        ) from error


def note(id_: str, written: Written | None) -> None:
    """Remember what was done to an editor; None: nothing any more."""
    rows = {key: asdict(each) for key, each in noted().items() if key != id_}
    if written is not None:
        rows[id_] = asdict(written)
    _note().parent.mkdir(parents=True, exist_ok=True)
    fresh = _note().with_suffix(".new")
    fresh.write_text(json.dumps(rows, indent=1, ensure_ascii=False), "utf-8")
    fresh.replace(_note())


def _note() -> Path:
    return directories.state() / "setup" / "written.json"
