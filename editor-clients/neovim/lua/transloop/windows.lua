-- Evidence and comparisons in scratch buffers: nothing of them is a file of the person, and `q` closes them.
local M = {}
local server = require('transloop.server')

---A buffer that holds a file's text, and is not that file.
local function scratch(path, name)
  local ok, lines = pcall(vim.fn.readfile, path)
  if not ok then
    server.tells(path .. ' cannot be read', vim.log.levels.ERROR)
    return nil
  end
  local before = vim.fn.bufnr('^' .. vim.fn.escape(name, '[]*?{}\\') .. '$')
  if before > 0 then
    vim.api.nvim_buf_delete(before, { force = true })
  end
  local buffer = vim.api.nvim_create_buf(false, true)
  vim.api.nvim_buf_set_name(buffer, name)
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, lines)
  vim.bo[buffer].bufhidden = 'wipe'
  vim.bo[buffer].modifiable = false
  vim.bo[buffer].filetype = vim.filetype.match({ filename = path }) or ''
  return buffer
end

local function closes(buffer, command)
  vim.keymap.set('n', 'q', command, { buffer = buffer, nowait = true, desc = 'Close' })
end

---Show what was run and what that showed. `which` names the job.
function M.evidence(which)
  server.runs('transloop.evidence', { which }, function(answer)
    local buffer = scratch(answer.path, 'transloop://' .. vim.fs.basename(answer.path))
    if buffer then
      vim.cmd('botright vertical split')
      vim.api.nvim_win_set_buf(0, buffer)
      vim.wo[0][0].wrap = true
      closes(buffer, '<Cmd>close<CR>')
    end
  end)
end

---Two texts side by side, in a tab of their own.
local function compares(answer)
  local left = scratch(answer.left, 'transloop://' .. answer.title .. ' (before)')
  local right = scratch(answer.right, 'transloop://' .. answer.title .. ' (now)')
  if left and right then
    vim.cmd('tab split')
    vim.api.nvim_win_set_buf(0, left)
    vim.cmd('diffthis | rightbelow vertical split')
    vim.api.nvim_win_set_buf(0, right)
    vim.cmd.diffthis()
    closes(left, '<Cmd>tabclose<CR>')
    closes(right, '<Cmd>tabclose<CR>')
  end
end

---The original and the translation.
function M.diff(which)
  server.runs('transloop.diff', { which }, compares)
end

---What the model wrote, and what the person has made of it.
function M.draft(which)
  server.runs('transloop.diffDraft', { which }, compares)
end

return M
