"""What a tree-sitter query finds in a document."""

from __future__ import annotations

from collections.abc import Iterator

from transloop_syntax.source import Source


def captured(source: Source, query: str) -> list[tuple[int, int]]:
    """Start and end (code points) of all that the query captures; (0, 0) for a bare match."""
    import tree_sitter

    cursor = tree_sitter.QueryCursor(source.language.query(query))
    found: list[tuple[int, int]] = []
    for _, captures in cursor.matches(source.root):
        nodes = [node for each in captures.values() for node in each]
        spans = [(node.start_byte, node.end_byte) for node in nodes] or [(0, 0)]
        found += [(source.offset(start), source.offset(end)) for start, end in spans]
    return found


def matched(source: Source, query: str) -> Iterator[dict[str, str]]:
    """For each match of the query, the text of what it captures by name."""
    import tree_sitter

    cursor = tree_sitter.QueryCursor(source.language.query(query))
    for _, captures in cursor.matches(source.root):
        yield {
            name: (nodes[0].text or b"").decode("utf-8", "replace")
            for name, nodes in captures.items()
        }
