"""The process that trains: `python -m transloop_trainer.loop.tuner`, spoken to by `tuning`.

One line of JSON on stdin says what to do; lines on stdout say how it goes, and ask for the score of
a checkpoint, which is answered on stdin. It ends when its parent does. torch lives here alone.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from transloop_settings.errors import ExamplesUnusable, TransloopError

PROBES = 4
"""Examples on which llama.cpp and torch are compared."""


class Line:
    """The conversation with the parent."""

    def __init__(self) -> None:
        # What libraries print must not be taken for an answer.
        self._out: TextIO = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)
        self._heard: queue.Queue[Any] = queue.Queue()
        threading.Thread(target=self._hear, daemon=True).start()

    def say(self, **message: Any) -> None:
        """One message."""
        self._out.write(json.dumps(message) + "\n")
        self._out.flush()

    def hear(self) -> Any:
        """The next one from the parent."""
        return self._heard.get()

    def _hear(self) -> None:
        for line in sys.stdin:
            self._heard.put(json.loads(line))
        os._exit(1)  # nobody is there any more; a checkpoint is on the disk


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's, which ends this one
    line = Line()
    try:
        line.say(done=_tuned(line, line.hear()))
    except TransloopError as error:
        said = str(error.args[0])
        line.say(failed={"kind": type(error).__name__, "said": said, "advice": error.advice})


def _tuned(line: Line, order: dict[str, Any]) -> dict[str, Any]:
    import torch
    from pydantic import TypeAdapter

    from transloop_model.catalog import ModelFile
    from transloop_model.llama.native import Model
    from transloop_model.llama.tokens import Tokens
    from transloop_trainer import base, examples, export, finetune
    from transloop_trainer.batches import rows_of
    from transloop_trainer.recipe import Recipe

    torch.set_num_threads(order["threads"])
    folder = Path(order["folder"])
    recipe = TypeAdapter(Recipe).validate_python(order["recipe"])
    model = ModelFile(order["model"], Path(order["path"]), sha256=order["sha256"])
    given = examples.read(Path(order["examples"]))
    tokens = Tokens(Model(model.path, vocabulary_only=True))
    rows = rows_of(given, tokens, recipe.longest, rivals=recipe.preference > 0)
    if not rows:
        raise ExamplesUnusable(
            f"None of the {len(given)} examples has at most {recipe.longest} tokens.",
            "Raise `longest`, or learn from shorter functions.",
        )
    loaded = base.load(model)
    directions = examples.directions(given)
    card = export.Card(order["sha256"], directions, examples.lineage_digest(given))

    def validate(step: int, adapter: Path) -> float:
        path = folder / f"step-{step:06}.gguf"
        export.write(loaded, adapter, path, card)
        line.say(validate={"step": step, "adapter": str(path)})
        score = float(line.hear()["score"])
        path.unlink(missing_ok=True)
        return score

    found = finetune.finetune(
        loaded,
        rows,
        recipe,
        folder,
        validate=validate if order["validate"] else None,
        report=lambda progress: line.say(progress=asdict(progress)),
    )
    exported = Path(order["adapter"])
    agreed = export.export(loaded, found.adapter, exported, card, rows[:PROBES])
    return {
        "step": found.step,
        "steps": found.steps,
        "losses": found.losses,
        "scores": found.scores,
        "rows": len(rows),
        "cosine": min(agreed.cosine, agreed.amplified),
    }


if __name__ == "__main__":
    main()
