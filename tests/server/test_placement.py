"""Where a translation goes, and that nothing of the person's is lost for it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from transloop_server.placement import Insertion, arrived, file_beside, file_text, insertion
from transloop_settings.errors import UsageError
from transloop_syntax.language import language
from transloop_syntax.source import Source
from transloop_syntax.unit import Unit, unit_at, unit_of_file

PYTHON, JAVASCRIPT = language("python"), language("javascript")
CODE = "function f() {\n  return 1;\n}"


def placed(text: str, *, below: bool = False, keep_original: bool = False) -> str:
    """The text after the unit at `‸` was translated into `CODE`; our own code is in «»."""
    at = text.index("‸")
    text = text.replace("‸", "")
    unit = unit_at(Source(text, PYTHON), at, at)
    made = insertion(text, unit, CODE, PYTHON, JAVASCRIPT, below=below, keep_original=keep_original)
    after = text[: made.start] + made.text + text[made.end :]
    end = made.code_at + len(made.code)
    return f"{after[: made.code_at]}«{after[made.code_at : end]}»{after[end:]}"


def test_replace_takes_the_place_of_the_unit() -> None:
    assert placed("a = 1\n\n\ndef f‸():\n    return 1\n\n\nb = 2\n") == (
        "a = 1\n\n\n«function f() {\n  return 1;\n}»\n\n\nb = 2\n"
    )


def test_below_leaves_a_blank_line_and_the_original() -> None:
    assert placed("def f‸():\n    return 1\n\nb = 2\n", below=True) == (
        "def f():\n    return 1\n\n«function f() {\n  return 1;\n}»\n\nb = 2\n"
    )


def test_below_never_splits_a_line() -> None:
    text = "def f():\n    return 1  # now with a comment\nb = 2\n"
    unit = unit_at(Source(text, PYTHON), 0, 0)
    cut = Unit(**{**vars(unit), "end": text.index("  # now")})
    made = insertion(text, cut, CODE, PYTHON, JAVASCRIPT, below=True, keep_original=False)
    assert text[: made.start].endswith("# now with a comment")
    assert text[made.end :] == "\nb = 2\n"


def test_below_the_last_line_needs_no_line_ending() -> None:
    assert placed("def f‸(): return 1", below=True).startswith("def f(): return 1\n\n«function")


def test_indentation_comes_back_with_tabs_and_crlf() -> None:
    text = "class A:\r\n\tdef f‸(self):\r\n\t\treturn 1\r\n"
    assert placed(text) == ("class A:\r\n«\tfunction f() {\r\n\t  return 1;\r\n\t}»\r\n")
    assert placed(text, below=True).endswith(
        "return 1\r\n\r\n«\tfunction f() {\r\n\t  return 1;\r\n\t}»\r\n"
    )


def test_the_original_can_stay_as_a_comment_above() -> None:
    assert placed("class A:\n    def f‸(self):\n        return 1\n", keep_original=True) == (
        "class A:\n    # def f(self):\n    #     return 1\n"
        "«    function f() {\n      return 1;\n    }»\n"
    )


def test_a_byte_order_mark_stays_where_it_is() -> None:
    assert placed("\ufeffdef f‸():\n    return 1\n").startswith("\ufeff«function")


def unit(text: str = "def area(): pass\n") -> Unit:
    return unit_at(Source(text, PYTHON), 0, 0)


def test_a_new_file_is_named_after_the_source(tmp_path: Path) -> None:
    source = tmp_path / "shapes.v2.py"
    assert file_beside(source, unit(), JAVASCRIPT) == tmp_path / "shapes.v2.js"


def test_an_existing_file_is_never_chosen(tmp_path: Path) -> None:
    source = tmp_path / "shapes.py"
    chosen = []
    for _ in range(4):
        path = file_beside(source, unit(), JAVASCRIPT)
        path.touch()
        chosen.append(path.name)
    assert chosen == ["shapes.js", "shapes_area.js", "shapes_area_2.js", "shapes_area_3.js"]


def test_a_folder_in_the_way_is_no_place_for_a_file(tmp_path: Path) -> None:
    (tmp_path / "shapes.js").mkdir()
    assert file_beside(tmp_path / "shapes.py", unit(), JAVASCRIPT).name == "shapes_area.js"


def test_a_whole_file_gets_a_number_and_no_name(tmp_path: Path) -> None:
    (tmp_path / "shapes.js").touch()
    whole = unit_of_file(Source("def area(): pass\n", PYTHON))
    assert file_beside(tmp_path / "shapes.py", whole, JAVASCRIPT).name == "shapes_2.js"


def test_a_name_that_is_on_its_way_is_taken(tmp_path: Path) -> None:
    taken = {tmp_path / "shapes.js"}
    path = file_beside(tmp_path / "shapes.py", unit(), JAVASCRIPT, taken)
    assert path.name == "shapes_area.js"


def test_a_read_only_folder_is_refused_with_advice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Root may write everywhere, so the answer of the system is given, not provoked.
    monkeypatch.setattr(os, "access", lambda path, mode: not (path == tmp_path and mode & os.W_OK))
    with pytest.raises(UsageError, match="cannot be written to") as refused:
        file_beside(tmp_path / "shapes.py", unit(), JAVASCRIPT)
    assert "below or replace" in refused.value.advice


def test_a_folder_that_is_gone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written to"):
        file_beside(tmp_path / "gone" / "shapes.py", unit(), JAVASCRIPT)


def test_a_file_ends_with_a_line_ending_of_its_source() -> None:
    assert file_text("a\n\nb", "\r\n") == "a\r\n\r\nb\r\n"


SENT = Insertion(4, 7, "new\nnew", "new\nnew")
BEFORE = "one\nold\nlast"


@pytest.mark.parametrize(
    ("now", "span"),
    [
        ("one\nnew\nnew\nlast", (4, 11)),
        ("zero\none\nnew\nnew\nlast", (9, 16)),
        ("one\r\nnew\r\nnew\r\nlast", (5, 13)),
        (BEFORE, None),
        ("zero\n" + BEFORE, None),
        ("one\nlast", None),
    ],
    ids=["as sent", "typed above", "other line endings", "skipped", "skipped and typed", "gone"],
)
def test_an_edit_has_arrived_when_its_code_is_there(now: str, span: tuple[int, int] | None) -> None:
    assert arrived(SENT, BEFORE, now) == span


def test_a_copy_that_was_there_before_is_not_the_edit() -> None:
    twice = Insertion(3, 3, "\n\ncopy", "copy")
    before = "one\n\ncopy\n"
    assert arrived(twice, before, before) is None
    assert arrived(twice, before, "typed\n" + before) is None
    assert arrived(twice, before, "one\n\ncopy\n\ncopy\n") == (5, 9)


def test_code_that_equals_what_it_replaces_has_arrived() -> None:
    same = Insertion(4, 7, "old", "old")
    assert arrived(same, BEFORE, BEFORE) == (4, 7)
