"""From a job to its result: names, artefacts, messages, daemons, and what is tried again."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from transloop_sandbox import daemon, diagnostics, fill, folders
from transloop_sandbox.cache import Cache
from transloop_sandbox.command import Command, Outcome
from transloop_sandbox.job import Completion, Diagnostic, File, Isolation, Job, Limits, Usage
from transloop_sandbox.pipeline import Bench, perform
from transloop_sandbox.recipe import recipe
from transloop_sandbox.sandbox import Sandbox
from transloop_sandbox.workers import Worker
from transloop_settings.errors import InstallFailed, UsageError

MAIN = "public static void main(String[] a) { System.out.println(%s); }"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(1, cache=False) as made:
        yield made


def run(sandbox: Sandbox, language: str, code: str, **more: object) -> tuple[str, bytes]:
    result = sandbox.run(replace(Job(language, (File("given", code),)), **more))  # type: ignore[arg-type]
    return result.verdict, result.stdout or result.stderr


# Names -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "printed"),
    [
        ("public class Any { %s }" % (MAIN % '"public"'), b"public\n"),
        ("class Two { %s }\nclass One {}" % (MAIN % '"first"'), b"first\n"),
        ("class One {}\nclass Two { %s }" % (MAIN % '"second"'), b"second\n"),
        ("package a.b;\npublic class P { %s }" % (MAIN % '"package"'), b"package\n"),
        ("/* public class Not */ class Yes { %s }" % (MAIN % '"comment"'), b"comment\n"),
        ("public record R(int x) { %s }" % (MAIN % '"record"'), b"record\n"),
        ("public enum E { A; %s }" % (MAIN % '"enum"'), b"enum\n"),
    ],
)  # fmt: skip
def test_the_class_with_main_is_started(code: str, printed: bytes, sandbox: Sandbox) -> None:
    assert run(sandbox, "java", code) == ("ok", printed)


def test_a_module_keeps_its_own_suffix(sandbox: Sandbox) -> None:
    code = "import fs from 'fs'; console.log(typeof fs.readFileSync);"
    result = sandbox.run(Job("javascript", (File("own.mjs", code),)))
    assert (result.verdict, result.stdout) == ("ok", b"function\n")


def test_files_beside_the_main_one_can_be_imported(sandbox: Sandbox) -> None:
    files = (File("main.py", "import more\nprint(more.X)"), File("more.py", "X = 'there'"))
    assert sandbox.run(Job("python", files)).stdout == b"there\n"


def test_arguments_reach_the_program_as_they_are(sandbox: Sandbox) -> None:
    code = "import sys; print(sys.argv[1:])"
    given = ("a b", "{main}", "{gold?}x", "$HOME")
    job = Job("python", (File("main.py", code),), arguments=given)
    assert sandbox.run(job).stdout.decode() == f"{list(given)}\n"


@pytest.mark.parametrize("path", ["/etc/x.py", "../x.py", "a/../../x.py", "", ".", "-c.py", "a\0b"])
def test_a_path_that_leads_elsewhere_is_refused(path: str, sandbox: Sandbox) -> None:
    with pytest.raises(UsageError, match="no path below"):
        sandbox.run(Job("python", (File("main.py", ""), File(path, "x"))))


def test_bytes_and_text_are_the_same_program(sandbox: Sandbox) -> None:
    text = "print('ä')"
    for content in (text, text.encode()):
        assert run(sandbox, "python", content) == ("ok", "ä\n".encode())  # type: ignore[arg-type]


def test_the_run_finds_nothing_that_it_could_write_to(sandbox: Sandbox) -> None:
    code = """
import os
for folder in ("/tmp", ".", "/dev/shm", "/var/tmp", "/work"):
    try:
        open(os.path.join(folder, "x"), "w")
        print("written to", folder)
    except OSError:
        pass
"""
    assert run(sandbox, "python", code) == ("ok", b"")


def test_scratch_space_is_there_if_it_was_asked_for(sandbox: Sandbox) -> None:
    code = "import tempfile; f = tempfile.TemporaryFile(); print(f.write(b'x' * 1000))"
    given = {"limits": Limits(scratch_mb=1)}
    assert run(sandbox, "python", code, **given) == ("ok", b"1000\n")


# Messages ----------------------------------------------------------------------------------------


def test_messages_name_the_jobs_own_files_errors_first() -> None:
    said = "/bind/x.h:1:2: warning: odd\nsub/main.c:3:4: error: bad\n./main.c:5: fatal error: worse"
    pattern = r"^(?P<path>[^\s:]+):(?P<line>\d+):(?:(?P<column>\d+):)? (?P<severity>fatal error|error|warning): (?P<message>.*)$"  # noqa: E501
    assert diagnostics.read(said, [pattern], {"main.c": "mine.c"}) == (
        Diagnostic("bad", "mine.c", 3, 4),
        Diagnostic("worse", "mine.c", 5),
        Diagnostic("odd", "/bind/x.h", 1, 2, "warning"),
    )


def test_a_flood_of_messages_is_cut() -> None:
    found = diagnostics.read("x\n" * 1000, ["^(?P<message>x)$"], {})
    assert len(found) == diagnostics.MOST


def test_types_are_checked_where_the_language_has_them(sandbox: Sandbox) -> None:
    code = "const n: number = 1;\nfunction f(s: string): string { return s; }\nf(n);\n"
    result = sandbox.run(Job("typescript", (File("a.ts", code),)))
    assert result.verdict == "compile_error"
    assert [(each.path, each.line, each.column) for each in result.diagnostics] == [("a.ts", 3, 3)]


def test_a_missing_definition_is_told_by_the_linker(sandbox: Sandbox) -> None:
    result = sandbox.run(Job("c", (File("a.c", "int f(void); int main(void) { return f(); }"),)))
    assert result.verdict == "compile_error"
    assert "undefined reference to `f'" in result.diagnostics[0].message


# Precompiled headers -----------------------------------------------------------------------------

HEADERS = recipe("cpp").compile.precompiled  # type: ignore[union-attr]
SORTS = "int main() { std::vector<int> v{2, 1}; std::sort(v.begin(), v.end()); return v[0] - 1; }"


def test_a_forgotten_include_is_not_made_good_by_a_precompiled_header(sandbox: Sandbox) -> None:
    result = sandbox.run(Job("cpp", (File("a.cpp", f"#include <string>\n{SORTS}"),)))
    assert result.verdict == "compile_error"
    assert any("vector" in each.message for each in result.diagnostics)


def test_a_precompiled_header_gives_what_the_program_includes_and_nothing_else() -> None:
    made = recipe("cpp")
    for each in HEADERS:
        text = "".join(f"#include <{name}>\n" for name in each.includes)
        assert made.warm[each.warm].files == {"all.hpp": text}
        assert each.argv == ("-include", f"{{{each.warm}}}/all.hpp")
    assert len(HEADERS) == len(made.warm) >= 5


@pytest.mark.parametrize("headers", [HEADERS[0].includes, HEADERS[1].includes])
def test_a_precompiled_header_saves_most_of_the_time(
    headers: tuple[str, ...], sandbox: Sandbox
) -> None:
    includes = "".join(f"#include <{each}>\n" for each in headers)
    job = Job("cpp", (File("a.cpp", includes + SORTS),))
    # an include behind a condition is not seen, so this one is compiled from scratch
    slow = Job("cpp", (File("a.cpp", includes.replace("include <", "include/**/<") + SORTS),))
    sandbox.run(job)  # makes the header, if this is the first time
    cpu = {each: sandbox.run(each).compile_usage.cpu_seconds for each in (job, slow)}
    assert cpu[job] < 0.75 * cpu[slow]


# Artefacts ---------------------------------------------------------------------------------------


def test_only_regular_files_of_one_name_are_artefacts(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    outside = tmp_path / "secret"
    outside.write_text("s3cr3t")
    (folder / "a.class").write_text("a")
    (folder / "link.class").symlink_to(outside)
    os.mkfifo(folder / "pipe.class")
    os.link(outside, folder / "hard.class")
    (folder / "sub").mkdir()
    (folder / "sub" / "b.class").write_text("b")
    (folder / "away").symlink_to(tmp_path)
    found = folders.artefacts(folder, ["*.class"])
    assert sorted(found) == ["a.class", "sub/b.class"]
    folders.move(found, tmp_path / "run")
    assert (tmp_path / "run" / "sub" / "b.class").read_text() == "b"
    assert stat.S_IMODE((tmp_path / "run" / "a.class").stat().st_mode) == 0o555


def test_too_much_is_no_artefact(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "program").write_text("12345")
    monkeypatch.setattr(folders, "ARTEFACT_BYTES", 4)
    assert folders.artefacts(tmp_path, ["program"]) == {}


def test_a_folder_is_removed_whatever_was_done_to_it(tmp_path: Path) -> None:
    top = tmp_path / "top"
    top.mkdir()
    here = os.open(top, os.O_RDONLY)
    for _ in range(60):  # beyond what a path can name
        os.mkdir("d" * 200, dir_fd=here)
        below = os.open("d" * 200, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    locked = top / "locked"
    locked.mkdir()
    (locked / "file").write_text("x")
    (top / "out").symlink_to(tmp_path)
    os.mkfifo(top / "pipe")
    locked.chmod(0)
    folders.remove(top)
    assert not top.exists()
    assert tmp_path.exists()


def test_what_a_killed_process_left_is_removed_after_a_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "_place", lambda: tmp_path)
    names = {
        name: tmp_path / f"transloop-{pid}-x"
        for name, pid in (("dead", 2**22 + 1), ("ours", os.getpid()))
    }
    for each in names.values():
        each.mkdir()
    folders.sweep()
    assert all(each.exists() for each in names.values())
    for each in names.values():
        os.utime(each, (0, time.time() - folders.STALE_SECONDS - 60))
    folders.sweep()
    assert not names["dead"].exists()
    assert names["ours"].exists()


def test_nothing_is_left_of_a_job(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tmp_path.chmod(0o711)
    monkeypatch.setattr(folders, "_place", lambda: Path("/var/tmp"))  # noqa: S108
    before = set(Path("/var/tmp").iterdir())  # noqa: S108
    run(sandbox, "c", "int main(void) { return 0; }")
    run(sandbox, "c", "int main(void) { return ; }")
    left = {
        each
        for each in set(Path("/var/tmp").iterdir()) - before  # noqa: S108
        if each.name.startswith(f"transloop-{os.getpid()}-")
    }
    assert left == set()


# The daemon --------------------------------------------------------------------------------------

GOOD = Job("java", (File("A.java", "class A { %s }" % (MAIN % "1")),))


class Counting(Worker):
    """A worker that knows what it was asked to do."""

    def __init__(self, slot: int) -> None:
        super().__init__(slot, "landlock", unsafe=False)
        self.programs: list[str] = []

    def begin(self, command: Command, *, streams: bool) -> None:
        self.programs.append(Path(command.argv[0]).name)
        super().begin(command, streams=streams)


@pytest.fixture
def bench() -> Iterator[Bench]:
    spare = Counting(1)
    made = Bench(Counting(0), spare=lambda: spare)
    yield made
    made.close()


def programs(worker: Worker) -> list[str]:
    assert isinstance(worker, Counting)
    return worker.programs


def test_a_daemon_compiles_one_job_after_another(bench: Bench) -> None:
    for _ in range(3):
        assert perform(GOOD, bench).stdout == b"1\n"
    assert programs(bench.worker) == ["java"] * 3
    assert programs(bench.spare()) == ["java"]


def test_a_daemon_is_replaced_after_some_time(bench: Bench) -> None:
    perform(GOOD, bench)
    bench.daemons["java"]._compiles = 2
    bench.daemons["java"].close()
    for _ in range(5):
        assert perform(GOOD, bench).verdict == "ok"
    assert programs(bench.spare()) == ["java"] * 4
    assert programs(bench.worker) == ["java"] * 6


def test_without_a_daemon_that_answers_it_is_compiled_in_the_ordinary_way(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    perform(GOOD, bench)
    assert bench.spare()._process is not None
    bench.spare()._process.kill()  # type: ignore[union-attr]
    result = perform(GOOD, bench)
    assert (result.verdict, result.stdout) == ("ok", b"1\n")
    assert programs(bench.worker) == ["java", "javac", "java"]
    monkeypatch.setattr(daemon, "SECONDS", 0.0)
    assert perform(GOOD, bench).verdict == "ok"
    assert programs(bench.worker)[-2:] == ["javac", "java"]


def test_the_daemon_and_javac_say_the_same(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = Job("java", (File("B.java", "class B {\n  int x = f();\n}\npublic class C {}"),))
    by_daemon = perform(bad, bench)
    monkeypatch.setattr(daemon, "SECONDS", 0.0)
    by_javac = perform(bad, bench)
    assert programs(bench.worker) == ["javac"]
    assert by_daemon.verdict == by_javac.verdict == "compile_error"
    assert by_daemon.diagnostics == by_javac.diagnostics
    assert by_daemon.stderr == by_javac.stderr
    assert [(each.path, each.line) for each in by_daemon.diagnostics] == [("B.java", 2)]


def test_a_compiler_that_takes_too_long_is_stopped(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daemon, "SECONDS", 0.0)
    limits = Limits(cpu_seconds=0.1, memory_mb=512, processes=200, scratch_mb=64)
    result = perform(replace(GOOD, compile_limits=limits), bench)
    assert (result.verdict, result.reason, result.phase) == ("timeout", "cpu", "compile"), result
    monkeypatch.undo()
    assert perform(GOOD, bench).verdict == "ok"


# What is tried again -----------------------------------------------------------------------------


class Scripted(Worker):
    """A worker that answers what it was told to, and then ok."""

    def __init__(self, *outcomes: Outcome) -> None:
        super().__init__(0, "landlock", unsafe=False)
        self.outcomes = list(outcomes)
        self.asked = 0
        self.walls: list[float | None] = []

    def isolation(self) -> Isolation:
        return Isolation("full", "scripted")

    def __call__(
        self,
        command: Command,
        *,
        cancelled: Callable[[], bool] = lambda: False,
        on_stdout: Callable[[bytes], None] | None = None,
    ) -> Outcome:
        self.asked += 1
        self.walls.append(command.limits.wall_seconds)
        if on_stdout is not None:
            on_stdout(b"heard")
        return self.outcomes.pop(0) if self.outcomes else Outcome(self.isolation(), exit_code=0)


ANY = Job("python", (File("main.py", ""),), limits=Limits(cpu_seconds=10))
ISOLATION = Isolation("full", "scripted")


def scripted(monkeypatch: pytest.MonkeyPatch, *outcomes: Outcome) -> Scripted:
    worker = Scripted(*outcomes)
    monkeypatch.setattr("transloop_sandbox.sandbox.Worker", lambda *given: worker)
    return worker


def test_what_the_sandbox_failed_at_is_tried_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    failed = Outcome(ISOLATION, error="no room")
    worker = scripted(monkeypatch, failed)
    with Sandbox(1, cache=False) as sandbox:
        assert sandbox.run(ANY).verdict == "ok"
        worker.outcomes += [failed, failed]
        result = sandbox.run(ANY)
    assert (result.verdict, result.reason, worker.asked) == ("internal_error", "no room", 4)


@pytest.mark.parametrize(
    ("used", "asked"),
    [(0.0, 1), (0.1, 1), (1.0, 2), (4.9, 2), (5.1, 1)],
)
def test_a_program_that_was_kept_from_the_processor_is_tried_once_more(
    used: float, asked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    starved = Outcome(ISOLATION, killed="wall", signal=9, usage=Usage(used, 30.0))
    worker = scripted(monkeypatch, starved)
    with Sandbox(1, cache=False) as sandbox:
        result = sandbox.run(ANY)
    assert worker.asked == asked
    assert result.verdict == ("ok" if asked == 2 else "timeout")


def test_a_second_try_has_more_time_unless_it_was_set(monkeypatch: pytest.MonkeyPatch) -> None:
    starved = Outcome(ISOLATION, killed="wall", signal=9, usage=Usage(1.0, 30.0))
    worker = scripted(monkeypatch, starved)
    with Sandbox(1, cache=False) as sandbox:
        sandbox.run(ANY)
        worker.outcomes.append(starved)
        sandbox.run(replace(ANY, limits=Limits(cpu_seconds=10, wall_seconds=20)))
    assert worker.walls == [None, 120.0, 20, 20]


@pytest.mark.parametrize("killed", ["cpu", "memory", "output"])
def test_what_the_program_did_itself_is_not_tried_again(
    killed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = scripted(monkeypatch, Outcome(ISOLATION, killed=killed, signal=9))  # type: ignore[arg-type]
    with Sandbox(1, cache=False) as sandbox:
        assert sandbox.run(ANY).verdict in ("timeout", "memory", "output_limit")
    assert worker.asked == 1


def test_what_was_heard_is_not_heard_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = scripted(monkeypatch, Outcome(ISOLATION, error="died in the middle"))
    heard: list[bytes] = []
    with Sandbox(1, cache=False) as sandbox:
        assert sandbox.run(ANY, heard.append).verdict == "internal_error"
    assert (heard, worker.asked) == ([b"heard"], 1)


# What is made once -------------------------------------------------------------------------------


def test_what_cannot_be_made_says_why(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    (home / "toolchains").unlink()  # nothing is made here yet
    (home / "toolchains").mkdir()
    for each in (home, *home.parents):
        if each.stat().st_uid == os.geteuid() and each.is_relative_to("/tmp"):  # noqa: S108
            each.chmod(each.stat().st_mode | 0o011)
    scripted(monkeypatch, Outcome(ISOLATION, exit_code=1, stderr=b"first\nno space"))
    with (
        Sandbox(1, cache=False) as sandbox,
        pytest.raises(InstallFailed, match=r"made: no space\."),
    ):
        sandbox.prepare("go" if (home / "toolchains" / "go").exists() else "java")


def test_a_compiler_that_is_there_and_does_not_work_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scripted(monkeypatch, Outcome(ISOLATION, exit_code=1), Outcome(ISOLATION, exit_code=1))
    with (
        Sandbox(1, cache=False) as sandbox,
        pytest.raises(InstallFailed, match=r"python does not run \(python 3.*runtime_error exit 1"),
    ):
        sandbox.prepare("python")


def test_places_are_filled_and_other_braces_are_left() -> None:
    places = {"main": "a.py"}
    assert fill.arguments(["{main}", "{x}", "{{main}}", "{gold?}-f"], places, {"gold": 1}) == (
        "a.py",
        "{x}",
        "{a.py}",
        "-f",
    )
    assert fill.arguments(["{gold?}-f", "a"], places, {}) == ("a",)


def test_artefacts_are_compiled_once(tmp_path: Path, bench: Bench) -> None:
    bench.cache = Cache(tmp_path / "cache")
    job = Job("c", (File("a.c", '#include <stdio.h>\nint main(void) { puts("x"); }'),))
    first, second = perform(job, bench), perform(replace(job, stdin=b"other"), bench)
    assert (first.cached, second.cached) == ((), ("compile",))
    assert first.stdout == second.stdout == b"x\n"
    assert programs(bench.worker) == ["gcc", "program", "program"]
    bench.cache.close()


def test_a_record_of_the_harness_is_read(sandbox: Sandbox) -> None:
    code = "n = input()\nprint(n, 'fail 0')\nprint(n, 'done 1')"
    job = Job("python", (File("a.py", code),), b"n0nce\n", completion=Completion("n0nce", 1))
    result = sandbox.run(job)
    assert (result.verdict, result.records) == ("wrong_answer", ("fail 0",))
