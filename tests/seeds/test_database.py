"""The file: kept from others' eyes, from being killed, from full disks, from damage."""

from __future__ import annotations

import ctypes
import json
import os
import resource
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from tests.seeds.samples import ALL, JAVASCRIPT, about

from transloop_sandbox.bubblewraps import bubblewraps
from transloop_seeds.database import NAME, Database
from transloop_seeds.event import Accepted, Shown
from transloop_seeds.migrations import migrate, steps, version
from transloop_seeds.store import Store
from transloop_settings.errors import StoreNewer, StoreUnwritable

ROOT = Path(__file__).parents[2]


def program(*arguments: object, before: Callable[[], None] | None = None) -> subprocess.Popen[str]:
    """A process of its own, which warnings end as they end a test."""
    return subprocess.Popen(
        [sys.executable, "-W", "error", *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=before,  # noqa: PLW1509 - these tests have no other thread then
    )


def said(process: subprocess.Popen[str]) -> str:
    """What it printed, when it has ended well."""
    out, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    return out


def whole(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_only_its_owner_may_read_it(store: Store, folder: Path) -> None:
    store.record(Shown(about(), JAVASCRIPT), ALL)
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in folder.iterdir()}
    assert {"seeds.db", "seeds.db-wal", "seeds.db-shm"} <= modes.keys()
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_killed_at_two_hundred_points_it_loses_nothing(tmp_path: Path) -> None:
    found = json.loads(said(program("-m", "tests.seeds.killed", tmp_path, 7)))
    assert found["kills"] == 200
    # They were killed before, amid and after their work: the test looked at something.
    assert found["silent"] > 0
    assert found["settled"] > 20
    assert found["held"] > found["settled"]


def test_two_writers_and_a_reader_do_not_disturb_each_other(store: Store, folder: Path) -> None:
    began = time.monotonic()
    writers = [program("-m", "tests.seeds.load", folder, name, 60) for name in ("a", "b")]
    slowest, seen = 0.0, 0
    while any(each.poll() is None for each in writers):
        before = time.monotonic()
        now = len(store.events())
        slowest = max(slowest, time.monotonic() - before)
        assert now >= seen, "an event that was there is gone"
        seen = now
        time.sleep(0.02)
    numbers = [number for each in writers for number in json.loads(said(each))]
    assert len(numbers) == len(set(numbers)) == 240
    assert {each.number for each in store.events()} == set(numbers)
    assert len(store.seeds()) == 120
    assert store.counts()["pending"] == 0
    assert slowest < max(1.0, (time.monotonic() - began) / 4), "the reader had to wait"
    assert whole(store.database.path)


def test_a_reader_does_not_wait_for_a_transaction(store: Store) -> None:
    store.record(Shown(about(), JAVASCRIPT), ALL)
    began, end = threading.Event(), threading.Event()

    def work(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM content")
        began.set()
        end.wait(20)

    writer = threading.Thread(target=store.database.write, args=(work,))
    writer.start()
    began.wait(20)
    before = time.monotonic()
    (logged,) = store.events()
    seconds = time.monotonic() - before
    end.set()
    writer.join()
    assert logged.texts["draft"] == JAVASCRIPT
    assert seconds < 2


def test_threads_share_the_one_writing_connection(store: Store) -> None:
    def work() -> None:
        for _ in range(10):
            store.record(Shown(about(), JAVASCRIPT), ALL)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(store.events()) == 40


def test_work_that_fails_leaves_nothing_behind(store: Store) -> None:
    store.record(Shown(about(), JAVASCRIPT), ALL)

    def work(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM content")
        raise RuntimeError("halfway")

    with pytest.raises(RuntimeError):
        store.database.write(work)
    assert store.events()[0].texts["draft"] == JAVASCRIPT
    store.record(Shown(about(), JAVASCRIPT), ALL)


# Where nothing can be written --------------------------------------------------------------------

WRITES = """
import sys
from pathlib import Path
from tests.seeds.samples import ALL, about
from transloop_seeds.event import Shown
from transloop_seeds.store import Recorder, Store
store = Store(Path(sys.argv[1]))
recorder = Recorder(store, lambda message: print(message))
kept = []
while len(kept) < 200 and kept[-3:] != ["off"] * 3:
    made = about(f"x = {len(kept)}")
    kept.append(recorder.record(Shown(made, "y = 1\\n" * 500), ALL).level)
print(kept.count("all"), len(store.events()), kept[-1])
"""


def full_before(bytes_: int) -> Callable[[], None]:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_, bytes_))

    return limit


@pytest.mark.parametrize("room", [0, 20_000, 100_000, 300_000])
def test_no_file_may_grow_and_what_was_written_stays(folder: Path, room: int) -> None:
    told, summary = said(program("-c", WRITES, folder, before=full_before(room))).splitlines()
    kept, there, last = summary.split()
    assert "nothing is learned" in told
    assert told.endswith("Everything else works.")
    assert (kept, last) == (there, "off")
    assert int(kept) < 190
    store = Store(folder)
    assert store.record(Shown(about(), JAVASCRIPT), ALL).level == "all"  # there is room again
    assert len(store.events()) == int(there) + 1
    assert whole(store.database.path)
    store.close()


def test_a_full_disk_is_told_and_what_was_written_stays(folder: Path) -> None:
    """On a file system of one megabyte, in a mount namespace of its own."""
    folder.mkdir()
    copy = folder.parent / "copy.db"
    script = (
        WRITES
        + f"""
import sqlite3
store.close()
source = sqlite3.connect(Path(sys.argv[1]) / "seeds.db")
source.backup(sqlite3.connect({str(copy)!r}))
"""
    )
    wrap = next(bubblewraps())
    process = subprocess.run(
        [
            wrap, "--dev-bind", "/", "/", "--size", "1000000", "--tmpfs", folder,
            "--chdir", ROOT, sys.executable, "-c", script, folder,
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )  # fmt: skip
    assert process.returncode == 0, process.stderr
    told, summary = process.stdout.splitlines()
    kept, there, last = summary.split()
    assert "full" in told
    assert (kept, last) == (there, "off")
    assert 0 < int(kept) < 200
    assert whole(copy)


def without_overriding_modes() -> None:
    """Root may write anywhere, unless it gives up that capability (prctl PR_CAPBSET_DROP)."""
    libc = ctypes.CDLL(None)
    for capability in (1, 2):
        libc.prctl(24, capability, 0, 0, 0)


READS = """
import sys
from pathlib import Path
from tests.seeds.samples import ALL, about
from transloop_seeds.event import Shown
from transloop_seeds.store import Recorder, Store
store = Store(Path(sys.argv[1]))
kept = Recorder(store, lambda message: print(message)).record(Shown(about(), "x"), ALL)
print(kept.level, len(store.seeds()), store.counts()["events"])
"""


@pytest.mark.parametrize("filled", [False, True])
def test_a_read_only_folder_cannot_learn_and_can_be_read(
    store: Store, folder: Path, filled: bool
) -> None:
    folder.mkdir(mode=0o700)
    if filled:
        store.record(Accepted(about(), JAVASCRIPT), ALL)
    store.close()
    folder.chmod(0o500)
    try:
        out = said(program("-c", READS, folder, before=without_overriding_modes)).splitlines()
    finally:
        folder.chmod(0o700)
    assert "nothing is learned" in out[0]
    assert out[1] == ("off 1 {'accepted': 1}" if filled else "off 0 {}")


def test_what_was_open_to_others_is_closed(store: Store, folder: Path) -> None:
    folder.mkdir(mode=0o755)
    (folder / NAME).touch(mode=0o644)
    store.record(Shown(about(), JAVASCRIPT), ALL)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / NAME).stat().st_mode) == 0o600


def test_who_reads_cannot_write(store: Store, folder: Path) -> None:
    store.record(Accepted(about(), JAVASCRIPT), ALL)
    store.close()
    read_only = Database(folder)
    readonly = pytest.raises(sqlite3.OperationalError, match="readonly")
    with read_only.reading() as connection, readonly:
        connection.execute("DELETE FROM content")


# Other versions, and damage ----------------------------------------------------------------------


def test_a_database_of_a_newer_version_is_left_alone(store: Store, folder: Path) -> None:
    store.record(Shown(about(), JAVASCRIPT), ALL)
    store.close()
    with closing(sqlite3.connect(folder / NAME)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreNewer, match="version 99"):
        store.record(Shown(about(), JAVASCRIPT), ALL)
    with pytest.raises(StoreNewer, match="version 99"):
        store.events()
    assert store.database.damaged() == []
    with closing(sqlite3.connect(folder / NAME)) as connection:
        assert connection.execute("SELECT count(*) FROM events").fetchone() == (1,)


def test_missing_steps_are_taken_all_or_none() -> None:
    every = ["CREATE TABLE one (a); CREATE TABLE two (a);", "ALTER TABLE one ADD b;\nCREATE oops;"]
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection, every[:1])
    with pytest.raises(sqlite3.OperationalError, match="oops"):
        migrate(connection, every)
    columns = connection.execute("SELECT count(*) FROM pragma_table_info('one')").fetchone()
    assert (version(connection), columns) == (1, (1,))
    migrate(connection, [every[0], "ALTER TABLE one ADD b;"])
    columns = connection.execute("SELECT count(*) FROM pragma_table_info('one')").fetchone()
    assert (version(connection), columns) == (2, (2,))
    connection.close()


def test_there_are_steps_and_two_processes_may_take_them_at_once(folder: Path) -> None:
    assert len(steps()) >= 1
    script = "import sys; from pathlib import Path; from transloop_seeds.store import Store;"
    script += "print(Store(Path(sys.argv[1])).forget('x').texts)"
    processes = [program("-c", script, folder) for _ in range(4)]
    assert [said(each) for each in processes] == ["0\n"] * 4
    store = Store(folder)
    assert len(store.events()) == 4
    store.close()


def garbage(path: Path) -> None:
    path.write_bytes(b"this is no database at all" * 500)


def torn(path: Path) -> None:
    """Pages in the middle are lost, as after a broken disk."""
    with path.open("r+b") as file:
        file.seek(4096 * 2)
        file.write(os.urandom(4096 * 8))


@pytest.mark.parametrize("harm", [garbage, torn])
@pytest.mark.parametrize("reading_first", [True, False])
def test_a_damaged_database_is_moved_aside_and_told(
    store: Store, folder: Path, told: list[str], harm: Callable[[Path], None], reading_first: bool
) -> None:
    store.record_all([Accepted(about(f"x = {n}"), "y" * 900) for n in range(40)], ALL)
    store.close()
    harm(folder / NAME)
    before = (folder / NAME).read_bytes()
    fresh = Store(folder, told.append)
    if reading_first and harm is garbage:
        assert fresh.events() == []
    assert fresh.record(Shown(about(), JAVASCRIPT), ALL).number == 1
    (aside,) = fresh.database.damaged()
    assert aside.read_bytes() == before
    assert len(told) == 1
    assert str(aside) in told[0]
    fresh.close()


def test_a_server_goes_on_when_another_has_moved_the_file(
    store: Store, folder: Path, told: list[str]
) -> None:
    store.record(Shown(about(), JAVASCRIPT), ALL)
    for each in folder.glob("seeds.db*"):
        each.rename(folder / f"elsewhere{each.name}")
    assert store.record(Shown(about(), JAVASCRIPT), ALL).number == 1
    assert len(store.events()) == 1


def test_another_writer_that_never_ends_is_told(
    store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("transloop_seeds.database.BUSY_SECONDS", 0.2)
    store.record(Shown(about(), JAVASCRIPT), ALL)
    store.close()
    with closing(sqlite3.connect(folder / NAME, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnwritable, match="other processes write for too long"):
            store.record(Shown(about(), JAVASCRIPT), ALL)
    store.record(Shown(about(), JAVASCRIPT), ALL)
    assert len(store.events()) == 2
