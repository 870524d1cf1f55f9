"""Results as text, for the cache; and which of them an equal job would get again."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from transloop_sandbox.cache import key_of
from transloop_sandbox.job import Diagnostic, Isolation, Job, Phase, Result, Usage, Verdict
from transloop_sandbox.recipe import recipe, runner
from transloop_sandbox.toolchains import Toolchain

FOLLOW: frozenset[Verdict] = frozenset(
    {"ok", "wrong_answer", "compile_error", "runtime_error", "output_limit", "sandbox_violation"}
)
"""Verdicts that follow from the program. Time and memory depend on the machine's other work."""
_NONCE = "\0nonce\0"
"""Stands for a job's nonce, which is another one each time."""


def key(job: Job, tools: Toolchain, isolation: Isolation) -> str:
    """A digest of everything that a result depends on."""
    chosen = recipe(job.language)
    return key_of(
        "result",
        [chosen.digest, runner(chosen)[0].digest, tools.stamp, asdict(isolation)],
        [(file.path, file.content) for file in job.files],
        _exchanged(job.stdin, _nonce(job), _NONCE),
        job.arguments,
        [asdict(job.limits), asdict(job.compile_limits), job.compile_only],
        job.completion.cases if job.completion else None,
    )


def to_text(result: Result, job: Job) -> str:
    """The result without its nonce."""
    plain = asdict(result)
    for name in ("stdout", "stderr"):
        plain[name] = _exchanged(plain[name], _nonce(job), _NONCE).decode("latin-1")
    return json.dumps(plain)


def from_text(text: str, job: Job) -> Result:
    """The result for this job, with its own nonce, marked as not done again."""
    plain: dict[str, Any] = json.loads(text)
    for name in ("stdout", "stderr"):
        plain[name] = _exchanged(plain[name].encode("latin-1"), _NONCE, _nonce(job))
    isolation = plain["isolation"]
    phases: tuple[Phase, ...] = ("compile", "run")
    return Result(
        **{
            **plain,
            "isolation": Isolation(
                **{**isolation, "features": tuple(map(tuple, isolation["features"]))}
            ),
            "records": tuple(plain["records"]),
            "diagnostics": tuple(Diagnostic(**each) for each in plain["diagnostics"]),
            "usage": Usage(**plain["usage"]),
            "compile_usage": Usage(**plain["compile_usage"]),
            "cached": phases,
        }
    )


def _nonce(job: Job) -> str:
    return job.completion.nonce if job.completion else ""


def _exchanged(content: bytes, old: str, new: str) -> bytes:
    return content.replace(old.encode(), new.encode()) if old and new else content
