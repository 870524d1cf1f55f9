"""A version as one file: to keep it, or to give it to somebody.

A ZIP file of the adapter, its card, and the digests of both. The gate's verdict stays here: it is
about what was in use on this machine. Whoever imports a parcel runs the gate or says `--force`.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from transloop_model.catalog import sha256_of
from transloop_model.registry.card import Card
from transloop_model.registry.registry import CARD, Registry, Version
from transloop_settings.errors import AdapterRefused, RegistryUnwritable, UsageError

FILE, DIGESTS = "adapter.gguf", "digests.json"
LARGEST = 4 << 30
"""Bytes of an adapter; a rank-16 one of a 7B has 160 MB."""

_CARD = TypeAdapter(Card)


def export(version: Version, file: Path) -> None:
    """Write a version to `file`.

    Raises:
        UsageError: the file exists. RegistryUnwritable: it cannot be written; nothing is left.
    """
    card = _CARD.dump_json(version.card, indent=2)
    digests = {FILE: version.card.sha256, CARD: hashlib.sha256(card).hexdigest()}
    if file.exists():
        raise UsageError(f"{file} exists.", "Name another file.")
    new = file.with_name(f"{file.name}.{os.getpid()}.new")
    try:
        with zipfile.ZipFile(new, "x") as parcel:
            parcel.write(version.path, FILE)
            parcel.writestr(CARD, card)
            parcel.writestr(DIGESTS, json.dumps(digests, indent=2))
        new.replace(file)
    except OSError as error:
        raise RegistryUnwritable(f"{file} cannot be written: {error.strerror}.") from error
    finally:
        new.unlink(missing_ok=True)


def import_(file: Path, registry: Registry) -> Version:
    """Make a version of a parcel, if it is whole and for this model and prompt.

    Raises:
        AdapterRefused: it is neither. UsageError: there is no such file.
    """
    with tempfile.TemporaryDirectory(prefix="transloop-") as folder:
        path = Path(folder) / FILE
        try:
            with zipfile.ZipFile(file) as parcel:
                card = _unpack(parcel, path)
        except FileNotFoundError:
            raise UsageError(f"There is no file {file}.") from None
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise _refused(file, f"it cannot be read ({error})") from error
        if card is None:
            raise _refused(file, "a digest does not fit")
        return registry.publish(path, card.story, imported=True)


def _unpack(parcel: zipfile.ZipFile, path: Path) -> Card | None:
    """The card, and the adapter at `path`; None: a digest does not fit."""
    digests: dict[str, Any] = json.loads(_small(parcel, DIGESTS))
    card = _small(parcel, CARD)
    with parcel.open(_stored(parcel, FILE, LARGEST)) as packed, path.open("wb") as out:
        shutil.copyfileobj(packed, out)
    found = {FILE: sha256_of(path), CARD: hashlib.sha256(card).hexdigest()}
    if digests != found:
        return None
    try:
        return _CARD.validate_json(card)
    except ValidationError:
        raise ValueError("its card is of another format") from None


def _small(parcel: zipfile.ZipFile, name: str) -> bytes:
    """A member that is read into memory."""
    return parcel.read(_stored(parcel, name, 16 << 20))


def _stored(parcel: zipfile.ZipFile, name: str, largest: int) -> zipfile.ZipInfo:
    """A member as we write them: neither packed nor encrypted, so it is as large as it says."""
    found = parcel.getinfo(name)
    if found.compress_type != zipfile.ZIP_STORED or found.flag_bits & 1:
        raise ValueError(f"{name} is packed")
    if found.file_size > largest:
        raise ValueError(f"{name} is too large")
    return found


def _refused(file: Path, why: str) -> AdapterRefused:
    return AdapterRefused(f"{file.name} is refused: {why}.", "Export or copy it again.")
