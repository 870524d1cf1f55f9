"""The program that calls a side with cases, one compile for all of them.

It reads a nonce and the index of the first case from stdin, before any code of the side runs, and
writes a line `<nonce> {..}` for each case, so that everything between two of them is what the case
printed. The protocol in full:

    {"k": "ready"}                               the side's own code has been loaded
    {"k": "refused", "e": .., "m": .., "l": ..}  or it raised this (`unfit`: it has nothing to call)
    {"i": 3, "k": "returned", "v": .., "a": ..}  value, and the arguments after the call
    {"i": 3, "k": "raised", "e": .., "m": .., "l": .., "a": ..}    type, message, line of the code
    done 5                                       records so far

Values are in the form of `value.py`. What the program looks like stands in `languages/<id>/`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from transloop_sandbox.job import COMPILE_LIMITS, Completion, File, Job, Limits
from transloop_syntax.language import language as language_of
from transloop_syntax.source import Source
from transloop_verify.arguments import Argument, argument
from transloop_verify.captures import captured
from transloop_verify.case import Case, Side
from transloop_verify.records import records_in
from transloop_verify.rewriting import rewritten
from transloop_verify.scalars import Unexpressed
from transloop_verify.tables import table, text

RUN_LIMITS = Limits()


@dataclass(frozen=True)
class Program:
    """A complete program, and how to read what its compiler and its run say."""

    language: str
    files: tuple[File, ...]
    harness: tuple[str, ...]
    """Names by which a compiler calls lines of ours."""
    candidate: str
    """The file that holds the side's code ..."""
    above: int
    """... below so many lines of its prelude."""
    lines: int
    """Of the side's code."""
    cases: tuple[int, ...]
    """Ids of the cases in it, in order."""
    unexpressed: Mapping[int, str]
    """The others, and why they cannot be asked."""

    def job(
        self,
        nonce: str,
        first: int = 0,
        limits: Limits = RUN_LIMITS,
        compile_limits: Limits = COMPILE_LIMITS,
    ) -> Job:
        """The job that runs the cases from index `first` on."""
        return Job(
            self.language,
            self.files,
            stdin=f"{nonce}\n{first}\n".encode(),
            limits=limits,
            compile_limits=compile_limits,
            completion=Completion(nonce, len(self.cases) - first + 1),
        )

    def line(self, path: str, line: int) -> int:
        """The line of the side's own code, from 1; 0 for a line of ours."""
        own = line - self.above
        return own if path.endswith(self.candidate) and 1 <= own <= self.lines else 0


def program(side: Side, cases: Sequence[Case]) -> Program:
    """The program that calls `side` with those of `cases` that its language can express."""
    code = side.code.removeprefix("\ufeff").replace("\r\n", "\n")
    prelude = f"{side.prelude.rstrip()}\n" if side.prelude.strip() else ""
    source = Source(prelude + code, language_of(side.language))
    rules = _rules(source)
    rendered: list[str] = []
    shared: dict[int, str] = {}
    kept: list[int] = []
    unexpressed: dict[int, str] = {}
    for case in cases:
        try:
            keys = _keys(side, rules, len(kept), _arguments(side, rules, case))
            rendered.append(_filled(rules["case"], keys))
            shared.setdefault(len(case.arguments), _filled(rules.get("shared", ""), keys))
            kept.append(case.id)
        except Unexpressed as error:
            unexpressed[case.id] = str(error)
    return Program(
        language=side.language,
        files=_files(side, source, rules, rendered, "".join(shared.values())),
        harness=(*rules["files"], *rules["files"].values()),
        candidate=rules["candidate"],
        above=prelude.count("\n"),
        lines=code.count("\n") + 1,
        cases=tuple(kept),
        unexpressed=unexpressed,
    )


def _rules(source: Source) -> Mapping[str, Any]:
    """The language's table, with the keys of its variant where the code calls for it."""
    rules = table(source.language.id, "harness")
    variant = rules.get("variant")
    if variant is None or not captured(source, variant["query"]):
        return rules
    return {**rules, **variant}


def _arguments(side: Side, rules: Mapping[str, Any], case: Case) -> list[Argument]:
    parameters = side.entry.parameters
    result = side.entry.result
    missing = [each.name for each in parameters[len(case.arguments) :] if not each.default]
    if missing or len(case.arguments) > len(parameters):
        raise Unexpressed(f"{len(case.arguments)} arguments for {len(parameters)} parameters")
    if rules.get("needs_result") and result.kind in ("any", "unsupported"):
        raise Unexpressed(f"a result of type `{result.spelled}` cannot be shown")
    return [
        argument(value, parameter.type, side.language, f"given{index}")
        for index, (value, parameter) in enumerate(zip(case.arguments, parameters, strict=False))
    ]


def _keys(
    side: Side, rules: Mapping[str, Any], index: int, arguments: Sequence[Argument]
) -> dict[str, str]:
    """What the code of one case is made of."""
    keys = {
        "index": str(index),
        "fallible": "true" if side.entry.fallible else "false",
        "arguments": ", ".join(each.literal for each in arguments),
        "passed": ", ".join(each.passed for each in arguments),
        "lets": " ".join(each.declared for each in arguments),
        "shared": "".join(each.shared for each in arguments),
        "handed": "".join(each.handed for each in arguments),
        "after": rules.get("after_separator", ", ").join(each.after for each in arguments),
    }
    return {**keys, "call": _call(side, rules, keys)}


def _call(side: Side, rules: Mapping[str, Any], keys: Mapping[str, str]) -> str:
    """The call itself, where the language wants it written out."""
    calls: Mapping[str, str] = rules.get("call", {})
    entry = side.entry
    how = "function" if entry.owner is None else "static" if entry.static else "method"
    names = {**keys, "name": entry.name, "owner": entry.owner or ""}
    names["more"] = ", " if keys["passed"] else ""
    names["made"] = entry.made or _filled(calls.get("made", ""), names)
    void = entry.result.kind == "null" and not entry.fallible
    if void and f"void_{how}" in calls:
        return _filled(calls[f"void_{how}"], names)
    call = _filled(calls.get(how, ""), names)
    around = "fallible" if entry.fallible else "void" if void else entry.result.form
    return _filled(calls.get(around, calls.get("value", "{call}")), {**names, "call": call})


def _files(
    side: Side, source: Source, rules: Mapping[str, Any], rendered: Sequence[str], shared: str
) -> tuple[File, ...]:
    """The files of the job: the harness's, and the candidate's where it has one of its own."""
    places = {**_places(side, source, rules, rendered), "shared": shared}
    found = []
    for path, template in rules["files"].items():
        folder, _, name = template.rpartition("/")
        found.append(File(path, _placed(text(folder or side.language, name), places)))
    if not rules.get("inline"):
        behind = _placed(rules.get("behind", ""), places)
        found.append(File(rules["candidate"], places["code"] + behind))
    return tuple(found)


def _places(
    side: Side, source: Source, rules: Mapping[str, Any], rendered: Sequence[str]
) -> dict[str, str]:
    """What the places of the templates are filled with."""
    entry = side.entry
    names = {"name": entry.name, "owner": entry.owner or rules.get("owner", "")}
    root = rules.get("root", {}).get("method" if entry.owner else "function", "")
    own = rewritten(source, rules.get("rewrites", ()))
    hoisted = [
        _filled(rules.get("hoisted", ""), {"line": str(line), "text": gone})
        for line, gone in own.hoisted
    ]
    every = [_filled(rules.get("every", ""), {"index": str(at)}) for at in range(len(rendered))]
    return {
        "code": own.code,
        "hoisted": "".join(hoisted),
        "records": "".join(_filled(rules.get("record", ""), each) for each in _records(side)),
        "generic": "".join(_filled(rules.get("generic", ""), each) for each in _records(side)),
        "cases": "\n".join(rendered),
        "calls": "".join(every),
        "count": str(len(rendered)),
        "static": "static" if entry.static else "",
        "candidate": rules["candidate"],
        "header": rules.get("header", ""),
        "load": rules.get("load", ""),
        "open": rules.get("open", ""),
        "close": rules.get("close", ""),
        "root": _filled(root, names),
        **names,
    }


def _records(side: Side) -> list[dict[str, str]]:
    """The code's records that its values are made of, and their fields as the harness wants."""
    types = [side.entry.result, *(each.type for each in side.entry.parameters)]
    found = {record.name: record for each in types for record in records_in(each)}
    shown = table(side.language, "harness").get("field", "")
    return [
        {
            "name": each.name,
            "fields": "".join(_filled(shown, {"field": field}) for field, _ in each.fields),
        }
        for each in found.values()
    ]


def _placed(template: str, places: Mapping[str, str]) -> str:
    """The template with `@@place@@` filled in; a line comment around one goes with it."""
    pattern = re.compile(r"(?:(?:#|//) )?@@(\w+)@@")
    return pattern.sub(lambda found: places[found[1]], template)


def _filled(template: str, keys: Mapping[str, str]) -> str:
    """As str.format, and braces that hold no key of ours stay as they are: most code has braces."""
    return re.sub(r"\{(\w+)\}", lambda found: keys.get(found[1], found[0]), template)
