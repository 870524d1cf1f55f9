"""VS Code for real: its server, its workbench in a browser, and the extension as it is packaged.

`editor-clients/vscode/test` says what is done there; here it is run once, and each line that it
tells is looked at.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
from tests.e2e.test_protocol_verified import RIGHT, WRONG

from transloop import __version__
from transloop_model.catalog import ModelFile

pytestmark = [pytest.mark.e2e, pytest.mark.model, pytest.mark.timeout(900)]

ROOT = Path(__file__).resolve().parents[2]
CLIENT = ROOT / "editor-clients/vscode"
PICTURES = ("menu", "progress", "verdict", "diff", "evidence", "status", "walkthrough")
ECHO = [sys.executable, "-P", str(ROOT / "tests/e2e/echo_server.py"), "--version", __version__]
SERVERS = {
    "quick": [*ECHO, "--greedy", f"{WRONG}\n```", "--sampled", f"{RIGHT}\n```"],
    "held": [*ECHO, "--held"],
    "old": [*ECHO, "--version", "0.0.9"],
    "crashing": [sys.executable, "-c", "raise SystemExit('there is no module pygls')"],
}
REAL = [sys.executable, "-P", "-m", "transloop", "lsp"]


@pytest.fixture(scope="module")
def package() -> Path:
    """The extension, packaged, with what is needed to try it."""
    made = subprocess.run(
        ["make", "--silent", "-C", str(ROOT), "vscode", "vscode-server"],  # noqa: S607
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    return CLIENT / "transloop.vsix"


@pytest.fixture(scope="module")
def dependencies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the server needs beside itself: with it a set-up downloads nothing."""
    folder = tmp_path_factory.mktemp("dependencies")
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if not re.match(r"_?transloop|pip\b|.*\.pth$", entry.name):
            (folder / entry.name).symlink_to(entry)
    return folder


@pytest.fixture(scope="module")
def told(
    package: Path, dependencies: Path, coder: ModelFile, tmp_path_factory: pytest.TempPathFactory
) -> tuple[list[str], Path]:
    """What the run tells, line by line, and the folder of its pictures."""
    assert package.is_file()
    root = tmp_path_factory.mktemp("vscode")
    pictures = CLIENT / "media" if os.environ.get("PICTURES") else root / "pictures"
    command = ["node", str(CLIENT / "test/run.mjs"), str(root / "run"), str(pictures)]
    servers = {**SERVERS, "real": ["env", f"TRANSLOOP_MODEL={coder.path}", *REAL]}
    done = subprocess.run(
        [*command, json.dumps(servers)],
        env=_environment(root, dependencies),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    print(done.stdout, done.stderr)  # noqa: T201 - shown where a test fails
    return done.stdout.splitlines(), pictures


def _environment(root: Path, dependencies: Path) -> dict[str, str]:
    """A machine where transloop is not installed, and that has no package index."""
    folders = os.environ["PATH"].split(os.pathsep)
    without = [each for each in folders if not (Path(each) / "transloop").exists()]
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("TRANSLOOP_", "PIP_"))}
    (root / "home").mkdir()
    return {
        **kept,
        "PATH": os.pathsep.join(without),
        "PIP_NO_DEPS": "1",
        "PIP_NO_INDEX": "1",
        "PYTHONPATH": str(dependencies),
        "TRANSLOOP_HOME": str(root / "home"),
        "TRANSLOOP_LEARN__LEVEL": "off",
        "TRANSLOOP_VERIFY__SECONDS": "60",  # other tests may keep the machine busy
    }


def test_nothing_failed(told: tuple[list[str], Path]) -> None:
    lines, _ = told
    assert [line for line in lines if line.startswith("not ok")] == []


def test_every_step_was_taken(told: tuple[list[str], Path]) -> None:
    lines, _ = told
    taken = {re.sub(r" \(\d+ ms\)$", "", line) for line in lines if line.startswith("ok - ")}
    written = {
        name: re.findall(
            r'^ +(?:\["|")(.+)"(?:,|:) async', (CLIENT / "test" / name).read_text(), re.M
        )
        for name in ("unit.mjs", "inhost.ts", "person.mjs")
    }
    assert all(len(names) >= 4 for names in written.values())
    assert taken == {f"ok - {name}" for names in written.values() for name in names}


def test_the_pictures_were_taken_in_both_themes(told: tuple[list[str], Path]) -> None:
    _, pictures = told
    for name in PICTURES:
        light, dark = (pictures / f"{name}-{theme}.png" for theme in ("light", "dark"))
        assert light.read_bytes() != dark.read_bytes()


def test_the_documents_show_pictures_that_there_are() -> None:
    """They are made by `make pictures`, from the same steps."""
    shown = re.findall(r"media/([\w-]+\.png)", (CLIENT / "README.md").read_text("utf-8"))
    manifest = json.loads((CLIENT / "package.json").read_text("utf-8"))
    steps = manifest["contributes"]["walkthroughs"][0]["steps"]
    media = [step["media"] for step in steps]
    images = [each for one in media if "image" in one for each in one["image"].values()]
    names = {Path(each).name for each in (*shown, *images)}
    assert len(names) >= 8
    made = {f"{name}-{theme}.png" for name in PICTURES for theme in ("dark", "light")}
    assert names <= made
    for name in names:
        size = (CLIENT / "media" / name).stat().st_size
        assert 5_000 < size < 200_000, name
    assert all(one["altText"] for one in media if "image" in one)


def test_the_package_holds_the_server_and_nothing_of_the_tests(package: Path) -> None:
    names = zipfile.ZipFile(package).namelist()
    assert f"extension/server/transloop-{__version__}-py3-none-any.whl" in names
    assert "extension/out/extension.js" in names
    assert "extension/out/THIRD_PARTY_LICENSES.txt" in names
    assert not [name for name in names if "/test/" in name or "node_modules" in name]
    assert package.stat().st_size < 4_000_000


def test_the_oldest_server_that_will_do_is_not_newer_than_this_one() -> None:
    text = (CLIENT / "src/version.ts").read_text("utf-8")
    oldest = re.search(r'OLDEST_SERVER = "([\d.]+)"', text)
    assert oldest
    numbers = [tuple(map(int, each.split("."))) for each in (oldest[1], __version__)]
    assert numbers == sorted(numbers)
