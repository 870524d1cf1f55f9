"""`transloop setup`: the editors that are here get what they need to start the server."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from transloop_settings.errors import UsageError

if TYPE_CHECKING:
    from transloop.setup_editors import Editor
    from transloop.setup_files import Change, Written

EXTENSION = "transloop.transloop"
INSTALL_SECONDS = 120


def setup(
    editor: Annotated[
        list[str] | None,
        typer.Option(help="Only this one, whether it is found or not; can be repeated."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Take back what setup has written.")] = False,
) -> None:
    """Write the configuration of the editors that are here; each change is shown first."""
    from transloop.setup_editors import UNREACHABLE, editors

    known = {each.id: each for each in editors()}
    if unknown := [each for each in editor or () if each not in {*known, *UNREACHABLE}]:
        raise UsageError(
            f"Setup knows no editor called {', '.join(unknown)}.",
            f"It knows {', '.join((*known, *UNREACHABLE))}.",
        )
    failed = _undo(known, editor, yes) if undo else _do(known, editor, yes)
    raise typer.Exit(1 if failed else 0)


def _do(known: dict[str, Editor], named: list[str] | None, yes: bool) -> bool:
    """Set up what is wanted; whether something failed."""
    from transloop.setup_editors import UNREACHABLE

    wanted = [each for each in known.values() if (each.id in named if named else _found(each))]
    unreachable = [each for each in UNREACHABLE if (each in named if named else shutil.which(each))]
    if not wanted and not unreachable:
        typer.echo("No editor was found that setup knows. Name one with --editor; the page")
        typer.echo("docs/editors.md of the repository says what others need.")
    failed = False
    for each in wanted:
        if each.instead and yes and not named:
            typer.echo(f"{each.name}: left as it is. {each.instead} Say --editor {each.id} for it.")
        else:
            failed |= _set_up(each, yes)
    for id_ in unreachable:
        typer.echo(UNREACHABLE[id_])
    return failed


def _found(editor: Editor) -> bool:
    return editor.file.exists() or any(map(shutil.which, editor.programs))


def _set_up(editor: Editor, yes: bool) -> bool:
    """One editor; True if it failed."""
    from transloop.jsonc import Unreadable
    from transloop.setup_files import apply, note, noted, planned

    written = noted().get(editor.id)
    try:
        change = planned(editor)
        if change.before == change.after:
            typer.echo(f"{editor.name}: set up already, in {change.path}.")
        elif not _agreed(editor.name, change, yes, editor.instead):
            return False
        else:
            before = written if written and written.path == str(change.path) else None
            written = apply(change, before)
            note(editor.id, written)
            kept = f" What was there is in {written.backup}." if written.backup else ""
            typer.echo(f"{editor.name}: written.{kept}")
    except Unreadable as error:
        typer.echo(f"{editor.name}: {editor.file} was left as it is: {error}. Paste this yourself:")
        typer.echo(editor.shown)
        return True
    return bool(editor.extension) and _extend(editor, written, yes)


def _undo(known: dict[str, Editor], named: list[str] | None, yes: bool) -> bool:
    """Take back what was written; whether something failed."""
    from transloop.jsonc import Unreadable
    from transloop.setup_files import note, noted, put_back, undone

    wanted = named or known
    rows = {id_: each for id_, each in noted().items() if id_ in wanted and id_ in known}
    if not rows:
        typer.echo("Setup has written nothing that could be taken back.")
    failed = False
    for id_, written in rows.items():
        editor = known[id_]
        try:
            change = undone(editor, written)
            if change.before != change.after:
                if not _agreed(editor.name, change, yes):
                    continue
                put_back(change, written.made)
        except Unreadable as error:
            typer.echo(f"{editor.name}: {written.path} was left as it is: {error}.")
            failed = True
            continue
        note(id_, None)
        typer.echo(f"{editor.name}: taken back.")
        if written.extension:
            stays, said = _run(editor.extension, "--uninstall-extension", EXTENSION)
            typer.echo(said.strip() or f"The extension is {'still there' if stays else 'gone'}.")
            failed |= stays
    return failed


def _agreed(name: str, change: Change, yes: bool, warning: str = "") -> bool:
    """Show a change, and ask; without an answer nothing is written."""
    colours = {"+": typer.colors.GREEN, "-": typer.colors.RED}
    typer.secho(f"{name}: {change.path}", bold=True)
    for line in change.diff():
        typer.secho(line, fg=colours.get(line[:1]))
    if warning:
        typer.secho(warning, fg=typer.colors.YELLOW)
    if yes:
        return True
    try:
        if typer.confirm("Write this?"):
            return True
    except typer.Abort:  # nobody is there to answer
        typer.echo("")
    typer.echo(f"{name}: nothing was changed.")
    return False


# The extension of VS Code -------------------------------------------------------------------------


def _extend(editor: Editor, written: Written | None, yes: bool) -> bool:
    """Install the extension where it can be had; True if that failed."""
    from transloop.setup_files import note

    if shutil.which(editor.extension) is None:
        typer.echo(f"The program `{editor.extension}` is not on the PATH: install the extension by")
        typer.echo("hand, with “Install from VSIX”.")
        return False
    if EXTENSION in _run(editor.extension, "--list-extensions")[1].splitlines():
        return False
    package = _package()
    if package is None:
        typer.echo(
            "The extension is not built yet: run `make vscode` in a clone of the repository,"
        )
        typer.echo("and then this again.")
        return False
    if not yes and not _confirmed(f"Install the extension {package}?"):
        return False
    failed, said = _run(editor.extension, "--install-extension", str(package))
    typer.echo(f"{editor.name}: {said.strip() or 'the extension is installed.'}")
    if not failed and written is not None:
        note(editor.id, replace(written, extension=True))
    return failed


def _confirmed(question: str) -> bool:
    try:
        return typer.confirm(question)
    except typer.Abort:
        typer.echo("")
        return False


def _package() -> Path | None:
    from transloop.editors import clients

    folder = clients()
    built = folder / "vscode" / "transloop.vsix" if folder else None
    return built if built and built.is_file() else None


def _run(program: str, *arguments: str) -> tuple[bool, str]:
    """Run the editor's program; whether it failed, and what it said."""
    command: Iterable[str] = (shutil.which(program) or program, *arguments)
    try:
        done = subprocess.run(
            [*command], capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return True, str(error)
    return done.returncode != 0, done.stdout if done.returncode == 0 else done.stderr
