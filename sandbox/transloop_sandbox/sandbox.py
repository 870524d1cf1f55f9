"""The sandbox as its clients have it: jobs in, results out, on all cores."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Self

from transloop_sandbox import folders, results
from transloop_sandbox.cache import Cache
from transloop_sandbox.gate import Gate
from transloop_sandbox.job import Job, Level, Limits, Result
from transloop_sandbox.pipeline import Bench, perform, prepare
from transloop_sandbox.toolchains import toolchain
from transloop_sandbox.workers import Worker
from transloop_settings import directories

OnStdout = Callable[[bytes], None]
STARVED = (0.02, 0.5)
"""A program that has used this share of its CPU limit when its wall limit strikes may have been
kept from the processor by others. One that has used less slept, or waited for what never comes."""

PATIENCE = 4
"""How many times the usual wall time a second try gets. CPU time decides all the same."""


@dataclass(frozen=True)
class _Order:
    job: Job | str
    """A job, or the id of a language that is to be prepared."""
    future: Future[Result]
    on_stdout: OnStdout | None
    fresh: bool


class _Listener:
    """Passes on what a program prints, and remembers that there was something."""

    def __init__(self, tell: Callable[[bytes], None]) -> None:
        self.heard = False
        self._tell = tell

    def __call__(self, chunk: bytes) -> None:
        self.heard = True
        self._tell(chunk)


class Sandbox:
    """Compiles and runs programs, one on each core; use it as a context manager.

    Processes start with the first job. Leaving the context stops what still runs.

    Args:
        workers: how many jobs at once; None: one a core.
        minimum: the weakest isolation that will do. Below it nothing is run.
        unsafe: run without any isolation. Every result says so.
        cache: whether results and artefacts are kept, and used again for an equal job.
        told: hears what people have to wait for, such as a header that is compiled once.
    """

    def __init__(
        self,
        workers: int | None = None,
        minimum: Level = "landlock",
        unsafe: bool = False,
        cache: bool = True,
        told: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._most = workers or os.cpu_count() or 1
        self._safety: tuple[Level, bool] = (minimum, unsafe)
        self._told = told
        self._cache = Cache(directories.cache() / "sandbox") if cache else None
        self._gate = Gate()
        self._orders: deque[_Order] = deque()
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._idle = 0
        self._under_way: set[Future[Result]] = set()
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def submit(
        self, job: Job, on_stdout: OnStdout | None = None, *, fresh: bool = False
    ) -> Future[Result]:
        """Run a job when there is room. Cancelling the future stops the program at once.

        Args:
            on_stdout: hears the program's output as it comes, in a thread of the sandbox. Such a
                job is not tried a second time once something was heard.
            fresh: run it even if the result of an equal job is known.

        The future raises:
            ToolchainMissing, InstallFailed: the language cannot be run on this machine.
            SandboxError: programs cannot be kept in as well as was asked for.
            UsageError: the job itself is off.
        """
        return self._ordered(_Order(job, Future(), on_stdout, fresh))

    def run(self, job: Job, on_stdout: OnStdout | None = None, *, fresh: bool = False) -> Result:
        """Run a job, and wait for its result. Raises what `submit` says."""
        future = self.submit(job, on_stdout, fresh=fresh)
        try:
            return future.result()
        except BaseException:  # an interrupt while waiting: nobody wants it any more
            future.cancel()
            raise

    def run_many(self, jobs: Iterable[Job], *, fresh: bool = False) -> Iterator[Result]:
        """The results in the order of the jobs, of which few are taken in advance."""
        ahead: deque[Future[Result]] = deque()
        try:
            for job in jobs:
                ahead.append(self.submit(job, fresh=fresh))
                if len(ahead) > 2 * self._most:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            for future in ahead:
                future.cancel()

    def prepare(self, language: str) -> None:
        """Make now what a language's first job would have to wait for."""
        self._ordered(_Order(language, Future(), None, True)).result()

    def close(self) -> None:
        """Stop what runs, and end the processes."""
        with self._changed:
            self._closed = True
            waiting = [*self._orders]
            self._orders.clear()
            for future in [*(each.future for each in waiting), *self._under_way]:
                future.cancel()
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()
        if self._cache is not None:
            self._cache.close()

    # The threads, each with a worker process -----------------------------------------------------

    def _ordered(self, order: _Order) -> Future[Result]:
        with self._changed:
            if self._closed:
                raise RuntimeError("this sandbox is closed")
            self._orders.append(order)
            if self._idle < len(self._orders) and len(self._threads) < self._most:
                slot = len(self._threads)
                thread = threading.Thread(target=self._serve, args=(slot,), daemon=True)
                self._threads.append(thread)
                thread.start()
            self._changed.notify()
        return order.future

    def _serve(self, slot: int) -> None:
        bench = Bench(
            Worker(slot, *self._safety),
            spare=lambda: Worker(self._most + slot, *self._safety),
            cache=self._cache,
            told=self._told,
        )
        if slot == 0:
            folders.sweep()
        try:
            while (order := self._next()) is not None:
                self._serve_one(order, bench)
        finally:
            bench.close()
            if self._cache is not None:
                self._cache.close()

    def _next(self) -> _Order | None:
        """The next order; None when there will be none."""
        with self._changed:
            self._idle += 1
            while not self._orders and not self._closed:
                self._changed.wait()
            self._idle -= 1
            if not self._orders:
                return None
            order = self._orders.popleft()
            self._under_way.add(order.future)
            return order

    def _serve_one(self, order: _Order, bench: Bench) -> None:
        """The future stays pending meanwhile: so it can be cancelled, and then counts as such."""
        result: Result | BaseException
        try:
            result = self._result(order, bench)
        except BaseException as error:  # noqa: BLE001  # it is told to whoever asks the future
            result = error
        with self._changed:
            self._under_way.discard(order.future)
        if not order.future.set_running_or_notify_cancel():
            return
        if isinstance(result, BaseException):
            order.future.set_exception(result)
        else:
            order.future.set_result(result)

    def _result(self, order: _Order, bench: Bench) -> Result:
        if isinstance(order.job, str):
            return prepare(order.job, bench)
        if self._cache is None:
            return self._performed(order.job, order, bench)
        key = results.key(order.job, toolchain(order.job.language), bench.worker.isolation())
        text = None if order.fresh else self._cache.text(key)
        if text is not None:
            known = results.from_text(text, order.job)
            if order.on_stdout is not None:
                order.on_stdout(known.stdout)
            return known
        result = self._performed(order.job, order, bench)
        if result.verdict in results.FOLLOW:
            self._cache.put_text(key, results.to_text(result, order.job))
        return result

    def _performed(self, job: Job, order: _Order, bench: Bench) -> Result:
        """The result of a run; of a second one where the first may not be the program's fault."""
        listener = None if order.on_stdout is None else _Listener(order.on_stdout)
        cancelled = order.future.cancelled
        with self._gate.together():
            result = perform(job, bench, cancelled=cancelled, on_stdout=listener)
        heard = listener is not None and listener.heard
        if heard or cancelled() or not _may_differ(result, job):
            return result
        with self._gate.alone():
            return perform(_patient(job), bench, cancelled=cancelled, on_stdout=listener)


def _patient(job: Job) -> Job:
    """With more wall time, unless it was set: others than us may keep the machine busy."""
    return replace(job, limits=_longer(job.limits), compile_limits=_longer(job.compile_limits))


def _longer(limits: Limits) -> Limits:
    if limits.wall_seconds is not None:
        return limits
    usual = max(3 * limits.cpu_seconds, limits.cpu_seconds + 2)
    return replace(limits, wall_seconds=PATIENCE * usual)


def _may_differ(result: Result, job: Job) -> bool:
    """Whether the machine, and not the program, may have been the cause."""
    if result.verdict == "internal_error":
        return True
    if (result.verdict, result.reason) != ("timeout", "wall"):
        return False
    least, most = STARVED
    compiling = result.phase == "compile"
    used = result.compile_usage if compiling else result.usage
    limits = job.compile_limits if compiling else job.limits
    return least < used.cpu_seconds / limits.cpu_seconds < most
