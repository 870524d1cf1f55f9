"""Changes, new files and deletions as LSP workspace edits, in the form that the client knows."""

from __future__ import annotations

from lsprotocol import types as lsp

from transloop_server.client import Client
from transloop_server.documents import Document


def change(
    client: Client, document: Document, start: int, end: int, text: str
) -> lsp.WorkspaceEdit:
    """Replace a span of an open document: one edit, so that one undo takes it back."""
    edit = lsp.TextEdit(document.text.range(start, end), text)
    if not client.document_changes:
        return lsp.WorkspaceEdit(changes={document.uri: [edit]})
    identifier = lsp.OptionalVersionedTextDocumentIdentifier(document.uri, document.version)
    return lsp.WorkspaceEdit(document_changes=[lsp.TextDocumentEdit(identifier, [edit])])


def create(uri: str, text: str) -> lsp.WorkspaceEdit:
    """Create a file with `text`; an existing one makes the client refuse."""
    options = lsp.CreateFileOptions(overwrite=False, ignore_if_exists=False)
    # To the next line: Neovim's empty buffer holds one, which would stay behind our last line end.
    whole = lsp.Range(lsp.Position(0, 0), lsp.Position(1, 0))
    identifier = lsp.OptionalVersionedTextDocumentIdentifier(uri, None)
    return lsp.WorkspaceEdit(
        document_changes=[
            lsp.CreateFile(uri, options=options),
            lsp.TextDocumentEdit(identifier, [lsp.TextEdit(whole, text)]),
        ]
    )


def delete(uri: str) -> lsp.WorkspaceEdit:
    """Delete a file."""
    options = lsp.DeleteFileOptions(ignore_if_not_exists=True)
    return lsp.WorkspaceEdit(document_changes=[lsp.DeleteFile(uri, options=options)])
