"""Values as literals of a language: deterministic, by the forms of `languages/<id>/literals.toml`.

What does not fit raises `Unexpressed`: 2^40 into an int of 32 bits, null into an int, a mixed list
into a vector. A case with such an argument is not a failed one; it cannot be asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from transloop_verify.scalars import (
    Unexpressed,
    float_text,
    in_range,
    is_surrogate,
    largest_char,
    quoted,
)
from transloop_verify.tables import table
from transloop_verify.type import ANY, Type
from transloop_verify.types import parse_type
from transloop_verify.value import MapValue, Opaque, RecordValue, SetValue, Value

LONGEST = 20_000
"""Characters of one literal; compilers refuse longer ones in their own ways."""

Form = Mapping[str, Any]


def literal(value: Value, wanted: Type, language: str) -> str:
    """The text that makes `value` as a `wanted` in `language`. Raises Unexpressed."""
    text = _Writer(language).text(value, wanted)
    if len(text) > LONGEST:
        raise Unexpressed(f"its literal is longer than {LONGEST} characters")
    return text


def form_of(wanted: Type, language: str) -> Form:
    """The form that makes values of this type: its own, or that of its kind."""
    forms: Mapping[str, Form] = table(language, "literals")["forms"]
    return forms.get(wanted.form) or forms.get(wanted.kind) or {}


class _Writer:
    """Writes literals of one language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.table = table(language, "literals")

    def text(self, value: Value, wanted: Type) -> str:
        """The literal. Where nobody enforces declared types, the value decides in the end."""
        if self.table["checked"]:
            return self.strict(value, wanted)
        try:
            return self.strict(value, wanted)
        except Unexpressed:
            if wanted.kind == "unsupported":
                raise
            return self.strict(value, ANY)

    def strict(self, value: Value, wanted: Type) -> str:
        """The literal of exactly this type."""
        if isinstance(value, Opaque):
            raise Unexpressed(value.reason)
        if wanted.kind == "unsupported":
            raise Unexpressed(wanted.name or f"no value can be made of type `{wanted.spelled}`")
        if wanted.kind == "any":
            wanted = self.by_value(value)
        write: Callable[[Value, Type], str] = getattr(self, f"_{wanted.kind}")
        return write(value, wanted)

    def _inside(self, value: Value, wanted: Type) -> str:
        """The literal of a part: by reference where a literal can be referred to."""
        text = self.text(value, wanted)
        if wanted.place != "{}" and not self.table.get("places_inside"):
            raise Unexpressed("a pointer inside another value")
        return wanted.place.replace("{}", text)

    def by_value(self, value: Value) -> Type:
        """The type that a value has by itself in this language."""
        kind = _kind(value)
        spelled = self.table.get("any", {}).get(kind, "")
        if not spelled and self.table["checked"]:
            raise Unexpressed(f"{kind} has no type of its own here")
        for each in [spelled] if isinstance(spelled, str) else spelled:
            found = parse_type(each, self.language)
            if found.kind != "int" or in_range(value, found):
                break
        if spelled:
            return found
        return Type(kind, (ANY, ANY), bits=self.table.get("int_bits"))  # type: ignore[arg-type]

    def _null(self, value: Value, wanted: Type) -> str:
        if value is not None:
            raise _misfit(value, "null")
        return str(form_of(wanted, self.language)["text"])

    def _bool(self, value: Value, wanted: Type) -> str:
        if not isinstance(value, bool):
            raise _misfit(value, wanted.spelled or "bool")
        return str(form_of(wanted, self.language)["true" if value else "false"])

    def _int(self, value: Value, wanted: Type) -> str:
        if not isinstance(value, int) or isinstance(value, bool):
            raise _misfit(value, wanted.spelled or "int")
        if not in_range(value, wanted):
            raise Unexpressed(f"{value} does not fit into {wanted.spelled or 'an int'}")
        form = form_of(wanted, self.language)
        if value == -(1 << (wanted.bits or 0) - 1 if wanted.bits else 0) and "least" in form:
            return str(form["least"]).format(value=value + 1, type=wanted.spelled)
        sized = f"{'' if wanted.signed else 'u'}{wanted.bits}"
        return str(form.get(sized, form["text"])).format(value=value, type=wanted.spelled)

    def _float(self, value: Value, wanted: Type) -> str:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise _misfit(value, wanted.spelled or "float")
        form = form_of(wanted, self.language)
        if isinstance(value, int) and abs(value) > 1 << 53:
            raise Unexpressed(f"{value} has no exact float")
        if isinstance(value, int) and "int" in form:
            return str(form["int"]).format(value=value)
        return float_text(float(value), form, wanted)

    def _char(self, value: Value, wanted: Type) -> str:
        if not isinstance(value, str) or len(value) != 1:
            raise _misfit(value, wanted.spelled or "a character")
        if ord(value) > largest_char(wanted) or is_surrogate(value):
            raise Unexpressed(f"U+{ord(value):04X} does not fit into {wanted.spelled}")
        return str(form_of(wanted, self.language)["text"]).format(code=ord(value))

    def _string(self, value: Value, wanted: Type) -> str:
        if not isinstance(value, str):
            raise _misfit(value, wanted.spelled or "string")
        form = form_of(wanted, self.language)
        if "\0" in value and not form.get("nul", True):
            raise Unexpressed("a NUL ends strings here")
        text, length = quoted(value, self.table["escapes"])
        return str(form.get("text", "{text}")).format(text=text, length=length)

    def _bytes(self, value: Value, wanted: Type) -> str:
        if not isinstance(value, bytes):
            raise _misfit(value, wanted.spelled or "bytes")
        form = form_of(wanted, self.language)
        items = form.get("separator", ", ").join(form["item"].format(byte) for byte in value)
        return str(form["text"]).format(items=items, n=len(value))

    def _list(self, value: Value, wanted: Type) -> str:
        if isinstance(value, str) and wanted.items[0].kind == "char":
            value = list(value)
        if not isinstance(value, (list, tuple)):
            raise _misfit(value, wanted.spelled or "list")
        if wanted.form == wanted.items[0].form == "array" and "declared" in form_of(
            wanted, self.language
        ):
            raise Unexpressed("an array of arrays")
        length = re.search(form_of(wanted, self.language).get("length", "(?!)"), wanted.spelled)
        if length and int(length[1]) != len(value):
            raise Unexpressed(f"{len(value)} items do not fit into {wanted.spelled}")
        return self._sequence(wanted, [self._inside(each, wanted.items[0]) for each in value])

    def _tuple(self, value: Value, wanted: Type) -> str:
        if not isinstance(value, (list, tuple)):
            raise _misfit(value, wanted.spelled or "tuple")
        types = wanted.items if wanted.spelled else (ANY,) * len(value)
        if len(value) != len(types):
            raise Unexpressed(f"{len(value)} items do not fit into {wanted.spelled}")
        items = [self._inside(each, one) for each, one in zip(value, types, strict=True)]
        return self._sequence(wanted, items)

    def _set(self, value: Value, wanted: Type) -> str:
        if not isinstance(value, SetValue):
            raise _misfit(value, wanted.spelled or "set")
        return self._sequence(wanted, [self._inside(each, wanted.items[0]) for each in value.items])

    def _map(self, value: Value, wanted: Type) -> str:
        if not isinstance(value, MapValue):
            raise _misfit(value, wanted.spelled or "map")
        pair = form_of(wanted, self.language)["pair"]
        key_type, item_type = wanted.items
        named = self._named(wanted)
        return self._sequence(
            wanted,
            [
                pair.format(
                    key=self._key(key, key_type), value=self._inside(each, item_type), **named
                )
                for key, each in value.pairs
            ],
        )

    def _key(self, key: Value, wanted: Type) -> str:
        """A key; where maps have only keys of text, a number as text."""
        if self.table.get("text_keys") and wanted == ANY and not isinstance(key, str):
            if isinstance(key, bool) or not isinstance(key, int):
                raise Unexpressed("an object's keys are strings")
            return self.strict(str(key), Type("string"))
        return self._inside(key, wanted)

    def _optional(self, value: Value, wanted: Type) -> str:
        form = form_of(wanted, self.language)
        if value is None:
            return str(form["none"]).format(type=wanted.spelled, **self._named(wanted))
        inner = self._inside(value, wanted.items[0])
        return str(form["some"]).format(value=inner, type=wanted.spelled, **self._named(wanted))

    def _union(self, value: Value, wanted: Type) -> str:
        """As the first alternative that fits."""
        form = form_of(wanted, self.language)
        for each in wanted.items:
            try:
                inner = self.strict(value, each)
            except Unexpressed:
                continue
            return str(form.get("text", "{value}")).format(value=inner, type=wanted.spelled)
        raise _misfit(value, wanted.spelled or "any of its types")

    def _record(self, value: Value, wanted: Type) -> str:
        """From the declared fields, in their order; a map of field names is a record, too."""
        given = _fields(value)
        if given is None:
            raise _misfit(value, wanted.spelled or "record")
        declared = {bare(name): name for name, _ in wanted.fields}
        if declared:
            given = {declared.get(bare(name), name): each for name, each in given.items()}
        if declared and set(given) != set(declared.values()):
            raise _misfit(value, wanted.spelled or "record")
        form = form_of(wanted, self.language)
        types = dict(wanted.fields) or dict.fromkeys(given, ANY)
        if not form:
            raise Unexpressed("records cannot be made here")
        fields = [
            form["field"].format(
                name=quoted(name, self.table["escapes"])[0] if form.get("quoted") else name,
                value=self.text(given[name], one),
            )
            for name, one in types.items()
        ]
        return str(form["text"]).format(items=", ".join(fields), type=wanted.spelled or wanted.name)

    def _named(self, wanted: Type) -> dict[str, str]:
        """The types inside, as a template names them."""
        unknown = self.table.get("top", "")
        items = zip("abc", wanted.items, strict=False)
        return {name: each.spelled or unknown for name, each in items}

    def _sequence(self, wanted: Type, items: list[str]) -> str:
        form = form_of(wanted, self.language)
        if "text" not in form:
            raise Unexpressed(f"{wanted.spelled or wanted.kind} cannot be made here")
        one = items and len(items) == 1 and "one" in form
        template = (
            form["empty"] if not items and "empty" in form else form["one" if one else "text"]
        )
        return str(template).format(
            items=", ".join(items), n=len(items), type=wanted.spelled, **self._named(wanted)
        )


def _kind(value: Value) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "bool"
        case SetValue():
            return "set"
        case MapValue():
            return "map"
        case RecordValue():
            return "record"
        case str():
            return "string"
    return type(value).__name__.lower()


def bare(name: str) -> str:
    """A name without its convention: `first_name` and `firstName` are one."""
    return re.sub(r"[^a-z0-9]", "", name.lower()) or name


def _fields(value: Value) -> dict[str, Value] | None:
    """The fields of a record, or of a map that could be one."""
    if isinstance(value, RecordValue):
        return dict(value.fields)
    if isinstance(value, MapValue) and all(isinstance(key, str) for key, _ in value.pairs):
        return {str(key): each for key, each in value.pairs}
    return None


def _misfit(value: Value, wanted: str) -> Unexpressed:
    return Unexpressed(f"{_kind(value)} is no {wanted}")
