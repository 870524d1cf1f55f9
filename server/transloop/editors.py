"""What to type to use this installation in an editor; the same words as the clients' READMEs."""

from __future__ import annotations

import json
import sys
import sysconfig
from pathlib import Path


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


def neovim_client() -> Path:
    """The folder of the Neovim plug-in: in the checkout, or where the wheel has put it."""
    if checkout := clients():
        return checkout / "neovim"
    schemes = (sysconfig.get_default_scheme(), sysconfig.get_preferred_scheme("user"))
    places = [
        Path(sysconfig.get_path("data", scheme)) / "share/transloop/neovim" for scheme in schemes
    ]
    return next((each for each in places if each.is_dir()), places[0])


def neovim_lines() -> list[str]:
    """Lines for `init.lua`, for Neovim 0.11 or newer."""
    return [
        f"vim.opt.runtimepath:append({_lua(str(neovim_client()))})",
        "vim.lsp.config('transloop', {",
        f"  cmd = {_lua(server_command())},",
        "})",
        "vim.lsp.enable('transloop')",
    ]


def neovim_file() -> list[str]:
    """Lines for a file that Neovim reads after `init.lua`, when plug-ins have been looked for.

    It must not break a start: of an older Neovim, or when the plug-in is gone.
    """
    return [
        f"local client = {_lua(str(neovim_client()))}",
        "if vim.fn.has('nvim-0.11') == 0 or vim.fn.isdirectory(client) == 0 then",
        "  return",
        "end",
        "vim.opt.runtimepath:append(vim.fn.escape(client, ','))",
        f"vim.lsp.config('transloop', {{ cmd = {_lua(server_command())} }})",
        "vim.lsp.enable('transloop')",
        "dofile(client .. '/plugin/transloop.lua')",
    ]


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
