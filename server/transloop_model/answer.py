"""The way back: from what a model wrote to code, or the reason why there is none."""

from __future__ import annotations

import re
from dataclasses import dataclass

from transloop_model.engine import Finished
from transloop_settings.errors import NoCode, Refused, Truncated
from transloop_syntax.language import Language
from transloop_syntax.outline import syntax_problem

_BLOCK = re.compile(
    r"^(?P<fence>`{3,}|~{3,})[ \t]*(?P<info>[\w+#.-]*)[^\n]*\n"
    r"(?P<code>.*?)(?:^(?P=fence)[`~]*[ \t]*$|\Z)",
    re.MULTILINE | re.DOTALL,
)
_REFUSAL = re.compile(
    r"\b(i['’]?m sorry|i am sorry|sorry, (but|i)"
    r"|i (can(no|['’])t|cannot|won['’]t|am unable|am not able)"
    r"|as an ai\b|unable to (assist|help|translate))",
    re.IGNORECASE,
)
_CODE_SIGN = re.compile(r"[;{}=<>\[\]]|\w\(|^\s*(#|//|/\*|\*|@)")
_PROSE = re.compile(r"^\s*[A-Z][^;{}=]*\s\S+\s.*[.:!?]\s*$")


@dataclass(frozen=True)
class Answer:
    """Code that a model wrote, and what a reader should know about it."""

    code: str
    notes: tuple[str, ...] = ()


def extract(finished: Finished, target: Language, source_code: str) -> Answer:
    """The code of a complete candidate.

    Raises:
        Truncated: it ended at the token limit; half a translation is never handed out.
        Refused: the model declined.
        NoCode: empty, only prose, or the source again.
    """
    if finished.reason == "length":
        raise Truncated(
            f"The answer was cut off after {finished.tokens} tokens; nothing was inserted.",
            "Select less code, or raise `sampling.max_tokens` or `engine.context`.",
        )
    code = _trim(_code_of(finished.text, target))
    if not code:
        raise _reason_for_none(finished.text)
    problem = syntax_problem(code, target)
    if problem and all(_is_prose(line) for line in code.splitlines()):
        raise _reason_for_none(code)  # a refusal can come inside the fence that we began
    if _same(code, source_code) and syntax_problem(source_code, target):
        raise NoCode(
            f"The model returned the source instead of {target.name}; nothing was inserted.",
            "Try again, or another model.",
        )
    note = (f"does not parse as {target.name}: {problem}",) if problem else ()
    return Answer(code, note)


def _code_of(text: str, target: Language) -> str:
    blocks = [(match["info"].lower(), match["code"]) for match in _BLOCK.finditer(text)]
    if not blocks:
        return _without_chatter(text)
    names = {target.id, target.fence, target.name.lower(), *target.aliases}
    ours = [code for info, code in blocks if info in names]
    unnamed = [code for info, code in blocks if not info]
    # A second block is usually an example of use: the longest one is the translation.
    return max(ours or unnamed or [code for _, code in blocks], key=len)


def _without_chatter(text: str) -> str:
    """Drop the prose before and behind code that came without a fence."""
    lines = text.splitlines()
    while lines and _is_prose(lines[0]):
        lines.pop(0)
    while lines and _is_prose(lines[-1]):
        lines.pop()
    return "\n".join(lines)


def _is_prose(line: str) -> bool:
    if not line.strip() or _REFUSAL.search(line):
        return True
    return bool(_PROSE.match(line)) and not _CODE_SIGN.search(line)


def _trim(code: str) -> str:
    lines = [line.rstrip() for line in code.splitlines()]
    while lines and not lines[0]:
        lines.pop(0)
    while lines and not lines[-1]:
        lines.pop()
    return "\n".join(lines)


def _same(code: str, source: str) -> bool:
    return code.split() == source.split()


def _reason_for_none(text: str) -> NoCode | Refused:
    prose = _BLOCK.sub("", text).strip()
    said = " ".join(prose.split())[:200]
    if _REFUSAL.search(prose):
        return Refused(f"The model declined: “{said}”", "Try again, or another model.")
    what = f"only prose: “{said}”" if said else "empty"
    return NoCode(f"The answer is {what}.", "Try again, or another model.")
