"""The entry points of a program: what is written there, read with tree-sitter.

Nothing is guessed: a parameter that declares no type has the type `any`. Where a language keeps
what stands in `languages/<id>/entry.toml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from transloop_syntax.declarations import Item, body_of, follow, members, names_of, top_level
from transloop_syntax.language import Language
from transloop_syntax.language import language as language_of
from transloop_syntax.source import Source
from transloop_verify.case import Entry, Parameter
from transloop_verify.records import aliases_of, generics_of, records_of
from transloop_verify.sized import with_result_length
from transloop_verify.tables import table
from transloop_verify.type import ANY, Type
from transloop_verify.types import fallible_type, parse_type

if TYPE_CHECKING:
    from tree_sitter import Node

_SAID = frozenset({"any", "unsupported"})
"""Kinds that a comment may overrule: it says more."""


def entries(code: str, language: str) -> tuple[Entry, ...]:
    """What a caller of `code` could call, in order: functions, and methods of classes it can make.

    A parameter that no call of ours can fill (variadic, destructured) has an `unsupported` type.
    """
    reader = _Reader(code, language)
    return tuple(with_result_length(each, language) for each in reader.entries())


@dataclass(frozen=True)
class _Class:
    """The class around a method."""

    name: str
    made: str
    """How an object of it is made; empty for the language's usual expression."""
    makeable: bool
    space: bool = False
    """It is a namespace, not a class."""


class _Reader:
    """One program, parsed once."""

    def __init__(self, code: str, language: str) -> None:
        self.id = language
        self.language: Language = language_of(language)
        self.source = Source(code, self.language)
        self.rules: Mapping[str, Any] = table(language, "entry")
        self.items = top_level(self.source.root, self.language)
        known = {**generics_of(self.source), **records_of(self.source)}
        self.records = {**known, **aliases_of(self.source, known)}

    def entries(self) -> Iterator[Entry]:
        """Of every function and class at the top of the program."""
        for item in self.items:
            if re.fullmatch(
                self.rules.get("no_space", ""), " ".join(self._spaces(item.node)) or " "
            ):
                continue
            if item.part == "function":
                yield from self._function(item, self._owner(item))
            elif item.part == "class" and item.core is not None:
                yield from self._methods(item.core, item)

    def _methods(self, core: Node, item: Item) -> Iterator[Entry]:
        if core.type not in self.rules["classes"]:
            return
        named = core.child_by_field_name("name")
        names = [_text(named)] if named else names_of(item, self.language)
        name = self.rules.get("within", "").join([*self._spaces(core), *names[:1]])
        inside = members(core, self.language)
        owner = self._class(name, inside)
        if core.type in self.rules.get("static_only", ()):
            owner = replace(owner, makeable=False)
        for member in _visible(inside, core, self.rules):
            if member.part == "function":
                yield from self._function(member, owner)

    def _class(self, name: str, inside: list[Item]) -> _Class:
        """How objects of the class are made, if they can be."""
        pattern = self.rules["constructor"].replace("{owner}", _last(name))
        constructors = [each for each in inside if pattern and self._is_named(each, pattern)]
        for found, made in self.rules["make"]:
            if re.search(found.replace("{owner}", re.escape(name)), self.source.text):
                return _Class(name, made.format(owner=name), True)
        bare = [each for each in constructors if not self._required(each)]
        return _Class(name, "", not self.rules["make"] and (bool(bare) or not constructors))

    def _is_named(self, item: Item, pattern: str) -> bool:
        names = names_of(item, self.language)
        return item.part == "function" and bool(names) and bool(re.fullmatch(pattern, names[0]))

    def _required(self, item: Item) -> list[Parameter]:
        """The parameters that a constructor insists on."""
        found = list(self._parameters(item, static=False))
        return [each for each in found if not each.default]

    def _owner(self, item: Item) -> _Class | None:
        """The type that a method names outside of it, as in Go."""
        receiver = (
            follow(item.core, self.rules["owner"]) if item.core and "owner" in self.rules else []
        )
        words = re.findall(r"\w+", _text(receiver[0])) if receiver else []
        spaces = self.rules.get("within", "").join(self._spaces(item.node))
        if words:
            return _Class(words[-1], "", True)
        return _Class(spaces, "", False, space=True) if spaces else None

    def _spaces(self, node: Node) -> list[str]:
        """The namespaces around a node, the outermost first."""
        found: list[str] = []
        above = node.parent
        while above is not None:
            name = above.child_by_field_name("name")
            if above.type in self.rules.get("spaces", ()) and name is not None:
                found.insert(0, _text(name))
            above = above.parent
        return found

    def _function(self, item: Item, owner: _Class | None) -> Iterator[Entry]:
        core = item.core
        names = names_of(item, self.language)
        if core is None or not names or (body_of(core, self.language) is None):
            return
        name = names[0]
        made = self.rules["constructor"].replace("{owner}", _last(owner.name if owner else ""))
        skipped = f"{self.rules['skip']}|{made}" if owner and made else self.rules["skip"]
        if re.fullmatch(skipped, name) or not re.fullmatch(r"[\w$]+", name):
            return
        static = owner is None or self._is_static(item) or owner.space
        if re.search(self.rules.get("uncalled", "(?!)"), self._head(item)):
            return
        if owner is not None and not static and not owner.makeable:
            return
        result, fallible = self._result(item)
        yield Entry(
            name=name,
            parameters=tuple(self._parameters(item, static)),
            result=result,
            owner=owner.name if owner else None,
            static=static,
            made=owner.made if owner and not static else "",
            fallible=fallible,
        )

    def _is_static(self, item: Item) -> bool:
        if self.rules.get("owner"):
            return False
        receiver = self.rules["receiver"]
        if receiver not in ("", "first"):
            return not any(each.type == receiver for each in self._listed(item))
        pattern = self.rules["static"]
        return bool(pattern and re.search(pattern, self._head(item)))

    def _head(self, item: Item) -> str:
        """The text of a function before its parameters."""
        listed = follow(self._declarator(item), self.rules["parameters"])
        end = listed[0].start_byte if listed else item.node.start_byte
        return self.source.data[item.node.start_byte : end].decode("utf-8", "replace")

    def _declarator(self, item: Item) -> Node:
        """The node that has the parameters: the function, or inside its declarators."""
        wanted = self.rules.get("declarator")
        node = core = item.core or item.node
        while wanted and node.type != wanted:
            below = node.child_by_field_name("declarator")
            named = [each for each in node.named_children if each.type.endswith("declarator")]
            if below is None and not named:
                return core
            node = below or named[0]
        return node

    def _listed(self, item: Item) -> list[Node]:
        listed = follow(self._declarator(item), self.rules["parameters"])
        if listed and listed[0].type in self.rules["shapes"]:
            return listed  # JavaScript's `x => x`
        return list(listed[0].children) if listed else []

    def _parameters(self, item: Item, static: bool) -> Iterator[Parameter]:
        listed = [each for each in self._listed(item) if each.type in self.rules["shapes"]]
        if self.rules["receiver"] == "first" and (not static or "classmethod" in self._head(item)):
            listed = listed[1:]
        named_only = False
        for node in listed:
            shape = self.rules["shapes"][node.type]
            named_only = named_only or "ends" in shape
            for parameter in self._parameter(node, shape, item):
                if not named_only:
                    yield parameter
                elif not parameter.default:
                    yield replace(parameter, type=_refused("keyword-only parameter", node))

    def _parameter(self, node: Node, shape: Mapping[str, Any], item: Item) -> Iterator[Parameter]:
        if "ends" in shape:
            return
        default = bool(shape.get("optional")) or bool(follow(node, shape.get("default")))
        around = shape.get("type") == "around"
        for name in self._names(node, shape["name"]):
            label = _text(name)
            if shape.get("variadic") or name.type.startswith("rest"):
                yield Parameter(label.lstrip("."), _refused("variadic parameter", node))
            elif "unsupported" in shape or name.type in ("object_pattern", "array_pattern"):
                yield Parameter(label, _refused("destructured parameter", node))
            else:
                spelled = self._around(node, name, shape) if around else self._typed(node, shape)
                said = parse_type(spelled, self.id, self.records)
                yield Parameter(label, self._documented(said, label, item), default)
        if around and not self._names(node, shape["name"]) and _text(node) != "void":
            yield Parameter("", _refused("parameter without a name", node))

    def _names(self, node: Node, path: str) -> list[Node]:
        if path == "":
            return [node]
        if path == "*last":
            node, path = node.named_children[-1], "*first"
        found = follow(node, path)
        return [self._leaf(each) for each in found]

    def _leaf(self, node: Node) -> Node:
        """The name inside pointers, arrays, references and patterns."""
        while node.named_child_count and (path := self.language.names.get(node.type)):
            below = follow(node, path)
            if not below or node.type.endswith("_pattern"):
                break
            node = below[0]
        return node

    def _typed(self, node: Node, shape: Mapping[str, Any]) -> str:
        found = follow(node, shape.get("type"))
        return _text(found[0]) if found else ""

    def _around(self, node: Node, name: Node, shape: Mapping[str, Any]) -> str:
        """A declaration's text without its name and its default: `int  []` of `int a[]`."""
        data = self.source.data
        default = follow(node, shape.get("default"))
        after = data[name.end_byte : default[0].start_byte if default else node.end_byte]
        text = data[node.start_byte : name.start_byte] + b" " + after.rstrip(b"= \t\r\n")
        return text.decode("utf-8", "replace")

    def _documented(self, said: Type, name: str, item: Item) -> Type:
        """The type of a comment, where the code itself says none."""
        if said != ANY:
            return said
        found = self._comment(
            item, [each.replace("{name}", re.escape(name)) for each in self.rules["documented"]]
        )
        return found if found.kind not in _SAID else said

    def _comment(self, item: Item, patterns: list[str]) -> Type:
        start, end = self.source.lines(item.first, item.last)
        text = self.source.text[start:end]
        for pattern in patterns:
            found = re.search(pattern, text, re.MULTILINE)
            if found:
                return parse_type(found["type"], self.id, self.records)
        return ANY

    def _result(self, item: Item) -> tuple[Type, bool]:
        if self.rules["result"] == "before":
            start = (item.core or item.node).start_byte
            head = self.source.data[start : self._leaf(self._declarator(item)).start_byte]
            said = parse_type(head.decode("utf-8", "replace"), self.id, self.records)
        else:
            found = follow(item.core or item.node, self.rules["result"])
            said, fallible = fallible_type(_text(found[0]) if found else "", self.id, self.records)
            if fallible:
                return said, True
        if said == ANY and self.rules.get("silent"):
            return Type("null", mutable=False), False
        if said == ANY:
            said = self._comment(item, self.rules["documented_result"])
        return said, False


def _visible(inside: list[Item], core: Node, rules: Mapping[str, Any]) -> Iterator[Item]:
    """The members that a caller outside may use."""
    hidden = core.type in rules.get("hidden_at_first", ())
    for item in inside:
        if item.node.type == rules.get("access"):
            hidden = bool(re.search(rules["hidden"], _text(item.node)))
        elif not hidden:
            yield item


def _last(name: str) -> str:
    """A pattern of the class's own name, without the namespaces before it."""
    return re.escape(re.split(r"::|\.", name)[-1])


def _refused(reason: str, node: Node) -> Type:
    return Type("unsupported", name=reason, spelled=_text(node))


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")
