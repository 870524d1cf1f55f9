"""Finding a language, and what a language file may not say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from transloop_settings.errors import SettingsError, UsageError
from transloop_syntax.language import language, language_for, languages, read_language

PYTHON = Path(languages.__wrapped__.__code__.co_filename).parent / "languages" / "python.toml"


@pytest.mark.parametrize(
    ("name", "identifier"),
    [
        ("python", "python"),
        ("PY", "python"),
        ("C++", "cpp"),
        ("golang", "go"),
        (" Js ", "javascript"),
    ],
)
def test_a_language_is_found_by_id_name_and_alias_in_any_case(name: str, identifier: str) -> None:
    assert language(name).id == identifier


def test_an_unknown_language_lists_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"`cobol`.*c, cpp, go, java, javascript, python"):
        language("cobol")


def test_the_editors_id_comes_before_the_suffix() -> None:
    assert language_for(Path("a.py"), "rust") == language("rust")
    assert language_for(Path("A.TSX")) == language("typescript")
    assert language_for(lsp_id="typescriptreact") == language("typescript")
    assert language_for(Path("x.c"), "unheard-of") == language("c")
    assert language_for(Path("README")) is None
    assert language_for() is None


def test_no_two_languages_claim_the_same_suffix_or_name() -> None:
    for field in ("suffixes", "lsp_ids", "aliases"):
        claimed = [item for each in languages().values() for item in getattr(each, field)]
        assert len(claimed) == len(set(claimed))


def test_all_problems_of_a_language_file_are_named_at_once() -> None:
    text = PYTHON.read_text("utf-8").replace("[nodes]", "[nodes]\nfunktions = []")
    text = text.replace('fence = "python"', 'fencing = "python"')
    with pytest.raises(SettingsError) as error:
        read_language("mine", text)
    for problem in ("mine.toml", "`nodes.funktions`", "`fencing`", "'fence'"):
        assert problem in str(error.value)


def test_reading_the_languages_imports_no_parser() -> None:
    code = (
        "import sys, transloop_syntax.language as l; l.languages();"
        "assert not [m for m in sys.modules if m.startswith('tree_sitter')]"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_parsing_imports_only_the_grammar_it_needs() -> None:
    code = (
        "import sys; from transloop_syntax.language import language; language('go').parser();"
        "print(sorted(m for m in sys.modules if m.startswith('tree_sitter_') and '.' not in m))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "['tree_sitter_go']"
