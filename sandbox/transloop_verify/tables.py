"""What `languages/<id>/` says: TOML tables and harness templates, read once each."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent / "languages"


@cache
def languages() -> tuple[str, ...]:
    """The ids of the languages whose programs can be called, in alphabetical order."""
    return tuple(sorted(path.parent.name for path in ROOT.glob("*/harness.toml")))


@cache
def table(language: str, name: str) -> Mapping[str, Any]:
    """The table `languages/<language>/<name>.toml`."""
    return tomllib.loads(text(language, f"{name}.toml"))


@cache
def text(language: str, name: str) -> str:
    """The text of `languages/<language>/<name>`."""
    return (ROOT / language / name).read_text("utf-8")
