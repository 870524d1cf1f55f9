"""Many jobs at once: order, cancelling, deaths, and what is left when nobody wants it any more."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError
from pathlib import Path

import psutil
import pytest

from transloop_sandbox.gate import Gate
from transloop_sandbox.job import Completion, File, Job, Limits
from transloop_sandbox.sandbox import Sandbox
from transloop_settings.errors import SandboxError, ToolchainMissing, UsageError

SLEEPS = "import time\nprint('asleep', flush=True)\ntime.sleep(600)"
LONG = Limits(cpu_seconds=300)


def python(code: str, stdin: bytes = b"", limits: Limits = LONG) -> Job:
    return Job("python", (File("main.py", code),), stdin, limits=limits)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(2, cache=False) as made:
        yield made


def workers() -> list[psutil.Process]:
    """The worker processes of this process."""
    found = []
    for each in psutil.Process().children():
        try:
            if "transloop_sandbox.worker" in each.cmdline():
                found.append(each)
        except psutil.NoSuchProcess:
            continue
    return found


def wait_until(condition: object, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


class Asleep:
    """A job that has begun, and does not end."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._begun = threading.Event()
        self.future = sandbox.submit(python(SLEEPS), lambda chunk: self._begun.set())
        assert self._begun.wait(30)


# Jobs --------------------------------------------------------------------------------------------


def test_results_come_in_the_order_of_the_jobs(sandbox: Sandbox) -> None:
    code = "import sys, time\nn = int(sys.stdin.read())\ntime.sleep(0.1 * (n % 3))\nprint(n)"
    jobs = [python(code, str(number).encode()) for number in range(9)]
    assert [int(each.stdout) for each in sandbox.run_many(jobs)] == list(range(9))


def test_few_jobs_are_taken_in_advance(sandbox: Sandbox) -> None:
    taken = 0

    def endless() -> Iterator[Job]:
        nonlocal taken
        while True:
            taken += 1
            yield python("print(1)")

    results = sandbox.run_many(endless())
    assert next(results).stdout == b"1\n"
    assert taken <= 6
    results.close()  # type: ignore[attr-defined]


def test_two_jobs_run_at_once(sandbox: Sandbox) -> None:
    first, second = Asleep(sandbox), Asleep(sandbox)
    assert len(workers()) == 2
    assert not first.future.done()
    assert not second.future.done()


def test_processes_start_with_the_first_job_and_end_with_the_context() -> None:
    with Sandbox(2, cache=False) as sandbox:
        assert workers() == []
        sandbox.run(python("pass"))
        assert len(workers()) == 1
    assert workers() == []


def test_output_is_heard_as_it_comes(sandbox: Sandbox) -> None:
    heard: list[tuple[float, bytes]] = []
    code = "import time\nprint(1, flush=True)\ntime.sleep(0.5)\nprint(2)"
    result = sandbox.run(python(code), lambda chunk: heard.append((time.monotonic(), chunk)))
    assert b"".join(chunk for _, chunk in heard) == result.stdout == b"1\n2\n"
    assert heard[-1][0] - heard[0][0] > 0.4


def test_a_job_and_its_result_can_be_sent_elsewhere(sandbox: Sandbox) -> None:
    job = Job("python", (File("a.py", "print(1)"),), completion=Completion("n", 1))
    assert pickle.loads(pickle.dumps(job)) == job  # noqa: S301  # our own
    result = sandbox.run(job)
    assert pickle.loads(pickle.dumps(result)) == result  # noqa: S301


def test_what_is_wrong_with_a_job_is_told_by_its_future(sandbox: Sandbox) -> None:
    future = sandbox.submit(Job("cobol", (File("a", ""),)))
    with pytest.raises(UsageError, match="cobol"):
        future.result()
    assert sandbox.run(python("print(1)")).stdout == b"1\n"


def test_a_missing_compiler_is_told_with_the_way_to_get_it(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("PATH", "HOME", "TRANSLOOP_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    with pytest.raises(
        ToolchainMissing, match=r"no go on this machine\. Run: transloop toolchains"
    ):
        sandbox.run(Job("go", (File("a.go", ""),)))


# Cancelling --------------------------------------------------------------------------------------


def test_a_running_program_is_stopped_at_once(sandbox: Sandbox) -> None:
    job = Asleep(sandbox)
    (worker,) = workers()
    assert len(worker.children(recursive=True)) > 0
    began = time.monotonic()
    assert job.future.cancel()
    with pytest.raises(CancelledError):
        job.future.result()
    wait_until(lambda: not worker.children(recursive=True), 1.0)
    assert time.monotonic() - began < 0.5
    assert sandbox.run(python("print(1)")).stdout == b"1\n"
    assert workers() == [worker]


def test_a_compiler_is_stopped_too(sandbox: Sandbox) -> None:
    bomb = "template<int N> struct F { enum { v = F<N-1>::v + F<N-2>::v + N }; };\n"
    code = "".join(bomb.replace("F", f"F{i}") for i in range(50)) + "int main() {"
    code += "".join(f"F{i}<800>::v;" for i in range(50)) + "}"
    future = sandbox.submit(Job("cpp", (File("a.cpp", code),)))
    wait_until(lambda: any(each.children(recursive=True) for each in workers()))
    future.cancel()
    wait_until(lambda: not any(each.children(recursive=True) for each in workers()), 1.0)


def test_a_waiting_job_is_never_started() -> None:
    with Sandbox(1, cache=False) as sandbox:
        running = Asleep(sandbox)
        waiting = sandbox.submit(python("print(1)"))
        assert waiting.cancel()
        running.future.cancel()
        assert sandbox.run(python("print(2)")).stdout == b"2\n"
    assert waiting.cancelled()


def test_leaving_the_context_stops_what_runs() -> None:
    with Sandbox(1, cache=False) as sandbox:
        running = Asleep(sandbox)
        waiting = sandbox.submit(python("print(1)"))
        began = time.monotonic()
    assert time.monotonic() - began < 2
    assert running.future.cancelled()
    assert waiting.cancelled()
    with pytest.raises(RuntimeError, match="closed"):
        sandbox.submit(python("print(1)"))


def test_an_iteration_that_is_left_stops_its_jobs(sandbox: Sandbox) -> None:
    jobs = [python("print(1)"), *(python(SLEEPS) for _ in range(3))]
    results = sandbox.run_many(jobs)
    next(results)
    results.close()  # type: ignore[attr-defined]
    wait_until(lambda: not any(each.children(recursive=True) for each in workers()), 2.0)
    assert sandbox.run(python("print(2)")).stdout == b"2\n"


# Deaths ------------------------------------------------------------------------------------------


def test_a_worker_that_dies_is_replaced_and_its_job_tried_again(sandbox: Sandbox) -> None:
    code = "import time\ntime.sleep(1)\nprint('done')"
    sandbox.run(python("pass"))
    future = sandbox.submit(python(code))
    wait_until(lambda: any(each.children(recursive=True) for each in workers()))
    (worker,) = workers()
    inside = worker.children(recursive=True)
    worker.send_signal(signal.SIGKILL)
    assert future.result(30).stdout == b"done\n"
    assert [each.pid for each in workers()] != [worker.pid]
    wait_until(lambda: not any(each.is_running() for each in inside))


def test_a_worker_that_dies_amid_output_is_an_internal_error(sandbox: Sandbox) -> None:
    job = Asleep(sandbox)
    workers()[0].send_signal(signal.SIGKILL)
    result = job.future.result(30)
    assert (result.verdict, result.reason) == ("internal_error", "the worker process died")
    assert sandbox.run(python("print(1)")).verdict == "ok"


def test_a_worker_that_cannot_start_is_an_error_and_no_verdict(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("transloop_sandbox.workers.PROGRAM", "transloop_sandbox.nowhere")
    with Sandbox(1, cache=False) as sandbox, pytest.raises(SandboxError, match="did not start"):
        sandbox.run(python("print(1)"))


def test_isolation_that_is_not_there_is_an_error_and_no_verdict() -> None:
    with Sandbox(1, "full", cache=False) as sandbox:
        assert sandbox.run(python("print(1)")).isolation.level == "full"
    with Sandbox(1, "landlock", unsafe=True, cache=False) as sandbox:
        assert sandbox.run(python("print(1)")).isolation.level == "none"


OWNER = """
import sys
from transloop_sandbox.job import File, Job, Limits
from transloop_sandbox.sandbox import Sandbox
code = "import time; print('asleep', flush=True); time.sleep(600)"
with Sandbox(1, cache=False) as sandbox:
    job = Job("python", (File("a.py", code),), limits=Limits(cpu_seconds=300))
    sandbox.run(job, lambda chunk: print("asleep", flush=True))
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_outlives_the_process_that_wanted_it(how: signal.Signals) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-P", "-c", OWNER],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert owner.stdout is not None
    with owner.stdout:
        assert owner.stdout.readline() == b"asleep\n"
        below = psutil.Process(owner.pid).children(recursive=True)
        assert len(below) >= 3
        owner.send_signal(how)
        assert owner.wait(20) != 0
    _, alive = psutil.wait_procs(below, timeout=5)
    assert alive == []


# Alone -------------------------------------------------------------------------------------------


def test_who_wants_to_be_alone_waits_and_is_not_overtaken() -> None:
    gate, order = Gate(), []

    def one(name: str) -> None:
        with gate.alone() if name == "alone" else gate.together():
            order.append(name)

    with gate.together():
        alone = threading.Thread(target=one, args=("alone",))
        alone.start()
        wait_until(lambda: gate._waiting == 1)
        late = threading.Thread(target=one, args=("late",))
        late.start()
        time.sleep(0.05)
        assert order == []
    for each in (alone, late):
        each.join(5)
    assert order == ["alone", "late"]


# Weight ------------------------------------------------------------------------------------------


def test_importing_the_sandbox_is_cheap_and_starts_nothing() -> None:
    program = (
        "import sys, threading, transloop_sandbox.sandbox as s; made = s.Sandbox(); "
        "print(sorted({'numpy', 'pydantic', 'asyncio', 'tree_sitter', 'llama_cpp', 'http', "
        "'rich', 'typer'} & sys.modules.keys()), threading.active_count())"
    )
    ran = subprocess.run(
        [sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout == "[] 1\n"
