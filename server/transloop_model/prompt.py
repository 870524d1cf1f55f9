"""Prompt format v1, the one that server, synthesis, training and evaluation share.

The stable part comes first (what to do, from which language to which), so that its KV state is
kept from request to request; what is new, the unit, comes last. An adapter belongs to the version
of the format that it was trained on.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from transloop_model.engine import Message
from transloop_syntax.language import Language, language
from transloop_syntax.unit import Unit

if TYPE_CHECKING:
    from jinja2 import Template

VERSION = 1

_SYSTEM = """\
You translate {source} code to {target}. Write the same program in {target}: it takes the same \
parameters in the same order and gives the same results for all inputs. Keep comments and \
documentation. Naming: {naming}. Use only what the {target} standard library offers. Answer with \
one {target} code block and nothing else."""


@dataclass(frozen=True)
class Prompt:
    """What an engine is asked, and how its answer begins and ends."""

    messages: tuple[Message, ...]
    answer_prefix: str
    stop: tuple[str, ...]
    version: int = VERSION


def build(
    unit: Unit,
    target: Language,
    *,
    signature: str | None = None,
    translated: Sequence[str] = (),
) -> Prompt:
    """The prompt for translating `unit`.

    Args:
        signature: declaration that the translation must have; the answer is begun with it.
        translated: target-language signatures of what was translated before it, for reference.
    """
    source = language(unit.language)
    system = _SYSTEM.format(source=source.name, target=target.name, naming=target.naming)
    parts = []
    if unit.needs:
        around = "\n".join(unit.needs)
        parts.append(f"It is used together with this {source.name} code, which stays as it is:")
        parts.append(_fenced(around, source.fence))
    if translated:
        parts.append(f"This {target.name} code exists already; use it and do not repeat it:")
        parts.append(_fenced("\n".join(translated), target.fence))
    if signature:  # before the code: a model repeats the last block that it sees
        parts.append(f"The translation is declared as `{signature}`.")
    parts.append(f"Translate this {source.name} {_what(unit)} to {target.name}:")
    parts.append(_fenced(unit.code, source.fence))
    messages = (Message("system", system), Message("user", "\n".join(parts)))
    return Prompt(messages, f"```{target.fence}\n{_opening(signature)}", ("\n```",))


def repair(asked: Prompt, target: Language, code: str, problem: str) -> Prompt:
    """The prompt that follows an answer with which something is wrong.

    Args:
        code: the answer.
        problem: what is wrong with it, in sentences: what a compiler said, or one call, what was
            expected of it and what it did.
    """
    again = f"{problem} Write the whole corrected {target.name} code."
    messages = (
        *asked.messages,
        Message("assistant", _fenced(code, target.fence)),
        Message("user", again),
    )
    return replace(asked, messages=messages)


def _what(unit: Unit) -> str:
    if unit.kind == "method" and unit.enclosing:
        return f"method of {unit.enclosing}"
    return unit.kind if unit.kind in ("function", "class") else "code"


def _opening(signature: str | None) -> str:
    """The declaration without the bracket or colon of its body: the model ends that line itself.

    Its tokenizer joins ` {` with the line break; a forced bracket would leave its usual path.
    """
    return re.sub(r"\s*[{:]\s*\}?\s*$", "", signature) if signature else ""


def _fenced(code: str, info: str) -> str:
    longest = max((len(run) for run in re.findall(r"`+", code)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{info}\n{code}\n{fence}"


@dataclass(frozen=True)
class Segment:
    """A piece of a rendered prompt. Control tokens are read only where `special`."""

    text: str
    special: bool
    has_bos: bool = False


class ChatTemplate:
    """The Jinja chat template of a model, rendered so that content cannot speak as the template.

    A user's file may contain `<|im_end|>`. Rendering with placeholders and tokenizing the contents
    apart from the template keeps it the text that it is.
    """

    def __init__(self, template: str, *, bos: str = "", eos: str = "") -> None:
        self.template = template
        self.bos = bos
        self.eos = eos

    @cached_property
    def _compiled(self) -> Template:
        from jinja2.sandbox import ImmutableSandboxedEnvironment  # the server never renders

        environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
        environment.globals["raise_exception"] = _raise
        return environment.from_string(self.template)

    def render(self, messages: Sequence[Message], answer_prefix: str = "") -> list[Segment]:
        """Segments of the whole prompt, up to and including the beginning of the answer."""
        marks = {f"\ue000{i}\ue001": message.content for i, message in enumerate(messages)}
        rendered = self._compiled.render(
            messages=[
                {"role": message.role, "content": mark}
                for mark, message in zip(marks, messages, strict=True)
            ],
            add_generation_prompt=True,
            bos_token=self.bos,
            eos_token=self.eos,
        )
        segments = [
            Segment(marks.get(text, text), text not in marks)
            for text in re.split("(\ue000[0-9]+\ue001)", rendered)
            if text
        ]
        if self.bos and rendered.startswith(self.bos):
            segments[0] = Segment(segments[0].text, True, has_bos=True)
        if answer_prefix:
            segments.append(Segment(answer_prefix, special=False))
        return segments


def _raise(message: str) -> None:
    raise ValueError(message)
