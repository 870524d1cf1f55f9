"""The very end of the demo: one short run of the loop on what the demo has left.

It claims nothing: so short a training rarely makes a model better, and then the gate says so. What
it refuses is put to use only to show a swap, said to be refused, and taken back.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from transloop.demo_client import Editor

Translate = Callable[[], Awaitable[object]]

DIRECTION = "python:javascript"
WORK_SECONDS = 300
"""That the run may work; it ends earlier where there is nothing more to do."""
SWAP_SECONDS = 20.0
TRAIN = (
    *("train", "--once", "--recipe", "smoke", "--policy", "fixed"),
    *("--direction", DIRECTION, "--seconds", str(WORK_SECONDS)),
)


async def show_loop(
    console: Console,
    editor: Editor,
    folder: Path,
    environment: Mapping[str, str],
    translate: Translate,
) -> None:
    """Gather seeds, run the loop beside the running server, and show how that swaps.

    Args:
        translate: has the server translate a sample in `DIRECTION`, and shows it.
    """
    console.rule("The loop: seeds, pairs, an adapter, the gate, a swap", align="left")
    lessons = _lessons(folder)
    console.print(
        f"The “user” also has {lessons} with everyday functions. Each step says why it is taken; "
        f"this may take {WORK_SECONDS // 60 + 4} minutes. A translation meanwhile would come "
        "first.\n",
        soft_wrap=True,
    )
    began = time.perf_counter()
    pid = (await editor.command("transloop.status"))["pid"]
    await _ran(console, ("seeds", "harvest", str(lessons)), environment)
    code = await _ran(console, TRAIN, environment)
    console.print(f"\nThat took {time.perf_counter() - began:.0f} s.")
    if code:
        console.print("The run did not come to its end; see above.", style="red")
        return
    await _show_swap(console, editor, environment, pid, translate)


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


async def _show_swap(
    console: Console,
    editor: Editor,
    environment: Mapping[str, str],
    pid: int | None,
    translate: Translate,
) -> None:
    """The running server takes over what the gate lets through, or what a person insists on.

    Args:
        pid: of the server's model, before the loop.
    """
    number, promoted = _made(Path(environment["TRANSLOOP_ADAPTERS_DIR"]))
    if number is None:
        console.print("No adapter was made, for the reason above: there is nothing to swap.")
        return
    if not promoted:
        console.print(
            "\nThe model alone stays in use, for the reason above, and you would leave it at that. "
            "Only to show a swap, the “user” overrules the gate, which is written down, and takes "
            "that back.\n",
            soft_wrap=True,
        )
        forced = ("adapters", "promote", str(number), "--force")
        if await _ran(console, forced, environment):
            console.print("So there is nothing to swap.", style="red")
            return
    await _show_in_use(console, editor, f"adapter-{number}.gguf", pid, news=1)
    await translate()
    if not promoted:
        await _ran(console, ("adapters", "rollback"), environment)
        await _show_in_use(console, editor, None, pid, news=2)


async def _show_in_use(
    console: Console, editor: Editor, wanted: str | None, pid: int | None, news: int
) -> None:
    """What the server that runs all the while computes with, once it has said so.

    Args:
        pid: of its model, before the loop.
        news: how many adapters, or ends of one, it has told the editor of by then.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(SWAP_SECONDS):
            while len(_about_adapters(editor)) < news:
                editor.news.clear()
                await editor.news.wait()
    told = _about_adapters(editor)
    now = await editor.command("transloop.status")
    found = now["adapter"] or "the model alone"
    if now["adapter"] != wanted or len(told) < news:
        console.print(f"The running server did not swap: it computes with {found}.", style="red")
        return
    same = ", in the process that ran before" if pid is not None and now["pid"] == pid else ""
    console.print(
        f"The running server computes with {found}{same}. It told the editor: “{told[-1]}”\n",
        soft_wrap=True,
        markup=False,
    )


def _about_adapters(editor: Editor) -> list[str]:
    return [each for each in editor.messages if "adapter" in each.lower()]


def _made(adapters: Path) -> tuple[int | None, bool]:
    """The number of the newest adapter, if there is one; and whether it is in use."""
    from transloop_model.registry.registry import registries

    for registry in registries(adapters):
        if numbers := registry.numbers():
            return numbers[-1], registry.standing().number == numbers[-1]
    return None, False
