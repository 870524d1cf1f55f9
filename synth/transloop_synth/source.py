"""Source functions: what is translated, the program that it runs in, and where it comes from.

Whoever has benchmark rows, files or anything else turns them into these; nothing here reads files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Literal

from transloop_seeds.seed import Seed
from transloop_settings.errors import UnitError
from transloop_syntax.constructs import constructs
from transloop_syntax.language import Language, language
from transloop_syntax.source import Source
from transloop_syntax.unit import Unit, snippet, unit_at
from transloop_synth.pair import Pair, unit_of
from transloop_translate.jury import functions_of
from transloop_verify.case import Entry
from transloop_verify.entry import entries
from transloop_verify.matching import NoCounterpart, matching, named
from transloop_verify.mutants import function_node

SourceOrigin = Literal["seed", "reentered", "invented"]


@dataclass(frozen=True)
class SourceFunction:
    """A function, or a few that belong together, that can be translated and run."""

    language: str
    code: str
    """What is translated."""
    program: str
    """What is run: the code with all that it needs, imports first."""
    functions: tuple[str, ...]
    """What of it is called, `Owner.name` for a method; a translation must hold in all of them."""
    needs: tuple[str, ...] = ()
    """Lines of its file that the prompt shows, as in `Unit.needs`."""
    signatures: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Language to the declaration that a translation must have, where it is known."""
    parents: tuple[str, ...] = ()
    """Ids of what it was made of; of a seed, the seed's."""
    seeds: tuple[str, ...] = ()
    """Ids of the seeds that it goes back to."""
    origin: SourceOrigin = "seed"

    @cached_property
    def id(self) -> str:
        """Digest of all that a translation is judged by."""
        return digest(self.language, self.program, *self.functions)

    @property
    def known_as(self) -> tuple[str, ...]:
        """The names under which its lineage is written down: the parents of what is made of it."""
        return self.parents if self.parents and self.origin != "invented" else (self.id,)

    @cached_property
    def unit(self) -> Unit:
        """As it is asked for, and as a pair of it is trained on."""
        return unit_of(self.code, self.language, self.needs)

    @cached_property
    def constructs(self) -> frozenset[str]:
        """What the code uses."""
        return constructs(self.code, self.language)


def digest(*parts: str) -> str:
    """An id from texts."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def of_program(
    code: str,
    language_id: str,
    entry_point: str,
    *,
    prelude: str = "",
    signatures: Mapping[str, str] | None = None,
    parents: Sequence[str] = (),
    seeds: Sequence[str] = (),
    origin: SourceOrigin = "seed",
) -> SourceFunction:
    """One function of a program, `Owner.name` for a method; `prelude` is imports before it.

    It is translated alone where it is the program's only function, else with all of the program.

    Raises:
        UnitError: there is no such function.
    """
    spoken = language(language_id)
    program = f"{prelude}\n{code}".strip("\n")
    try:
        entry = named(entry_point, program, language_id)
    except NoCounterpart as error:
        raise UnitError(f"{error}.") from None
    unit = _unit(code, program, entry, spoken)
    return SourceFunction(
        language_id,
        unit.code,
        program,
        (f"{entry.owner}.{entry.name}" if entry.owner else entry.name,),
        unit.needs,
        MappingProxyType(dict(signatures or {})),
        tuple(parents),
        tuple(seeds),
        origin,
    )


def _unit(code: str, program: str, entry: Entry, spoken: Language) -> Unit:
    whole = Source(program, spoken)
    node = function_node(whole.root, entry.name, spoken)
    if node is None or len(entries(code, spoken.id)) != 1:
        return snippet(code, spoken)
    at = whole.offset(node.start_byte)
    found = unit_at(whole, at, at)
    return found if found.kind in ("function", "method") else snippet(code, spoken)


def of_seed(seed: Seed) -> SourceFunction:
    """The source of a seed. Raises UnitError where nothing in it can be called."""
    spoken = language(seed.source_language)
    unit = unit_of(seed.code, seed.source_language, seed.needs)
    program = "\n".join([*(each for each in seed.needs if _runs(each, spoken)), seed.code])
    functions = tuple(functions_of(unit))
    if not functions:
        raise UnitError("It has no function that could be called.")
    return SourceFunction(
        seed.source_language,
        unit.code,
        program,
        functions,
        seed.needs,
        parents=(seed.id,),
        seeds=(seed.id,),
    )


def _runs(need: str, spoken: Language) -> bool:
    """Is it more than a signature, which says only that there is something?"""
    return next(Source(need, spoken).errors(), None) is None


def of_pair(pair: Pair) -> SourceFunction:
    """The translation of a pair as a source. Raises UnitError where it cannot be called."""
    name = pair.entry_point.rpartition(".")[2]
    try:
        asked = named(name, pair.code, pair.source_language)
        entry = matching(asked, pair.translation, pair.target_language)
    except NoCounterpart as error:
        raise UnitError(f"{name}: {error}.") from None
    found = f"{entry.owner}.{entry.name}" if entry.owner else entry.name
    made = of_program(pair.translation, pair.target_language, found)
    return replace(made, parents=(pair.id,), seeds=pair.seeds, origin="reentered")
