-- What a person does in Neovim, and what they see. Keys are typed into an idle Neovim; only the
-- choosing itself (`vim.ui.select`) is a stub. A scenario is a coroutine, which waits as people do.
local M = {}

local given = vim.json.decode(assert(vim.env.TRANSLOOP_E2E))
local seen = { at = vim.empty_dict(), menus = {}, questions = {}, progress = {}, pids = {} }
local wanted = {}
local leave = 'qall!'

vim.ui.select = function(items, options, choose)
  local titles = vim.tbl_map(options.format_item or tostring, items)
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

-- Waiting

---Leave Neovim to itself for some milliseconds.
function M.pauses(milliseconds)
  local scenario = coroutine.running()
  vim.defer_fn(function()
    coroutine.resume(scenario)
  end, milliseconds)
  coroutine.yield()
end

---Wait for something to become true; what does not happen in time fails the scenario.
function M.waits(what, condition, ...)
  local began = vim.uv.hrtime()
  while true do
    local value = condition(...)
    if value then
      return value
    end
    if (vim.uv.hrtime() - began) / 1e9 > given.patience then
      error('waited in vain: ' .. what, 2)
    end
    M.pauses(10)
  end
end

---The progress of one kind: begin, report or end.
function M.events(kind)
  return vim.tbl_filter(function(event)
    return event.kind == kind
  end, seen.progress)
end

---Wait until so many translations have begun, or ended, before the eyes of the person.
function M.waits_for(kind, count)
  M.waits(count .. ' times progress: ' .. kind, function()
    return #M.events(kind) >= count
  end)
end

---Wait until the person sees a translation being written; the token of its progress.
function M.waits_for_writing()
  return M.waits('tokens are shown', function()
    local reports = M.events('report')
    local last = reports[#reports]
    return last and last.message:find('tokens/s', 1, true) and last.token
  end)
end

function M.waits_for_questions(count)
  M.waits('question ' .. count, function()
    return #seen.questions >= count
  end)
end

---Wait until so many translations have ended, in whichever way; the status tells how.
function M.waits_for_jobs(count)
  M.waits(count .. ' jobs end', function()
    return #M.status().jobs >= count and #M.jobs('running') == 0
  end)
end

-- Doing

---Press keys, such as `2GVj` or `:write<CR>`.
function M.presses(keys)
  vim.api.nvim_feedkeys(vim.keycode(keys), 'mt', false)
  M.pauses(5) -- it comes back when they are all used up
end

---Open a file of the workspace and wait for the server.
function M.opens(name)
  M.presses(':edit ' .. name .. '<CR>')
  M.waits('the server attaches to ' .. name, M.attached)
end

---Press Neovim's key for code actions and choose a line of the menu, or just look at it. Further
---titles answer what is asked next.
function M.chooses(...)
  local before = #seen.menus
  vim.list_extend(wanted, { ... })
  M.presses('gra')
  M.waits('the menu opens', function()
    return #seen.menus > before
  end)
  M.presses('<Esc>')
end

---Decide in advance what to answer to a question of the server.
function M.will_answer(title)
  table.insert(wanted, title)
end

---Fetch the lenses, go to the line of the one with this title, and run it.
function M.runs_lens(pattern)
  local lens = M.waits('the lens ' .. pattern, function()
    vim.lsp.codelens.refresh({ bufnr = 0 })
    M.pauses(20)
    return vim.iter(vim.lsp.codelens.get(0)):find(function(each)
      return each.command.title:find(pattern, 1, true)
    end)
  end)
  local there = vim.tbl_filter(function(each)
    return each.range.start.line == lens.range.start.line
  end, vim.lsp.codelens.get(0))
  if #there > 1 then -- Neovim asks which
    table.insert(wanted, lens.command.title)
  end
  M.presses(lens.range.start.line + 1 .. 'G')
  vim.lsp.codelens.run()
end

---The held engine writes from here on.
function M.lets_the_model_write()
  io.open(given.gate, 'w'):close()
end

---In which way Neovim ends, once everything is written down.
function M.leaves_by(how)
  leave = how
end

-- Seeing

function M.client()
  return vim.lsp.get_clients({ name = 'transloop' })[1]
end

function M.attached(buffer)
  local clients = vim.lsp.get_clients({ bufnr = buffer or 0, name = 'transloop' })
  return #clients == 1 and clients[1].initialized
end

---What a status line would ask for.
function M.status()
  local params = { command = 'transloop.status' }
  local answer, why = M.client():request_sync('workspace/executeCommand', params, 5000)
  assert(answer and not answer.err, why or vim.inspect(answer))
  return answer.result
end

function M.jobs(state)
  return vim.tbl_filter(function(job)
    return job.state == state
  end, M.status().jobs)
end

local function name_of(buffer)
  local name = vim.api.nvim_buf_get_name(buffer)
  return vim.fs.relpath(given.workspace, name) or name
end

---Remember what is to be seen now, under a name.
function M.notes(moment)
  local buffers = vim.empty_dict()
  for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
    if vim.api.nvim_buf_is_loaded(buffer) and vim.api.nvim_buf_get_name(buffer) ~= '' then
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

---Remember which processes there are on our account: the server and its model.
function M.remembers_processes()
  vim.list_extend(seen.pids, vim.api.nvim_get_proc_children(vim.fn.getpid()))
  local model = M.client() and M.status().pid
  if type(model) == 'number' then
    table.insert(seen.pids, model)
    seen.model = model
  end
end

local function writes_down()
  M.remembers_processes()
  local client = M.client()
  seen.status = client and M.status()
  seen.encoding = client and client.offset_encoding
  seen.messages = vim.fn.execute('messages')
  seen.unanswered = wanted
end

---Play a scenario, write down what was seen, and leave.
function M.does(scenario)
  local function plays()
    for _, step in ipairs({ scenario, writes_down }) do
      local ok, why = xpcall(step, debug.traceback, given.scenario)
      seen.problem = seen.problem or (not ok and why or nil)
    end
    vim.fn.writefile({ vim.json.encode(seen) }, given.report)
    if leave == 'sigkill' then
      vim.uv.kill(vim.fn.getpid(), 'sigkill')
    end
    vim.cmd(leave)
  end
  vim.schedule(coroutine.wrap(plays))
end

return M
