"""Writers that are killed at random points, many of them one after the other, in one process.

Each is a child that writes as a server does, and acknowledges through a pipe what was committed. It
is a fork, because two hundred new interpreters would take a minute. Prints what it found as JSON.
"""

from __future__ import annotations

import json
import os
import random
import select
import signal
import sqlite3
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.seeds.samples import ALL, JAVASCRIPT, about, waiting

from transloop_seeds.event import Accepted, Edited, Rejected, Shown
from transloop_seeds.pending import owner_of_this_process, take_over
from transloop_seeds.record import record
from transloop_seeds.store import Store

KILLS = 200
FRESH = 40
"""So many of them find no database, and are killed while they make it."""
MOST_ACKNOWLEDGED = 8
LONGEST = 0.08
"""Seconds that a writer has, on a machine that is busy with something else."""


def write(folder: Path, pipe: int, seed: int) -> None:
    """Write until killed. A line is sent when, and only when, its event is committed."""
    store = Store(folder)
    choice = random.Random(seed)
    for number in range(10**9):
        code = f"def f_{seed}_{number}(x):\n    return x + {number}\n" * choice.randint(1, 40)
        made, draft = about(code), f"// {seed} {number}"
        store.record(Shown(made, draft), ALL)
        store.hold(replace(waiting(made), draft=draft), "/w", ALL)
        say(pipe, {"held": made.translation})
        if number % 4 == 3:
            continue  # it is never settled
        say(pipe, {"settling": made.translation})
        last = choice.choice([Accepted, Rejected, Edited])
        event = Edited(made, draft, code) if last is Edited else last(made, code)
        kept = store.record(event, ALL)
        say(pipe, {"settled": made.translation, "event": kept.number})
        if kept.seed and choice.random() < 0.1:
            say(pipe, {"forgetting": kept.seed, "of": made.translation})
            store.forget(kept.seed)
            say(pipe, {"forgotten": kept.seed})


def say(pipe: int, what: dict[str, Any]) -> None:
    """One write of less than a pipe's buffer is whole or not there."""
    os.write(pipe, json.dumps(what).encode() + b"\n")


def kill_one(folder: Path, seed: int, choice: random.Random) -> list[dict[str, Any]]:
    """What a writer acknowledged until it was killed, in the middle of what came next."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        try:
            write(folder, writer, seed)
        finally:
            os._exit(1)
    os.close(writer)
    said = b""
    wanted, deadline = choice.randint(0, MOST_ACKNOWLEDGED), time.monotonic() + LONGEST
    while said.count(b"\n") < wanted and (left := deadline - time.monotonic()) > 0:
        if select.select([reader], [], [], left)[0]:
            said += os.read(reader, 65536)
    time.sleep(choice.uniform(0, 0.01))
    os.kill(child, signal.SIGKILL)
    with os.fdopen(reader, "rb") as rest:
        said += rest.read()
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "it ended before it was killed"
    return [json.loads(line) for line in said.splitlines()]


class Check:
    """What a database must hold after everything that was said so far."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.events: dict[int, str] = {}
        self.held: set[str] = set()
        self.settled: set[str] = set()
        self.settling: set[str] = set()
        self.forgotten: set[str] = set()
        self.counts = Counter[str]()

    def heard(self, said: list[dict[str, Any]]) -> None:
        """Take note of what a writer acknowledged."""
        for each in said:
            self.counts.update([next(iter(each))])
            if "event" in each:
                self.events[each["event"]] = each["settled"]
                self.settled.add(each["settled"])
            self.held |= {each["held"]} if "held" in each else set()
            self.settling |= {each["settling"]} if "settling" in each else set()
            self.forgotten |= {each["forgotten"]} if "forgotten" in each else set()

    def look(self) -> None:
        """Open the database as a new server does, and compare."""
        troubles: list[str] = []
        store = Store(self.folder, troubles.append)
        found = store.database.write(self._found)
        seeds = {each.id for each in store.seeds()}
        store.close()
        assert troubles == []
        assert found["integrity"] == "ok"
        assert self.events.items() <= found["events"].items(), "a committed event is lost"
        assert self.held - self.settling <= found["waiting"], "a pending translation is lost"
        assert not self.settled & found["waiting"], "a settled translation is pending again"
        assert found["without code"] == 0
        assert not self.forgotten & seeds

    def _found(self, connection: sqlite3.Connection) -> dict[str, Any]:
        """What is there. What was taken over is given back, for the next round to find."""
        rows = connection.execute("SELECT id, translation FROM events WHERE kind != 'shown'")
        found = {
            "integrity": connection.execute("PRAGMA integrity_check").fetchone()[0],
            "events": dict(rows.fetchall()),
            "without code": connection.execute(
                "SELECT count(*) FROM seeds WHERE source NOT IN (SELECT digest FROM content)"
            ).fetchone()[0],
        }
        connection.execute("SAVEPOINT before")
        taken = take_over(connection, "/w", owner_of_this_process())
        connection.execute("ROLLBACK TO before")
        return {**found, "waiting": {each.about.translation for each in taken}}


def main(folder: Path, seed: int) -> None:
    """Kill two hundred, look after each."""
    choice = random.Random(seed)
    record(Shown(about(), JAVASCRIPT), ALL)  # everything is imported before the first fork
    lasting, counts = Check(folder / "lasting"), Counter[str]()
    for number in range(KILLS):
        fresh = number < FRESH
        check = Check(folder / f"fresh-{number}") if fresh else lasting
        said = kill_one(check.folder, number, choice)
        check.heard(said)
        check.look()
        counts["silent"] += not said
        if fresh:
            counts.update(check.counts)
    sys.stdout.write(json.dumps({"kills": KILLS, **(counts + lasting.counts)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
