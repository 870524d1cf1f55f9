"""What every recipe promises, on its own small programs: one suite for all languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from transloop_sandbox.job import Completion, File, Job, Limits, Result
from transloop_sandbox.recipe import (
    Compile,
    Daemon,
    Recipe,
    Run,
    Tool,
    Warm,
    read_recipe,
    recipe,
    recipes,
    runner,
)
from transloop_sandbox.sandbox import Sandbox
from transloop_sandbox.toolchains import advice, toolchain, tools_of
from transloop_settings.errors import SettingsError, UsageError
from transloop_syntax.language import languages

FOLDER = Path(recipe.__code__.co_filename).parent / "languages"
ALL = sorted(recipes())
COMPILED = [each for each in ALL if recipes()[each].compile]
STANDARD = {"work", "tmp", "main", "stem", "memory_mb", "heap_mb", "precompiled"}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(1, cache=False) as made:
        yield made


def job(name: str, code: str, path: str = "") -> Job:
    suffix = languages()[name].suffixes[0]
    return Job(name, (File(path or f"given{suffix}", code),), stdin=b"there\n")


def diagnosed(result: Result) -> str:
    return "\n".join(f"{each.path}:{each.line}: {each.message}" for each in result.diagnostics)


def test_every_language_can_be_run_and_every_recipe_is_of_a_language() -> None:
    assert sorted(languages()) == ALL
    assert len(ALL) == 8


@pytest.mark.parametrize("name", ALL)
def test_the_tools_are_here(name: str) -> None:
    found = toolchain(name)
    assert set(found.tools) >= {
        each for each, tool in tools_of(recipe(name)).items() if not tool.optional
    }
    for each in found.tools.values():
        assert re.match(r"\d+\.\d+", each.version)
        assert each.version in found.version
        assert each.root.is_dir()


@pytest.mark.parametrize("name", ALL)
def test_hello_says_hello(name: str, sandbox: Sandbox) -> None:
    result = sandbox.run(job(name, recipe(name).hello.program))
    assert (result.verdict, result.reason) == ("ok", ""), result
    assert result.stdout == b"hello there\n"
    assert (result.phase, result.exit_code, result.signal) == ("run", 0, None)
    assert result.isolation.level == "full"
    assert 0 < result.usage.cpu_seconds < result.usage.wall_seconds + 1
    assert (result.compile_usage.wall_seconds > 0) == (name in COMPILED)


@pytest.mark.parametrize("name", ALL)
def test_a_broken_program_does_not_compile_and_the_line_is_told(
    name: str, sandbox: Sandbox
) -> None:
    result = sandbox.run(job(name, recipe(name).hello.broken))
    assert (result.verdict, result.phase) == ("compile_error", "compile"), result
    first = result.diagnostics[0]
    assert (first.severity, first.line) == ("error", 1)
    assert first.path == f"given{languages()[name].suffixes[0]}"
    assert first.message
    assert len(result.diagnostics) <= 20


@pytest.mark.parametrize("name", ALL)
def test_a_message_names_no_folder_of_this_machine(name: str, sandbox: Sandbox) -> None:
    result = sandbox.run(job(name, recipe(name).hello.broken))
    said = (result.stdout + result.stderr).decode() + diagnosed(result)
    assert "transloop-" not in said
    assert "/work" not in said


@pytest.fixture(scope="module")
def weaker() -> Iterator[Sandbox]:
    """The same where there is no bubblewrap."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("transloop_sandbox.workers.PROGRAM", "landlock_worker")
        patch.setenv("PYTHONPATH", str(Path(__file__).parent))
        with Sandbox(1, cache=False) as made:
            yield made


@pytest.mark.parametrize("name", ALL)
def test_a_program_does_the_same_where_there_is_only_landlock(name: str, weaker: Sandbox) -> None:
    hello = weaker.run(job(name, recipe(name).hello.program))
    assert (hello.verdict, hello.stdout) == ("ok", b"hello there\n"), hello
    broken = weaker.run(job(name, recipe(name).hello.broken))
    assert (broken.verdict, broken.diagnostics[0].line) == ("compile_error", 1), broken
    assert hello.isolation.level == broken.isolation.level == "landlock"
    assert "transloop-" not in (broken.stdout + broken.stderr).decode()


@pytest.mark.parametrize("name", ALL)
def test_too_tight_limits_are_raised_to_what_the_language_needs(
    name: str, sandbox: Sandbox
) -> None:
    small = Limits(memory_mb=1, processes=1)
    hello = recipe(name).hello.program
    result = sandbox.run(
        Job(name, (File("a", hello),), b"there", limits=small, compile_limits=small)
    )
    assert result.verdict == "ok", result


@pytest.mark.parametrize("name", ALL)
def test_an_empty_program_is_the_programs_fault(name: str, sandbox: Sandbox) -> None:
    result = sandbox.run(job(name, ""))
    assert result.verdict in ("ok", "compile_error", "runtime_error"), result
    assert (result.verdict == "ok") == (name in ("python", "javascript", "typescript"))


@pytest.mark.parametrize("name", ALL)
def test_exit_0_without_the_harness_is_no_pass(name: str, sandbox: Sandbox) -> None:
    hello = job(name, recipe(name).hello.program)
    asked = Job(name, hello.files, hello.stdin, completion=Completion("n0nce", 1))
    result = sandbox.run(asked)
    assert (result.verdict, result.reason) == ("runtime_error", "early_exit")


@pytest.mark.parametrize("name", COMPILED)
def test_only_compiling_runs_nothing(name: str, sandbox: Sandbox) -> None:
    hello = job(name, recipe(name).hello.program)
    result = sandbox.run(Job(name, hello.files, compile_only=True))
    assert (result.verdict, result.phase, result.stdout) == ("ok", "compile", b"")


# The files ---------------------------------------------------------------------------------------


def every_text(made: Recipe) -> Iterator[str]:
    """Everything in a recipe that has places to fill."""
    steps: list[Warm | Compile | Daemon | Run | None] = [
        *made.warm.values(),
        made.compile,
        made.run,
    ]
    if made.compile:
        steps.append(made.compile.daemon)
        for each in made.compile.precompiled:
            yield from each.argv
    for step in steps:
        if step is not None:
            yield from step.argv
            yield from step.environment.values()


@pytest.mark.parametrize("name", ALL)
def test_a_command_line_names_only_places_that_there_are(name: str) -> None:
    made = recipe(name)
    known = STANDARD | tools_of(made).keys() | made.warm.keys() | made.queries.keys()
    named = {
        place
        for each in every_text(made)
        for place in re.findall(r"\{(\w+)\??\}", re.sub(r"\{\{.*?\}\}", "", each))
    }
    assert named - known == set()


@pytest.mark.parametrize("name", ALL)
def test_the_patterns_of_a_recipe_are_patterns(name: str) -> None:
    made = recipe(name)
    patterns = list(runner(made)[1].out_of_memory)
    if made.compile:
        patterns += [*made.compile.diagnostics, *made.compile.out_of_memory]
        for each in made.compile.diagnostics:
            assert "message" in re.compile(each).groupindex
    if made.run and made.run.refused:
        assert {"message", "path", "line"} <= set(re.compile(made.run.refused).groupindex)
    assert [re.compile(each).pattern for each in patterns] == patterns


@pytest.mark.parametrize("name", ALL)
def test_it_is_said_how_to_get_each_tool(name: str) -> None:
    for each, tool in recipe(name).tools.items():
        assert tool.advice
        assert advice(each, tool).startswith(("Run: ", "Install "))


def test_an_unknown_language_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match="c, cpp, go, java"):
        recipe("cobol")


MINIMAL = """
main = "main.x"
hello = { program = "", broken = "" }
run = { argv = ["{tool}/bin/x", "{main}"] }
[tools.tool]
program = "bin/x"
version = ["--version"]
version_pattern = '(1)'
advice = { any = "make x" }
"""


def test_a_small_recipe_is_enough() -> None:
    made = read_recipe("x", MINIMAL)
    assert made.run is not None
    assert made.run.argv == ("{tool}/bin/x", "{main}")
    assert isinstance(made.tools["tool"], Tool)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ('main = "main.x"|', "main: Field required"),
        ('main = "main.x"|main = 1', "main: Input should be a valid string"),
        ('main = "main.x"|main = "a"\ntarget = "b"', "target: Unexpected keyword argument"),
        ("[tools.tool]|[tools.tool]\nprogramme = 1", "tools.tool.programme: Unexpected"),
        ("program = \"bin/x\"|", "tools.tool.program: Field required"),
        ('version = ["--version"]|version = "-v"', "tools.tool.version: Input should be"),
        ('["{tool}/bin/x", "{main}"]|[1]', "run.argv.0: Input should be a valid string"),
        ("run = {|run = { memory_floor_mb = '64', ", "run.memory_floor_mb: Input should be"),
        ('run = { argv = ["{tool}/bin/x", "{main}"] }|', "neither `run` nor `runs_like`"),
        ("[tools.tool]|[tools", "Expected"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_recipe_is_named(change: str, problem: str) -> None:
    old, new = change.split("|")
    assert old in MINIMAL
    with pytest.raises(SettingsError, match=r"languages/x.toml: ") as raised:
        read_recipe("x", MINIMAL.replace(old, new))
    assert problem in str(raised.value)


def test_no_language_is_named_in_the_code() -> None:
    names = {"python", "javascript", "typescript", "rust", "cpp"}
    quoted = {
        f"{path.name}: {found}"
        for path in FOLDER.parent.glob("*.py")
        for found in re.findall(r'"(\w+)"', path.read_text())
        if found in names
    }
    assert quoted <= {"canary.py: python"}  # the canary itself is a Python program
