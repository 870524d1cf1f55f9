"""The versions of the adapters of one model, in a folder of the user's.

<digest of the model>/
  current.json      which version is in use; replaced by rename
  7/                a version: written elsewhere, then given its name
    adapter.gguf
    card.json       what is known of it
    verdict.json    what the gate says of it
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from transloop_model import adapter, prompt
from transloop_model.catalog import sha256_of
from transloop_model.registry import files
from transloop_model.registry.card import MODEL_ALONE, Card, Standing, Story, Verdict
from transloop_settings import directories
from transloop_settings.errors import AdapterRefused, UsageError

CARD, VERDICT, CURRENT = "card.json", "verdict.json", "current.json"

_CARD = TypeAdapter(Card)
_VERDICT = TypeAdapter(Verdict)
_STANDING = TypeAdapter(Standing)


@dataclass(frozen=True)
class Version:
    """An adapter that is whole."""

    card: Card
    verdict: Verdict | None
    path: Path
    """Its GGUF file."""

    @property
    def number(self) -> int:
        """What people call it."""
        return self.card.number


@dataclass(frozen=True)
class Damaged:
    """A version that must not be used."""

    number: int
    reason: str


class Registry:
    """The versions of one model. Safe with several processes; nothing in it is ever half-written.

    Whatever writes may raise RegistryUnwritable.
    """

    def __init__(self, base_sha256: str, root: Path | None = None) -> None:
        self.base_sha256 = base_sha256
        self.folder = (root or directories.adapters()) / base_sha256

    # Reading

    def numbers(self) -> list[int]:
        """All versions, the damaged ones too, oldest first."""
        if not self.folder.is_dir():
            return []
        return sorted(int(each.name) for each in self.folder.iterdir() if each.name.isdecimal())

    def versions(self) -> Iterator[Version | Damaged]:
        """Each version; every byte is read."""
        for number in self.numbers():
            try:
                yield self.version(number)
            except AdapterRefused as error:
                yield Damaged(number, str(error))

    def version(self, number: int) -> Version:
        """A version, whole.

        Raises:
            UsageError: there is none of this number. AdapterRefused: it is damaged.
        """
        folder = self.folder / str(number)
        if not folder.is_dir():
            raise UsageError(f"There is no adapter {number}.", "See: transloop adapters list")
        card = self._card(number)
        path = folder / _file(number)
        try:
            whole = path.stat().st_size == card.bytes and sha256_of(path) == card.sha256
        except OSError as error:
            raise _damaged(number, f"its file cannot be read ({error.strerror})") from None
        if not whole:
            raise _damaged(number, "its file is not the one that was published")
        return Version(card, self._verdict(number), path)

    def _card(self, number: int) -> Card:
        try:
            card = _CARD.validate_json((self.folder / str(number) / CARD).read_bytes())
        except (OSError, ValidationError):
            raise _damaged(number, "its card cannot be read") from None
        if (card.number, card.base_sha256) != (number, self.base_sha256):
            raise _damaged(number, "its card is that of another adapter")
        return card

    def _verdict(self, number: int) -> Verdict | None:
        try:
            return _VERDICT.validate_json((self.folder / str(number) / VERDICT).read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError):
            raise _damaged(number, "the gate's verdict cannot be read") from None

    def standing(self) -> Standing:
        """What is in use.

        Raises:
            AdapterRefused: the file that says so is damaged.
        """
        path = self.folder / CURRENT
        try:
            return _STANDING.validate_json(path.read_bytes())
        except FileNotFoundError:
            return Standing()
        except (OSError, ValidationError):
            raise AdapterRefused(
                f"{path} is damaged, so nobody knows which adapter is in use.",
                "Delete it, and promote one again.",
            ) from None

    def current(self) -> Version | None:
        """The version in use, whole and fit for this program; None: the model alone.

        Raises:
            AdapterRefused: it is neither.
        """
        number = self.standing().number
        if number is None:
            return None
        try:
            return self.usable(number)
        except UsageError as error:  # somebody has deleted it
            raise AdapterRefused(str(error)) from None

    def usable(self, number: int) -> Version:
        """A version, if it is whole and was trained with the prompt of this program.

        Raises:
            UsageError: there is none of this number. AdapterRefused: it must not be used.
        """
        found = self.version(number)
        if found.card.prompt_version != prompt.VERSION:
            raise AdapterRefused(
                f"Adapter {number} was trained on prompt format {found.card.prompt_version}, "
                f"this is format {prompt.VERSION}.",
                "Train it again with this version of transloop.",
            )
        return found

    def digest_in_use(self) -> str:
        """Digest of the adapter that a new one has to be measured against."""
        number = self.standing().number
        return MODEL_ALONE if number is None else self._card(number).sha256

    # Writing

    def publish(
        self,
        path: Path,
        story: Story,
        verdict: Verdict | None = None,
        *,
        imported: bool = False,
    ) -> Version:
        """Make a version of a sealed GGUF adapter. One that is here already is not made again.

        Raises:
            AdapterRefused: it is damaged, or was made for another model or prompt.
        """
        made = self._about(path, story, imported)
        with files.writing(self.folder):
            for number in self.numbers():
                if self._has(number, made.sha256):
                    return self._judged(number, verdict)
            number = max(self.numbers(), default=0) + 1
            with files.new_folder(self.folder / str(number)) as new:
                shutil.copyfile(path, new / _file(number))
                card = replace(made, number=number)
                (new / CARD).write_bytes(_CARD.dump_json(card, indent=2))
                if verdict is not None:
                    (new / VERDICT).write_bytes(_VERDICT.dump_json(verdict, indent=2))
        return self.version(number)

    def judge(self, number: int, verdict: Verdict) -> Version:
        """Keep what the gate says of a version; it replaces what it said before."""
        self.version(number)
        with files.writing(self.folder):
            return self._judged(number, verdict)

    def stand(self, standing: Standing) -> None:
        """Replace what says which version is in use; hold the lock."""
        files.replace(self.folder / CURRENT, _STANDING.dump_json(standing, indent=2))

    def _judged(self, number: int, verdict: Verdict | None) -> Version:
        if verdict is not None:
            path = self.folder / str(number) / VERDICT
            files.replace(path, _VERDICT.dump_json(verdict, indent=2))
        return self.version(number)

    def _has(self, number: int, sha256: str) -> bool:
        try:
            return self.version(number).card.sha256 == sha256
        except AdapterRefused:
            return False

    def _about(self, path: Path, story: Story, imported: bool) -> Card:
        adapter.require_whole(path)
        said = adapter.said(path)
        adapter.require_fit(path.name, said.base_sha256, said.prompt_version, self.base_sha256)
        return Card(
            0,
            sha256_of(path),
            path.stat().st_size,
            self.base_sha256,
            prompt.VERSION,
            said.directions,
            said.lineage_sha256,
            time.time(),
            story,
            imported,
        )


def registries(root: Path | None = None) -> list[Registry]:
    """Those of all models that have one."""
    place = root or directories.adapters()
    if not place.is_dir():
        return []
    return [Registry(each.name, place) for each in sorted(place.iterdir()) if len(each.name) == 64]


def _file(number: int) -> str:
    """Told in status lines, so it has a name of its own."""
    return f"adapter-{number}.gguf"


def _damaged(number: int, why: str) -> AdapterRefused:
    return AdapterRefused(
        f"Adapter {number} is damaged: {why}. It is not used.", "Import it or train it again."
    )
