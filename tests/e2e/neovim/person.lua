-- What a person does in Neovim, and what they see. Only the choosing itself (`vim.ui.select`) is a stub.
local M = {}

local given = vim.json.decode(assert(vim.env.TRANSLOOP_E2E))
local seen = { at = vim.empty_dict(), menus = {}, questions = {}, progress = {}, pids = {} }
local wanted = {}

local function titles_of(items, options)
  local show = options.format_item or tostring
  return vim.tbl_map(show, items)
end

vim.ui.select = function(items, options, choose)
  local titles = titles_of(items, options)
  if options.kind == 'codeaction' then
    table.insert(seen.menus, titles)
  else
    table.insert(seen.questions, { prompt = options.prompt, titles = titles })
  end
  for number, title in ipairs(titles) do
    if title == wanted[1] then
      table.remove(wanted, 1)
      return choose(items[number], number)
    end
  end
  choose(nil)
end

vim.api.nvim_create_autocmd('LspProgress', {
  callback = function(event)
    local value = event.data.params.value
    table.insert(seen.progress, {
      kind = value.kind,
      title = value.title,
      message = value.message,
      token = event.data.params.token,
    })
  end,
})

---Wait for something to become true; what does not happen in time fails the scenario.
function M.waits(what, condition, seconds)
  local deadline = vim.uv.now() + 1000 * (seconds or given.patience)
  while true do
    local value = condition()
    if value then
      return value
    end
    vim.uv.update_time()
    if vim.uv.now() > deadline then
      error('waited in vain: ' .. what, 2)
    end
    vim.wait(15)
  end
end

---Press keys, such as `2GVj` or `<Esc>`; what they mean is looked up as for a person.
function M.presses(keys)
  vim.api.nvim_feedkeys(vim.keycode(keys), 'mx', false)
end

function M.client()
  return vim.lsp.get_clients({ name = 'transloop' })[1]
end

function M.attached(buffer)
  return #vim.lsp.get_clients({ bufnr = buffer or 0, name = 'transloop' }) == 1 and M.client().initialized
end

---Open a file of the workspace and wait for the server.
function M.opens(name)
  vim.cmd.edit(vim.fs.joinpath(given.workspace, name))
  M.waits('the server attaches to ' .. name, M.attached)
  return vim.api.nvim_get_current_buf()
end

---Press the key for code actions and choose a line of the menu; without a title, look at it only.
function M.chooses(title, ...)
  local before = #seen.menus
  vim.list_extend(wanted, { title, ... })
  M.presses('gra')
  M.waits('the menu opens', function()
    return #seen.menus > before
  end)
  M.presses('<Esc>')
  return seen.menus[#seen.menus]
end

---Decide in advance what to answer to a question of the server.
function M.will_answer(title)
  table.insert(wanted, title)
end

function M.waits_for_questions(count)
  M.waits('question ' .. count, function()
    return #seen.questions >= count
  end)
end

---Run a command of the server as a status line would.
function M.runs(command, ...)
  local params = { command = command, arguments = { ... } }
  local answer, why = M.client():request_sync('workspace/executeCommand', params, 5000, 0)
  assert(answer and not answer.err, command .. ': ' .. (why or vim.inspect(answer)))
  return answer.result
end

function M.status()
  return M.runs('transloop.status')
end

function M.jobs(state)
  return vim.tbl_filter(function(job)
    return job.state == state
  end, M.status().jobs)
end

---Wait until translations have ended, in whichever way; `seen.jobs` tells how.
function M.waits_for_jobs(count)
  M.waits(count .. ' jobs end', function()
    local jobs = M.status().jobs
    return #jobs >= count and #M.jobs('running') == 0
  end)
end

---Wait until the person sees a translation being written.
function M.waits_for_writing()
  M.waits('tokens are shown', function()
    local last = seen.progress[#seen.progress]
    return last and last.kind == 'report' and last.message:find('tokens/s', 1, true)
  end)
  return seen.progress[#seen.progress].token
end

---Wait until a translation has begun to be shown, and is held by the engine.
function M.waits_for_progress(count)
  M.waits('progress begins', function()
    local begun = vim.tbl_filter(function(event)
      return event.kind == 'begin'
    end, seen.progress)
    return #begun >= (count or 1)
  end)
end

---The engine of `hold` writes only from here on.
function M.lets_the_model_write()
  io.open(given.gate, 'w'):close()
end

---Fetch the lenses, go to the line of the one with this title, and run it.
function M.runs_lens(pattern)
  local lens = M.waits('the lens ' .. pattern, function()
    vim.lsp.codelens.refresh({ bufnr = 0 })
    vim.wait(30)
    return vim.iter(vim.lsp.codelens.get(0)):find(function(each)
      return each.command.title:find(pattern, 1, true)
    end)
  end)
  vim.api.nvim_win_set_cursor(0, { lens.range.start.line + 1, 0 })
  local alone = vim.iter(vim.lsp.codelens.get(0)):all(function(each)
    return each == lens or each.range.start.line ~= lens.range.start.line
  end)
  if not alone then
    table.insert(wanted, lens.command.title)
  end
  vim.lsp.codelens.run()
  return lens.command.title
end

local function name_of(buffer)
  local name = vim.api.nvim_buf_get_name(buffer)
  return vim.fs.relpath(given.workspace, name) or name
end

---Remember what is to be seen now, under a name.
function M.notes(moment)
  local buffers = vim.empty_dict()
  for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
    if vim.api.nvim_buf_is_loaded(buffer) then
      buffers[name_of(buffer)] = {
        text = table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, false), '\n'),
        modified = vim.bo[buffer].modified,
        windows = #vim.fn.win_findbuf(buffer),
        attached = M.attached(buffer),
      }
    end
  end
  seen.at[moment] = {
    buffers = buffers,
    current = name_of(0),
    cursor = vim.api.nvim_win_get_cursor(0),
    mode = vim.api.nvim_get_mode().mode,
  }
end

---Remember one more thing.
function M.saw(what, value)
  seen[what] = value
end

local function write_report()
  local client = M.client()
  seen.encoding = client and client.offset_encoding
  seen.messages = vim.fn.execute('messages')
  seen.unanswered = wanted
  vim.list_extend(seen.pids, vim.api.nvim_get_proc_children(vim.fn.getpid()))
  vim.fn.writefile({ vim.json.encode(seen) }, given.report)
end

---Play a scenario, write down what was seen, and leave.
function M.does(scenario)
  local ok, why = xpcall(scenario, debug.traceback, given.scenario, seen)
  if ok and M.client() then
    ok, why = pcall(function()
      seen.status = M.status()
    end)
  end
  seen.problem = not ok and why or nil
  write_report()
  vim.cmd('qall!')
end

return M
