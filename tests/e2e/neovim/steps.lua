-- Do what a test says, step by step; each step is one word with what it needs.
local person = require('person')
local steps = {}

steps.opens = person.opens
steps.presses = person.presses
steps.answers = person.will_answer
steps.notes = person.notes
steps.pauses = person.pauses
steps.writes = person.lets_the_model_write

---Open a file without waiting for a server.
function steps.looks_at(name)
  person.presses(':edit ' .. name .. '<CR>')
end

function steps.chooses(title)
  person.chooses(title)
end

function steps.waits_for_jobs(count)
  person.waits_for_jobs(count)
end

---As they are told, without asking a server that is busy.
function steps.waits_for_ends(count)
  person.waits_for('end', count)
end

function steps.waits_for_writing()
  person.waits_for_writing()
end

function steps.waits_for_questions(count)
  person.waits_for_questions(count)
end

---Until the messages hold this text.
function steps.waits_for_message(text)
  person.waits('the message ' .. text, function()
    return vim.fn.execute('messages'):find(text, 1, true)
  end)
end

---Until some window shows a buffer with this in its name.
function steps.waits_for_window(name)
  person.waits('a window with ' .. name, function()
    return vim.iter(vim.api.nvim_tabpage_list_wins(0)):any(function(window)
      return vim.api.nvim_buf_get_name(vim.api.nvim_win_get_buf(window)):find(name, 1, true)
    end)
  end)
end

---Until the buffer holds this text.
function steps.waits_for_text(text)
  person.waits('the text ' .. text, function()
    return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), '\n'):find(text, 1, true)
  end)
end

function steps.waits_for_no_text(text)
  person.waits('no ' .. text, function()
    return not table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), '\n'):find(text, 1, true)
  end)
end

---Until what is shown behind the first line of a translation has come, or is gone.
function steps.waits_for_lenses(there)
  person.waits('lenses', function()
    return (#vim.lsp.codelens.get(0) > 0) == there
  end)
end

---Until the status line would hold this; how it is asked for takes no time.
function steps.waits_for_status(text)
  person.waits('the status ' .. text, function()
    return require('transloop').status():find(text, 1, true)
  end)
end

---What the status line says, and how many milliseconds that took.
function steps.sees_status(name)
  local began = vim.uv.hrtime()
  local said = require('transloop').status()
  person.saw(name, { text = said, milliseconds = (vim.uv.hrtime() - began) / 1e6 })
end

---The windows of the tab, from left to right.
function steps.sees_windows(name)
  person.saw(name, vim.tbl_map(function(window)
    local buffer = vim.api.nvim_win_get_buf(window)
    return {
      name = vim.fs.basename(vim.api.nvim_buf_get_name(buffer)),
      text = table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, false), '\n'),
      filetype = vim.bo[buffer].filetype,
      diff = vim.wo[window].diff,
      modifiable = vim.bo[buffer].modifiable,
      scratch = vim.bo[buffer].buftype == 'nofile',
    }
  end, vim.api.nvim_tabpage_list_wins(0)))
end

---The server, and not Neovim, is sent a signal.
function steps.signals(signal)
  for _, pid in ipairs(vim.api.nvim_get_proc_children(vim.fn.getpid())) do
    vim.uv.kill(pid, signal)
  end
end

function steps.waits_until_it_is_gone()
  person.waits('Neovim notices that the server is gone', function()
    return person.client() == nil
  end)
end

function steps.waits_for_a_server()
  person.waits('a server attaches', person.attached)
end

person.does(function(given)
  for _, step in ipairs(given.steps) do
    local word, what = next(step)
    assert(steps[word], 'there is no step ' .. word)(what)
  end
end)
