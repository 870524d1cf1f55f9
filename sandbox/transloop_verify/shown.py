"""Values as people read them, whatever language they came from: `{"a": [1, 2]}`, `Point(x=1)`."""

from __future__ import annotations

import json

from transloop_verify.value import MapValue, Opaque, RecordValue, SetValue, Value


def shown(value: Value, most: int = 120) -> str:
    """A value on one line, cut to `most` characters."""
    text = _text(value)
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _text(value: Value) -> str:
    match value:
        case bytes():
            return repr(value)
        case None | bool() | int() | str():
            return json.dumps(value, ensure_ascii=False)
        case float():
            return repr(value)
        case list():
            return f"[{_list(value)}]"
        case tuple():
            return f"({_list(value)})"
        case SetValue(items=items):
            return f"set({_list(items)})"
        case MapValue(pairs=pairs):
            return f"{{{', '.join(f'{_text(key)}: {_text(each)}' for key, each in pairs)}}}"
        case RecordValue(name="", fields=fields):
            return f"{{{', '.join(f'{json.dumps(key)}: {_text(each)}' for key, each in fields)}}}"
        case RecordValue(name=name, fields=fields):
            return f"{name}({', '.join(f'{key}={_text(each)}' for key, each in fields)})"
        case Opaque(reason=reason):
            return f"<{reason}>"


def _list(values: list[Value] | tuple[Value, ...]) -> str:
    return ", ".join(map(_text, values))
