"""From a job to its result: compile in one sandbox, run in another, and say what came of it.

Compiling may write to its work folder and the run may not; of what a compiler leaves behind, only
regular files that the recipe names reach the run.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from transloop_sandbox import diagnostics, fill, folders, verdict, view
from transloop_sandbox.cache import Cache, key_of
from transloop_sandbox.command import Command, Outcome
from transloop_sandbox.daemon import Daemon
from transloop_sandbox.job import Diagnostic, File, Job, Limits, Phase, Result, Usage
from transloop_sandbox.recipe import Compile, Precompiled, Run, recipe, runner
from transloop_sandbox.recipe import Daemon as DaemonRecipe
from transloop_sandbox.toolchains import toolchain
from transloop_sandbox.verdict import Finding, signal_name
from transloop_sandbox.warm import checked, warm
from transloop_sandbox.workers import Worker
from transloop_settings.errors import InstallFailed

CACHED_BYTES = 32 << 20
"""Larger artefacts are compiled again."""
DAEMON_CPU_SECONDS = 3600.0


@dataclass
class Bench:
    """What one thread works with: its worker, and the daemons that it has started."""

    worker: Worker
    spare: Callable[[], Worker]
    """Makes the worker of a daemon."""
    cache: Cache | None = None
    told: Callable[[str], None] = lambda text: None
    daemons: dict[str, Daemon] = field(default_factory=dict)

    def close(self) -> None:
        """End all of it."""
        self.worker.close()
        for each in self.daemons.values():
            each.close()
        self.daemons.clear()


def perform(
    job: Job,
    bench: Bench,
    *,
    cancelled: Callable[[], bool] = lambda: False,
    on_stdout: Callable[[bytes], None] | None = None,
) -> Result:
    """Compile and run one job, once.

    Raises:
        ToolchainMissing, InstallFailed: its language cannot be run on this machine.
        UsageError: the language is unknown, or a file's path leads out of its folder.
    """
    with folders.work_folder() as outer:
        return _Performance(job, bench, outer, cancelled).result(on_stdout)


def prepare(language: str, bench: Bench) -> Result:
    """Make or check all that is made once for a language, and run its hello program.

    Raises:
        ToolchainMissing, InstallFailed: it cannot be run on this machine, and why.
    """
    chosen, tools = recipe(language), toolchain(language)
    for name in chosen.warm:
        checked(chosen, name, tools, bench.worker, bench.told)
    hello = Job(language, (File(chosen.main, chosen.hello.program),), stdin=b"there\n")
    result = perform(hello, bench)
    if result.verdict != "ok":
        why = f"{result.verdict} {result.reason}".strip()
        raise InstallFailed(f"{language} does not run ({tools.version}): {why}.")
    return result


class _Performance:
    """One job in its folder: `compile` is compiled in, `run` is run in."""

    def __init__(self, job: Job, bench: Bench, outer: Path, cancelled: Callable[[], bool]) -> None:
        self._job, self._bench, self._cancelled = job, bench, cancelled
        self._recipe = recipe(job.language)
        self._tools = toolchain(job.language)
        self._files, places = fill.named(job, self._recipe)
        self._places = {**places, **fill.of_tools(self._tools)}
        self._outer = outer
        self._run_folder = outer / "run"
        self._cached: tuple[Phase, ...] = ()

    def result(self, on_stdout: Callable[[bytes], None] | None) -> Result:
        """What came of it."""
        build, usage = self._recipe.compile, Usage()
        if build is None:
            folders.write(self._files, self._run_folder)
        elif not self._compiled_before(build):
            outcome = self._compile_now(build)
            usage = outcome.usage
            if failure := self._failure(outcome, build):
                return failure
        if self._job.compile_only:
            return self._told(Finding("ok", ""), "compile", None, usage)
        return self._run_now(usage, on_stdout)

    # Compile -------------------------------------------------------------------------------------

    def _compiled_before(self, build: Compile) -> bool:
        """Whether the cache had the artefacts; they are in their place then."""
        found = self._bench.cache.files(self._key()) if self._bench.cache else None
        if found is None:
            return False
        folders.write([File(*each) for each in found.items()], self._run_folder, mode=0o555)
        self._cached = ("compile",)
        return True

    def _key(self) -> str:
        job = self._job
        files = [(file.path, file.content) for file in job.files]
        return key_of("artefacts", job.language, self._recipe.digest, self._tools.stamp, files)

    def _compile_now(self, build: Compile) -> Outcome:
        """Compile, and put what came of it in its place if it went well."""
        outcome = self._compile_by_daemon(build) or self._compile_in_folder(build)
        if outcome.exit_code == 0 and self._bench.cache is not None:
            files = folders.contents(self._run_folder, CACHED_BYTES)
            if files:
                self._bench.cache.put_files(self._key(), files)
        return outcome

    def _compile_in_folder(self, build: Compile) -> Outcome:
        folder = self._outer / "compile"
        extra = [File(name, text) for name, text in build.files.items()]
        folders.write([*self._files, *extra], folder)
        precompiled = self._precompiled(build)
        argv = [
            part
            for each in build.argv
            for part in (precompiled if each == "{precompiled}" else [each])
        ]
        limits = fill.raised(self._job.compile_limits, build)
        outcome = self._bench.worker(
            self._command(build, argv, folder, limits, writable=True), cancelled=self._cancelled
        )
        if outcome.exit_code == 0:
            folders.move(folders.artefacts(folder, build.artefacts), self._run_folder)
        return outcome

    def _precompiled(self, build: Compile) -> Sequence[str]:
        """The options of the first header that the program includes all of."""
        content = self._files[0].content
        code = content.decode("utf-8", "replace") if isinstance(content, bytes) else content
        included = set(re.findall(r"^[ \t]*#[ \t]*include[ \t]*<([^>\n]+)>", code, re.MULTILINE))
        fits = (each for each in build.precompiled if included.issuperset(each.includes))
        return next(fits, Precompiled("", (), ())).argv

    def _compile_by_daemon(self, build: Compile) -> Outcome | None:
        """None: there is no daemon, or it did not answer."""
        if build.daemon is None:
            return None
        began = time.monotonic()
        daemon = self._bench.daemons.get(self._recipe.id) or self._new_daemon(build.daemon)
        answer = daemon.ask(self._files, self._cancelled)
        if answer is None:
            return None
        if answer.compiled:
            made = [
                File(f"{build.daemon.folder}/{name}", each) for name, each in answer.files.items()
            ]
            folders.write(made, self._run_folder)
        return Outcome(
            self._bench.worker.isolation(),
            exit_code=0 if answer.compiled else 1,
            stderr=answer.said,
            usage=Usage(answer.cpu_seconds, time.monotonic() - began),
        )

    def _new_daemon(self, wanted: DaemonRecipe) -> Daemon:
        limits = Limits(
            cpu_seconds=DAEMON_CPU_SECONDS,
            wall_seconds=24 * DAEMON_CPU_SECONDS,
            memory_mb=wanted.memory_mb,
            output_bytes=1 << 30,
        )
        command = self._command(wanted, wanted.argv, self._outer, limits)
        made = Daemon(self._bench.spare(), command, wanted.compiles)
        self._bench.daemons[self._recipe.id] = made
        return made

    def _failure(self, outcome: Outcome, build: Compile) -> Result | None:
        limits = fill.raised(self._job.compile_limits, build)
        found = verdict.compiled(outcome, limits, build.out_of_memory)
        if found is None and not self._run_folder.is_dir():
            found = Finding("compile_error", "the compiler made no program")
        if found is None:
            return None
        return self._told(found, "compile", outcome, outcome.usage, patterns=build.diagnostics)

    # Run -----------------------------------------------------------------------------------------

    def _run_now(self, usage: Usage, on_stdout: Callable[[bytes], None] | None) -> Result:
        _, how = runner(self._recipe)
        if self._recipe.compile is not None:
            self._places["main"] = fill.text(self._recipe.compile.main, self._places)
        limits = fill.raised(self._job.limits, how)
        command = self._command(how, how.argv, self._run_folder, limits, stdin=self._job.stdin)
        outcome = self._bench.worker(
            replace(command, argv=(*command.argv, *self._job.arguments)),
            cancelled=self._cancelled,
            on_stdout=on_stdout,
        )
        found = verdict.ran(outcome, limits, self._job.completion, how.out_of_memory)
        if refused := self._refused(found, outcome, how):
            return refused
        return self._told(found, "run", outcome, usage)

    def _refused(self, found: Finding, outcome: Outcome, how: Run) -> Result | None:
        """Where nothing is compiled, a mistake in syntax shows when the program should start."""
        if found.verdict != "runtime_error" or found.records or not how.refused:
            return None
        if not re.search(how.refused, outcome.stderr.decode("utf-8", "replace"), re.MULTILINE):
            return None
        refused = Finding("compile_error", found.reason)
        return self._told(refused, "compile", outcome, outcome.usage, patterns=[how.refused])

    # Both ----------------------------------------------------------------------------------------

    def _command(
        self,
        how: Compile | Run | DaemonRecipe,
        argv: Sequence[str],
        work: Path,
        limits: Limits,
        *,
        writable: bool = False,
        stdin: bytes = b"",
    ) -> Command:
        places = {**self._places, **fill.of_limits(limits, how.overhead_mb)}
        texts = (*argv, *how.environment.values())
        return Command(
            argv=fill.arguments(argv, places, self._tools.tools),
            work=work,
            work_writable=writable,
            binds=fill.binds(self._tools, self._warm(texts), texts),
            environment=fill.environment(how.environment, places),
            stdin=stdin,
            limits=limits,
        )

    def _warm(self, texts: Sequence[str]) -> dict[str, Path]:
        """What is made once and named in the texts; it is made now if it is not there."""
        named = [name for name in self._recipe.warm if any(f"{{{name}}}" in each for each in texts)]
        return {name: self._warmed(name) for name in named}

    def _warmed(self, name: str) -> Path:
        def execute(command: Command) -> Outcome:
            return self._bench.worker(command, cancelled=self._cancelled)

        return warm(self._recipe, name, self._tools, execute, self._bench.told)

    def _told(
        self,
        found: Finding,
        phase: Phase,
        outcome: Outcome | None,
        compile_usage: Usage,
        patterns: Sequence[str] = (),
    ) -> Result:
        seen = outcome or Outcome(self._bench.worker.isolation(), exit_code=0)
        stdout, stderr = seen.stdout, self._without_places(seen.stderr)
        if phase == "compile":
            stdout = self._without_places(stdout)
        return Result(
            verdict=found.verdict,
            reason=found.reason,
            phase=phase,
            isolation=seen.isolation,
            exit_code=seen.exit_code,
            signal=signal_name(seen.signal) if seen.signal else None,
            stdout=stdout,
            stderr=stderr,
            records=found.records,
            diagnostics=self._diagnostics(stderr + b"\n" + stdout, patterns),
            usage=seen.usage if phase == "run" else Usage(),
            compile_usage=compile_usage,
            cached=self._cached,
        )

    def _diagnostics(self, said: bytes, patterns: Sequence[str]) -> tuple[Diagnostic, ...]:
        names = {
            placed.path: own.path for placed, own in zip(self._files, self._job.files, strict=True)
        }
        return diagnostics.read(said.decode("utf-8", "replace"), patterns, names)

    def _without_places(self, said: bytes) -> bytes:
        """Without the folders that it was compiled and run in: they say nothing to anybody."""
        for folder in (str(self._outer / "compile"), str(self._outer / "run"), view.WORK):
            said = said.replace(f"{folder}/".encode(), b"")
        return said
