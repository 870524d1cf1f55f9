"""Writing on a thread of its own: in order, on time, and without stopping anything else."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

from tests.seeds.samples import JAVASCRIPT, about

from transloop_seeds import consent
from transloop_seeds.event import Accepted, Shown
from transloop_seeds.permission import Permission
from transloop_seeds.store import Store
from transloop_server.outcomes.ledger import Ledger, Scope
from transloop_settings.settings import Learn

SCOPE = Scope(None, (Path("/w/app.py"), Path("/w/app.js")), Learn())


async def test_what_is_told_is_written_in_order() -> None:
    consent.answer("all")
    told: list[str] = []
    ledger = Ledger(told.append)
    made = [about(f"def f{number}(): pass") for number in range(20)]
    for each in made:
        ledger.write(Shown(each, "draft"), SCOPE)
        ledger.write(Accepted(each, JAVASCRIPT), SCOPE)
    await ledger.close(20.0)
    expected = [(kind, each.translation) for each in made for kind in ("shown", "accepted")]
    stored = [(each.row["kind"], each.row["translation"]) for each in Store().events()]
    assert stored == expected
    assert told == []


async def test_it_ends_on_time_while_another_process_writes(home: Path) -> None:
    consent.answer("all")
    store = Store()
    store.record(Shown(about("def e(): pass"), JAVASCRIPT), Permission("all"))
    ledger = Ledger(lambda message: None)
    late = [about(f"def f{number}(): pass") for number in range(3)]
    with closing(sqlite3.connect(home / "seeds" / "seeds.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for each in late:
            ledger.write(Accepted(each, JAVASCRIPT), SCOPE)
        began = time.monotonic()
        await ledger.close(0.3)
        assert time.monotonic() - began < 2.0
        other.execute("ROLLBACK")
    while any(each.name.startswith("ledger") for each in threading.enumerate()):
        await asyncio.sleep(0.01)  # it has let go of the file, too
    written = [each.row["translation"] for each in store.events()[1:]]
    assert written == [late[0].translation]  # what it was at; the others wait for the next server
    store.close()


async def test_what_may_be_kept_is_looked_up_when_it_is_written(tmp_path: Path) -> None:
    """So an answer, or a file of patterns, counts at once."""
    ledger = Ledger(lambda message: None)
    scope = Scope(tmp_path, (tmp_path / "app.py",), Learn())
    assert scope.permission().reason == "you were not asked yet"
    consent.answer("all")
    assert scope.permission().level == "all"
    (tmp_path / ".transloopignore").write_text("*.py\n")
    assert scope.permission().reason == "app.py is ignored"
    ledger.write(Shown(about(), JAVASCRIPT), scope)
    await ledger.close(20.0)
    assert Store().events() == []
