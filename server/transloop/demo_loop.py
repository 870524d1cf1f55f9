"""The very end of the demo: one short run of the loop on what the demo has left.

It claims nothing: so short a training rarely makes a model better, and then the gate says so and
what was in use stays. Nothing is forced.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from transloop.demo_client import Editor

DIRECTION = "python:javascript"
WORK_SECONDS = 300
"""That the run may work; it ends earlier where there is nothing more to do."""
SWAP_SECONDS = 20.0
TRAIN = (
    *("train", "--once", "--recipe", "smoke", "--policy", "fixed"),
    *("--direction", DIRECTION, "--seconds", str(WORK_SECONDS)),
)


async def show_loop(
    console: Console, editor: Editor, folder: Path, environment: Mapping[str, str]
) -> None:
    """Gather seeds, run the loop beside the running server, and show what that uses afterwards."""
    console.rule("The loop: seeds, pairs, an adapter, the gate", align="left")
    lessons = _lessons(folder)
    console.print(
        f"The “user” also has {lessons} with everyday functions. Each step says why it is taken; "
        f"this may take {WORK_SECONDS // 60 + 4} minutes. A translation meanwhile would come "
        "first.\n",
        soft_wrap=True,
    )
    began = time.perf_counter()
    await _ran(console, ("seeds", "harvest", str(lessons)), environment)
    code = await _ran(console, TRAIN, environment)
    console.print(f"\nThat took {time.perf_counter() - began:.0f} s.")
    if code:
        console.print("The run did not come to its end; see above.", style="red")
        return
    await _show_in_use(console, editor, environment)


def _lessons(folder: Path) -> Path:
    """The functions as files of the demo's own."""
    place = folder / "lessons"
    place.mkdir()
    for file in (resources.files(__package__) / "lessons").iterdir():
        if file.name.endswith(".py"):
            (place / file.name).write_text(file.read_text("utf-8"), "utf-8")
    return place


async def _ran(console: Console, arguments: tuple[str, ...], environment: Mapping[str, str]) -> int:
    """A command of transloop, as a person would run it; what it says is shown as it comes."""
    console.print(f"$ transloop {' '.join(arguments)}", style="bold", soft_wrap=True, markup=False)
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "transloop", *arguments),
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        while child.stdout and (line := await child.stdout.readline()):
            said = line.decode("utf-8", "replace").rstrip()
            console.print(said, soft_wrap=True, markup=False)
        return await child.wait()
    finally:
        if child.returncode is None:
            child.terminate()
            await child.wait()


async def _show_in_use(console: Console, editor: Editor, environment: Mapping[str, str]) -> None:
    """What the registry says, and what the server that runs all the while has made of it."""
    wanted = _in_use(Path(environment["TRANSLOOP_ADAPTERS_DIR"]))
    end = time.monotonic() + SWAP_SECONDS
    while (found := (await editor.command("transloop.status"))["adapter"]) != wanted:
        if time.monotonic() > end:
            break
        await asyncio.sleep(0.2)
    if wanted is None:
        console.print(
            "The gate kept the model alone, for the reason above: the running server goes on with "
            "it. The adapter stays in the registry (transloop adapters list).",
            soft_wrap=True,
        )
    elif found == wanted:
        told = next((each for each in reversed(editor.messages) if "adapter" in each), "")
        console.print(f"The running server has swapped, without a restart: {told or found}.")
    else:
        console.print(
            f"{wanted} is in use, and the server still computes with {found}.", style="red"
        )


def _in_use(adapters: Path) -> str | None:
    """The name of the file that the registry says is in use."""
    from transloop_model.registry.registry import registries

    found = [each.current() for each in registries(adapters)]
    return next((each.path.name for each in found if each is not None), None)
