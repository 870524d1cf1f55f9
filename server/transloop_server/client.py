"""What the connected editor can do. Everything here is optional: each has a plain fallback."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lsprotocol import types as lsp


@dataclass(frozen=True)
class Client:
    """Capabilities that transloop looks at, read once at `initialize`."""

    progress: bool = False
    document_changes: bool = False
    """Versioned edits. Neovim to 0.12 does not announce them, but handles them."""
    create_files: bool = False
    delete_files: bool = False
    show_document: bool = False
    ask: bool = False
    """`window/showMessageRequest` with actions."""
    lens_refresh: bool = False
    configuration: bool = False
    literal_actions: bool = False
    """Without it the menu holds bare commands."""
    mark_generated: bool = False
    """The `LLMGenerated` tag of code actions (LSP 3.18)."""
    diagnostics: bool = False
    related_information: bool = False
    diff: bool = False
    """Experimental, ours: it shows two files side by side."""
    evidence: bool = False
    """Experimental, ours: it shows the page with the evidence itself."""
    stream: bool = False
    """Experimental, ours: it shows a translation while it is written (`transloop/writing`)."""

    @classmethod
    def of(cls, capabilities: lsp.ClientCapabilities) -> Client:
        """Read the capabilities, each of whose levels may be missing."""
        window = capabilities.window or lsp.WindowClientCapabilities()
        workspace = capabilities.workspace or lsp.WorkspaceClientCapabilities()
        edits = workspace.workspace_edit or lsp.WorkspaceEditClientCapabilities()
        text = capabilities.text_document or lsp.TextDocumentClientCapabilities()
        actions = text.code_action or lsp.CodeActionClientCapabilities()
        operations = edits.resource_operations or ()
        creates = lsp.ResourceOperationKind.Create in operations
        published = text.publish_diagnostics
        ours = _ours(capabilities.experimental)
        tags = actions.tag_support.value_set if actions.tag_support else ()
        return cls(
            progress=bool(window.work_done_progress),
            document_changes=bool(edits.document_changes) or creates,
            create_files=creates,
            delete_files=lsp.ResourceOperationKind.Delete in operations,
            show_document=bool(window.show_document and window.show_document.support),
            ask=window.show_message is not None,
            lens_refresh=bool(workspace.code_lens and workspace.code_lens.refresh_support),
            configuration=bool(workspace.configuration),
            literal_actions=actions.code_action_literal_support is not None,
            mark_generated=lsp.CodeActionTag.LlmGenerated in tags,
            diagnostics=published is not None,
            related_information=bool(published and published.related_information),
            diff=ours.get("diff") is True,
            evidence=ours.get("evidence") is True,
            stream=ours.get("stream") is True,
        )


def _ours(experimental: object) -> Mapping[str, object]:
    """What a client of ours announces; the protocol gives it no form."""
    found = experimental.get("transloop") if isinstance(experimental, Mapping) else None
    return found if isinstance(found, Mapping) else {}
