-- What Neovim's LSP client has no word for. All of it is optional: `lsp/transloop.lua` works alone.
local M = {}

---The languages that there are, as the server calls them.
M.languages = { 'c', 'cpp', 'go', 'java', 'javascript', 'python', 'rust', 'typescript' }

---For a status line: what transloop does in this moment, else its model. Answers at once, from memory.
---@return string
function M.status()
  return require('transloop.status').text()
end

---What `lsp/transloop.lua` adds to the configuration: lenses that are shown, windows that are no files.
---@return vim.lsp.Config
function M.config()
  local function show(which)
    return function(command)
      require('transloop.windows')[which](command.arguments[1])
    end
  end
  return {
    capabilities = {
      experimental = { transloop = { diff = true, evidence = true } },
      workspace = { codeLens = { refreshSupport = true } },
    },
    handlers = {
      ['workspace/codeLens/refresh'] = function(...)
        return require('transloop.lenses').refreshes(...)
      end,
    },
    on_attach = function(...)
      require('transloop.lenses').shows(...)
    end,
    commands = {
      ['transloop.diff'] = show('diff'),
      ['transloop.diffDraft'] = show('draft'),
      ['transloop.evidence'] = show('evidence'),
    },
    on_exit = function(code, signal)
      require('transloop.server').ended(code, signal)
    end,
  }
end

return M
