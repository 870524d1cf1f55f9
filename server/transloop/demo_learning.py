"""The end of the demo: how the answer was chosen, and what a correction leaves to learn from.

The demo's store is a folder of its own that is removed at the end: nothing of it is learned.
"""

from __future__ import annotations

import asyncio
import difflib
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from transloop.demo import Shown
    from transloop.demo_client import Editor
    from transloop_seeds.seed import Seed

SAMPLE, BEFORE, AFTER = "largest", "numbers", "scores"
"""The function whose translation the “user” corrects, and the name they do not like."""
CONSENT = {"May transloop learn": "Yes, with code"}
SECONDS = 90.0
"""For a seed: an edit has settled after ten seconds, and both sides are run again."""


async def show_learning(console: Console, editor: Editor, shown: list[Shown], store: Path) -> None:
    """Correct one translation as a user would, and show what is kept of it."""
    found = next((each for each in shown if each.piece.name == SAMPLE and each.code), None)
    if found is None or not re.search(rf"\b{BEFORE}\b", found.code):
        return
    console.rule(f"{SAMPLE} to {found.target.name}: from the first answer to a seed", align="left")
    await _print_candidates(console, editor, found)
    corrected = _correct(editor, found)
    console.print(f"\nThe “user” likes another name better, and saves ({SECONDS:.0f} s at most):\n")
    _print_diff(console, found.code, corrected)
    seed = await _seed(store)
    if seed is None:
        console.print("No seed was left.", style="red")
        return
    _print_seed(console, seed)


async def _print_candidates(console: Console, editor: Editor, found: Shown) -> None:
    """Every answer that was run, the first one first."""
    told = await editor.command("transloop.evidence", {"job": found.job["id"]})
    candidates: list[dict[str, Any]] = told.get("candidates", [])
    for each in sorted(candidates, key=lambda each: float(each["temperature"])):
        name = "sampled" if each["temperature"] else "first answer"
        style = "green" if each["verdict"].startswith("verified") else "red"
        console.print(f"{name}: {each['verdict']}", style=style, soft_wrap=True, markup=False)


def _correct(editor: Editor, found: Shown) -> str:
    uri = found.job["placed"]
    text = editor.text_of(uri)
    editor.open_file(editor.path_of(uri))
    corrected = re.sub(rf"\b{BEFORE}\b", AFTER, text)
    editor.retype(uri, corrected)
    return corrected.rstrip("\n")


def _print_diff(console: Console, before: str, after: str) -> None:
    from rich.syntax import Syntax

    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=1, lineterm="")
    console.print(Syntax("\n".join(list(lines)[2:]), "diff", theme="ansi_dark"))


async def _seed(folder: Path) -> Seed | None:
    """The first seed of a store, as soon as there is one."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        await asyncio.sleep(0.5)
        if seeds := await asyncio.to_thread(_seeds, folder):
            return seeds[0]
    return None


def _seeds(folder: Path) -> list[Seed]:
    from transloop_seeds.store import Store

    if not folder.exists():  # nobody has written anything yet
        return []
    store = Store(folder)
    try:
        return store.seeds()
    finally:
        store.close()


def _print_seed(console: Console, seed: Seed) -> None:
    cases = seed.evidence.get("cases")
    again = f", {seed.verdict}" + (f" again on {cases} cases" if cases else "")
    console.print(
        f"\nIt left a seed, {seed.id[:12]}: {seed.origin}, {seed.source_language} to "
        f"{seed.target_language}{again}, {seed.redacted} secrets taken out. Kept are the original, "
        "the answer and the corrected text. In your editor you are asked first; `transloop seeds "
        "show` tells what is stored, `forget` removes it. This one goes with the demo.",
        soft_wrap=True,
        markup=False,
    )
