"""The registry: versions that are whole or not there, and what is in use of them."""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import signal
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.model.small_adapters import small_adapter

from transloop_model import prompt
from transloop_model.registry import files, parcel
from transloop_model.registry.card import Measured, Story, Verdict
from transloop_model.registry.promotion import pin, promote, rollback
from transloop_model.registry.registry import Damaged, Registry, Version, registries
from transloop_settings.errors import AdapterRefused, RegistryUnwritable, UsageError

BASE = "a" * 64
STORY = Story(metrics={"pass@1": 0.5}, data={"rows": 12}, seeds=("one", "two"), corrections=1)


@pytest.fixture
def registry(home: Path) -> Registry:
    return Registry(BASE)


@pytest.fixture
def make(registry: Registry, tmp_path: Path) -> Callable[..., Version]:
    """Publish another adapter, which the gate lets pass or not."""

    def made(passes: bool | None = True, against: str | None = None) -> Version:
        number = len(registry.numbers()) + 1
        path = small_adapter(tmp_path / f"{number}.gguf", BASE, number)
        before = registry.digest_in_use() if against is None else against
        verdict = None if passes is None else Verdict(passes, "It was measured.", before)
        return registry.publish(path, STORY, verdict)

    return made


def in_use(registry: Registry) -> int | None:
    return registry.standing().number


def names(registry: Registry) -> list[str]:
    return sorted(each.name for each in registry.folder.iterdir() if each.name != ".lock")


def test_a_new_machine_has_none_and_looking_makes_none(registry: Registry, home: Path) -> None:
    assert list(registry.versions()) == []
    assert registry.current() is None
    assert registries() == []
    assert not (home / "adapters").exists()


def test_a_version_says_what_it_is_and_where_it_comes_from(
    registry: Registry, make: Callable[..., Version]
) -> None:
    first, second = make(), make(passes=None)
    assert (first.number, second.number) == (1, 2)
    assert list(registry.versions()) == [first, second]
    assert first.card.story == STORY
    assert first.card.directions == ("python:java",)
    assert first.card.lineage_sha256 == f"{1:064}"
    assert first.card.prompt_version == prompt.VERSION
    assert first.verdict == Verdict(True, "It was measured.", "")
    assert second.verdict is None
    assert [each.base_sha256 for each in registries()] == [BASE]


def test_what_is_published_again_is_the_version_that_it_was(
    registry: Registry, tmp_path: Path
) -> None:
    path = small_adapter(tmp_path / "a.gguf", BASE)
    first = registry.publish(path, STORY)
    again = registry.publish(path, STORY, Verdict(True, "Better.", ""))
    assert (again.number, again.verdict) == (first.number, Verdict(True, "Better.", ""))
    assert registry.numbers() == [1]


@pytest.mark.parametrize(
    ("base", "version", "word"),
    [("b" * 64, prompt.VERSION, "another model"), (BASE, 99, "prompt format 99")],
)
def test_what_was_made_for_something_else_is_not_published(
    registry: Registry, tmp_path: Path, base: str, version: int, word: str
) -> None:
    path = small_adapter(tmp_path / "a.gguf", base, version=version)
    with pytest.raises(AdapterRefused, match=word):
        registry.publish(path, STORY)
    assert registry.numbers() == []


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-100] ^= 1
    path.write_bytes(content)


def adopt(path: Path) -> None:
    card = json.loads(path.read_bytes())
    path.write_text(json.dumps({**card, "number": 5}))


DAMAGE: list[tuple[str, Callable[[Path], object], str]] = [
    ("adapter-1.gguf", flip, "not the one"),
    ("adapter-1.gguf", lambda path: path.write_bytes(path.read_bytes()[:-1]), "not the one"),
    ("adapter-1.gguf", Path.unlink, "cannot be read"),
    ("card.json", lambda path: path.write_text("{"), "card cannot be read"),
    ("card.json", Path.unlink, "card cannot be read"),
    ("card.json", adopt, "another adapter"),
    ("verdict.json", lambda path: path.write_text("[]"), "verdict cannot be read"),
]


@pytest.mark.parametrize(("name", "damage", "word"), DAMAGE)
def test_a_damaged_version_is_named_and_never_used(
    registry: Registry,
    make: Callable[..., Version],
    name: str,
    damage: Callable[[Path], object],
    word: str,
) -> None:
    make()
    promote(registry, 1)
    damage(registry.folder / "1" / name)
    (found,) = registry.versions()
    assert isinstance(found, Damaged)
    assert "Adapter 1 is damaged" in found.reason
    assert word in found.reason
    with pytest.raises(AdapterRefused, match=word):
        registry.current()
    make(against="?")
    with pytest.raises(UsageError):
        promote(registry, 2)
    promote(registry, 2, force=True)
    with pytest.raises(AdapterRefused, match=word):
        promote(registry, 1, force=True)
    assert rollback(registry).number is None  # not to the damaged one
    assert "damaged" in registry.standing().changes[-1].reason


def test_only_what_the_gate_lets_pass_is_promoted(
    registry: Registry, make: Callable[..., Version]
) -> None:
    make(passes=False)
    make(passes=None)
    with pytest.raises(UsageError, match="the gate said: It was measured"):
        promote(registry, 1)
    with pytest.raises(UsageError, match="not judged"):
        promote(registry, 2)
    assert in_use(registry) is None
    change = promote(registry, 1, force=True)
    assert change.forced
    assert "It was forced: the gate said" in registry.standing().changes[-1].reason
    registry.judge(2, Verdict(True, "Better than 1.", registry.digest_in_use()))
    assert not promote(registry, 2).forced
    assert in_use(registry) == 2


def test_a_verdict_holds_for_what_it_was_compared_with(
    registry: Registry, make: Callable[..., Version]
) -> None:
    make()
    make()  # both compared with the model alone
    promote(registry, 1)
    with pytest.raises(UsageError, match="another one than that in use"):
        promote(registry, 2)


def test_rolling_back_goes_the_way_back_to_the_model_alone(
    registry: Registry, make: Callable[..., Version]
) -> None:
    for number in (1, 2, 3):
        make()
        promote(registry, number)
    assert [rollback(registry).number for _ in range(3)] == [2, 1, None]
    with pytest.raises(UsageError, match="nothing to roll back"):
        rollback(registry)


def test_rolling_back_passes_over_what_must_not_come_back(
    registry: Registry, make: Callable[..., Version]
) -> None:
    for number in (1, 2, 3):
        make()
        promote(registry, number)
    second = registry.version(2)
    change = rollback(registry, {second.card.sha256: "it saw a forgotten seed"})
    assert change.number == 1
    assert change.reason == "instead of 3; adapter 2 is passed over: it saw a forgotten seed"


def test_what_is_pinned_stays_until_a_person_says_otherwise(
    registry: Registry, make: Callable[..., Version]
) -> None:
    make()
    pin(registry)
    with pytest.raises(UsageError, match="model alone is pinned"):
        promote(registry, 1, automatic=True)
    pin(registry, False)
    promote(registry, 1, automatic=True)
    rollback(registry)
    with pytest.raises(UsageError, match="was rolled back"):
        promote(registry, 1, automatic=True)
    promote(registry, 1)
    assert in_use(registry) == 1


def test_promoting_once_more_changes_nothing(
    registry: Registry, make: Callable[..., Version]
) -> None:
    make()
    first = promote(registry, 1)
    assert promote(registry, 1) == first
    assert rollback(registry).number is None


def test_a_damaged_word_on_what_is_in_use_is_told(
    registry: Registry, make: Callable[..., Version]
) -> None:
    make()
    promote(registry, 1)
    (registry.folder / "current.json").write_text("{")
    with pytest.raises(AdapterRefused, match="nobody knows"):
        registry.current()


def test_a_version_for_another_prompt_is_not_used(
    registry: Registry, make: Callable[..., Version], monkeypatch: pytest.MonkeyPatch
) -> None:
    make()
    promote(registry, 1)
    monkeypatch.setattr(prompt, "VERSION", prompt.VERSION + 1)
    with pytest.raises(AdapterRefused, match="prompt format 1, this is format 2"):
        registry.current()
    make_again = rollback(registry)
    assert make_again.number is None


# The disk, and other processes


@contextmanager
def full_after(size: int) -> Iterator[None]:
    """No file can grow beyond `size` bytes, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_leaves_nothing_half_written(
    registry: Registry, make: Callable[..., Version], tmp_path: Path
) -> None:
    make()
    promote(registry, 1)
    path = small_adapter(tmp_path / "b.gguf", BASE, 8)
    before = names(registry)
    with full_after(4096), pytest.raises(RegistryUnwritable, match="Make room"):
        registry.publish(path, STORY)
    with full_after(16), pytest.raises(RegistryUnwritable):
        pin(registry)
    assert names(registry) == before == ["1", "current.json"]
    assert in_use(registry) == 1


def test_what_a_killed_process_left_is_removed_by_the_next(
    registry: Registry, make: Callable[..., Version], tmp_path: Path
) -> None:
    path = small_adapter(tmp_path / "b.gguf", BASE, 8)
    child = multiprocessing.get_context("fork").Process(target=_killed, args=(registry, path))
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    assert registry.numbers() == []
    assert len(names(registry)) == 1
    make()
    assert names(registry) == ["1"]


def _killed(registry: Registry, path: Path) -> None:
    """Publish, and be killed before the folder gets its name."""
    files.os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[attr-defined]
    registry.publish(path, STORY)


def test_processes_that_publish_at_once_get_a_number_each(
    registry: Registry, tmp_path: Path
) -> None:
    paths = [small_adapter(tmp_path / f"{i}.gguf", BASE, i) for i in range(4)]
    context = multiprocessing.get_context("fork")
    children = [context.Process(target=registry.publish, args=(each, STORY)) for each in paths]
    for child in children:
        child.start()
    for child in children:
        child.join()
    found = list(registry.versions())
    assert [each.number for each in found] == [1, 2, 3, 4]
    assert len({each.card.sha256 for each in found if isinstance(each, Version)}) == 4


# As one file


@pytest.fixture
def packed(registry: Registry, make: Callable[..., Version], tmp_path: Path) -> Path:
    make()
    file = tmp_path / "one.adapter"
    parcel.export(registry.version(1), file)
    return file


@pytest.fixture
def elsewhere(tmp_path: Path) -> Registry:
    """The registry of another machine."""
    return Registry(BASE, tmp_path / "elsewhere")


def test_an_exported_version_can_be_imported_elsewhere(
    packed: Path, registry: Registry, elsewhere: Registry
) -> None:
    found = parcel.import_(packed, elsewhere)
    assert found.card.imported
    assert found.card.sha256 == registry.version(1).card.sha256
    assert found.card.story == STORY
    assert found.verdict is None  # it was about what was in use there
    with pytest.raises(UsageError, match="not judged"):
        promote(elsewhere, found.number)


def test_what_is_in_a_parcel_is_checked(packed: Path, elsewhere: Registry) -> None:
    content = packed.read_bytes()
    for place in (500, len(content) // 2, content.index(b'"corrections"')):
        changed = bytearray(content)
        changed[place] ^= 1
        packed.write_bytes(changed)
        with pytest.raises(AdapterRefused):
            parcel.import_(packed, elsewhere)
    packed.write_bytes(content[:-50])
    with pytest.raises(AdapterRefused, match="cannot be read"):
        parcel.import_(packed, elsewhere)
    assert elsewhere.numbers() == []


def test_a_parcel_whose_card_was_changed_is_refused(packed: Path, elsewhere: Registry) -> None:
    with zipfile.ZipFile(packed) as old:
        members = {name: old.read(name) for name in old.namelist()}
    members["card.json"] = members["card.json"].replace(b'"corrections": 1', b'"corrections": 9')
    with zipfile.ZipFile(packed, "w") as new:
        for name, content in members.items():
            new.writestr(name, content)
    with pytest.raises(AdapterRefused, match="digest"):
        parcel.import_(packed, elsewhere)


def test_a_packed_parcel_is_refused_before_it_is_unpacked(
    tmp_path: Path, elsewhere: Registry
) -> None:
    bomb = tmp_path / "bomb.adapter"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as new:
        new.writestr("digests.json", "{" + " " * 1_000_000 + "}")
    with pytest.raises(AdapterRefused, match="packed"):
        parcel.import_(bomb, elsewhere)


def test_a_parcel_for_another_model_is_refused(packed: Path, tmp_path: Path) -> None:
    with pytest.raises(AdapterRefused, match="another model"):
        parcel.import_(packed, Registry("b" * 64, tmp_path / "elsewhere"))


def test_an_export_overwrites_nothing(packed: Path, registry: Registry) -> None:
    before = packed.read_bytes()
    with pytest.raises(UsageError, match="exists"):
        parcel.export(registry.version(1), packed)
    assert packed.read_bytes() == before


def test_measured_units_are_told_in_points() -> None:
    assert str(Measured("python:java", 75, 34, 38)) == "+5.3 points python -> java"
