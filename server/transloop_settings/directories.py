"""Where transloop keeps things on this machine (platformdirs).

`TRANSLOOP_HOME` moves all of it to one folder; `TRANSLOOP_SEEDS_DIR`, `TRANSLOOP_STATE_DIR` and the
like move one kind of thing.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import platformdirs


def _place(kind: str) -> Path:
    if own := os.environ.get(f"TRANSLOOP_{kind.upper()}_DIR"):
        return Path(own).expanduser()
    home = os.environ.get("TRANSLOOP_HOME")
    if home:
        return Path(home).expanduser() / kind
    match kind:
        case "config":
            return platformdirs.user_config_path("transloop", appauthor=False)
        case "state":
            return platformdirs.user_state_path("transloop", appauthor=False)
        case "cache":
            return platformdirs.user_cache_path("transloop", appauthor=False)
        case _:
            return platformdirs.user_data_path("transloop", appauthor=False) / kind


def models() -> Path:
    """Folder of the model files."""
    return _place("models")


def adapters() -> Path:
    """Folder of the adapters, by the digest of the model that they belong to."""
    return _place("adapters")


def state() -> Path:
    """Folder of what is remembered between sessions, such as the last used target."""
    return _place("state")


def seeds() -> Path:
    """Folder of the log of outcomes and of the seeds."""
    return _place("seeds")


def cache() -> Path:
    """Folder of what can be made again, such as the results of programs that have been run."""
    return _place("cache")


def toolchains() -> Path:
    """Folder of the compilers that transloop got itself, and of what it made for all of them.

    Programs read it under an unprivileged uid if root starts them. Root's own folders are closed to
    that, so it is one of the machine then.
    """
    if sys.platform != "win32" and os.geteuid() == 0 and not os.environ.get("TRANSLOOP_HOME"):
        return platformdirs.site_cache_path("transloop", appauthor=False) / "toolchains"
    return _place("toolchains")


def user_settings() -> Path:
    """The user's settings file."""
    return _place("config") / "transloop.toml"


def workspace_settings(workspace: Path) -> Path:
    """The settings file of a workspace."""
    return workspace / ".transloop.toml"
