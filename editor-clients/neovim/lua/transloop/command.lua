-- `:Transloop`: each word is one line of the menu, or something that the menu has no place for.
local M = {}
local server = require('transloop.server')

-- Lines of the menu, by their kinds.
local AFTERWARDS = {
  accept = 'accept',
  diff = 'diff',
  draft = 'diffDraft',
  evidence = 'evidence',
  fix = 'fix',
  forget = 'learnNothing',
  next = 'next',
  reject = 'reject',
  retry = 'retry',
}
local NOWHERE = 'there is no translation here with which that can be done; put the cursor into one'

local words = {}

for word, name in pairs(AFTERWARDS) do
  words[word] = function()
    server.chooses(name, function()
      server.tells(NOWHERE, vim.log.levels.WARN)
    end)
  end
end

function words.translate(target, lines)
  local here = server.here(lines)
  if here and target then
    here.target = target
    server.runs('transloop.translate', { here })
  elseif here then
    server.runs('transloop.translateTo', { here }) -- the server asks, in its order
  end
end

function words.bring(source, lines)
  local here = server.here(lines)
  if here then
    here.source = source
    server.runs('transloop.bring', { here })
  end
end

function words.cancel()
  server.chooses('cancel', function()
    server.runs('transloop.cancel', {}, function(answer)
      if #answer.cancelled == 0 then
        server.tells('nothing is being translated')
      end
    end)
  end)
end

function words.status()
  server.runs('transloop.status', {}, function(answer)
    vim.api.nvim_echo(require('transloop.status').lines(answer), true, {})
  end)
end

function words.log()
  vim.cmd.split(vim.fn.fnameescape(vim.lsp.get_log_path()))
  vim.cmd.normal({ 'G', bang = true })
end

function words.health()
  vim.cmd.checkhealth('transloop')
end

words.restart = server.restarts

---Run `:Transloop WORD [LANGUAGE]`; without a word, ask for a language and translate.
function M.run(given)
  local word = given.fargs[1] or 'translate'
  local run = words[word]
  if not run then
    return server.tells('there is no `' .. word .. '`; press Tab for what there is', vim.log.levels.ERROR)
  end
  run(given.fargs[2], given.range > 0 and { given.line1, given.line2 } or nil)
end

---What can follow.
function M.complete(lead, line)
  local before = vim.split(vim.trim(line:sub(1, #line - #lead)), '%s+')
  local choices = vim.tbl_keys(words)
  if #before > 1 then
    local takes = before[2] == 'translate' or before[2] == 'bring'
    choices = takes and #before == 2 and require('transloop').languages or {}
  end
  local found = vim.tbl_filter(function(each)
    return vim.startswith(each, lead)
  end, choices)
  table.sort(found)
  return found
end

return M
