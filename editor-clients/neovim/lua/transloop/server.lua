-- Talking to the server. Nothing here waits for an answer.
local M = {}

local KIND = 'refactor.rewrite.translate'
local told = {}

---Say something to the person.
function M.tells(message, level)
  vim.notify('transloop: ' .. message, level or vim.log.levels.INFO)
end

---The server of a buffer, or any that runs.
---@return vim.lsp.Client?
function M.client(buffer)
  return vim.lsp.get_clients({ name = 'transloop', bufnr = buffer or 0 })[1]
    or vim.lsp.get_clients({ name = 'transloop' })[1]
end

local function required()
  local client = M.client()
  if not client then
    M.tells('the server does not run; `:checkhealth transloop` says why', vim.log.levels.WARN)
  end
  return client
end

---Run a command of the server; `done` is given what it answers. Mistakes are told by the server itself.
function M.runs(command, arguments, done)
  local client = required()
  if client then
    local params = { command = command, arguments = arguments }
    client:request('workspace/executeCommand', params, function(err, answer)
      if err then
        M.tells(err.message, vim.log.levels.ERROR)
      elseif done and answer and not answer.error then
        done(answer)
      end
    end, 0)
  end
end

---The selection as the protocol has it: whole lines, or where the cursor is.
---@param lines integer[]? the first and the last line, from 1
function M.here(lines)
  local client = required()
  if not client then
    return nil
  end
  local encoding = client.offset_encoding
  local made
  if lines then
    local last = vim.api.nvim_buf_get_lines(0, lines[2] - 1, lines[2], false)[1] or ''
    made = vim.lsp.util.make_given_range_params({ lines[1], 0 }, { lines[2], #last }, 0, encoding)
  else
    made = vim.lsp.util.make_range_params(0, encoding)
  end
  return { uri = made.textDocument.uri, range = made.range }
end

---Choose the line of the menu with this name (`accept`, `next`, ...), as if it stood open here.
function M.chooses(name, otherwise)
  local client, here = required(), M.here()
  if not client or not here then
    return
  end
  local buffer = vim.api.nvim_get_current_buf()
  local params = {
    textDocument = { uri = here.uri },
    range = here.range,
    context = { diagnostics = {}, only = { KIND .. '.' .. name }, triggerKind = 1 },
  }
  client:request('textDocument/codeAction', params, function(err, actions)
    local action = not err and (actions or {})[1]
    if action then
      client:exec_cmd(action.command, { bufnr = buffer })
    else
      otherwise()
    end
  end, buffer)
end

---Stop the server and start a new one.
function M.restarts()
  vim.lsp.enable('transloop', false)
  local tries = 0
  local function starts()
    local left = vim.lsp.get_clients({ name = 'transloop', _uninitialized = true })
    if #left > 0 and tries < 50 then
      tries = tries + 1
      return vim.defer_fn(starts, 100)
    end
    for _, client in ipairs(left) do
      client:stop(true)
    end
    told = {}
    vim.lsp.enable('transloop')
  end
  starts()
end

---The server has ended, and nobody had asked it to.
function M.ended(code, signal)
  if vim.v.exiting == vim.NIL and (code ~= 0 or (signal ~= 0 and signal ~= 15)) then
    vim.schedule(function()
      M.tells(
        'the server ended, and with it what it was translating; nothing was changed. '
          .. '`:Transloop restart` starts it again, `:Transloop log` has its last words',
        vim.log.levels.WARN
      )
    end)
  end
end

---Say once that there is no server, in a file that it would serve.
function M.tells_if_missing(filetype)
  local config = vim.lsp.config.transloop or {}
  local program = type(config.cmd) == 'table' and config.cmd[1]
  if not program or told[program] or not vim.list_contains(config.filetypes or {}, filetype) then
    return
  end
  if vim.fn.executable(program) == 0 then
    told[program] = true
    local where = 'Install it with `pip install /path/to/transloop`, or set `cmd`; see `:help transloop`'
    M.tells(program .. ' is not there. ' .. where, vim.log.levels.WARN)
  end
end

return M
