"""Finds compilers and interpreters: on the PATH, in their usual places, or as transloop got them.

A shim (of rustup, pyenv, ...) is never started: it looks at the environment, and may download. What
lies in a folder that the sandbox's uid cannot enter, such as root's home, is copied once.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from transloop_sandbox.recipe import Recipe, Tool, recipe
from transloop_settings import directories
from transloop_settings.errors import ToolchainMissing

SHIMS = frozenset({"rustup", "mise", "volta-shim", "volta", "proto-shim", "ccache", "distcc"})
"""Programs that stand in for others, by the name of the file that is really started."""
EVERYWHERE = ("/usr/", "/lib/", "/lib64/", "/bin/")
"""What lies here has the same path in the sandbox."""


@dataclass(frozen=True)
class Found:
    """A tool on this machine."""

    name: str
    root: Path
    """Its folder, as the sandbox can read it."""
    program: Path
    """Where it was found."""
    version: str
    stamp: str
    """Changes whenever the tool does."""

    @property
    def everywhere(self) -> bool:
        """Whether the sandbox has it at its own path, without a bind."""
        return f"{self.root}/".startswith(EVERYWHERE)


@dataclass(frozen=True)
class Toolchain:
    """All tools that a language needs."""

    language: str
    tools: Mapping[str, Found]

    @property
    def version(self) -> str:
        """For people: `tsc 7.0.2, node 20.20.2`."""
        return ", ".join(f"{name} {found.version}" for name, found in self.tools.items())

    @property
    def stamp(self) -> tuple[str, ...]:
        """For keys: changes with every tool."""
        return tuple(found.stamp for found in self.tools.values())


def toolchain(language: str) -> Toolchain:
    """The tools of a language, ready for use.

    Raises:
        ToolchainMissing: one is not on this machine; says how to get it.
        UsageError: there is no such language.
    """
    return _toolchain(language, _surroundings())


def tools_of(chosen: Recipe) -> dict[str, Tool]:
    """The tools that compile the language, and those that run what comes of it."""
    rest = tools_of(recipe(chosen.runs_like)) if chosen.runs_like else {}
    return {**chosen.tools, **rest}


def advice(name: str, tool: Tool) -> str:
    """What to do to get a tool on this machine."""
    if tool.install is not None:
        return "Run: transloop toolchains install"
    for manager, command in tool.advice.items():
        if shutil.which(manager):
            return f"Run: {command}"
    return f"Install {name}: {' or '.join(dict.fromkeys(tool.advice.values()))}."


def find(name: str, tool: Tool) -> Found | None:
    """The first of the tool's places where it is, is no shim, and is new enough."""
    seen = dict.fromkeys(real for each in _places(name, tool) if (real := _real(each)))
    depth = len(Path(tool.program).parts)
    for program in sorted(seen, key=lambda each: closed(each.parents[depth - 1])):
        version = _version(program, tool.version, tool.version_pattern)
        if version and _numbers(version) >= _numbers(tool.least):
            root = program.parents[depth - 1]
            facts = program.stat()
            stamp = f"{name} {version} {program} {facts.st_size} {facts.st_mtime_ns}"
            return Found(name, root, program, version, stamp)
    return None


def installed(name: str) -> Path:
    """Where a tool is that transloop got itself."""
    return directories.toolchains() / name


def forget() -> None:
    """Look again: something has been installed."""
    _toolchain.cache_clear()


def closed(folder: Path) -> bool:
    """Whether the uid that programs run under cannot enter the folder."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return False  # they run under our own
    return any(not each.stat().st_mode & 0o001 for each in (folder, *folder.parents))


@cache
def _toolchain(language: str, surroundings: tuple[str, ...]) -> Toolchain:
    found: dict[str, Found] = {}
    for name, tool in tools_of(recipe(language)).items():
        each = find(name, tool)
        if each is not None:
            found[name] = _opened(each, tool.leave_out)
        elif not tool.optional:
            raise ToolchainMissing(
                f"{language} cannot be run: there is no {name} on this machine.",
                advice(name, tool),
            )
    return Toolchain(language, found)


def _surroundings() -> tuple[str, ...]:
    """What decides where tools are looked for."""
    return (os.environ.get("PATH", ""), str(Path.home()), str(directories.toolchains()))


def _places(name: str, tool: Tool) -> Iterator[Path]:
    names = tool.names or (Path(tool.program).name,)
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        yield from (Path(folder) / each for each in names if folder)
    for pattern in tool.also:
        place = Path(pattern).expanduser()
        yield from sorted(
            Path(place.anchor).glob(str(place.relative_to(place.anchor))), reverse=True
        )
    yield installed(name) / tool.program


def _real(program: Path) -> Path | None:
    """The file that is started in the end, if there is one and it is no shim."""
    try:
        real = program.resolve(strict=True)
        if real.name in SHIMS or not os.access(real, os.X_OK) or not real.is_file():
            return None
        with real.open("rb") as opened:
            return None if opened.read(2) == b"#!" else real
    except (OSError, RuntimeError):  # no such file, a loop of links
        return None


@cache
def _version(program: Path, arguments: tuple[str, ...], pattern: str) -> str | None:
    """What the program says of itself; None if it says nothing that we understand."""
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
    try:
        ran = subprocess.run(
            [str(program), *arguments],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            env=environment,
            timeout=30,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    said = re.search(pattern, (ran.stdout + ran.stderr).decode(errors="replace"))
    return said[1] if said and ran.returncode == 0 else None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(each) for each in re.findall(r"\d+", version))


def _opened(found: Found, leave_out: tuple[str, ...]) -> Found:
    """The tool with a folder that the sandbox can enter: its own, or a copy."""
    if not closed(found.root):
        return found
    from transloop_sandbox.copies import opened_copy

    return replace(found, root=opened_copy(found.root, found.stamp, leave_out))
