"""The program that calls a side with cases, one compile for all of them.

It reads a nonce and the index of the first case from stdin, before any code of the side runs, and
writes a line `<nonce> {..}` for each case, so that everything between two of them is what the case
printed. The protocol in full:

    {"k": "ready"}                               the side's own code has been loaded
    {"k": "refused", "e": .., "m": .., "l": ..}  or it raised this; nothing else follows
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
from transloop_verify.literals import Unexpressed
from transloop_verify.tables import table, text

RUN_LIMITS = Limits()


@dataclass(frozen=True)
class Program:
    """A complete program, and how to read what its compiler and its run say."""

    language: str
    files: tuple[File, ...]
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
    rules = _rules(side)
    rendered: list[str] = []
    kept: list[int] = []
    unexpressed: dict[int, str] = {}
    for case in cases:
        try:
            arguments = _arguments(side, case)
        except Unexpressed as error:
            unexpressed[case.id] = str(error)
            continue
        rendered.append(_case(side, rules, len(kept), arguments))
        kept.append(case.id)
    above = side.prelude.count("\n") + 1 if side.prelude else 0
    return Program(
        language=side.language,
        files=_files(side, rules, rendered),
        candidate=rules["candidate"],
        above=above,
        lines=side.code.count("\n") + 1,
        cases=tuple(kept),
        unexpressed=unexpressed,
    )


def _rules(side: Side) -> Mapping[str, Any]:
    """The language's table, with the keys of its variant where the code calls for it."""
    rules = table(side.language, "harness")
    variant = rules.get("variant")
    if variant is None or not captured(_source(side), variant["query"]):
        return rules
    return {**rules, **variant}


def _source(side: Side) -> Source:
    return Source(side.code, language_of(side.language))


def _arguments(side: Side, case: Case) -> list[Argument]:
    parameters = side.entry.parameters
    missing = [each.name for each in parameters[len(case.arguments) :] if not each.default]
    if missing or len(case.arguments) > len(parameters):
        raise Unexpressed(f"{len(case.arguments)} arguments for {len(parameters)} parameters")
    return [
        argument(value, parameter.type, side.language, f"a{index}")
        for index, (value, parameter) in enumerate(zip(case.arguments, parameters, strict=False))
    ]


def _case(side: Side, rules: Mapping[str, Any], index: int, arguments: Sequence[Argument]) -> str:
    """The code of one case."""
    passed = ", ".join(each.passed for each in arguments)
    return _filled(
        rules["case"],
        {
            "index": str(index),
            "arguments": ", ".join(each.literal for each in arguments),
            "lets": " ".join(each.declared for each in arguments),
            "call": _call(side, rules, passed),
            "after": rules.get("after_separator", ", ").join(each.after for each in arguments),
            "last": str(len(arguments) - 1),
        },
    )


def _call(side: Side, rules: Mapping[str, Any], passed: str) -> str:
    calls: Mapping[str, str] | None = rules.get("call")
    if calls is None:
        return ""
    entry = side.entry
    how = "function" if entry.owner is None else "static" if entry.static else "method"
    made = entry.made or _filled(calls.get("made", ""), {"owner": entry.owner or ""})
    call = _filled(
        calls[how],
        {"name": entry.name, "owner": entry.owner or "", "made": made, "passed": passed},
    )
    if entry.result.kind == "null" and not entry.fallible and "void" in calls:
        return _filled(calls["void"], {"call": call})
    return _filled(calls.get("value", "{call}"), {"call": call})


def _files(side: Side, rules: Mapping[str, Any], rendered: Sequence[str]) -> tuple[File, ...]:
    """The files of the job: the harness's, and the candidate's."""
    places = _places(side, rules, rendered)
    found = []
    for path, template in rules["files"].items():
        folder, _, name = template.rpartition("/")
        content = text(folder or side.language, name)
        header = (
            f"{rules['header']}\n"
            if path == next(iter(rules["files"])) and "header" in rules
            else ""
        )
        found.append(File(path, header + _placed(content, places)))
    prelude = f"{side.prelude}\n" if side.prelude else ""
    code = _rewritten(side, rules)
    before = rules.get("before", "") if not prelude else ""
    behind = _placed(rules.get("behind", ""), places)
    found.append(File(rules["candidate"], f"{before}{prelude}{code}{behind}"))
    return tuple(found)


def _places(side: Side, rules: Mapping[str, Any], rendered: Sequence[str]) -> dict[str, str]:
    """What the places of the templates are filled with."""
    entry = side.entry
    names = {"name": entry.name, "owner": entry.owner or ""}
    root = rules.get("root", {}).get("method" if entry.owner else "function", "")
    return {
        "cases": "\n".join(rendered),
        "count": str(len(rendered)),
        "calls": _filled(rules.get("every", ""), {"count": str(len(rendered))}),
        "static": "static" if entry.static else "",
        "candidate": rules["candidate"],
        "load": rules.get("load", ""),
        "root": _filled(root, names),
        **names,
    }


def _rewritten(side: Side, rules: Mapping[str, Any]) -> str:
    """The side's code without what does not fit beside the harness; its lines stay."""
    code = side.code.replace("\r\n", "\n")
    source = Source(code, language_of(side.language))
    edits = [
        (start, end, rewrite.get("by", ""))
        for rewrite in rules.get("rewrites", ())
        for start, end in captured(source, rewrite["query"])
    ]
    for start, end, by in sorted(edits, reverse=True):
        gone = code[start:end]
        code = code[:start] + by + "\n" * gone.count("\n") + code[end:]
    return code


def _placed(template: str, places: Mapping[str, str]) -> str:
    """The template with `@@place@@` filled in; a line comment around one goes with it."""
    pattern = re.compile(r"(?:(?:#|//) )?@@(\w+)@@")
    return pattern.sub(lambda found: places[found[1]], template)


def _filled(template: str, keys: Mapping[str, str]) -> str:
    """As str.format, and braces that hold no key of ours stay as they are: most code has braces."""
    return re.sub(r"\{(\w+)\}", lambda found: keys.get(found[1], found[0]), template)
