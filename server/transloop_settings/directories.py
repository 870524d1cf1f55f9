"""Where transloop keeps things on this machine (platformdirs), overridden by `TRANSLOOP_HOME`."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def _place(kind: str) -> Path:
    home = os.environ.get("TRANSLOOP_HOME")
    if home:
        return Path(home).expanduser() / kind
    match kind:
        case "config":
            return platformdirs.user_config_path("transloop", appauthor=False)
        case "state":
            return platformdirs.user_state_path("transloop", appauthor=False)
        case _:
            return platformdirs.user_data_path("transloop", appauthor=False) / kind


def models() -> Path:
    """Folder of the model files."""
    return _place("models")


def state() -> Path:
    """Folder of what is remembered between sessions, such as the last used target."""
    return _place("state")


def user_settings() -> Path:
    """The user's settings file."""
    return _place("config") / "transloop.toml"


def workspace_settings(workspace: Path) -> Path:
    """The settings file of a workspace."""
    return workspace / ".transloop.toml"
