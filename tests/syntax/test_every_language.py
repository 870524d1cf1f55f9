"""What every language file promises, on one small program in each language.

Each sample declares `add` (commented "adds"), `Counter` (methods `bump`, commented "bumps",
and `reset`), `LIMIT`, `UNUSED`, an import it uses, one it does not, and `total`, which uses them.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from transloop_settings.errors import UnitError
from transloop_syntax.language import Language, languages
from transloop_syntax.outline import signatures, syntax_problem
from transloop_syntax.source import Source
from transloop_syntax.unit import Unit, unit_at, unit_name_at, unit_of_file

SAMPLES = Path(__file__).parent / "samples"
ALL = sorted(languages())
METHODS = sorted(set(ALL) - {"c"})


def sample(name: str) -> str:
    return (SAMPLES / f"{name}.sample").read_text("utf-8")


def source(name: str) -> Source:
    return Source(sample(name), languages()[name])


def at(name: str, text: str, last: bool = False) -> Unit:
    document = source(name)
    offset = document.text.rindex(text) if last else document.text.index(text)
    return unit_at(document, offset, offset)


def unit_or_none(document: Source, offset: int) -> Unit | None:
    try:
        return unit_at(document, offset, offset)
    except UnitError:
        return None


def test_every_language_has_a_sample_and_every_sample_a_language() -> None:
    assert sorted(path.stem for path in SAMPLES.glob("*.sample")) == ALL
    assert len(ALL) == 8


@pytest.mark.parametrize("name", ALL)
def test_the_sample_parses(name: str) -> None:
    assert syntax_problem(sample(name), languages()[name]) is None


@pytest.mark.parametrize("name", ALL)
def test_a_function_comes_with_its_comment_and_signature(name: str) -> None:
    unit = at(name, "a + b")
    assert (unit.kind, unit.names) == ("method" if unit.enclosing else "function", ("add",))
    assert "adds" in unit.code.split("\n")[0]
    assert not unit.code.startswith(" ")
    assert unit.signature is not None
    assert "add" in unit.signature
    assert not {"adds", "inner", "\n", "export", "@"} & set(unit.signature.split())


@pytest.mark.parametrize("name", ALL)
def test_the_comment_above_a_function_stands_for_the_function(name: str) -> None:
    assert at(name, "adds") == at(name, "a + b")


@pytest.mark.parametrize("name", METHODS)
def test_a_method_knows_its_class(name: str) -> None:
    unit = at(name, "return by" if name != "rust" else "self.value = by")
    assert unit.names == ("bump",)
    assert "bumps" in unit.code.split("\n")[0]
    assert (unit.kind, unit.enclosing) == (
        ("function", None) if name == "go" else ("method", "Counter")
    )


@pytest.mark.parametrize("name", sorted(set(METHODS) - {"go"}))
def test_several_methods_are_declarations_of_one_class(name: str) -> None:
    document = source(name)
    begin, end = document.text.index("bumps"), document.text.index("reset") + 3
    unit = unit_at(document, begin, end)
    assert (unit.kind, unit.names, unit.enclosing) == ("declarations", ("bump", "reset"), "Counter")


@pytest.mark.parametrize("name", ALL)
def test_a_class_header_takes_the_class(name: str) -> None:
    unit = at(name, {"java": "class Counter"}.get(name, " Counter"))
    assert (unit.kind, unit.names, unit.enclosing) == ("class", ("Counter",), None)
    assert unit.signature is not None
    assert unit.signature.endswith(("Counter", "Counter:", "struct"))


@pytest.mark.parametrize("name", ALL)
def test_what_a_caller_needs_and_nothing_else(name: str) -> None:
    unit = at(name, "LIMIT", last=True)
    assert unit.names == ("total",)
    needs = "\n".join(unit.needs)
    for used in (
        "LIMIT",
        "add",
        "Counter",
        "floor" if name not in ("c", "cpp", "go", "python") else "math",
    ):
        assert used in needs, used
    for unused in ("UNUSED", "os", "HashMap", "string.h", "<map>", "java.io", "a + b", "adds"):
        assert unused not in needs.replace("@logged", ""), unused


@pytest.mark.parametrize("name", ALL)
def test_a_selection_over_declarations_takes_all_of_them_whole(name: str) -> None:
    document = source(name)
    begin = document.text.index("Counter" if name != "java" else "public class")
    end = document.text.rindex("LIMIT") if name != "java" else document.text.index("bumps")
    unit = unit_at(document, begin, end)
    assert unit.kind == "declarations"
    assert "Counter" in unit.names
    assert unit.names[-1] == ("total" if name != "java" else "Counter")
    assert document.text[unit.start : unit.end] == unit.code


@pytest.mark.parametrize("name", ALL)
def test_everything_is_the_file(name: str) -> None:
    document = source(name)
    unit = unit_at(document, 0, len(document.text))
    assert unit == unit_of_file(document)
    assert (unit.kind, unit.needs, unit.signature) == ("file", (), None)
    assert unit.code == document.text.rstrip("\n")


@pytest.mark.parametrize("name", ALL)
def test_a_blank_line_outside_declarations_holds_nothing(name: str) -> None:
    offset = sample(name).index("\n\n") + 1
    with pytest.raises(UnitError, match="no code at line"):
        unit_at(source(name), offset, offset)


@pytest.mark.parametrize("name", ALL)
def test_every_character_gives_a_unit_of_whole_lines_or_a_reason(name: str) -> None:
    document = source(name)
    for offset in range(len(document.text) + 1):
        unit = unit_or_none(document, offset)
        if unit is None:
            continue
        assert unit.start == 0 or document.text[unit.start - 1] == "\n"
        assert unit.end == len(document.text) or document.text[unit.end] == "\n"
        assert unit.warnings == ()


@pytest.mark.parametrize("name", ALL)
def test_the_menu_is_offered_on_the_name_only(name: str) -> None:
    document = source(name)
    offset = document.text.index("add", document.text.index("adds") + 4)
    for each in (offset, offset + 3):
        assert unit_name_at(document, each) == "add"
    assert unit_name_at(document, document.text.index("a + b")) is None
    header = re.search(r"(class|struct|type) Counter", document.text)
    assert header is not None
    assert unit_name_at(document, header.end() - 2) == "Counter"
    if name == "python":
        assert unit_name_at(document, document.text.index("inner")) is None
    assert unit_name_at(document, 0) is None


@pytest.mark.parametrize("name", ALL)
def test_an_outline_lists_signatures_and_no_bodies(name: str) -> None:
    outline = "\n".join(signatures(sample(name), languages()[name]))
    for each in ("add", "Counter", "total", *(("bump", "reset") if name != "c" else ())):
        assert each in outline
    assert "a + b" not in outline


@pytest.mark.parametrize("name", ALL)
def test_a_language_says_what_a_prompt_and_an_editor_need(name: str) -> None:
    each: Language = languages()[name]
    assert each.naming
    assert each.fence
    assert each.line_comment
    assert all(suffix.startswith(".") for suffix in each.suffixes)
    assert len(each.block_comment) in (0, 2)
    for variant in ("", *each.grammar.variants):
        assert each.parser(variant).language is not None


@pytest.mark.parametrize("name", ALL)
def test_a_language_file_names_only_node_types_of_its_grammar(name: str) -> None:
    language = languages()[name]
    grammar = language.parser().language
    assert grammar is not None
    kinds = {grammar.node_kind_for_id(number) for number in range(grammar.node_kind_count)}
    nodes = language.nodes
    named = frozenset().union(
        nodes.functions, nodes.classes, nodes.bodies, nodes.imports, nodes.identifiers,
        nodes.comments, nodes.other, nodes.headers, nodes.attributes, nodes.strings,
        nodes.statements, nodes.wildcards, language.binds, language.names, language.wrappers,
        language.branches, language.containers, language.members, language.imports,
    )  # fmt: skip
    assert named - kinds == set()
