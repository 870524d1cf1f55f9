"""What `transloop setup` knows of each editor: which file it reads, and what belongs into it.

Values only: nothing here reads or writes a file. Where an editor has one language server a
language, transloop never takes that place unasked.
"""

from __future__ import annotations

import json
import os
import sys
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from transloop import jsonc
from transloop.editors import neovim_file, server_command
from transloop.jsonc import Unreadable
from transloop_syntax.language import languages

Edit = Callable[[str], str]


@dataclass(frozen=True)
class Editor:
    """One editor and its file."""

    id: str
    name: str
    programs: tuple[str, ...]
    file: Path
    put: Edit
    """The file's text with transloop in it; raises Unreadable."""
    take: Edit
    """The file's text without it; empty: the file was ours alone."""
    shown: str
    """What to paste by hand."""
    instead: str = ""
    """What transloop would take the place of; empty: nothing."""
    extension: str = ""
    """The editor's program that installs extensions."""


def editors() -> list[Editor]:
    """All of them, in the order in which they are asked about."""
    return [_neovim(), *_vscodes(), _helix(), _sublime(), _emacs(), _kate()]


UNREACHABLE = {
    "zed": "Zed starts only servers that an extension of its brings; there is none for transloop."
}
"""Editors that nothing can be written for, and why."""


# Where configurations are -------------------------------------------------------------------------


def _config() -> Path:
    """XDG's folder, which most editors use on macOS, too."""
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA") or Path.home() / "AppData/Roaming")
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")


def _local() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData/Local")
    return _config()


def _application() -> Path:
    return Path.home() / "Library/Application Support" if sys.platform == "darwin" else _config()


# Neovim: a file of our own, which it reads at start -----------------------------------------------

WRITTEN = "written by `transloop setup`"


def _neovim() -> Editor:
    lines = (f"-- transloop, {WRITTEN}; `transloop setup --undo` removes it", *neovim_file())
    ours = "\n".join(lines) + "\n"

    def put(text: str) -> str:
        if text.strip() and WRITTEN not in text.partition("\n")[0]:
            raise Unreadable("it is yours")
        return ours

    file = _local() / "nvim" / "plugin" / "transloop.lua"
    return Editor("neovim", "Neovim", ("nvim",), file, put, lambda _: "", ours)


# VS Code: one key of its settings, and the extension ----------------------------------------------


def _vscodes() -> list[Editor]:
    known = (
        ("vscode", "VS Code", "code", "Code"),
        ("vscode-insiders", "VS Code Insiders", "code-insiders", "Code - Insiders"),
        ("vscodium", "VSCodium", "codium", "VSCodium"),
    )
    path, command = ("transloop.server.command",), server_command()
    return [
        Editor(
            id_,
            name,
            (program,),
            _application() / folder / "User" / "settings.json",
            _json_put(path, command),
            _json_take(path),
            jsonc.put("", path, command),
            extension=program,
        )
        for id_, name, program, folder in known
    ]


# Helix: a server, and its name in each language ---------------------------------------------------

HELIX: Mapping[str, tuple[str, ...]] = {
    "python": ("ty", "ruff", "jedi", "pylsp"),
    "javascript": ("typescript-language-server",),
    "jsx": ("typescript-language-server",),
    "typescript": ("typescript-language-server",),
    "tsx": ("typescript-language-server",),
    "java": ("jdtls",),
    "c": ("clangd",),
    "cpp": ("clangd",),
    "go": ("gopls", "golangci-lint-lsp"),
    "rust": ("rust-analyzer",),
}
"""Its languages that transloop serves, with its own servers: our list would replace theirs."""


def _helix() -> Editor:
    file = _config() / "helix" / "languages.toml"
    return Editor("helix", "Helix", ("hx", "helix"), file, _helix_put, _helix_take, _helix_put(""))


def _helix_put(text: str) -> str:
    document = _toml(text)
    program, *arguments = server_command()
    servers = _table(document, "language-server")
    if servers.get("transloop") != {"command": program, "args": arguments}:
        servers["transloop"] = {"command": program, "args": arguments}
    entries = document.setdefault("language", tomlkit.aot())
    if not isinstance(entries, list):
        raise Unreadable("`language` is no list of tables")
    named = {each.get("name"): each for each in entries}
    for name, theirs in HELIX.items():
        entry = named.get(name)
        if entry is None:
            entry = tomlkit.table()
            entry["name"] = name
            entry["language-servers"] = [*theirs, "transloop"]
            entries.append(entry)
        elif "language-servers" not in entry:
            entry["language-servers"] = [*theirs, "transloop"]
        elif "transloop" not in map(_server, entry["language-servers"]):
            entry["language-servers"].append("transloop")
    return _checked(text, tomlkit.dumps(document))


def _helix_take(text: str) -> str:
    document = _toml(text)
    servers = document.get("language-server", {})
    servers.pop("transloop", None)
    if not servers:
        document.pop("language-server", None)
    entries = document.get("language", [])
    for entry in list(entries):
        ours = [*HELIX.get(entry.get("name"), ()), "transloop"]
        if dict(entry) == {"name": entry.get("name"), "language-servers": ours}:
            entries.remove(entry)
        elif "language-servers" in entry:
            kept = [e for e in entry["language-servers"] if _server(e) != "transloop"]
            if len(kept) < len(entry["language-servers"]):
                entry["language-servers"] = kept
    if not entries:
        document.pop("language", None)
    return tomlkit.dumps(document)


def _toml(text: str) -> Any:
    try:
        return tomlkit.parse(text)
    except TOMLKitError as error:
        raise Unreadable(f"it is no valid TOML: {error}") from error


def _table(document: Any, key: str) -> Any:
    table = document.setdefault(key, tomlkit.table(is_super_table=True))
    if not isinstance(table, dict):
        raise Unreadable(f"`{key}` is no table")
    return table


def _server(entry: Any) -> Any:
    """Its name; an entry may say with a table which features are used of it."""
    return entry.get("name") if isinstance(entry, dict) else entry


def _checked(before: str, after: str) -> str:
    """What was there must still be there: nobody should have to trust a library with that."""
    try:
        old, new = tomllib.loads(before), tomllib.loads(after)
    except tomllib.TOMLDecodeError as error:
        raise Unreadable(f"it could not be changed: {error}") from error
    if not _holds(new, old):
        raise Unreadable("it could not be changed without losing something")
    return after


def _holds(new: Any, old: Any) -> bool:
    """Whether everything of `old` is in `new`, in its order."""
    if isinstance(old, dict) and isinstance(new, dict):
        ours = old.keys() - {"transloop"}
        return all(key in new and _holds(new[key], old[key]) for key in ours)
    if isinstance(old, list) and isinstance(new, list):
        return len(new) >= len(old) and all(map(_holds, new, old))
    return bool(new == old)


# Sublime Text, with its package LSP ---------------------------------------------------------------

SCOPES = ("python", "js", "jsx", "ts", "tsx", "java", "c", "c++", "go", "rust")


def _sublime() -> Editor:
    path = ("clients", "transloop")
    client = {
        "enabled": True,
        "command": server_command(),
        "selector": " | ".join(f"source.{scope}" for scope in SCOPES),
    }
    name = "Sublime Text" if sys.platform in ("darwin", "win32") else "sublime-text"
    file = _application() / name / "Packages" / "User" / "LSP.sublime-settings"
    put, take = _json_put(path, client), _json_take(path)
    shown = jsonc.put("", path, client)
    return Editor("sublime", "Sublime Text", ("subl", "sublime_text"), file, put, take, shown)


# Kate: one server a language ----------------------------------------------------------------------

KATE: Mapping[str, str] = {
    "python": "^Python$",
    "javascript": "^JavaScript.*$",
    "typescript": "^TypeScript.*$",
    "java": "^Java$",
    "c": "^(C|ANSI C89|Objective-C)$",
    "cpp": "^(C\\+\\+|ISO C\\+\\+|Objective-C\\+\\+)$",
    "go": "^Go$",
    "rust": "^Rust$",
}
"""Kate's names of the languages, and of the modes that they are highlighted in."""


def _kate() -> Editor:
    def put(text: str) -> str:
        for name, modes in KATE.items():
            server = {"command": server_command(), "highlightingModeRegex": modes}
            theirs = jsonc.get(text, ("servers", name)) if text.strip() else None
            if theirs is not None and theirs != server:
                raise Unreadable(f"`{name}` has a server there already")
            text = jsonc.put(text, ("servers", name), server)
        return text

    def take(text: str) -> str:
        for name in KATE:
            text = jsonc.take(text, ("servers", name))
        return text

    instead = "Kate has one server a language: those that it has now would not be started any more."
    file = _local() / "kate" / "lspclient" / "settings.json"
    return Editor("kate", "Kate", ("kate",), file, put, take, put(""), instead)


# Emacs: a command, for eglot has one server a buffer ----------------------------------------------

BEGIN, END = f";; transloop: {WRITTEN}", ";; transloop: end"
LISP = """\
(defun transloop ()
  "Let transloop serve this buffer, in place of the server that eglot has for it."
  (interactive)
  (require 'eglot)
  (let ((eglot-server-programs '((prog-mode . ({command})))))
    (call-interactively #'eglot)))
(with-eval-after-load 'lsp-mode
  (lsp-register-client
   (make-lsp-client :new-connection (lsp-stdio-connection '({command}))
                    :activation-fn (lsp-activate-on {languages})
                    :add-on? t
                    :server-id 'transloop)))"""


def _emacs() -> Editor:
    ids = sorted({id_ for each in languages().values() for id_ in each.lsp_ids})
    code = LISP.replace("{command}", _words(server_command())).replace("{languages}", _words(ids))
    ours = f"{BEGIN}\n{code}\n{END}\n"

    def put(text: str) -> str:
        before, _, after = _block(text)
        if BEGIN in text:
            return f"{before}{ours}{after}"
        return f"{text}{'' if not text or text.endswith(chr(10)) else chr(10)}\n{ours}".lstrip("\n")

    def take(text: str) -> str:
        before, found, after = _block(text)
        return f"{before.removesuffix(chr(10))}{after}" if found else text

    return Editor("emacs", "Emacs", ("emacs",), _emacs_file(), put, take, ours)


def _emacs_file() -> Path:
    """The one that Emacs reads: the first that exists, in its order."""
    home, xdg = Path.home(), _config() / "emacs" / "init.el"
    if sys.platform == "win32":
        home = _config()
    known = (home / ".emacs.el", home / ".emacs", home / ".emacs.d" / "init.el", xdg)
    return next((each for each in known if each.exists()), known[2])


def _block(text: str) -> tuple[str, str, str]:
    """What is before our lines, our lines, and what is after them."""
    if BEGIN not in text:
        return text, "", ""
    before, _, rest = text.partition(BEGIN)
    ours, end, after = rest.partition(f"{END}\n")
    if not end:
        raise Unreadable(f"the line `{END}` is missing")
    return before, f"{BEGIN}{ours}{end}", after


def _words(words: list[str]) -> str:
    """As strings of Lisp, which escapes as JSON does."""
    return " ".join(json.dumps(each, ensure_ascii=False) for each in words)


# JSON ---------------------------------------------------------------------------------------------


def _json_put(path: tuple[str, ...], value: Any) -> Edit:
    return lambda text: jsonc.put(text, path, value)


def _json_take(path: tuple[str, ...]) -> Edit:
    return lambda text: jsonc.take(text, path)
