"""A server of several on one store: writes events as fast as it can. Prints their numbers."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.seeds.samples import ALL, about, waiting

from transloop_seeds.event import Accepted, Shown
from transloop_seeds.store import Store


def main(folder: Path, name: str, count: int) -> None:
    """Every translation is shown, held, accepted."""
    store = Store(folder)
    numbers = []
    for at in range(count):
        made = about(f"def {name}_{at}(): return {at}")
        numbers.append(store.record(Shown(made, f"draft {name} {at}"), ALL).number)
        store.hold(waiting(made), "/w", ALL)
        numbers.append(store.record(Accepted(made, f"final {name} {at}"), ALL).number)
    store.close()
    sys.stdout.write(json.dumps(numbers))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
