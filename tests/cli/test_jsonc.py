"""One value in somebody's JSON is changed; everything else stays, to the letter."""

from __future__ import annotations

import pytest

from transloop import jsonc

KEY, VALUE = ("transloop.server.command",), ["/a b/ü/transloop", "lsp"]
SHOWN = '"transloop.server.command": ["/a b/ü/transloop", "lsp"]'
NESTED = {"enabled": True, "command": VALUE, "selector": "a | b"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", f"{{\n    {SHOWN}\n}}\n"),
        (" \n", f"{{\n    {SHOWN}\n}}\n"),
        ("{}", f"{{\n    {SHOWN}\n}}"),
        ('{"a": 1}', f'{{"a": 1,\n    {SHOWN}\n}}'),
        ('{\n  "a": 1\n}\n', f'{{\n  "a": 1,\n  {SHOWN}\n}}\n'),
        ('{\n  "a": 1, // c\n}\n', f'{{\n  "a": 1, // c\n  {SHOWN},\n}}\n'),
        ('{\n  "a": 1 // c\n}\n', f'{{\n  "a": 1, // c\n  {SHOWN}\n}}\n'),
        ('{\n\t"a": -1\n\t/* end */\n}', f'{{\n\t"a": -1,\n\t/* end */\n\t{SHOWN}\n}}'),
        ('// top\n{\n  "a": [1, 2,],\n}', f'// top\n{{\n  "a": [1, 2,],\n  {SHOWN},\n}}'),
        ('{\r\n  "a": 1\r\n}\r\n', f'{{\r\n  "a": 1,\r\n  {SHOWN}\r\n}}\r\n'),
        ("{ // nothing\n}", f"{{ // nothing\n    {SHOWN}\n}}"),
    ],
)
def test_a_value_is_added_and_taken_away(text: str, expected: str) -> None:
    changed = jsonc.put(text, KEY, VALUE)
    assert changed == expected
    assert jsonc.put(changed, KEY, VALUE) == changed
    left = jsonc.take(changed, KEY)
    assert jsonc.get(left) == (jsonc.get(text) if text.strip() else {})
    assert jsonc.take(left, KEY) == left
    for comment in ("// c", "/* end */", "// top", "// nothing"):
        assert (comment in left) is (comment in text)


def test_another_value_is_replaced_where_it_stands() -> None:
    text = '{\n  "transloop.server.command": ["old"], // mine\n  "b": 2\n}\n'
    assert jsonc.put(text, KEY, VALUE) == text.replace('["old"]', SHOWN.partition(": ")[2])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        '{\r\n  "clients": {}\r\n}',
        '{"clients": {"other": {"enabled": true}}}',
        '{\n\t"clients": {\n\t\t"other": { "x": 1 }, // c\n\t},\n}\n',
        '{"clients": {"transloop": 3}, "clients": {"transloop": {"enabled": false}}}',
    ],
)
def test_objects_on_the_way_are_kept_or_made(text: str) -> None:
    path = ("clients", "transloop")
    changed = jsonc.put(text, path, NESTED)
    assert jsonc.get(changed, path) == NESTED
    before = jsonc.get(text, ("clients", "other")) if text else None
    assert jsonc.get(changed, ("clients", "other")) == before
    assert changed.count("\r\n") == (changed.count("\n") if "\r\n" in text else 0)
    assert jsonc.put(changed, path, NESTED) == changed
    assert jsonc.get(jsonc.take(changed, path), path) is None


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[1]",
        "null",
        "// c",
        "{a: 1}",
        "{'a': 1}",
        '{"a": 1} {}',
        '{"a": 1}) + ({}',
        '{"a": 1,,}',
        '{,"a": 1}',
        '{"a": [1,,2]}',
        '{"a": 01}',
        '{"a": f()}',
        '{"a": `x`}',
        '{"a" 1}',
        '{"a": }',
        "{...x}",
        "{get a() {}}",
        '{["a"]: 1}',
        '{"a": 1}/*',
        '{"clients": [1]}',
    ],
)
def test_what_is_no_json_of_that_form_is_not_touched(text: str) -> None:
    with pytest.raises(jsonc.Unreadable):
        jsonc.put(text, ("clients", "transloop"), 1)
