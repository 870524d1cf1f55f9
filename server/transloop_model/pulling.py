"""A pull in a process of its own, which can be ended at any moment.

`python -m transloop_model.pulling ID` writes a JSON object a line: `done` and `total` in bytes with
the `source`, which is `check` while the digest is computed, a `note`, or at last an `error`.
"""

from __future__ import annotations

import json
import sys
import time

from transloop_model import catalog
from transloop_model.pull import Step, pull
from transloop_settings.errors import TransloopError

EVERY_SECONDS = 0.3


def main() -> int:
    """Pull the model that is named; the exit code is that of `transloop models pull`."""
    last = 0.0

    def tell(step: Step) -> None:
        nonlocal last
        now = time.monotonic()
        if step.note or now - last >= EVERY_SECONDS:
            last = now
            say(source=step.source, done=step.done, total=step.total, note=step.note)

    try:
        pull(catalog.entry(sys.argv[1]), progress=tell)
    except TransloopError as error:
        say(error=str(error))
        return error.exit_code
    return 0


def say(**facts: object) -> None:
    """One line for whoever has started this."""
    sys.stdout.write(f"{json.dumps(facts)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
