"""Fills the places of a recipe's command line: what a job, its limits and its tools make of it.

What a backend fills in (`{work}`, and the binds) stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from transloop_sandbox.command import Bind
from transloop_sandbox.job import File, Job, Limits
from transloop_sandbox.recipe import Compile, Query, Recipe, Run
from transloop_sandbox.toolchains import Toolchain
from transloop_syntax.language import language


def arguments(
    template: Sequence[str], places: Mapping[str, str], tools: Container[str]
) -> tuple[str, ...]:
    """The command line. `{gold?}` begins an argument that is there only if the tool is."""
    conditions = [re.match(r"\{(\w+)\?\}", each) for each in template]
    return tuple(
        text(each[found.end() if found else 0 :], places)
        for each, found in zip(template, conditions, strict=True)
        if found is None or found[1] in tools
    )


def environment(
    wanted: Mapping[str, str], places: Mapping[str, str]
) -> tuple[tuple[str, str], ...]:
    """The environment; what every program needs comes from the backend."""
    return tuple((name, text(value, places)) for name, value in wanted.items())


def text(template: str, places: Mapping[str, str]) -> str:
    """The template with its places filled; other braces are left alone."""
    return re.sub(r"\{(\w+)\}", lambda found: places.get(found[1], found[0]), template)


def of_limits(limits: Limits, overhead_mb: int) -> dict[str, str]:
    """Places that follow from the limits."""
    heap = max(16, limits.memory_mb - overhead_mb)
    return {"memory_mb": str(limits.memory_mb), "heap_mb": str(heap)}


def raised(limits: Limits, how: Compile | Run) -> Limits:
    """The limits, with what the language needs to start at all."""
    return replace(
        limits,
        memory_mb=max(limits.memory_mb, how.memory_floor_mb),
        processes=max(limits.processes, how.processes_floor),
    )


def of_tools(toolchain: Toolchain) -> dict[str, str]:
    """Places of the tools that need no bind; those of the others are the backend's."""
    return {name: str(tool.root) for name, tool in toolchain.tools.items() if tool.everywhere}


def binds(
    toolchain: Toolchain, warm: Mapping[str, Path], template: Sequence[str]
) -> tuple[Bind, ...]:
    """What the command line names, and what the sandbox does not have anyway."""
    tools = {name: tool.root for name, tool in toolchain.tools.items() if not tool.everywhere}
    named = set(re.findall(r"\{(\w+)\}", " ".join(template)))
    return tuple(Bind(name, root) for name, root in {**tools, **warm}.items() if name in named)


def named(job: Job, recipe: Recipe) -> tuple[tuple[File, ...], dict[str, str]]:
    """The files, the main one under the name that its language asks for; and places for both.

    A job's own name serves where its suffix does.
    """
    first, *others = job.files
    places = {name: _found(first, recipe.id, query) for name, query in recipe.queries.items()}
    name = text(recipe.main, places)
    suffixes = recipe.own_names or language(recipe.id).suffixes
    if not recipe.queries and PurePosixPath(first.path).suffix in suffixes:
        name = first.path
    return (File(name, first.content), *others), {
        **places,
        "main": name,
        "stem": PurePosixPath(name).stem,
    }


def _found(file: File, language_id: str, query: Query) -> str:
    import tree_sitter

    code = (
        file.content if isinstance(file.content, bytes) else file.content.encode("utf-8", "replace")
    )
    spoken = language(language_id)
    cursor = tree_sitter.QueryCursor(spoken.query(query.query))
    nodes = cursor.captures(spoken.parser().parse(code).root_node).get("found")
    if not nodes or nodes[0].text is None:
        return query.default
    return query.value.replace("{0}", nodes[0].text.decode("utf-8", "replace"))
