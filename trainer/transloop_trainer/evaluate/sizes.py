"""How many units measure a training: enough to tell something, few enough to leave it time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """Units of each direction, at most."""

    validation: int
    gate: int
    guarded: int


SIZES: Mapping[str, Sizes] = {
    "smoke": Sizes(6, 10, 5),  # nothing can be told from so few: it shows that all is connected
    "small": Sizes(32, 120, 40),
    "full": Sizes(48, 400, 80),  # 5 points are seen from about 470 pairs on
    "preferences": Sizes(32, 120, 40),
}
"""By recipe."""
