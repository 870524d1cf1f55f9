"""The server in a real Neovim: what a person does with the keyboard, and what they get.

`neovim/person.lua` presses the keys; each scenario beside it is a few lines. What was to be seen
comes back as JSON and is judged here.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from transloop_model.catalog import ModelFile
from transloop_syntax.language import language
from transloop_syntax.outline import syntax_problem

pytestmark = pytest.mark.e2e

CLIENT = Path(__file__).resolve().parents[2] / "editor-clients/neovim"
SCENARIOS = Path(__file__).with_name("neovim")
ENDS_WITHIN = 5.0
"""Seconds that the server may live on after its Neovim."""

# An echo engine that can be slow, wait for a file, and say what it is told to.
SERVER = """
import asyncio, json, pathlib, sys
from transloop_model.echo import EchoEngine, echo
from transloop_model.engine import Piece
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
        self.client = str(CLIENT)
        self.config: dict[str, Any] = {
            "cmd": [str(Path(sys.executable).with_name("transloop")), "lsp"],
            "cmd_env": {"TRANSLOOP_ENGINE__BACKEND": "echo"},
        }

    def file(self, name: str, text: str) -> Path:
        """A file of the workspace, its line endings as they are in `text`."""
        path = self.workspace / name
        path.write_bytes(text.encode())
        return path

    def text(self, name: str) -> str:
        """What is on the disk."""
        return (self.workspace / name).read_bytes().decode()

    def settings(self, **settings: Any) -> None:
        """What the person has set in `init.lua`."""
        self.config["init_options"] = {"settings": settings}

    def engine(
        self, *answers: str, seconds_per_token: float = 0.0, held: bool = False
    ) -> None:
        """Another echo engine: with answers of its own (one a candidate), slow, or held."""
        told = {
            "answers": answers,
            "seconds_per_token": seconds_per_token,
            "gate": str(self.gate) if held else None,
        }
        self.config["cmd"] = [sys.executable, "-P", "-c", SERVER, json.dumps(told)]

    def model(self, model: ModelFile) -> None:
        """A real model instead of the echo."""
        self.config["cmd_env"] = {"TRANSLOOP_MODEL": str(model.path)}

    def plays(
        self, scenario: str, *, init: Path | None = None, patience: float = 10.0, **given: Any
    ) -> Report:
        """Play a scenario to its end; what was seen. Nothing of it may still run afterwards."""
        told = {
            "client": self.client,
            "config": self.config,
            "gate": str(self.gate),
            "patience": patience,
            "report": str(self.report),
            "scenario": given,
            "workspace": str(self.workspace),
        }
        said = self._run(scenario, init or SCENARIOS / "init.lua", json.dumps(told), patience * 3)
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

    def _run(self, scenario: str, init: Path, told: str, seconds: float) -> str:
        homes = {
            f"XDG_{kind.upper()}_HOME": str(self.folder / kind)
            for kind in ("config", "data", "state", "cache")
        }
        library = f"lua package.path = [[{SCENARIOS}/?.lua;]] .. package.path"
        running = subprocess.Popen(
            [
                *(nvim(), "--headless", "--clean", "-u", init, "--cmd", library),
                *("-c", f"luafile {SCENARIOS / scenario}.lua"),
            ],
            cwd=self.workspace,
            env={**psutil.Process().environ(), **environment(), **homes, "TRANSLOOP_E2E": told},
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
