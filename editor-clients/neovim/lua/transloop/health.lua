-- `:checkhealth transloop`: what is there, what is not, and what to do about it.
local M = {}
local health = vim.health

local function program()
  local config = vim.lsp.config.transloop or {}
  if type(config.cmd) ~= 'table' then
    return health.warn('`cmd` is a function, so it cannot be looked at')
  end
  local path = vim.fn.exepath(config.cmd[1])
  if path == '' then
    return health.error(config.cmd[1] .. ' is not there', {
      'Install it: pip install /path/to/transloop',
      "Or say where it is: vim.lsp.config('transloop', { cmd = { '/path/to/transloop', 'lsp' } })",
    })
  end
  health.ok('server: ' .. path)
  return path
end

local function answers(path, ...)
  local ok, done = pcall(function(...)
    return vim.system({ path, ... }, { text = true }):wait(20000)
  end, ...)
  return ok and done.code == 0 and vim.trim(done.stdout) or nil
end

local function model(path)
  local told = answers(path, 'models', 'list', '--json')
  local ok, rows = pcall(vim.json.decode, told or '')
  if not ok then
    return health.error('it does not start', { 'Run: ' .. path .. ' doctor' })
  end
  local ready = vim.tbl_filter(function(each)
    return each.state == 'ready'
  end, rows)
  if #ready == 0 then
    return health.warn('no model of the catalog is on this machine', {
      'Run: transloop models pull',
      'Nothing is to be done if `model` is a GGUF file of your own',
    })
  end
  for _, each in ipairs(ready) do
    health.ok('model: ' .. each.id)
  end
end

---What a running server says of itself.
local function tells(answer)
  local status = answer and answer.result
  if not status then
    return health.warn('it does not answer', { 'Restart it: :Transloop restart' })
  end
  health.info(('uses %s, %s'):format(status.model, status.state))
  if status.problem ~= '' then
    health.warn(status.problem)
  end
end

local function clients()
  if vim.lsp.is_enabled and not vim.lsp.is_enabled('transloop') then
    return health.warn('not enabled', { "Put this into init.lua: vim.lsp.enable('transloop')" })
  end
  local running = vim.lsp.get_clients({ name = 'transloop' })
  if #running == 0 then
    health.info('no server runs: it starts with the first file in one of its languages')
  end
  for _, each in ipairs(running) do
    local buffers, root = vim.tbl_count(each.attached_buffers), each.root_dir or 'no workspace'
    health.ok(('running for %d buffers, %s, %s'):format(buffers, root, each.offset_encoding))
    tells(each:request_sync('workspace/executeCommand', { command = 'transloop.status' }, 5000))
  end
end

function M.check()
  health.start('transloop')
  if vim.fn.has('nvim-0.11') == 0 then
    return health.error('Neovim 0.11 or newer is needed')
  end
  local path = type(vim.lsp.config.transloop) == 'table' and program()
  if path then
    health.ok(answers(path, '--version') or 'version unknown')
    model(path)
  end
  clients()
  health.info('Everything else: `transloop doctor`')
  health.info('The log of the server: ' .. vim.lsp.get_log_path())
end

return M
