"""Where each editor reads its configuration, and what a person has in it before `setup`."""

from __future__ import annotations

FILES = {
    "neovim": ".config/nvim/plugin/transloop.lua",
    "vscode": ".config/Code/User/settings.json",
    "vscode-insiders": ".config/Code - Insiders/User/settings.json",
    "vscodium": ".config/VSCodium/User/settings.json",
    "helix": ".config/helix/languages.toml",
    "sublime": ".config/sublime-text/Packages/User/LSP.sublime-settings",
    "emacs": ".emacs.d/init.el",
    "kate": ".config/kate/lspclient/settings.json",
}
"""On Linux; where each editor reads its configuration."""
VSCODE = """\
{
    // what I like
    "editor.fontSize": 13, /* not less */
    "files.associations": {
        "*.ü": "python",
    },
    // the end
}
"""
HELIX_TOML = """\
# mine
[language-server.pyright]
command = "pyright-langserver"   # from npm
args = ["--stdio"]

[[language]]
name = "python"
auto-format = true
language-servers = [ "pyright", { name = "ruff", except-features = ["hover"] } ] # both

[[language]]
name = "rust"
indent = { tab-width = 2, unit = "  " }
"""
SUBLIME = """\
// Settings in here override those in "LSP/LSP.sublime-settings"
{
\t"clients": {
\t\t"pyright": { "enabled": true }, // the other one
\t},
}
"""
KATE_JSON = (
    '{\n  "servers": {\n    "bash": {"command": ["bash-language-server", "start"]}\n  }\n}\n'
)
EMACS = ';;; init.el --- mine  -*- lexical-binding: t; -*-\n(setq name "ü")\n\n(provide \'init)\n'
BEFORE = {
    "neovim": "",
    "vscode": VSCODE,
    "vscode-insiders": "{}",
    "vscodium": "",
    "helix": HELIX_TOML,
    "sublime": SUBLIME,
    "emacs": EMACS,
    "kate": KATE_JSON,
}
