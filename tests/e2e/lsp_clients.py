"""What different editors announce, and a decoder that reads what we answer."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from lsprotocol import types as lsp
from pygls.protocol import default_converter
from pytest_lsp import client_capabilities


def vscode() -> lsp.ClientCapabilities:
    """pytest-lsp's snapshot of VS Code 1.65, with what 1.100 announces besides."""
    found = client_capabilities("visual-studio-code")
    assert found.text_document
    assert found.text_document.code_action
    found.general = lsp.GeneralClientCapabilities(
        position_encodings=[lsp.PositionEncodingKind.Utf16]
    )
    found.text_document.code_action.tag_support = lsp.CodeActionTagOptions(
        [lsp.CodeActionTag.LlmGenerated]
    )
    return found


CLIENTS: dict[str, Callable[[], lsp.ClientCapabilities]] = {
    "vscode": vscode,
    "neovim": lambda: client_capabilities("neovim@0.11"),
    "bare": lsp.ClientCapabilities,
}


@cache
def converter() -> Any:
    """lsprotocol 2025.0.0 decodes a CodeAction that carries a `command` as a Command."""
    made = default_converter()
    made.register_structure_hook(
        lsp.Command | lsp.CodeAction,
        lambda given, _: made.structure(
            given, lsp.Command if isinstance(given.get("command"), str) else lsp.CodeAction
        ),
    )
    return made
