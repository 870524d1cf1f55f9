"""`transloop lsp`: the handlers. They translate parameters to values and do not think."""

from __future__ import annotations

import gc
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from lsprotocol import types as lsp
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol, lsp_method

from transloop_model.engine import Engine
from transloop_server import menu
from transloop_server.afterwards import Afterwards
from transloop_server.client import Client
from transloop_server.flow import Flow
from transloop_server.jobs import Job
from transloop_server.outcomes.outcomes import Outcomes
from transloop_server.session import Session
from transloop_server.stdio import serve_stdio
from transloop_settings.errors import TransloopError, UsageError
from transloop_settings.settings import Placement
from transloop_syntax.language import language

log = logging.getLogger(__name__)

_EVERY_FILE = lsp.FileOperationRegistrationOptions(
    [lsp.FileOperationFilter(lsp.FileOperationPattern("**/*"), scheme="file")]
)


@dataclass(frozen=True)
class Here:
    """Argument of the commands that concern a selection."""

    uri: str
    range: lsp.Range
    target: str | None = None
    placement: Placement | None = None
    signature: str | None = None
    source: str | None = None


@dataclass(frozen=True)
class OfJob:
    """Argument of the commands that concern a job."""

    job: str
    placement: Placement = "below"


class Protocol(LanguageServerProtocol):
    """pygls without its own copies of the documents; `documents` keeps them (and says why)."""

    @lsp_method(lsp.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: lsp.DidOpenTextDocumentParams) -> Any:
        """Pass it on."""
        yield self.fm.features[lsp.TEXT_DOCUMENT_DID_OPEN], (params,), None

    @lsp_method(lsp.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: lsp.DidChangeTextDocumentParams) -> Any:
        """Pass it on."""
        yield self.fm.features[lsp.TEXT_DOCUMENT_DID_CHANGE], (params,), None

    @lsp_method(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: lsp.DidCloseTextDocumentParams) -> Any:
        """Pass it on."""
        yield self.fm.features[lsp.TEXT_DOCUMENT_DID_CLOSE], (params,), None


def create_server(version: str, engine: Engine | None = None) -> LanguageServer:
    """A server ready to start; `engine` replaces the one that the settings ask for."""
    server = LanguageServer("transloop", version, protocol_cls=Protocol)
    session = Session(server, engine)
    flow = Flow(session)
    _lifecycle(server, session, flow.outcomes)
    _documents(server, session, flow.outcomes)
    _menu(server, session)
    _commands(server, session, flow)
    return server


def _lifecycle(server: LanguageServer, session: Session, outcomes: Outcomes) -> None:
    @server.feature(lsp.INITIALIZE)
    def initialize(params: lsp.InitializeParams) -> None:
        session.editor.client = Client.of(params.capabilities)
        session.documents.encoding = _encoding(server)
        session.set_folders(list(params.workspace_folders or _root(params)))
        options = params.initialization_options
        if isinstance(options, dict):
            trusted = options.get("trusted")
            session.trust.editor = trusted if isinstance(trusted, bool) else None
            session.configure(options.get("settings", {}))

    @server.feature(lsp.INITIALIZED)
    async def initialized(_params: lsp.InitializedParams) -> None:
        session.settings(None)  # mistakes are told at once, not at the first translation
        session.editor.later(outcomes.restore())
        gc.freeze()  # what the imports left is for ever: walking it again costs 10 ms at a time

    @server.feature(lsp.WORKSPACE_DID_CHANGE_CONFIGURATION)
    def configuration(params: lsp.DidChangeConfigurationParams) -> None:
        if params.settings:
            session.configure(params.settings)
        else:
            session.editor.later(_ask_configuration(session))

    @server.feature(lsp.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    def folders(_params: lsp.DidChangeWorkspaceFoldersParams) -> None:
        session.set_folders(list(server.workspace.folders.values()))

    @server.feature(lsp.SHUTDOWN)
    async def shutdown(_params: None) -> None:
        await outcomes.close()
        await session.close()


def _root(params: lsp.InitializeParams) -> list[lsp.WorkspaceFolder]:
    """The one folder of a client that knows no workspace folders."""
    return [lsp.WorkspaceFolder(params.root_uri, "root")] if params.root_uri else []


async def _ask_configuration(session: Session) -> None:
    given = await session.editor.configuration()
    if given is not None:
        session.configure(given)


def _encoding(server: LanguageServer) -> str:
    """The position encoding that was negotiated; UTF-16 where the client names none."""
    chosen = server.workspace.position_encoding
    return str(getattr(chosen, "value", chosen))  # what the client named comes as a plain string


def _documents(server: LanguageServer, session: Session, outcomes: Outcomes) -> None:
    @server.feature(lsp.TEXT_DOCUMENT_DID_OPEN)
    def did_open(params: lsp.DidOpenTextDocumentParams) -> None:
        session.documents.open(params.text_document)
        document = session.documents[params.text_document.uri]
        session.jobs.reopened(document)
        outcomes.opened(document)

    @server.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
    def did_change(params: lsp.DidChangeTextDocumentParams) -> None:
        if document := session.documents.get(params.text_document.uri):
            document.change(params.text_document.version, params.content_changes)
            outcomes.changed_in(document)

    @server.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def did_close(params: lsp.DidCloseTextDocumentParams) -> None:
        if document := session.documents.get(params.text_document.uri):
            outcomes.closed(document)
        session.documents.close(params.text_document.uri)

    @server.feature(lsp.TEXT_DOCUMENT_DID_SAVE)
    def did_save(params: lsp.DidSaveTextDocumentParams) -> None:
        if document := session.documents.get(params.text_document.uri):
            outcomes.saved(document)

    @server.feature(lsp.WORKSPACE_DID_RENAME_FILES, _EVERY_FILE)
    def did_rename(params: lsp.RenameFilesParams) -> None:
        for each in params.files:
            outcomes.renamed(each.old_uri, each.new_uri)


def _menu(server: LanguageServer, session: Session) -> None:
    kinds = [menu.KIND]

    @server.feature(lsp.TEXT_DOCUMENT_CODE_ACTION, lsp.CodeActionOptions(code_action_kinds=kinds))
    def code_action(params: lsp.CodeActionParams) -> list[lsp.CodeAction | lsp.Command]:
        document = session.documents.get(params.text_document.uri)
        if document is None:
            return []
        targets = _targets(session, params.text_document.uri)
        asked = params.context.trigger_kind is not lsp.CodeActionTriggerKind.Automatic
        lines = menu.choices(document, params.range, targets, session.jobs, asked=asked)
        return menu.as_actions(lines, session.editor.client, params.context.only)

    @server.feature(lsp.TEXT_DOCUMENT_CODE_LENS)
    def code_lens(params: lsp.CodeLensParams) -> list[lsp.CodeLens]:
        document = session.documents.get(params.text_document.uri)
        return menu.lenses(document, session.jobs) if document else []


def _targets(session: Session, uri: str) -> list[str]:
    open_languages = [document.language for document in session.documents]
    in_workspace = [each.id for each in open_languages if each]
    configured = session.settings(session.documents.get(uri)).targets
    return menu.ordered(configured, session.recent_targets, in_workspace)


def _commands(server: LanguageServer, session: Session, flow: Flow) -> None:
    """The commands answer at once with the job; what it does is told by progress and edits.

    Those that ask nothing are no coroutines: one would begin after the next message was handled,
    and a range would be looked up in a text that it was not meant for.

    A client may give up on an answer that takes as long as a translation (eglot: ten seconds).
    """

    @server.command("transloop.translate")
    def translate(here: Here) -> dict[str, Any]:
        target = here.target or ""
        return _told(
            session,
            lambda: flow.start(
                here.uri, here.range, language(target), here.placement, here.signature
            ),
        )

    @server.command("transloop.translateTo")
    async def translate_to(here: Here) -> dict[str, Any]:
        targets = _targets(session, here.uri)
        return await _told_later(
            session, flow.choose(here.uri, here.range, targets, here.placement)
        )

    @server.command("transloop.bring")
    async def bring(here: Here) -> dict[str, Any]:
        return await _told_later(session, flow.bring(here.uri, here.range, here.source))

    @server.command("transloop.cancel")
    def cancel(*which: OfJob) -> dict[str, Any]:
        asked = {each["job"] if isinstance(each, dict) else each.job for each in which}
        jobs = [job for job in session.jobs.running() if not asked or job.id in asked]
        return {"cancelled": [job.id for job in jobs if flow.cancel(job)]}

    _afterwards(server, session, flow.after)

    @server.command("transloop.status")
    def status() -> dict[str, Any]:
        return session.status()


def _afterwards(server: LanguageServer, session: Session, after: Afterwards) -> None:
    """The commands that begin at a translation; see `Afterwards` for what they do."""

    def about(
        do: Callable[[Job, OfJob], Job | None],
    ) -> Callable[[OfJob], dict[str, Any]]:
        def begin(which: OfJob) -> dict[str, Any]:
            def named() -> Job:
                job = _job(session, which)
                return do(job, which) or job

            return _told(session, named)

        return begin

    starting: dict[str, Callable[[Job, OfJob], Job | None]] = {
        "next": lambda job, _: after.next(job),
        "retry": lambda job, _: after.retry(job),
        "fix": lambda job, _: after.fix(job),
        "place": lambda job, which: after.place(job, which.placement),
        "accept": lambda job, _: after.accept(job),
        "reject": lambda job, _: after.reject(job),
        "learnNothing": lambda job, _: after.forget_run(job),
    }
    for name, do in starting.items():
        server.command(f"transloop.{name}")(about(do))

    @server.command("transloop.evidence")
    async def evidence(which: OfJob) -> dict[str, Any]:
        try:
            job = _job(session, which)
            return {"path": str(await after.show_evidence(job)), "candidates": job.candidates()}
        except TransloopError as error:
            return _complain(session, error)

    @server.command("transloop.diff")
    async def diff(which: OfJob) -> dict[str, Any]:
        try:
            return dict(await after.show_diff(_job(session, which)))
        except TransloopError as error:
            return _complain(session, error)

    @server.command("transloop.diffDraft")
    async def diff_draft(which: OfJob) -> dict[str, Any]:
        try:
            return dict(await after.show_diff(_job(session, which), draft=True))
        except TransloopError as error:
            return _complain(session, error)


def _job(session: Session, which: OfJob) -> Job:
    job = session.jobs.get(which.job)
    if job is None:
        raise UsageError("This translation is not remembered any more.", "Translate it again.")
    return job


def _told(session: Session, begin: Callable[[], Job]) -> dict[str, Any]:
    """Begin something; a mistake is shown to the person and returned to the client."""
    try:
        return {"job": begin().id}
    except TransloopError as error:
        return _complain(session, error)


async def _told_later(session: Session, begin: Awaitable[Job | None]) -> dict[str, Any]:
    """As `_told`, where the person is asked something first."""
    try:
        job = await begin
    except TransloopError as error:
        return _complain(session, error)
    return {"job": job.id} if job else {"error": "no language was chosen"}


def _complain(session: Session, error: TransloopError) -> dict[str, Any]:
    session.editor.tell(str(error), lsp.MessageType.Warning)
    return {"error": str(error)}


def serve(version: str, tcp: tuple[str, int] | None = None) -> None:
    """Run the server on stdio, or on a TCP port for debugging."""
    server = create_server(version)
    if tcp:
        server.start_tcp(*tcp)
    else:
        serve_stdio(server)
