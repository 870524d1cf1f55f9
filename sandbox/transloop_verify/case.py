"""Cases and what was observed when one side ran them: the evidence itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from transloop_sandbox.job import Isolation
from transloop_verify.type import ANY, Type
from transloop_verify.value import Value


@dataclass(frozen=True)
class Parameter:
    """One parameter of an entry point."""

    name: str
    type: Type = ANY
    default: bool = False
    """It may be left out."""


@dataclass(frozen=True)
class Entry:
    """What of a program is called: a function, or a method of a class that can be made."""

    name: str
    parameters: tuple[Parameter, ...]
    result: Type = ANY
    owner: str | None = None
    """The class around it."""
    static: bool = True
    """Of a method: called on its class, else on an object made without arguments."""
    made: str = ""
    """How that object is made, where the language's usual expression is not it."""
    fallible: bool = False
    """Its result carries an error beside the value: Go's `(T, error)`, Rust's `Result`."""


@dataclass(frozen=True)
class Side:
    """A program that can be called: complete code in one language, and its entry point."""

    code: str
    language: str
    entry: Entry
    prelude: str = ""
    """Stands before the code: imports that it needs."""


@dataclass(frozen=True)
class Case:
    """One call."""

    id: int
    arguments: tuple[Value, ...]
    origin: str = "generated"
    """Where the input comes from: `boundary`, `constant`, `doctest`, `call`, `shrunk`, ..."""
    held_out: bool = False
    """Never shown to a model, not even in a counterexample."""


@dataclass(frozen=True)
class Observation:
    """What one call did."""

    kind: Literal["returned", "raised", "crashed", "timeout", "memory", "unexpressed"]
    value: Value = None
    """What it returned."""
    error: str = ""
    """`raised`: the exception's type; `crashed`: the signal; `unexpressed`: the reason."""
    message: str = ""
    after: tuple[Value, ...] = ()
    """The arguments after the call, to see what it changed."""
    printed: str = ""
    """What the call wrote to stdout."""
    line: int = 0
    """Of the side's code, that raised it; 0 where nobody knows."""


@dataclass(frozen=True)
class Observed:
    """What a side did with a list of cases."""

    by_case: dict[int, Observation] = field(default_factory=dict)
    unexpressed: dict[int, str] = field(default_factory=dict)
    """Cases whose arguments cannot be written in this language and for these types, and why."""
    failure: str = ""
    """Why nothing could be run at all, in one word: `compile_error`, `load_error` (its own code
    raised while it was loaded), `unfit` (our harness does not fit it), `cancelled`, or a verdict
    of the sandbox."""
    detail: str = ""
    """What to tell about it: the compiler's first error, mapped to the code's own lines."""
    line: int = 0
    """Of the code, from 1; 0 where there is none."""
    isolation: Isolation | None = None
    """How it was kept in; None where nothing was run."""
