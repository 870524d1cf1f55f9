"""Languages as data: how `languages/<id>.toml` says that programs are compiled and run.

`python.toml` explains the keys. Reading the files costs some milliseconds once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType

from transloop_settings.errors import SettingsError, UsageError, problems


@dataclass(frozen=True)
class Install:
    """How transloop gets a tool itself: a package of pip or npm, and the folder in it."""

    folder: str
    pip: str = ""
    npm: str = ""


@dataclass(frozen=True)
class Tool:
    """A compiler, an interpreter or a linker."""

    program: str
    version: tuple[str, ...]
    version_pattern: str
    advice: Mapping[str, str]
    """What a person does to get it: by package manager, or `any`."""
    names: tuple[str, ...] = ()
    """On the PATH; none: the name of `program`."""
    also: tuple[str, ...] = ()
    least: str = ""
    optional: bool = False
    """Without it, the places that name it are left out with their argument."""
    install: Install | None = None
    leave_out: tuple[str, ...] = ()
    """Parts of its folder that are not copied, where it has to be."""


@dataclass(frozen=True)
class Warm:
    """What is made once for each version of the tools, in the sandbox, and then only read."""

    argv: tuple[str, ...]
    about: str
    """For people who wait for it: "the standard library of Go"."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Written to the work folder before: name -> text, or `@daemons/...` for a file of ours."""
    environment: Mapping[str, str] = field(default_factory=dict)
    keep: tuple[str, ...] = ("*",)
    """Patterns of the files that are kept; all others were only needed on the way."""
    folder: str = ""
    """Of what is kept, the folder that is used; none: all of it."""
    cpu_seconds: float = 120.0
    memory_mb: int = 2048


@dataclass(frozen=True)
class Precompiled:
    """A header that is parsed already, for sources that include all of it themselves."""

    warm: str
    argv: tuple[str, ...]
    includes: tuple[str, ...]


@dataclass(frozen=True)
class Daemon:
    """A compiler that stays: it reads requests from a pipe and answers with files."""

    argv: tuple[str, ...]
    folder: str
    memory_mb: int
    overhead_mb: int = 0
    environment: Mapping[str, str] = field(default_factory=dict)
    compiles: int = 500
    """It is replaced after as many."""


@dataclass(frozen=True)
class Compile:
    """From the job's files to the artefacts."""

    argv: tuple[str, ...]
    artefacts: tuple[str, ...]
    """Patterns below the work folder; nothing else reaches the run."""
    main: str = "{main}"
    """What the run then has as its main file."""
    files: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    memory_floor_mb: int = 0
    processes_floor: int = 1
    overhead_mb: int = 0
    precompiled: tuple[Precompiled, ...] = ()
    daemon: Daemon | None = None
    diagnostics: tuple[str, ...] = ()
    """Patterns with groups `path`, `line`, `column`, `severity`, `message`."""
    out_of_memory: tuple[str, ...] = ()


@dataclass(frozen=True)
class Run:
    """From the artefacts, or the job's files, to what the program does."""

    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    memory_floor_mb: int = 0
    processes_floor: int = 1
    overhead_mb: int = 0
    out_of_memory: tuple[str, ...] = ()
    refused: str = ""


@dataclass(frozen=True)
class Hello:
    """The smallest program that shows that everything works: it prints `hello <stdin>`."""

    program: str
    broken: str


@dataclass(frozen=True)
class Query:
    """Something of the main file that a command line needs, found by a tree-sitter query."""

    query: str
    value: str = "{0}"
    """What becomes of the text of the capture `@found`."""
    default: str = ""


@dataclass(frozen=True)
class Recipe:
    """All that there is to know about running programs of one language."""

    id: str
    digest: str
    """Of its file: another recipe may lead to other results."""
    main: str
    """The name of the main file, where the job's own does not serve."""
    tools: Mapping[str, Tool]
    hello: Hello
    run: Run | None = None
    runs_like: str = ""
    """Another language, whose `run` serves once it is compiled, and whose tools are needed too."""
    compile: Compile | None = None
    own_names: tuple[str, ...] = ()
    """The suffixes with which a job's own name serves; none: all of the language."""
    warm: Mapping[str, Warm] = field(default_factory=dict)
    queries: Mapping[str, Query] = field(default_factory=dict)


@cache
def recipes() -> Mapping[str, Recipe]:
    """All recipes by language, in alphabetical order.

    Raises SettingsError when a file lacks a key or has an unknown one.
    """
    found = sorted((Path(__file__).parent / "languages").glob("*.toml"))
    return MappingProxyType(
        {path.stem: read_recipe(path.stem, path.read_text("utf-8")) for path in found}
    )


def recipe(language: str) -> Recipe:
    """The recipe of a language by its id. UsageError lists the known ones."""
    try:
        return recipes()[language]
    except KeyError:
        known = ", ".join(recipes())
        raise UsageError(
            f"Nothing says how {language!r} is run.", f"Known languages: {known}."
        ) from None


def runner(chosen: Recipe) -> tuple[Recipe, Run]:
    """The recipe by which the compiled program runs: its own, or that of another language."""
    if chosen.run is not None:
        return chosen, chosen.run
    return runner(recipe(chosen.runs_like))


def read_recipe(language: str, text: str) -> Recipe:
    """One recipe from the text of its file. Raises SettingsError naming all that is wrong."""
    import json
    import tomllib

    from pydantic import TypeAdapter, ValidationError

    digest = hashlib.sha256(text.encode()).hexdigest()
    try:
        data = {"id": language, "digest": digest, **tomllib.loads(text)}
        # As JSON, where strictness takes a list for a tuple, and still no text for a number.
        made = TypeAdapter(Recipe).validate_json(
            json.dumps(data, default=str), strict=True, extra="forbid"
        )
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"languages/{language}.toml: {error}.") from error
    except ValidationError as error:
        raise SettingsError(f"languages/{language}.toml: {problems(error)}.") from error
    if made.run is None and not made.runs_like:
        raise SettingsError(f"languages/{language}.toml: neither `run` nor `runs_like` is there.")
    return made
