"""The attack matrix: every program at both levels, as root and as an ordinary user.

Two suites run side by side, three times over, and must come to the same verdicts each time. What is
planted around them must be untouched; `attacks/expected.toml` has the verdicts.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import pytest

from transloop_settings import directories

TOOLCHAINS = directories.toolchains()
HERE = Path(__file__).parent
LEVELS = ("full", "landlock")
REPETITIONS = 3
OUTPUT = "rows.json"
ORDINARY = 60590
"""The uid of an ordinary user, who does not exist and owns nothing."""
EVERYBODYS = {"python", "c"}
"""Languages whose tools no machine hides in root's home."""
SUFFIXES = {".py": "python", ".c": "c"}

IDENTITIES = {"root": 0, "an ordinary user": ORDINARY} if os.geteuid() == 0 else {"this user": 0}

pytestmark = pytest.mark.timeout(900)  # for the suites of each identity

Row = dict[str, dict[str, object]]


def _expected() -> dict[str, dict[str, list[str]]]:
    """Verdicts that are right, by program and level."""
    table = tomllib.loads((HERE / "attacks" / "expected.toml").read_text("utf-8"))
    found = {}
    for group, programs in table.items():
        for name, right in programs.items():
            by_level = right if isinstance(right, dict) else dict.fromkeys(LEVELS, right)
            found[f"{group}/{name}"] = {
                level: each if isinstance(each, list) else [each]
                for level, each in by_level.items()
            }
    return found


def _home(uid: int) -> Path:
    """A home that its user can come to, which pytest's own folders would not be."""
    home = Path(tempfile.mkdtemp(prefix="transloop-home-"))
    (home / "toolchains").symlink_to(TOOLCHAINS, target_is_directory=True)
    if uid:
        os.chown(home, uid, uid)
    return home


def _started(level: str, uid: int, home: Path) -> subprocess.Popen[bytes]:
    """A suite, on its way; it writes to a file, since a full pipe would stop it."""
    with (home / OUTPUT).open("wb") as file:
        return subprocess.Popen(
            [sys.executable, str(HERE / "suite.py"), level, str(REPETITIONS), str(uid)],
            env={**os.environ, "TRANSLOOP_HOME": str(home)},
            stdout=file,
            stderr=subprocess.STDOUT,
        )


@pytest.fixture(scope="module", params=IDENTITIES.values(), ids=IDENTITIES)
def suites(request: pytest.FixtureRequest) -> dict[str, list[Row]]:
    """The rows of both levels, which were attacked at the same time."""
    homes = {level: _home(request.param) for level in LEVELS}
    running = {level: _started(level, request.param, home) for level, home in homes.items()}
    rows = {}
    for level, process in running.items():
        process.wait()
        said = (homes[level] / OUTPUT).read_text()
        assert process.returncode == 0, said[-2000:]
        rows[level] = [json.loads(line) for line in said.splitlines()]
        shutil.rmtree(homes[level])
    return rows


@pytest.mark.parametrize("level", LEVELS)
def test_nothing_gets_out_and_nothing_outside_changes(
    suites: dict[str, list[Row]], level: str
) -> None:
    damage = {
        name: found["damage"]
        for row in suites[level]
        for name, found in row.items()
        if found["damage"]
    }
    assert damage == {}
    assert len(suites[level]) == REPETITIONS


@pytest.mark.parametrize("level", LEVELS)
def test_each_attack_has_its_verdict(suites: dict[str, list[Row]], level: str) -> None:
    expected = _expected()
    wrong = {
        name: (found["verdict"], found["reason"], found["said"])
        for row in suites[level]
        for name, found in row.items()
        if found["verdict"] not in expected[name][level]
    }
    assert wrong == {}


@pytest.mark.parametrize("level", LEVELS)
def test_every_repetition_comes_to_the_same_verdicts(
    suites: dict[str, list[Row]], level: str
) -> None:
    first, *others = [
        {name: found["verdict"] for name, found in row.items()} for row in suites[level]
    ]
    assert all(each == first for each in others)


@pytest.mark.parametrize("level", LEVELS)
def test_every_program_was_run(
    suites: dict[str, list[Row]], level: str, request: pytest.FixtureRequest
) -> None:
    there = {each.relative_to(HERE / "attacks").as_posix() for each in _programs()}
    assert there == set(_expected())
    ran = set(suites[level][0])
    if "ordinary" in request.node.name:  # root's tools may be closed to it
        there = {each for each in there if SUFFIXES.get(Path(each).suffix) in EVERYBODYS}
        assert there <= ran
    else:
        assert there == ran
    assert len(there) >= 100


def _programs() -> list[Path]:
    return [each for each in (HERE / "attacks").glob("*/*.*") if each.is_file()]
