"""What is remembered, for which jobs, and that a cache can never do harm."""

from __future__ import annotations

import os
import pickle
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from transloop_sandbox import results
from transloop_sandbox.cache import Cache, key_of
from transloop_sandbox.job import Completion, File, Job, Limits
from transloop_sandbox.sandbox import Sandbox
from transloop_sandbox.toolchains import toolchain
from transloop_settings import directories

HARNESS = "n = input()\nimport time\nprint(n, time.time_ns())\nprint(n, 'done 1')"
JOB = Job("python", (File("a.py", HARNESS),), b"first\n", completion=Completion("first", 1))
C = Job("c", (File("a.c", "int main(void) { return 0; }"),))


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    made = Cache(tmp_path / "cache")
    yield made
    made.close()


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(1) as made:
        yield made


# Results -----------------------------------------------------------------------------------------


def test_an_equal_job_is_not_run_again(sandbox: Sandbox) -> None:
    first, second = sandbox.run(JOB), sandbox.run(JOB)
    assert first.verdict == "ok"
    assert (first.cached, second.cached) == ((), ("compile", "run"))
    assert replace(second, cached=()) == first


def test_a_result_is_given_with_the_nonce_of_the_one_who_asks(sandbox: Sandbox) -> None:
    first = sandbox.run(JOB)
    other = replace(JOB, stdin=b"second\n", completion=Completion("second", 1))
    second = sandbox.run(other)
    assert second.cached
    assert second.records == first.records
    assert second.stdout == first.stdout.replace(b"first", b"second")


def test_what_was_heard_from_a_program_is_heard_from_the_cache(sandbox: Sandbox) -> None:
    heard: list[bytes] = []
    first = sandbox.run(JOB)
    sandbox.run(JOB, heard.append)
    assert heard == [first.stdout]


def test_a_job_is_run_anew_if_that_is_wanted(sandbox: Sandbox) -> None:
    first, second = sandbox.run(JOB), sandbox.run(JOB, fresh=True)
    assert second.cached == ()
    assert first.records != second.records


def test_without_a_cache_nothing_is_remembered() -> None:
    with Sandbox(1, cache=False) as sandbox:
        assert sandbox.run(C).cached == sandbox.run(C).cached == ()
    assert not directories.cache().exists()


def test_artefacts_serve_other_inputs(sandbox: Sandbox) -> None:
    sandbox.run(C)
    assert sandbox.run(replace(C, stdin=b"x")).cached == ("compile",)


def test_a_mistake_is_remembered_with_its_messages(sandbox: Sandbox) -> None:
    broken = Job("c", (File("a.c", "int main(void) { return x; }"),))
    first, second = sandbox.run(broken), sandbox.run(broken)
    assert second.cached
    assert second.verdict == "compile_error"
    assert second.diagnostics == first.diagnostics != ()
    assert second.isolation == first.isolation


@pytest.mark.parametrize(
    ("code", "verdict"),
    [("while True: pass", "timeout"), ("x = 'x' * 10**9; print(len(x))", "memory")],
)
def test_what_depends_on_the_machine_is_not_remembered(
    code: str, verdict: str, sandbox: Sandbox
) -> None:
    limits = Limits(cpu_seconds=0.3, memory_mb=128)
    job = Job("python", (File("a.py", code),), limits=limits)
    for _ in range(2):
        result = sandbox.run(job)
        assert (result.verdict, result.cached) == (verdict, ())


ISOLATION = None


@pytest.mark.parametrize(
    "other",
    [
        replace(JOB, files=(File("a.py", HARNESS + " "),)),
        replace(JOB, files=(File("b.py", HARNESS),)),
        replace(JOB, files=(*JOB.files, File("more.py", ""))),
        replace(JOB, stdin=b"first\nmore"),
        replace(JOB, arguments=("x",)),
        replace(JOB, limits=Limits(cpu_seconds=6)),
        replace(JOB, completion=Completion("first", 2)),
        replace(JOB, completion=None),
        replace(JOB, compile_only=True),
    ],
)
def test_whatever_a_result_depends_on_changes_its_key(other: Job, sandbox: Sandbox) -> None:
    tools, isolation = toolchain("python"), sandbox.run(JOB).isolation
    key = results.key(JOB, tools, isolation)
    assert results.key(other, tools, isolation) != key
    assert results.key(JOB, tools, replace(isolation, level="landlock")) != key
    newer = {name: replace(tool, stamp="newer") for name, tool in tools.tools.items()}
    assert results.key(JOB, replace(tools, tools=newer), isolation) != key


def test_a_result_is_the_same_from_the_cache_whatever_it_holds(sandbox: Sandbox) -> None:
    code = r"import sys; sys.stdout.buffer.write(bytes(range(256))); sys.exit(3)"
    job = Job("python", (File("a.py", code),))
    first, second = sandbox.run(job), sandbox.run(job)
    assert second.cached
    assert second.stdout == bytes(range(256))
    assert replace(second, cached=()) == first


# The folder --------------------------------------------------------------------------------------


def test_texts_and_files_come_back(cache: Cache) -> None:
    cache.put_text("a", "ä\0")
    cache.put_files("b", {"x/y": bytes(range(256)) * 500, "z": b""})
    assert cache.text("a") == "ä\0"
    assert cache.files("b") == {"x/y": bytes(range(256)) * 500, "z": b""}
    assert cache.text("b") is None
    assert cache.files("a") is None
    assert cache.text("c") is None


def test_a_pickle_in_the_folder_is_never_read(cache: Cache, tmp_path: Path) -> None:
    cache.put_text("key", "value")
    cache.close()
    evil = pickle.dumps(Evil(tmp_path / "struck"))
    with sqlite3.connect(tmp_path / "cache" / "cache.db") as database:
        database.execute("UPDATE Cache SET mode = 4, value = ?", (evil,))
        database.commit()
    database.close()
    assert cache.text("key") is None
    assert not (tmp_path / "struck").exists()


class Evil:
    """Reading it does harm."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.place),)


def test_the_folder_does_not_grow_without_bound(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache", size=1 << 20)
    for number in range(60):
        cache.put_files(str(number), {"x": os.urandom(100_000)})
    size = sum(each.stat().st_size for each in (tmp_path / "cache").rglob("*.val"))
    assert size < 3 << 20
    assert cache.files("59") is not None
    assert cache.files("0") is None
    cache.close()


@pytest.mark.parametrize("damage", ["a file", "no database", "half a value"])
def test_a_damaged_cache_costs_time_and_nothing_else(damage: str, tmp_path: Path) -> None:
    place = tmp_path / "cache"
    if damage == "a file":
        place.write_text("here")
    else:
        cache = Cache(place)
        cache.put_files("key", {"x": b"1" * 100_000})
        cache.close()
        for each in place.rglob("*.val" if damage == "half a value" else "*.db*"):
            each.write_bytes(each.read_bytes()[:1000])
    cache = Cache(place)
    assert cache.files("key") is None
    cache.put_text("other", "x")
    cache.close()


def test_several_processes_share_a_folder(tmp_path: Path, cache: Cache) -> None:
    program = (
        "import sys; from pathlib import Path; from transloop_sandbox.cache import Cache\n"
        "cache = Cache(Path(sys.argv[1]))\n"
        "for i in range(100): cache.put_text(f'{sys.argv[2]}-{i}', 'x' * i)\n"
    )
    started = [
        subprocess.Popen([sys.executable, "-P", "-c", program, str(tmp_path / "cache"), str(who)])
        for who in range(3)
    ]
    assert [each.wait(60) for each in started] == [0, 0, 0]
    for who in range(3):
        assert all(cache.text(f"{who}-{i}") == "x" * i for i in range(100))


def test_a_key_tells_its_parts_apart() -> None:
    assert key_of("a", "b") != key_of("ab", "") != key_of("", "ab")
    assert key_of(["a", "b"]) != key_of("a", "b")
    assert key_of(b"a") != key_of("a")
    assert key_of([b"a"]) != key_of(["a"])
    with pytest.raises(TypeError):
        key_of(object())
