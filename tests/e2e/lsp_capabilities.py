"""Which capabilities the server looks at, found by looking on while it does."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import attrs
from lsprotocol import types as lsp
from tests.e2e.lsp_clients import vscode

from transloop_server.client import Client

OURS = {"transloop": {"diff": True, "evidence": True, "stream": True}}
LIBRARY = ("general", "general.position_encodings", "text_document.synchronization",
           "workspace.file_operations")  # fmt: skip
"""What pygls looks at for us."""


def complete() -> lsp.ClientCapabilities:
    """A client that can do everything that the server looks at."""
    found = vscode()
    found.experimental = OURS
    return found


def looked_at() -> list[str]:
    """The paths of all capabilities that are read, such as `window.show_document.support`."""
    seen: dict[str, None] = {}
    Client.of(_watched(complete(), "", seen))
    return [*seen, *LIBRARY]


def without(path: str) -> lsp.ClientCapabilities:
    """All capabilities but one; `list[item]` is a list without an item."""
    found = complete()
    name, _, item = path.removesuffix("]").partition("[")
    *before, leaf = name.split(".")
    found.experimental = copy.deepcopy(OURS)
    holder: Any = found
    for step in before:
        holder = _get(holder, step)
    value = _get(holder, leaf)
    assert value, f"the complete client does not announce {path}, so nothing is tested"
    if isinstance(holder, dict):
        del holder[leaf]
    elif item:
        left = [each for each in value if str(getattr(each, "value", each)) != item]
        assert len(left) < len(value), path
        setattr(holder, leaf, left)
    else:
        required = attrs.fields_dict(type(holder))[leaf].default is attrs.NOTHING
        setattr(holder, leaf, type(value)() if required else None)
    return found


def _get(holder: Any, name: str) -> Any:
    return holder.get(name) if isinstance(holder, dict) else getattr(holder, name)


def _watched(value: Any, path: str, seen: dict[str, None]) -> Any:
    """The same, which notes what is asked of it."""
    if isinstance(value, dict):
        return _Dict(value, path, seen)
    if isinstance(value, list | tuple):
        return _List(value, path, seen)
    return _Object(value, path, seen) if hasattr(value, "__attrs_attrs__") else value


class _Object:
    def __init__(self, value: Any, path: str, seen: dict[str, None]) -> None:
        self._of = value, path, seen

    def __getattr__(self, name: str) -> Any:
        value, path, seen = self._of
        inner = f"{path}.{name}".lstrip(".")
        seen[inner] = None
        return _watched(getattr(value, name), inner, seen)


class _Dict(dict[str, Any]):
    def __init__(self, value: dict[str, Any], path: str, seen: dict[str, None]) -> None:
        super().__init__(value)
        self._of = path, seen

    def get(self, name: str, default: Any = None) -> Any:
        path, seen = self._of
        seen[f"{path}.{name}"] = None
        return _watched(super().get(name, default), f"{path}.{name}", seen)


class _List(list[Any]):
    def __init__(self, value: Any, path: str, seen: dict[str, None]) -> None:
        super().__init__(value)
        self._of = path, seen

    def __contains__(self, item: object) -> bool:
        path, seen = self._of
        seen[f"{path}[{getattr(item, 'value', item)}]"] = None
        return super().__contains__(item)

    def __iter__(self) -> Iterator[Any]:
        raise AssertionError("a list of capabilities is read in a way that is not watched")
