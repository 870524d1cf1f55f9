"""The settings: defaults, then the user's TOML, the workspace's TOML, the environment, the editor.

A later source wins. A workspace file comes with somebody's repository, so it may not say where code
is sent, which file is loaded as a model, or how well programs are kept in: those keys belong to the
user (`USER_ONLY`). Of what is kept of translations it may make less (`learn`), never more.
"""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from transloop_settings import directories
from transloop_settings.errors import SettingsError, problems

NO_ADAPTER = Path("none")
Placement = Literal["beside", "below", "replace"]
Level = Literal["all", "no-code", "off"]
USER_ONLY = ("model", "adapter", "engine", "remote", "sandbox", "trusted", "train")


class Engine(BaseModel):
    """How the model runs. Changing one of these restarts the model's process."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    backend: Literal["llama", "remote", "echo"] = "llama"
    threads: int | None = Field(None, ge=1)
    """None: one a physical core. More than that makes llama.cpp slower."""
    context: int = Field(8192, ge=512)
    """Tokens of prompt and answer together; memory grows with it (12 kB a token for the 0.5B)."""
    idle_seconds: float = Field(900.0, gt=0)
    """The model leaves memory after this long without a request."""


class Sampling(BaseModel):
    """How answers are sampled. The first candidate is always greedy."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    temperature: float = Field(0.8, gt=0, le=2)
    """For alternatives: higher gives more different ones, and more wrong ones."""
    top_p: float = Field(0.95, gt=0, le=1)
    alternatives: int = Field(3, ge=1, le=16)
    """How many further candidates "Next alternative" samples, in one batch."""
    max_tokens: int = Field(2048, ge=16)
    """Upper bound of one answer; the bound that is used also follows the source's length."""


class Remote(BaseModel):
    """An OpenAI-compatible endpoint, used only with `engine.backend = "remote"`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = "http://127.0.0.1:8000/v1"
    model: str = ""
    api_key: SecretStr = SecretStr("")
    timeout_seconds: float = Field(120.0, gt=0)


class Verify(BaseModel):
    """How translations are checked by running both sides, in folders that you trust."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mode: Literal["off", "fast", "balanced", "thorough"] = "balanced"
    """off: nothing is run; fast: one translation; the others try more until one holds."""
    seconds: float | None = Field(None, gt=0)
    """From the request on; then the best so far is taken. None: fast 15, balanced 7.5 or
    2.7 times what the first one took, thorough 90.
    The first translation is always written to its end, and judged."""
    tokens: int | None = Field(None, ge=1)
    """That may be written in all. None: fast 8192, balanced 16384, thorough 65536."""
    pivot: Literal["", "c", "cpp", "go", "java", "javascript", "python", "rust", "typescript"] = ""
    """A language by way of which it is tried once more where nothing else holds. Empty: none."""


class Sandbox(BaseModel):
    """How programs are run."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    min_level: Literal["full", "landlock", "seatbelt"] = "landlock"
    """The weakest isolation that will do; below it nothing is run."""
    workers: int | None = Field(None, ge=1)
    """Programs at once. None: one a core."""


class Learn(BaseModel):
    """What is kept of translations, once you have agreed to that. A workspace may only lower it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    level: Level = "all"
    """all: code too; no-code: only what happened, without code, names and paths; off: nothing."""
    retention_days: int = Field(365, ge=1)
    """Code that is older is removed."""
    ignore: tuple[str, ...] = ()
    """Files that nothing is learned from, as gitignore patterns; beside `.transloopignore`."""


class Train(BaseModel):
    """The background trainer. Nothing is trained until you start `transloop train`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    directions: tuple[str, ...] = ()
    """What is to be learned, such as `python:java`. Empty: what your translations show."""
    seeds: int = Field(50, ge=1)
    """New verified seeds that begin a run by themselves, with `--watch`."""
    policy: Literal["fixed", "rules", "learned"] = "rules"
    """What decides when to synthesize, to train and to stop."""
    recipe: Literal["smoke", "small", "full", "preferences"] = "small"
    """How thoroughly: minutes, hours, or a night; or from what you corrected against its drafts."""
    run_hours: float = Field(3.0, gt=0)
    """Of work that one run may take."""
    day_hours: float = Field(8.0, gt=0, le=24)
    """Of work a day; then it waits for the next one."""
    memory_mb: int = Field(8192, ge=1024)
    """All processes of the trainer together; what takes more is ended."""
    disk_mb: int = Field(4096, ge=64)
    """All runs together; nothing new begins above it."""
    idle_minutes: float = Field(5.0, ge=0)
    """Without a translation, before `--watch` begins."""
    on_battery: bool = False
    """Train without mains, too."""


class Settings(BaseSettings):
    """All settings of transloop. Unknown keys are errors."""

    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, env_prefix="TRANSLOOP_", env_nested_delimiter="__"
    )

    model: str = "qwen2.5-coder-0.5b-instruct"
    """A catalog id, or a path to a GGUF file."""
    adapter: Path | None = None
    """The path of a GGUF adapter made for this model and this prompt format. None: the one that is
    in use (`transloop adapters`); "none": the model alone."""
    targets: tuple[str, ...] = (
        "javascript", "typescript", "python", "java", "go", "rust", "cpp", "c",
    )  # fmt: skip
    """The languages that the menu offers."""
    placement: Placement = "beside"
    """beside: a new file; below: under the selection; replace: in its place."""
    keep_original: bool = False
    """With `replace`: keep the original, commented out, above the translation."""
    engine: Engine = Engine()
    sampling: Sampling = Sampling()
    remote: Remote = Remote()
    verify: Verify = Verify()
    trusted: tuple[str, ...] = ()
    """Folders whose code may be run in the sandbox, besides those that you were asked about."""
    sandbox: Sandbox = Sandbox()
    learn: Learn = Learn()
    train: Train = Train()


def stricter(one: Level, other: Level) -> Level:
    """The level of the two that keeps less."""
    return max(one, other, key=get_args(Level).index)


def load(workspace: Path | None = None, editor: Mapping[str, Any] | None = None) -> Settings:
    """The settings for `workspace`, with what the editor sent on top.

    Raises:
        SettingsError: naming every unknown key and wrong value, each with its source.
    """
    files = [directories.user_settings()]
    if workspace is not None:
        local = directories.workspace_settings(workspace)
        _refuse_user_only(local)
        files.append(local)
    try:
        found = _sourced(Settings, files, editor)
    except ValidationError as error:
        where = ", ".join(
            [str(path) for path in files if path.exists()] + ["environment", "editor"]
        )
        raise SettingsError(f"Settings: {problems(error)}.", f"Look in: {where}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        where = ", ".join(str(path) for path in files if path.exists())
        raise SettingsError(f"Settings: not valid TOML: {error}.", f"Look in: {where}.") from error
    values = dict(found)
    if workspace is not None or editor:
        values["learn"] = _lowered(load().learn, found.learn)
    return Settings.model_construct(**values)


def load_what_holds(
    workspace: Path | None = None, editor: Mapping[str, Any] | None = None
) -> Settings:
    """As `load`, with the default for what is wrong: an unknown key, a value, a whole file.

    Nothing is learned then: what is wrong may be what people wanted kept out.
    """

    class Forgiving(Settings):
        @model_validator(mode="wrap")
        @classmethod
        def without_mistakes(cls, values: Any, check: ModelWrapValidatorHandler[Self]) -> Self:
            try:
                return check(values)
            except ValidationError as error:
                left = copy.deepcopy(values)
                for each in error.errors():
                    _drop(left, each["loc"])
                return check(left)

    files = [directories.user_settings()]
    if workspace is not None:
        files.append(directories.workspace_settings(workspace))
    readable = [path for path in files if _holds(path, own=path == files[0])]
    values = dict(_sourced(Forgiving, readable, editor))
    return Settings.model_construct(**{**values, "learn": Learn(level="off")})


def _sourced(
    model: type[Settings], files: Sequence[Path], editor: Mapping[str, Any] | None
) -> Settings:
    """The settings of all sources. Raises ValidationError, or TOMLDecodeError for a file."""

    class Sourced(model):  # type: ignore[misc, valid-type]
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            tomls = [TomlConfigSettingsSource(settings_cls, path) for path in reversed(files)]
            return (init_settings, env_settings, *tomls)

    return Sourced(**dict(editor or {}))


def _holds(path: Path, *, own: bool) -> bool:
    """Whether a file can be read, and is allowed to say what it says."""
    try:
        tomllib.loads(path.read_text(encoding="utf-8"))
        if not own:
            _refuse_user_only(path)
    except (OSError, ValueError, SettingsError):
        return False
    return True


def _drop(values: Any, path: Sequence[str | int]) -> None:
    """Take out what is at a path, or the innermost thing with a name that is on the way to it."""
    for at, key in enumerate(path):
        inner = values.get(key) if isinstance(values, dict) else None
        if not isinstance(inner, dict) or at == len(path) - 1:
            if isinstance(values, dict):
                values.pop(key, None)
            return
        values = inner


def _lowered(own: Learn, found: Learn) -> Learn:
    """What a workspace or an editor says of learning may keep less than the user does, not more."""
    return Learn(
        level=stricter(own.level, found.level),
        retention_days=min(own.retention_days, found.retention_days),
        ignore=tuple(dict.fromkeys((*own.ignore, *found.ignore))),
    )


def _refuse_user_only(path: Path) -> None:
    """A cloned repository must not choose the model file or the endpoint that sees the code."""
    try:
        keys = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return  # a broken file is reported with all other problems
    if refused := [key for key in USER_ONLY if key in keys]:
        raise SettingsError(
            f"{path} sets {', '.join(refused)}, which a workspace may not.",
            f"Set it in {directories.user_settings()} instead.",
        )
