"""Seeds as JSON lines: one seed a line, in a format that has a version and a JSON Schema.

The schema is `docs/seeds.schema.json`. A file is read as a whole or not at all, and everything that
is wrong with it is told at once. What a file claims about a translation is not believed: a verdict
of its own is kept beside the claim.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from transloop_seeds.event import About, Imported, Source, new_id
from transloop_seeds.seed import Seed, SeedOrigin
from transloop_settings.errors import UsageError
from transloop_syntax.language import languages

VERSION: Literal[1] = 1
LONGEST_LINE = 4_000_000
"""Characters of a line; a seed is a function, and its evidence a few kilobytes."""
_TOLD = 20
"""Problems of a file that are told one by one."""


def _known_language(value: str) -> str:
    if value not in languages():
        raise ValueError(f"{value!r} is none of {', '.join(languages())}")
    return value


def _relative_path(value: str) -> str:
    if value.startswith(("/", "\\", "~")) or ":" in value[:2]:
        raise ValueError("it must be relative")
    return value


LanguageId = Annotated[str, AfterValidator(_known_language)]
RelativePath = Annotated[str, AfterValidator(_relative_path)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class SourceRow(_Strict):
    """The code, and what is known of it."""

    language: LanguageId = Field(description="The language's id, such as `python`.")
    code: str = Field(min_length=1, description="A function or several, complete.")
    names: list[str] = Field([], description="What it declares.")
    signature: str | None = Field(None, description="Its text up to the body, on one line.")
    needs: list[str] = Field([], description="What it uses from around it, each complete.")
    path: RelativePath | None = Field(None, description="Relative to its workspace.")


class TargetRow(_Strict):
    """Its translation."""

    language: LanguageId = Field(description="The language's id.")
    code: str = Field(min_length=1, description="The translation that was accepted.")
    draft: str = Field("", description="What the model had written, where somebody corrected it.")


class SeedRow(_Strict):
    """A seed of transloop: code to learn from, with its translation where there is one."""

    version: Literal[1] = Field(description="Of this format.")
    source: SourceRow
    target: TargetRow | None = None
    origin: SeedOrigin = Field("imported", description="How it became a seed.")
    verdict: str = Field(
        "unchecked", description="What running both sides had shown; not believed when imported."
    )
    evidence: dict[str, Any] = Field({}, description="What that verdict rests on.")
    id: str | None = Field(None, description="Digest of code and languages; computed anew.")
    time: float | None = Field(None, description="Seconds since 1970.")
    redacted: int = Field(0, ge=0, description="Secrets that were taken out of it.")


@dataclass(frozen=True)
class Problem:
    """What is wrong with a line."""

    line: int
    what: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.what}"


def schema() -> str:
    """The JSON Schema of a line."""
    made = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **SeedRow.model_json_schema(),
    }
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"


def lines(seeds: Iterable[Seed]) -> Iterator[str]:
    """Each seed as a line."""
    for seed in seeds:
        yield json.dumps(row(seed).model_dump(exclude_defaults=True)) + "\n"


def row(seed: Seed) -> SeedRow:
    """A seed in the form in which it leaves the store."""
    target = None
    if seed.target_language is not None:
        target = TargetRow(language=seed.target_language, code=seed.translation, draft=seed.draft)
    source = SourceRow(
        language=seed.source_language,
        code=seed.code,
        names=list(seed.names),
        signature=seed.signature,
        needs=list(seed.needs),
        path=seed.path,
    )
    return SeedRow(
        version=VERSION,
        source=source,
        target=target,
        origin=seed.origin,
        verdict=seed.verdict,
        evidence=dict(seed.evidence),
        id=seed.id,
        time=seed.time,
        redacted=seed.redacted,
    )


def read(file: Iterable[str]) -> list[Imported]:
    """The seeds of a file's lines. Raises UsageError with everything that is wrong with them."""
    found: list[Imported] = []
    problems: list[Problem] = []
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            found.append(_event(_row(line)))
        except ValueError as error:
            problems += [Problem(number, each) for each in _reasons(error)]
    if problems:
        told = "\n  ".join(map(str, problems[:_TOLD]))
        more = f"\n  and {len(problems) - _TOLD} more" if len(problems) > _TOLD else ""
        raise UsageError(f"Nothing was imported:\n  {told}{more}\n")
    return found


def _row(line: str) -> SeedRow:
    if len(line) > LONGEST_LINE:
        raise ValueError(f"it is longer than {LONGEST_LINE:,} characters")
    return SeedRow.model_validate_json(line)


def _event(row: SeedRow) -> Imported:
    source = Source(
        row.source.code,
        row.source.language,
        tuple(row.source.names),
        row.source.signature,
        tuple(row.source.needs),
        row.source.path,
    )
    claimed = {"origin": row.origin, "verdict": row.verdict, "evidence": row.evidence}
    about = About(
        new_id(),
        source,
        row.target.language if row.target else None,
        "import",
        evidence={"claimed": claimed},
    )
    target = row.target
    return Imported(about, target.code if target else "", target.draft if target else "")


def _reasons(error: ValueError) -> list[str]:
    if not isinstance(error, ValidationError):
        return [str(error)]
    return [
        f"{'.'.join(map(str, each['loc']))}: {each['msg']}" if each["loc"] else each["msg"]
        for each in error.errors()
    ]
