"""The whole server, seen from an editor: speed, answers while it works, cancel, memory, start."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
from lsprotocol import types as lsp

from benchmarks.client import TimedClient
from benchmarks.engine import CONTEXT, Raw, Timing, compare, request_for
from benchmarks.units import UNITS, long_file
from transloop_model.catalog import ModelFile

SMALL = {"TRANSLOOP_ENGINE__CONTEXT": str(CONTEXT)}


async def against_raw(model: ModelFile, rounds: int, folder: Path) -> dict[str, Any]:
    """A translation through the server against the raw library on the same prompt."""
    raw, client = Raw(model), TimedClient()
    await client.begin({**SMALL, "TRANSLOOP_PLACEMENT": "below"})
    ours: list[Timing] = []
    theirs: list[Timing] = []
    raw.run(request_for(UNITS[0]))
    await _through(client, folder, UNITS[0], "warm")
    for number in range(rounds):
        for i, code in enumerate(UNITS[1:]):
            theirs.append(raw.run(request_for(code)))
            ours.append(await _through(client, folder, code, f"{number}-{i}"))
    await client.finish()
    return compare(ours, theirs, "raw llama-cpp-python, same prompt")


async def _through(client: TimedClient, folder: Path, code: str, name: str) -> Timing:
    uri = client.open(folder / f"{name}.py", code + "\n")
    client.first_text = 0.0
    began = time.perf_counter()
    await client.translate(uri, 0)
    await client.ended_next()
    job = (await client.status())["jobs"][-1]
    writing = job["seconds"] - job["first_token_seconds"]
    return Timing(client.first_text - began, (job["tokens"] - 1) / writing)


async def while_translating(folder: Path, seconds: float) -> dict[str, Any]:
    """Round trips of codeAction behind a didChange in a 10,000-line file, busy and idle."""
    text = long_file(10_000)
    client = TimedClient()
    await client.begin({**SMALL, "TRANSLOOP_PLACEMENT": "below"})
    uri = client.open(folder / "long.py", text)
    idle = await _typing(client, uri, 5_000, seconds / 2)
    await client.translate(client.open(folder / "w.py", UNITS[0] + "\n"), 0)
    await client.ended_next()  # the model is loaded
    busy: list[float] = []
    count = 0
    while len(busy) < len(idle):
        name = client.open(folder / f"busy{count}.py", UNITS[count % len(UNITS)] + "\n")
        count += 1
        await client.translate(name, 0)
        busy += await _typing(client, uri, 5_000, seconds, until=client.ended)
        await client.ended_next()
    await client.finish()
    return {
        "baseline": "the same server while no model runs",
        "lines": text.count("\n"),
        "round_trips": len(busy),
        "median_ms": _ms(statistics.median(busy)),
        "p99_ms": _ms(statistics.quantiles(busy, n=100)[98]),
        "median_ms_baseline": _ms(statistics.median(idle)),
        "p99_ms_baseline": _ms(statistics.quantiles(idle, n=100)[98]),
    }


async def _typing(
    client: TimedClient,
    uri: str,
    line: int,
    seconds: float,
    until: asyncio.Queue[Any] | None = None,
) -> list[float]:
    """Type into the middle of the file and ask for the menu, as an editor does; round trips."""
    times: list[float] = []
    deadline = time.perf_counter() + seconds
    version = 1
    identifier = lsp.TextDocumentIdentifier(uri)
    here = lsp.Range(lsp.Position(line, 0), lsp.Position(line + 3, 0))
    while time.perf_counter() < deadline and (until is None or until.empty()):
        version += 1
        at = lsp.Range(lsp.Position(line, 0), lsp.Position(line, version % 2))
        change = lsp.TextDocumentContentChangePartial(at, "x" * ((version + 1) % 2))
        began = time.perf_counter()
        client.text_document_did_change(
            lsp.DidChangeTextDocumentParams(
                lsp.VersionedTextDocumentIdentifier(version, uri), [change]
            )
        )
        for chosen in (here, lsp.Range(here.start, here.start)):
            context = lsp.CodeActionContext([], trigger_kind=lsp.CodeActionTriggerKind.Automatic)
            await client.text_document_code_action_async(
                lsp.CodeActionParams(identifier, chosen, context)
            )
            times.append(time.perf_counter() - began)
            began = time.perf_counter()
        await asyncio.sleep(0.03)  # thirty keys a second
    return times


async def progress_and_cancel(folder: Path, rounds: int) -> dict[str, Any]:
    """From the command to the first progress, and from a cancel to a model that is free."""
    client = TimedClient()
    await client.begin({**SMALL, "TRANSLOOP_PLACEMENT": "below"})
    first_progress: list[float] = []
    cancels: dict[str, list[float]] = {"writing": [], "reading": []}
    await client.translate(client.open(folder / "w.py", UNITS[0] + "\n"), 0)
    await client.ended_next()
    await client.begun_next()
    long_prompt = "def long():\n" + "".join(f"    a{i} = {i} * 3\n" for i in range(60))
    for number in range(rounds):
        for stage, code in (("writing", UNITS[1]), ("reading", long_prompt)):
            uri = client.open(folder / f"{stage}{number}.py", f"# {number}\n{code}\n")
            began = time.perf_counter()
            await client.translate(uri, 1)
            at, token = await client.begun_next()
            first_progress.append(at - began)
            await _stage(client, stage)
            began = time.perf_counter()
            client.window_work_done_progress_cancel(lsp.WorkDoneProgressCancelParams(token))
            while (await client.status())["state"] == "busy":
                await asyncio.sleep(0.002)  # each look costs the server a millisecond
            cancels[stage].append(time.perf_counter() - began)
            await client.ended_next()
    await client.finish()
    return {
        "baseline": "the limits of the design: 100 ms and 200 ms",
        "first_progress_ms": _ms(statistics.median(first_progress)),
        "first_progress_ms_worst": _ms(max(first_progress)),
        "cancel_while_writing_ms": _ms(statistics.median(cancels["writing"])),
        "cancel_while_reading_ms": _ms(statistics.median(cancels["reading"])),
        "cancel_ms_worst": _ms(max(cancels["writing"] + cancels["reading"])),
    }


async def _stage(client: TimedClient, stage: str) -> None:
    """Wait until the running job is in the middle of reading or writing."""
    if stage == "reading":
        await asyncio.sleep(0.25)
        return
    while True:
        message = (await client.status())["jobs"][-1]["message"]
        if "tokens/s" in message:
            return
        await asyncio.sleep(0.01)


async def memory(folder: Path) -> dict[str, Any]:
    """Resident memory of a second server on the same model file."""
    clients = [TimedClient(), TimedClient()]
    models: list[psutil.Process] = []
    for number, client in enumerate(clients):
        await client.begin(SMALL)
        uri = client.open(folder / f"memory{number}.py", UNITS[0] + "\n")
        await client.translate(uri, 0)
        await client.ended_next()
        models.append(psutil.Process((await client.status())["pid"]))
    first, second = (process.memory_full_info() for process in models)
    server = psutil.Process(models[1].ppid()).memory_full_info()
    for client in clients:
        await client.finish()
    return {
        "baseline": "resident memory of the first model process",
        "first_resident_mb": _mb(first.rss),
        "second_resident_mb": _mb(second.rss),
        "second_extra_mb": _mb(second.uss),
        "second_share_that_is_extra": round(second.uss / second.rss, 3),
        "second_server_itself_extra_mb": _mb(server.uss),
    }


async def start(rounds: int) -> dict[str, Any]:
    """From starting the process to `initialized`."""
    times = []
    for _ in range(rounds):
        client = TimedClient()
        await client.begin({})
        times.append(client.started_in)
        await client.finish()
    return {
        "baseline": "the limit of the design: 1 s",
        "rounds": rounds,
        "seconds": round(statistics.median(times), 3),
        "seconds_worst": round(max(times), 3),
    }


def measure(model: ModelFile, rounds: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each measurement as it ends."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        yield "start", asyncio.run(start(max(5, rounds)))
        yield "server_against_raw", asyncio.run(against_raw(model, rounds, folder))
        yield "while_translating", asyncio.run(while_translating(folder, 4.0 * rounds))
        yield "progress_and_cancel", asyncio.run(progress_and_cancel(folder, rounds))
        yield "memory", asyncio.run(memory(folder))


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)


def _mb(size: int) -> float:
    return round(size / 1e6, 1)
