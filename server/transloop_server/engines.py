"""From settings to the engine that keeps them."""

from __future__ import annotations

from pathlib import Path

from transloop_model import catalog
from transloop_model.catalog import ModelFile
from transloop_model.echo import EchoEngine
from transloop_model.engine import Engine
from transloop_settings.settings import NO_ADAPTER, Settings


def make_engine(settings: Settings) -> Engine:
    """The engine that the settings ask for; nothing is loaded or started yet.

    Raises:
        ModelError: the model is not on this machine, or not what it should be.
    """
    match settings.engine.backend:
        case "echo":
            return EchoEngine(context=settings.engine.context)
        case "remote":
            from transloop_model.remote import RemoteEngine

            return RemoteEngine(
                settings.remote.url,
                settings.remote.model,
                settings.remote.api_key.get_secret_value(),
                settings.remote.timeout_seconds,
                settings.engine.context,
            )
        case _:
            from transloop_model.llama.engine import LlamaEngine

            return LlamaEngine(
                catalog.resolve(settings.model),
                context=settings.engine.context,
                threads=settings.engine.threads,
                idle_seconds=settings.engine.idle_seconds,
                adapter=given_adapter(settings),
            )


def given_adapter(settings: Settings) -> Path | None:
    """The file that the settings name; what is in use otherwise is the registry's to say."""
    return None if settings.adapter == NO_ADAPTER else settings.adapter


def local_model(settings: Settings) -> ModelFile | None:
    """The file that computes; None: no file of this machine does.

    Raises:
        ModelError: as `make_engine`.
    """
    return catalog.resolve(settings.model) if settings.engine.backend == "llama" else None


def with_adapter_in_use(settings: Settings) -> Settings:
    """Settings that name the adapter which the registry says is in use.

    Raises:
        ModelError: as `make_engine`. AdapterRefused: it must not be used.
    """
    model = local_model(settings)
    if settings.adapter is not None or model is None:
        return settings
    from transloop_model.registry.registry import Registry

    found = Registry(model.digest()).current()
    return settings.model_copy(update={"adapter": found.path if found else None})


def engine_key(settings: Settings) -> tuple[object, ...]:
    """Settings with equal keys can share an engine; the adapter can be swapped in a running one."""
    return (settings.model, settings.engine, settings.remote)
