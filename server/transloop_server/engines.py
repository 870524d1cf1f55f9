"""From settings to the engine that keeps them."""

from __future__ import annotations

from transloop_model import catalog
from transloop_model.echo import EchoEngine
from transloop_model.engine import Engine
from transloop_settings.settings import Settings


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
                adapter=settings.adapter,
            )


def engine_key(settings: Settings) -> tuple[object, ...]:
    """Settings with equal keys can share an engine; the adapter can be swapped in a running one."""
    return (settings.model, settings.engine, settings.remote)
