"""What is trained on: a prompt exactly as the server asks it, and the answer that is wanted.

Stored as parquet through `datasets`. Each example carries the id that it comes from, so an adapter
can say what it has seen.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from transloop_model import prompt
from transloop_model.engine import Message
from transloop_model.prompt import Prompt
from transloop_seeds.seed import SeedOrigin
from transloop_settings.errors import ExamplesUnusable
from transloop_syntax.language import Language
from transloop_syntax.unit import Unit

WEIGHTS: Mapping[SeedOrigin, float] = {
    "corrected": 3.0,  # a person wrote what the model could not; higher drowns the rest
    "accepted": 1.0,
    "harvested": 1.0,
    "imported": 1.0,
}
"""How much a pair counts, by where it comes from."""


@dataclass(frozen=True)
class Example:
    """One prompt and its answer. The answer's prefix is given; only the completion is learned."""

    messages: tuple[Message, ...]
    answer_prefix: str
    completion: str
    direction: str
    """Such as `python:java`."""
    lineage: str
    """Id of the pair or seed that it comes from."""
    weight: float = 1.0
    prompt_version: int = prompt.VERSION
    worse: str = ""
    """The completion that a person has corrected to this one."""

    def __post_init__(self) -> None:
        if not (self.weight > 0 and math.isfinite(self.weight)):
            raise ValueError(f"the weight of an example must be above 0, not {self.weight}")


def of_translation(
    unit: Unit,
    target: Language,
    translation: str,
    *,
    lineage: str,
    signature: str | None = None,
    weight: float = 1.0,
    draft: str = "",
) -> Example:
    """The example of a pair.

    Args:
        signature: the declaration that the server would know for the target. It is left out where
            the translation begins with something else, such as imports.
        draft: the answer that a person has corrected, if one has.

    Raises:
        ExamplesUnusable: the translation would end its own code block.
    """
    asked = prompt.build(unit, target, signature=signature)
    if not _answer(target, translation).startswith(asked.answer_prefix):
        asked = prompt.build(unit, target)
    made = _example(asked, unit, target, translation, lineage, weight)
    worse = _completion(asked, target, draft) if draft.strip() else None
    return replace(made, worse=worse) if worse and worse != made.completion else made


def of_repair(
    unit: Unit,
    target: Language,
    draft: str,
    problem: str,
    translation: str,
    *,
    lineage: str,
    weight: float = 1.0,
) -> Example:
    """The example of an answer with which something was wrong, and of what it should have been.

    Args:
        draft: the wrong answer. problem: what is wrong with it; see `prompt.repair`.

    Raises:
        ExamplesUnusable: the translation would end its own code block.
    """
    asked = prompt.repair(prompt.build(unit, target), target, draft, problem)
    return _example(asked, unit, target, translation, lineage, weight)


def _answer(target: Language, translation: str) -> str:
    return f"```{target.fence}\n{translation.strip()}"


def _completion(asked: Prompt, target: Language, code: str) -> str | None:
    """What the model would write for this code; None if it could not be read back."""
    (stop,) = asked.stop
    answer = _answer(target, code)
    if stop in answer or not answer.startswith(asked.answer_prefix):
        return None
    return answer.removeprefix(asked.answer_prefix) + stop


def _example(
    asked: Prompt, unit: Unit, target: Language, translation: str, lineage: str, weight: float
) -> Example:
    completion = _completion(asked, target, translation)
    if completion is None:
        raise ExamplesUnusable(f"{lineage}: a line of the translation would end its code block.")
    return Example(
        asked.messages,
        asked.answer_prefix,
        completion,
        f"{unit.language}:{target.id}",
        lineage,
        weight,
        asked.version,
    )


def write(path: Path, examples: Iterable[Example]) -> None:
    """Store them; the file is replaced by rename."""
    from datasets import Dataset, disable_progress_bars

    disable_progress_bars()
    rows = [asdict(example) for example in examples]
    new = path.with_name(f"{path.name}.new")
    new.parent.mkdir(parents=True, exist_ok=True)
    Dataset.from_list(rows).to_parquet(new)
    new.replace(path)


def read(path: Path) -> list[Example]:
    """The examples of a file.

    Raises:
        ExamplesUnusable: it cannot be read, or was made for another format of prompts.
    """
    from datasets import Dataset
    from pyarrow import ArrowException, parquet

    try:
        # Dataset.from_parquet would leave a copy of everything in a cache.
        rows = Dataset(parquet.read_table(path)).to_list()
        examples = [_read(row) for row in rows]
    except (OSError, ArrowException, KeyError, TypeError, ValueError) as error:
        raise ExamplesUnusable(
            f"{path} holds no examples: {error}.", "Make them again from the seeds."
        ) from error
    if foreign := {each.prompt_version for each in examples} - {prompt.VERSION}:
        raise ExamplesUnusable(
            f"{path} was made for prompt format {foreign.pop()}, this is format {prompt.VERSION}.",
            "Make the examples again from the seeds.",
        )
    return examples


def _read(row: dict[str, object]) -> Example:
    messages = row.pop("messages")
    if not isinstance(messages, list):
        raise TypeError("messages must be a list")
    return Example(tuple(Message(**each) for each in messages), **row)  # type: ignore[arg-type]


def directions(examples: Iterable[Example]) -> tuple[str, ...]:
    """What they teach, each direction once."""
    return tuple(sorted({each.direction for each in examples}))


def lineage_digest(examples: Sequence[Example]) -> str:
    """Digest of the ids that they come from; the order does not matter."""
    ids = sorted({each.lineage for each in examples})
    return hashlib.sha256("\n".join(ids).encode()).hexdigest()
