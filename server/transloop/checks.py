"""The checks of `transloop doctor`: each is one function that returns a `Check`.

They look, start and ask; they change nothing.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from transloop_settings import directories, settings
from transloop_settings.errors import SettingsError, TransloopError
from transloop_settings.settings import Settings

State = Literal["ok", "warn", "fail"]

ENGINE_SECONDS = 180.0
NEOVIM = (0, 11)


@dataclass(frozen=True)
class Check:
    """What was looked at, what was found, and what to do about it."""

    name: str
    state: State
    detail: str
    advice: str = ""


def checks() -> Iterator[Callable[[], Check]]:
    """All checks in order; later ones need what earlier ones look at."""
    from transloop.sandbox_checks import sandbox_checks

    yield python
    yield system
    yield settings_files
    try:
        chosen = settings.load(Path.cwd())
    except SettingsError:  # told by the check above; the rest is checked with the defaults
        chosen = Settings.model_construct()
    yield lambda: llama(chosen)
    yield lambda: model(chosen)
    yield lambda: memory(chosen)
    yield lambda: disk(chosen)
    yield grammars
    yield lambda: engine(chosen)
    yield from sandbox_checks(chosen)
    yield server
    yield neovim
    yield vscode


# This machine ------------------------------------------------------------------------------------


def python() -> Check:
    """The interpreter that runs this; an older one could not have loaded this file."""
    version = ".".join(map(str, sys.version_info[:3]))
    return Check("Python", "ok", f"{version}, {sys.executable}")


def system() -> Check:
    """Linux is what the tests run on; elsewhere less is known."""
    if sys.platform.startswith("linux"):
        return Check("platform", "ok", f"Linux {os.uname().release}, {os.uname().machine}")
    weaker = {
        "darwin": "macOS: not tested here; the model's threads are not bound to the fast cores",
        "win32": "Windows: not tested here; files are never replaced while a program holds them",
    }
    return Check("platform", "warn", weaker.get(sys.platform, f"{sys.platform}: not tested here"))


def settings_files() -> Check:
    """Which sources of settings there are, and whether they hold."""
    files = [directories.user_settings(), directories.workspace_settings(Path.cwd())]
    sources = [str(path) for path in files if path.exists()]
    sources += sorted(name for name in os.environ if name.startswith("TRANSLOOP_"))
    try:
        settings.load(Path.cwd())
    except SettingsError as error:
        return Check("settings", "fail", str(error.args[0]), error.advice)
    return Check("settings", "ok", ", ".join(sources) or f"defaults; no {files[0]}")


def llama(chosen: Settings) -> Check:
    """Import llama.cpp in a process of its own: a crash there must not end this one."""
    name = "llama.cpp"
    if chosen.engine.backend != "llama":
        return Check(name, "ok", f"not needed: engine.backend is {chosen.engine.backend}")
    program = "import llama_cpp; print(llama_cpp.__version__)"
    try:
        ran = subprocess.run(
            [sys.executable, "-P", "-c", program],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Check(name, "fail", "importing llama_cpp took more than a minute", _build_advice())
    if ran.returncode == 0:
        return Check(name, "ok", f"llama-cpp-python {ran.stdout.strip()}")
    words = (ran.stderr.strip().splitlines() or ["no last words"])[-1]
    how = f"ended by signal {-ran.returncode}" if ran.returncode < 0 else words
    return Check(name, "fail", f"llama_cpp cannot be imported: {how}", _build_advice())


def _build_advice() -> str:
    """How to get a llama-cpp-python that was built on this machine."""
    compiler = any(map(shutil.which, ("c++", "g++", "clang++", "cl")))
    tools = "" if compiler else _compiler_advice()
    cmake = "" if shutil.which("cmake") else "pip install cmake, and then "
    build = "pip install --force-reinstall --no-cache-dir llama-cpp-python"
    return f"{tools}Build it here (some minutes): {cmake}{build}"


def _compiler_advice() -> str:
    if sys.platform == "darwin":
        return "Install a C++ compiler: xcode-select --install. "
    if sys.platform == "win32":
        return "Install a C++ compiler: the Visual Studio Build Tools with C++. "
    return (
        "Install a C++ compiler: apt install build-essential, dnf install gcc-c++, or "
        "apk add build-base. "
    )


# The model ---------------------------------------------------------------------------------------


def model(chosen: Settings) -> Check:
    """Whether the file is there in its right size; `transloop models verify` reads every byte."""
    from transloop_model import catalog

    if chosen.engine.backend != "llama":
        return Check("model", "ok", f"not needed: engine.backend is {chosen.engine.backend}")
    try:
        found = catalog.resolve(chosen.model)
    except TransloopError as error:
        return Check("model", "fail", str(error.args[0]), error.advice)
    size = found.path.stat().st_size / 1e6
    known = "size as catalogued" if found.entry else "not in the catalog"
    return Check("model", "ok", f"{found.id}, {size:,.0f} MB, {known}: {found.path}")


def memory(chosen: Settings) -> Check:
    """Needed against available, by the catalog's figure or by the size of the file."""
    import psutil

    free = psutil.virtual_memory().available
    needed = _memory_needed(chosen)
    if needed is None:
        return Check("memory", "ok", f"{free / 1e9:.1f} GB available")
    detail = f"{free / 1e9:.1f} GB available, the model needs about {needed / 1e9:.1f} GB"
    if free < needed:
        advice = "Close something, choose a smaller model, or lower engine.context."
        return Check("memory", "warn", detail, advice)
    return Check("memory", "ok", detail)


def _memory_needed(chosen: Settings) -> int | None:
    """Bytes; None where no model is loaded here, or nobody knows it."""
    from transloop_model import catalog

    if chosen.engine.backend != "llama":
        return None
    path = Path(chosen.model).expanduser()
    if path.is_file():
        return int(path.stat().st_size * 1.5) + 200_000_000
    row = catalog.entries().get(chosen.model)
    return row.memory if row else None


def disk(chosen: Settings) -> Check:
    """Space where the models are; what a pull needs if the model is not there."""
    from transloop_model import catalog

    folder = directories.models()
    there = next(each for each in (folder, *folder.absolute().parents) if each.is_dir())
    free = shutil.disk_usage(there).free
    row = catalog.entries().get(chosen.model)
    missing = row.bytes or 0 if row and not row.installed() else 0
    detail = f"{free / 1e9:,.1f} GB free in {there}"
    if free < missing * 1.25:
        advice = "Free some, or set TRANSLOOP_HOME to a folder on another disk."
        return Check(
            "disk", "fail", f"{detail}; a pull needs {missing * 1.25 / 1e9:.1f} GB", advice
        )
    return Check("disk", "ok", detail)


def engine(chosen: Settings) -> Check:
    """Start the engine and let the model write one token."""
    from transloop_model import catalog

    try:
        if chosen.engine.backend == "llama":
            catalog.resolve(chosen.model)
    except TransloopError:
        return Check("engine", "warn", "not tried: there is no model", "See the line of the model.")
    began = time.perf_counter()
    try:
        loaded = asyncio.run(_one_token(chosen))
    except TransloopError as error:
        return Check("engine", "fail", str(error.args[0]), error.advice)
    except TimeoutError:
        detail = f"no token in {ENGINE_SECONDS:.0f} s"
        return Check("engine", "fail", detail, "Choose a smaller model, or end what uses the CPU.")
    return Check("engine", "ok", f"{loaded}; answered in {time.perf_counter() - began:.1f} s")


async def _one_token(chosen: Settings) -> str:
    """What was loaded; the answer itself says nothing."""
    from transloop_model.engine import Message, Request
    from transloop_server.engines import make_engine

    made = make_engine(chosen)
    request = Request((Message("user", "Say ok."),), max_tokens=1)
    try:
        async with asyncio.timeout(ENGINE_SECONDS), aclosing(made.generate(request)) as events:
            async for _ in events:
                pass
        state = made.state()
    finally:
        await made.close()
    load = state.facts.get("load_seconds")
    return f"{state.backend}, {state.model}" + (f", loaded in {load} s" if load else "")


# The editor's side -------------------------------------------------------------------------------


def grammars() -> Check:
    """Parse something in every language."""
    from transloop_syntax.language import languages

    broken = []
    for each in languages().values():
        try:
            for variant in ("", *each.grammar.variants):
                each.parser(variant).parse(b"x")
        except (ImportError, AttributeError, ValueError) as error:
            broken.append(f"{each.name}: {error}")
    if broken:
        advice = "Install transloop again: pip install --force-reinstall /path/to/transloop"
        return Check("grammars", "fail", "; ".join(broken), advice)
    return Check("grammars", "ok", ", ".join(each.name for each in languages().values()))


def server() -> Check:
    """Start the language server and speak with it, as an editor does."""
    from transloop.demo_client import editor_with_server

    async def greet(folder: Path) -> float:
        began = time.perf_counter()
        async with editor_with_server(folder):
            return time.perf_counter() - began

    with tempfile.TemporaryDirectory() as folder:
        try:
            seconds = asyncio.run(greet(Path(folder)))
        except TransloopError as error:
            advice = "Start it yourself to see why: transloop lsp"
            return Check("language server", "fail", str(error.args[0]), advice)
    return Check("language server", "ok", f"answered initialize in {seconds:.2f} s")


def neovim() -> Check:
    """Neovim, if it is here, must know `vim.lsp.enable`."""
    program = shutil.which("nvim")
    if program is None:
        return Check("Neovim", "warn", "no nvim on the PATH", "Any editor with LSP will do.")
    version = re.search(r"v(\d+)\.(\d+)\.(\d+)", _said([program, "--version"]))
    if version is None:
        return Check("Neovim", "warn", f"{program} does not tell its version")
    if (int(version[1]), int(version[2])) < NEOVIM:
        return Check("Neovim", "warn", f"{version[0]}, {program}", "0.11 or newer is needed.")
    from transloop.editors import neovim_lines

    return Check("Neovim", "ok", f"{version[0]}, {program}", _next("init.lua", neovim_lines()))


def _said(command: list[str]) -> str:
    """What a program prints; nothing if it cannot be started or does not end."""
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ran.stdout


def vscode() -> Check:
    """The `code` command."""
    program = shutil.which("code")
    if program is None:
        return Check("VS Code", "warn", "no code on the PATH", "Any editor with LSP will do.")
    from transloop.editors import vscode_lines

    return Check("VS Code", "ok", program, _next("a shell", vscode_lines()))


def _next(where: str, lines: list[str]) -> str:
    return "\n".join([f"Set it up with `transloop setup`, or by hand in {where}:", *lines])
