-- What the status line shows. It is asked many times a second, so it answers from memory: progress
-- is heard, the rest is asked for beside everything else, at most every ten seconds.
local M = {}
local server = require('transloop.server')

local EVERY = 10e9
local writing = {} -- the last words of each running progress, by its token
local known -- what the server said last
local asked = -EVERY

local function hears(event)
  local client = vim.lsp.get_client_by_id(event.data.client_id)
  if not client or client.name ~= 'transloop' then
    return
  end
  local token, value = event.data.params.token, event.data.params.value
  if value.kind == 'end' then
    writing[token], asked = nil, -EVERY
  else
    local before = writing[token] or {}
    writing[token] = { title = value.title or before.title, message = value.message or before.message }
  end
  vim.cmd.redrawstatus()
end

local function asks()
  if vim.uv.hrtime() - asked < EVERY then
    return
  end
  asked = vim.uv.hrtime()
  vim.schedule(function() -- a status line is drawn where nothing may be sent
    server.runs('transloop.status', {}, function(answer)
      known = answer
      vim.cmd.redrawstatus()
    end)
  end)
end

local function short(status)
  local adapter = type(status.adapter) == 'string' and ' + ' .. vim.fs.basename(status.adapter) or ''
  local training = status.training ~= '' and ' | training: ' .. status.training or ''
  local today = type(status.today) == 'table' and status.today or { run = 0 }
  local share = today.run > 0 and (' | %d of %d verified today'):format(today.verified, today.run) or ''
  local problem = status.problem ~= '' and ' | see :Transloop status' or ''
  return vim.fs.basename(status.model) .. adapter .. share .. training .. problem
end

---One line, without line ends; empty where no server runs.
function M.text()
  if not server.client() then
    writing, known, asked = {}, nil, -EVERY
    return ''
  end
  local _, now = next(writing)
  if now then
    return (now.title or 'transloop') .. (now.message and ': ' .. now.message:match('^[^|\n]*') or '')
  end
  asks()
  return known and 'transloop: ' .. short(known) or 'transloop'
end

---Everything that the server tells, for `:Transloop status`.
function M.lines(status)
  local said = { { 'transloop: ' .. short(status) .. ', ' .. status.state .. '\n' } }
  if status.problem ~= '' then
    table.insert(said, { status.problem .. '\n', 'WarningMsg' })
  end
  for _, job in ipairs(status.jobs) do
    local name = #job.names > 0 and table.concat(job.names, ', ') or vim.fs.basename(job.uri)
    table.insert(said, { ('%s to %s: %s\n'):format(name, job.target, job.message) })
  end
  return said
end

local group = vim.api.nvim_create_augroup('transloop.status', {})
vim.api.nvim_create_autocmd('LspProgress', { group = group, callback = hears })
vim.api.nvim_create_autocmd({ 'LspAttach', 'LspDetach' }, {
  group = group,
  callback = vim.schedule_wrap(function()
    vim.cmd.redrawstatus()
  end),
})

return M
