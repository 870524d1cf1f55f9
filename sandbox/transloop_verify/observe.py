"""Runs a side on cases and says what each call did."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as NotYet
from dataclasses import replace
from typing import Protocol

from transloop_sandbox.job import COMPILE_LIMITS, Diagnostic, Isolation, Job, Limits, Result
from transloop_verify.case import Case, Observation, Observed, Side
from transloop_verify.harness import RUN_LIMITS, Program, program
from transloop_verify.reading import Reading, read

OnObservation = Callable[[int, Observation], None]

_POLL_SECONDS = 0.01
RESTARTS = 6
"""Crashes and timeouts after which the rest of the cases is left alone."""


class Runs(Protocol):
    """What of a sandbox is needed here."""

    def submit(
        self, job: Job, on_stdout: Callable[[bytes], None] | None = None
    ) -> Future[Result]: ...


def observe(
    side: Side,
    cases: Sequence[Case],
    sandbox: Runs,
    *,
    limits: Limits = RUN_LIMITS,
    compile_limits: Limits = COMPILE_LIMITS,
    seconds: float = 60.0,
    on_observation: OnObservation = lambda case, observation: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Observed:
    """What `side` did with each case, one program for all of them.

    After a crash, a timeout or the end of memory, the program goes on with the next case, at most
    `RESTARTS` times and for `seconds`; what was not reached is missing from the answer.
    `on_observation` is told each case's id as its record arrives, on any thread.
    """
    made = program(side, cases)
    run = _Run(made, sandbox, limits, compile_limits, on_observation, cancelled)
    return run.all(time.monotonic() + seconds)


class _Run:
    """One program on its way through its cases."""

    def __init__(
        self,
        made: Program,
        sandbox: Runs,
        limits: Limits,
        compile_limits: Limits,
        on_observation: OnObservation,
        cancelled: Callable[[], bool],
    ) -> None:
        self.made = made
        self.sandbox = sandbox
        self.limits = limits
        self.compile_limits = compile_limits
        self.on_observation = on_observation
        self.cancelled = cancelled
        self.seen: dict[int, Observation] = {}
        self.told: set[int] = set()
        self.isolation: Isolation | None = None

    def all(self, deadline: float) -> Observed:
        """Start, and start again behind each case that ended the program."""
        first, restarts = 0, 0
        while first < len(self.made.cases) and restarts <= RESTARTS:
            reading, result = self._once(first)
            if result is None:
                return self._observed(Observed(failure="cancelled"))
            self._take(reading)
            if not reading.ready or result.verdict == "internal_error":
                return self._observed(self._failure(reading, result))
            at = first + len(reading.observations)
            if at >= len(self.made.cases):
                break
            if _may_be_innocent(result) and at > first:
                first = at  # it gets the whole of the limits for itself
            else:
                self._tell(at, _ended(result))
                first = at + 1
            restarts += 1
            if time.monotonic() > deadline:
                break
        return self._observed(Observed())

    def _once(self, first: int) -> tuple[Reading, Result | None]:
        """One start. None: it was cancelled."""
        nonce = secrets.token_hex(16)
        job = self.made.job(nonce, first, self.limits, self.compile_limits)
        stream = bytearray()

        def arrived(chunk: bytes) -> None:
            stream.extend(chunk)
            self._take(read(bytes(stream), nonce, first))

        future = self.sandbox.submit(job, arrived)
        result = self._wait(future)
        self.isolation = result.isolation if result else self.isolation
        return read(result.stdout if result else b"", nonce, first), result

    def _wait(self, future: Future[Result]) -> Result | None:
        while True:
            try:
                return future.result(timeout=_POLL_SECONDS)
            except NotYet:
                if self.cancelled():
                    future.cancel()
                    return None
            except CancelledError:
                return None

    def _take(self, reading: Reading) -> None:
        for at, observation in enumerate(reading.observations, reading.first):
            if at < len(self.made.cases):
                self._tell(at, observation)

    def _tell(self, at: int, observation: Observation) -> None:
        case = self.made.cases[at]
        self.seen[case] = replace(
            observation, line=self.made.line(self.made.candidate, observation.line)
        )
        if case not in self.told:
            self.told.add(case)
            self.on_observation(case, self.seen[case])

    def _failure(self, reading: Reading, result: Result) -> Observed:
        """Why nothing could be run: the compiler's, the loader's or the sandbox's reason."""
        if reading.refused is not None:
            refused = reading.refused
            line = self.made.line(self.made.candidate, refused.line)
            if refused.error == "unfit":
                return Observed(failure="unfit", detail=refused.message)
            detail = f"{refused.error}: {refused.message}".strip(": ")
            return Observed(failure="load_error", detail=detail, line=line)
        if result.verdict != "compile_error":
            word = "runtime_error" if result.verdict == "ok" else result.verdict
            return Observed(failure=word, detail=result.reason)
        return _refused(self.made, result)

    def _observed(self, observed: Observed) -> Observed:
        for case, reason in self.made.unexpressed.items():
            self.on_observation(case, Observation("unexpressed", error=reason))
        return replace(
            observed,
            by_case=dict(self.seen),
            unexpressed=dict(self.made.unexpressed),
            isolation=self.isolation,
        )


def _refused(made: Program, result: Result) -> Observed:
    """The compiler's first error, at a line of the side's code if it names one."""
    errors = [each for each in result.diagnostics if each.severity == "error"]
    for each in errors:
        line = made.line(each.path, each.line)
        if line:
            return Observed(failure="compile_error", detail=each.message, line=line)
    first = errors[0] if errors else Diagnostic(result.reason)
    ours = any(first.path.endswith(each) for each in made.harness)
    return Observed(failure="unfit" if ours else "compile_error", detail=first.message)


def _may_be_innocent(result: Result) -> bool:
    """May the cases before have used up what this one lacked?"""
    return result.verdict in ("timeout", "memory", "output_limit")


def _ended(result: Result) -> Observation:
    """What the end of the program says about the case that was running."""
    if result.verdict == "timeout":
        return Observation("timeout", error=result.reason)
    if result.verdict == "memory":
        return Observation("memory", error=result.reason)
    word = result.signal or result.reason
    if result.verdict in ("sandbox_violation", "output_limit"):
        word = result.verdict
    return Observation("crashed", error=word or "early_exit")
