"""How fast training makes way for a translation, and what that is worth to it.

A child computes as training does, on all cores at the lowest priority, and notes the time over and
over. The last note before the gap says when it really stopped.
"""

from __future__ import annotations

import asyncio
import mmap
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from transloop_model import serving
from transloop_model.catalog import ModelFile
from transloop_model.engine import Done, Message, Request
from transloop_model.llama.engine import LlamaEngine, physical_cores
from transloop_trainer.background.hours import Hours
from transloop_trainer.background.reasons import Reasons
from transloop_trainer.background.supervisor import Supervisor

ASKED_MS = 200.0
PAUSES = 50
SETTLE_SECONDS = 0.3
FRESH_SECONDS = 0.01
"""A note that old says that it computes now."""
REQUEST = Request((Message("user", "Count from one to fifty."),), max_tokens=64)
CHILD = """
import mmap, os, struct, sys, threading, time
import torch
os.nice(19)
torch.set_num_threads(int(sys.argv[2]))
with open(sys.argv[1], "r+b") as file:
    notes = mmap.mmap(file.fileno(), 8)
def compute():
    left = torch.randn(256, 256)
    while True:
        left = (left @ left).clamp(-1, 1)
        notes[:] = struct.pack("d", time.monotonic())
compute()
"""


def measure(model: ModelFile, rounds: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each measurement as it ends."""
    with tempfile.TemporaryDirectory() as folder, _training(Path(folder) / "notes") as training:
        yield "until_training_stands_still", _latency(*training)
        yield "decoding_beside_training", asyncio.run(_decoding(model, training[0], rounds))


@contextmanager
def _training(notes: Path) -> Iterator[tuple[int, Callable[[], float]]]:
    """Its pid, and when it computed last."""
    notes.write_bytes(bytes(8))
    command = [sys.executable, "-c", CHILD, str(notes), str(physical_cores())]
    with subprocess.Popen(command) as child, notes.open("r+b") as file:
        content = mmap.mmap(file.fileno(), 8)

        def last() -> float:
            return float(struct.unpack("d", content[:])[0])

        try:
            while last() == 0.0:
                time.sleep(0.01)
            yield child.pid, last
        finally:
            child.kill()


def _latency(pid: int, last: Callable[[], float]) -> dict[str, Any]:
    found = []
    with _supervised(pid) as supervisor:
        for _ in range(PAUSES):
            while time.monotonic() - last() > FRESH_SECONDS:  # others may have had the cores
                time.sleep(0.001)
            began = time.monotonic()
            with serving.mark():
                time.sleep(SETTLE_SECONDS)
                found.append(max(0.0, 1000 * (last() - began)))
                still = last()
                time.sleep(SETTLE_SECONDS)
                if last() != still:
                    raise RuntimeError("it computes in a pause")
            while supervisor.paused:
                time.sleep(0.01)
            time.sleep(0.1)
    return {
        "pauses": PAUSES,
        "median_ms": round(statistics.median(found), 1),
        "p95_ms": round(statistics.quantiles(found, n=20)[18], 1),
        "max_ms": round(max(found), 1),
        "asked_ms": ASKED_MS,
    }


@contextmanager
def _supervised(pid: int) -> Iterator[Supervisor]:
    reasons = Reasons(Hours(), quiet_seconds=0.1)
    with Supervisor(reasons.look, Hours()) as supervisor:
        supervisor.follow(pid)
        yield supervisor


async def _decoding(model: ModelFile, pid: int, rounds: int) -> dict[str, Any]:
    """Tokens a second: beside training that goes on, beside one that makes way, and alone."""
    engine = LlamaEngine(model, context=1024)
    speeds: dict[str, list[float]] = {"beside_training": [], "training_makes_way": [], "alone": []}
    child = psutil.Process(pid)
    try:
        await _speed(engine)
        for _ in range(rounds):
            speeds["beside_training"].append(await _speed(engine))
            with _supervised(pid), serving.mark():
                speeds["training_makes_way"].append(await _speed(engine))
            child.suspend()
            speeds["alone"].append(await _speed(engine))
            child.resume()
    finally:
        await engine.close()
    found = {name: round(statistics.median(each), 1) for name, each in speeds.items()}
    alone = found["alone"]
    return {
        "model": model.id,
        "rounds": rounds,
        **{f"{name}_tokens_a_second": each for name, each in found.items()},
        "ratio_beside_training": round(found["beside_training"] / alone, 2),
        "ratio_training_makes_way": round(found["training_makes_way"] / alone, 2),
    }


async def _speed(engine: LlamaEngine) -> float:
    async for event in engine.generate(REQUEST):
        if isinstance(event, Done):
            return event.tokens / event.decode_seconds
    raise RuntimeError("a request did not end")
