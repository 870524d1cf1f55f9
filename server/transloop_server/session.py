"""What one server process knows: the editor, the documents, the settings, the engine, the jobs."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types as lsp
from pygls import uris
from pygls.lsp.server import LanguageServer

from transloop_model import catalog, training
from transloop_model.engine import Engine
from transloop_server import pages, trust
from transloop_server.documents import Document, Documents
from transloop_server.editor import Editor
from transloop_server.engines import engine_key, local_model, make_engine
from transloop_server.jobs import Jobs
from transloop_server.learning import Learning
from transloop_server.offering import Offering
from transloop_server.swapping import Swapping
from transloop_server.today import Today
from transloop_server.trust import Trust
from transloop_settings import directories
from transloop_settings.errors import UsageError
from transloop_settings.settings import Settings, load, load_what_holds
from transloop_syntax.language import language

if TYPE_CHECKING:
    from transloop_sandbox.sandbox import Sandbox

log = logging.getLogger(__name__)

LAST_GOOD = "Until then the last good settings are used."
DEFAULTS = "Until then the defaults are used for what is wrong, and nothing is learned."


class Session:
    """The state behind the handlers."""

    def __init__(self, server: LanguageServer, engine: Engine | None = None) -> None:
        self.documents = Documents()
        self.editor = Editor(server, self.documents)
        self.jobs = Jobs()
        self.today = Today()
        self.folders: list[Path] = []
        self.recent_targets = _read_recent()
        self.trust = Trust()
        self.learning = Learning(self.editor)
        self.offering = Offering(self.editor)
        self._questions = asyncio.Lock()
        self._given_engine = engine
        self._engine: Engine | None = engine
        self._engine_key: tuple[object, ...] = ()
        self._swapping: Swapping | None = None
        self._from_editor: Mapping[str, Any] = {}
        self._given = 0
        """How often the editor has sent settings."""
        self._settings: dict[Path | None, tuple[object, Settings]] = {}
        self._good: dict[Path | None, Settings] = {}
        """Those without a mistake, last."""
        self._problems: dict[Path | None, str] = {}
        self._retiring: set[asyncio.Task[None]] = set()
        self._sandbox: Sandbox | None = None

    # Settings

    def configure(self, from_editor: object) -> None:
        """Take over what the editor sent: its `transloop` section, in snake_case."""
        given = from_editor if isinstance(from_editor, Mapping) else {}
        section = given.get("transloop", given)
        self._from_editor = section if isinstance(section, Mapping) else {}
        self._given += 1
        self.settings(None)
        self.trust.said()

    def settings(self, document: Document | None) -> Settings:
        """The settings that hold for a document, read again when a file has changed.

        A mistake is shown once, and the last good settings stay in force. Where there were none
        yet, what is right holds, with the defaults for the rest; what people wanted kept out of the
        store of seeds is then unknown, so nothing is learned.
        """
        folder = self.folder_of(document)
        changed = [path.stat().st_mtime_ns if path.exists() else 0 for path in _files(folder)]
        stamp = (self._given, *changed)
        known = self._settings.get(folder)
        if known and known[0] == stamp:
            return known[1]
        try:
            found = _with_known_targets(load(folder, self._from_editor))
        except UsageError as error:
            good = self._good.get(folder)
            found = good or _known_targets(load_what_holds(folder, self._from_editor))
            self._complain(folder, f"{error} {LAST_GOOD if good else DEFAULTS}")
        else:
            self._good[folder] = found
            self._problems.pop(folder, None)
        self._settings[folder] = (stamp, found)
        return found

    def _complain(self, folder: Path | None, message: str) -> None:
        if message not in self._problems.values():
            self.editor.tell(message, lsp.MessageType.Warning)
        self._problems[folder] = message

    def folder_of(self, document: Document | None) -> Path | None:
        """The workspace folder around a document, the innermost of several."""
        path = document.path if document else None
        if path is None:
            return self.folders[0] if self.folders else None
        around = [folder for folder in self.folders if path.is_relative_to(folder)]
        return max(around, key=lambda folder: len(folder.parts), default=None)

    def set_folders(self, folders: list[lsp.WorkspaceFolder]) -> None:
        """The workspace folders that are open."""
        paths = (uris.to_fs_path(folder.uri) for folder in folders)
        self.folders = [Path(path) for path in paths if path]

    # The model

    async def engine(self, settings: Settings) -> Engine:
        """The engine for these settings; an old one is retired when its last request is done.

        Raises:
            ModelError: the model is not there, or was replaced by what it should not be.
        """
        if self._given_engine is not None:
            return self._given_engine
        key = engine_key(settings)
        swapping = self._swapping
        if swapping is None or key != self._engine_key or swapping.model_replaced():
            swapping = await self._fresh(settings, swapping if key == self._engine_key else None)
        await swapping.prepare(settings.adapter)
        return swapping.engine

    async def _fresh(self, settings: Settings, replaced: Swapping | None) -> Swapping:
        """An engine for these settings.

        Args:
            replaced: the engine that has computed with a file which is another one now.
        """
        model = local_model(settings)
        if replaced is not None and model is not None:
            await asyncio.to_thread(catalog.verify, model)
            if self._swapping is not None and self._swapping is not replaced:
                return self._swapping  # another request has noticed it too
            told = f"The model file {model.path} was replaced: it is loaded again."
            self.editor.tell(told, lsp.MessageType.Warning)
        fresh = make_engine(settings.model_copy(update={"adapter": None}))
        if self._swapping is not None:
            self._retire(self._swapping)
        self._engine, self._engine_key = fresh, engine_key(settings)
        self._swapping = Swapping(fresh, model, self.editor.tell)
        return self._swapping

    def _retire(self, old: Swapping) -> None:
        async def close_when_free() -> None:
            await old.close()
            while old.engine.state().state in ("busy", "loading"):  # noqa: ASYNC110 - no event to wait for
                await asyncio.sleep(0.2)
            await old.engine.close()

        task = asyncio.get_running_loop().create_task(close_when_free())
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)

    @property
    def adapter(self) -> Path | None:
        """The file of the adapter that translations are made with now."""
        return self._swapping.used if self._swapping else None

    # Running code

    def sandbox(self, settings: Settings) -> Sandbox:
        """Where programs are run; its processes start with the first one."""
        if self._sandbox is None:
            from transloop_sandbox.sandbox import Sandbox

            chosen = settings.sandbox
            self._sandbox = Sandbox(chosen.workers, chosen.min_level, told=log.info)
        return self._sandbox

    def trusted(self, document: Document | None) -> bool | None:
        """Whether a document's code may be run; None: nobody has said so yet."""
        folder = self._trusted_folder(document)
        return self.trust.of(folder, self.settings(document).trusted) if folder else False

    async def ask_for_trust(self, document: Document) -> None:
        """Ask people, once a session, and remember what they say."""
        folder = self._trusted_folder(document)
        if folder is None or not self.editor.client.ask or not self.trust.asks(folder):
            return
        question = trust.QUESTION.format(folder=folder)
        async with self._questions:
            answer = await self.editor.ask(question, (trust.YES, trust.NO))
        if answer is not None:
            self.trust.remember(folder, answer == trust.YES)

    async def ask_to_learn(self, document: Document | None) -> None:
        """Ask whether anything may be kept, when no other question is open."""
        learn = self.settings(document).learn
        async with self._questions:
            await self.learning.ask(learn)

    def _trusted_folder(self, document: Document | None) -> Path | None:
        """The workspace folder, else that of the file; what is no file is in no folder."""
        path = document.path if document else None
        folder = self.folder_of(document)
        return folder if folder or path is None else path.parent

    def status(self) -> dict[str, Any]:
        """Everything a status line could want to show."""
        state = self._engine.state() if self._engine else None
        settings = self.settings(None)
        return {
            "model": state.model if state else settings.model,
            "adapter": state.adapter if state else None,
            "engine": state.backend if state else settings.engine.backend,
            "state": state.state if state else "idle",
            "detail": state.detail if state else "",
            "pid": state.pid if state else None,
            "waiting": state.waiting if state else 0,
            "facts": state.facts if state else {},
            "today": self.today.told(),
            "training": training.told(),
            "problem": " ".join(dict.fromkeys(self._problems.values())),
            "jobs": [job.summary() for job in self.jobs],
        }

    async def close(self) -> None:
        """Stop every job and free the model."""
        self.offering.close()
        for job in self.jobs.running():
            if job.task:
                job.task.cancel()
        tasks = [job.task for job in self.jobs if job.task]
        await asyncio.gather(*tasks, *self._retiring, return_exceptions=True)
        if self._swapping:
            await self._swapping.close()
        if self._engine:
            await self._engine.close()
        if self._sandbox:
            await asyncio.to_thread(self._sandbox.close)
        await asyncio.to_thread(pages.forget)

    # What is remembered

    def used(self, target: str) -> None:
        """Remember that `target` was used last, so that the menu offers it first."""
        self.recent_targets = [target, *(t for t in self.recent_targets if t != target)]
        with suppress(OSError):  # a read-only home forgets; the menu still works
            directories.state().mkdir(parents=True, exist_ok=True)
            path = _recent_file()
            fresh = path.with_suffix(".new")
            fresh.write_text(json.dumps(self.recent_targets))
            fresh.replace(path)


def _with_known_targets(settings: Settings) -> Settings:
    """The settings with each target by its id; raises UsageError for a language nobody knows."""
    return settings.model_copy(
        update={"targets": tuple(language(name).id for name in settings.targets)}
    )


def _known_targets(settings: Settings) -> Settings:
    """As `_with_known_targets`, without what nobody knows; all of them where nothing is left."""
    known = []
    for name in settings.targets:
        with suppress(UsageError):
            known.append(language(name).id)
    default: tuple[str, ...] = Settings.model_fields["targets"].default
    return settings.model_copy(update={"targets": tuple(known) or default})


def _files(folder: Path | None) -> list[Path]:
    workspace = [directories.workspace_settings(folder)] if folder else []
    return [directories.user_settings(), *workspace]


def _recent_file() -> Path:
    return directories.state() / "recent-targets.json"


def _read_recent() -> list[str]:
    try:
        found = json.loads(_recent_file().read_text())
    except (OSError, ValueError):
        return []
    return [name for name in found if isinstance(name, str)] if isinstance(found, list) else []
