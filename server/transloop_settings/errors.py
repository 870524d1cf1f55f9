"""Every error that speaks to the user. Anything else is a bug and keeps its traceback.

TransloopError                 says what happened and what to do about it
├── UsageError                 the request itself is off: unknown language, a range outside the file
├── SettingsError              a setting is unknown or of a wrong type; names all at once
├── UnitError                  nothing in the selection can be translated, with the reason
├── ModelError                 the model file
│   ├── ModelMissing           not on this machine: says how to pull it
│   ├── ModelCorrupt           digest mismatch, truncated, or not a GGUF file
│   ├── ModelUnsupported       llama.cpp does not know its architecture
│   └── PullFailed             every source failed, with each one's reason
├── EngineError                the process or endpoint that runs the model
│   ├── EngineCrashed          it ended; carries its last words
│   ├── ContextOverflow        prompt and answer do not fit the context
│   ├── AdapterRefused         wrong base model, wrong prompt version, or unreadable
│   └── EndpointFailed         a remote endpoint refused, broke off or could not be reached
├── SandboxError               programs cannot be run here
│   ├── ToolchainMissing       a compiler or interpreter is not on this machine: says how to get it
│   └── InstallFailed          a tool could not be got, or what is made for it failed
├── SeedsError                 the log of outcomes and the seeds in it
│   ├── StoreUnwritable        the disk is full or read-only: nothing can be learned
│   ├── StoreNewer             a newer version of transloop has made it
│   └── PairsUnusable          what was grown out of them cannot be read or written
├── RegistryUnwritable         no adapter can be published or promoted: the one in use stays
├── TrainingError              an adapter cannot be trained
│   ├── ExamplesUnusable       none are left, or their file cannot be read or is of another format
│   ├── Diverged               the loss is no number any more; the last checkpoint stays
│   ├── CheckpointUnwritable   the disk is full or read-only; the last checkpoint stays
│   ├── CheckpointMismatch     it belongs to other examples, settings or weights, or is damaged
│   ├── TrainerEnded           the process that trains ended; the last checkpoint stays
│   ├── CeilingReached         it would take more memory or disk than the settings allow
│   ├── AdapterDisagrees       llama.cpp does not compute what was trained: nothing is published
│   ├── RunDamaged             the log of a run is not what was written, or of another version
│   └── RunUnwritable          nothing can be added to the log of a run, so nothing is done
└── AnswerError                the model's answer holds no usable code
    ├── Truncated              it ended at the token limit
    ├── Refused                the model declined
    └── NoCode                 empty, only prose, or the source again
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError


def problems(error: ValidationError) -> str:
    """All that is wrong with data that was read, each with its place: `tools.go.version: ...`."""
    return "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())


class TransloopError(Exception):
    """An error for the user: `str(error)` says what happened, `advice` what to do about it."""

    exit_code = 1

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.advice = advice

    def __str__(self) -> str:
        message = super().__str__()
        return f"{message} {self.advice}".strip()


class UsageError(TransloopError):
    """The request itself is off."""

    exit_code = 2


class SettingsError(UsageError):
    """A setting is unknown or has the wrong type."""


class UnitError(UsageError):
    """Nothing in the selection can be translated."""


class ModelError(TransloopError):
    """The model file cannot be used."""

    exit_code = 3


class ModelMissing(ModelError):
    """The model is not on this machine."""


class ModelCorrupt(ModelError):
    """The file is not what its digest or its header promises."""


class ModelUnsupported(ModelError):
    """llama.cpp does not know this architecture."""


class PullFailed(ModelError):
    """No source could deliver the model."""


class EngineError(TransloopError):
    """The process or endpoint that runs the model failed."""

    exit_code = 4


class EngineCrashed(EngineError):
    """The model's process ended while it was needed."""


class ContextOverflow(EngineError):
    """Prompt and answer do not fit the model's context."""


class AdapterRefused(EngineError):
    """The adapter does not belong to this model or this prompt format."""


class EndpointFailed(EngineError):
    """A remote endpoint refused, broke off or could not be reached."""


class SandboxError(TransloopError):
    """Programs cannot be run on this machine, or not as safely as was asked for."""

    exit_code = 6


class ToolchainMissing(SandboxError):
    """A compiler or an interpreter is not on this machine."""


class InstallFailed(SandboxError):
    """A tool could not be got, or what is made once for it could not be made."""


class SeedsError(TransloopError):
    """The store of seeds cannot be used."""

    exit_code = 8


class StoreUnwritable(SeedsError):
    """Nothing can be written to the store, so nothing is learned. Everything else works."""


class StoreNewer(SeedsError):
    """A newer version of transloop has made the store; this one cannot read it safely."""


class PairsUnusable(SeedsError):
    """The data set that was grown out of the seeds cannot be read, or not be written to."""


class RegistryUnwritable(TransloopError):
    """Nothing can be written to the registry of adapters. What was in use stays so."""


class TrainingError(TransloopError):
    """An adapter cannot be trained."""

    exit_code = 9


class ExamplesUnusable(TrainingError):
    """There is nothing to train on, or it cannot be read."""


class Diverged(TrainingError):
    """The loss is no number any more. The last good checkpoint stays."""


class CheckpointUnwritable(TrainingError):
    """A checkpoint cannot be written. The last good one stays."""


class CheckpointMismatch(TrainingError):
    """The checkpoint in the folder is not one of this run."""


class TrainerEnded(TrainingError):
    """The process that trains ended before it was done. The last checkpoint stays."""


class CeilingReached(TrainingError):
    """The trainer would take more than the settings allow."""


class AdapterDisagrees(TrainingError):
    """llama.cpp with the exported adapter does not compute what was trained."""


class RunDamaged(TrainingError):
    """The log of a run cannot be understood. Other runs are not touched."""


class RunUnwritable(TrainingError):
    """Nothing can be added to the log of a run, so nothing is done either."""


class AnswerError(TransloopError):
    """The model's answer holds no usable code."""

    exit_code = 5


class Truncated(AnswerError):
    """The answer ended at the token limit."""


class Refused(AnswerError):
    """The model declined to translate."""


class NoCode(AnswerError):
    """The answer is empty, only prose, or the source again."""
