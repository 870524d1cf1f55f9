"""What to type to use this installation in an editor; the same words as the clients' READMEs."""

from __future__ import annotations

import json
import sys
import sysconfig
from pathlib import Path

from transloop_syntax.language import languages


def server_command() -> list[str]:
    """The program and arguments that start the language server of this installation."""
    suffix = ".exe" if sys.platform == "win32" else ""
    program = Path(sysconfig.get_path("scripts")) / f"transloop{suffix}"
    if program.is_file():
        return [str(program), "lsp"]
    return [sys.executable, "-P", "-m", "transloop", "lsp"]


def clients() -> Path | None:
    """`editor-clients/` of the checkout that this runs from; None for an installed wheel."""
    folder = Path(__file__).parents[2] / "editor-clients"
    return folder if folder.is_dir() else None


def neovim_lines() -> list[str]:
    """Lines for `init.lua`, for Neovim 0.11 or newer."""
    options = {"cmd": _lua(server_command())}
    lines = []
    if folder := clients():
        lines.append(f"vim.opt.runtimepath:append({_lua(str(folder / 'neovim'))})")
    else:
        options["filetypes"] = _lua(
            sorted({id_ for x in languages().values() for id_ in x.lsp_ids})
        )
        options["root_markers"] = _lua([".transloop.toml", ".git"])
    lines.append("vim.lsp.config('transloop', {")
    lines += [f"  {key} = {value}," for key, value in options.items()]
    return [*lines, "})", "vim.lsp.enable('transloop')"]


def vscode_lines() -> list[str]:
    """Shell commands that install the extension, and the setting that names the server."""
    setting = f'  "transloop.server.command": {json.dumps(server_command(), ensure_ascii=False)}'
    folder = clients()
    if folder is None:
        return ["# the extension is in the source repository: editor-clients/vscode", setting]
    return [
        f"make -C {_shell(folder.parent)} vscode",
        f"code --install-extension {_shell(folder / 'vscode' / 'transloop.vsix')}",
        "# then, in settings.json:",
        setting,
    ]


def _lua(value: str | list[str]) -> str:
    """JSON strings are Lua strings as long as nothing is written as \\u."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return f"{{ {', '.join(map(_lua, value))} }}"


def _shell(path: Path) -> str:
    return f'"{path}"' if " " in str(path) else str(path)
