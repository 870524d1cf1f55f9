-- transloop: translates selected code with a model on your own machine.
-- Neovim 0.11 or newer; enable with `vim.lsp.enable('transloop')`, see the README beside this folder.

-- This file works alone, copied anywhere; with the rest of the folder it opens windows of its own.
local found, plugin = pcall(require, 'transloop')

---@type vim.lsp.Config
local config = {
  cmd = { 'transloop', 'lsp' },
  filetypes = {
    'c',
    'cpp',
    'go',
    'java',
    'javascript',
    'javascriptreact',
    'python',
    'rust',
    'typescript',
    'typescriptreact',
  },
  -- No root is fine too: a file on its own gets a server without a workspace.
  root_markers = { '.transloop.toml', '.git' },
  -- Say at once what is typed: Neovim checks an edit against the version that it has told, and a
  -- held back change would let a translation land on lines that have moved.
  flags = { debounce_text_changes = 0 },
  -- What you set here wins over transloop.toml; the keys are the same ones. For example:
  --   vim.lsp.config('transloop', {
  --     init_options = { settings = { targets = { 'go', 'rust' }, placement = 'below' } },
  --   })
}
return found and vim.tbl_extend('error', config, plugin.config()) or config
