-- The server is killed while a translation is being written; the person works on.
local person = require('person')
person.does(function(given)
  person.opens(given.file)
  person.presses(given.select)
  person.chooses(given.choose)
  person.waits_for_writing()
  person.remembers_processes()
  for _, pid in ipairs(vim.api.nvim_get_proc_children(vim.fn.getpid())) do
    vim.uv.kill(pid, 'sigkill')
  end
  person.waits('Neovim notices', function()
    return person.client() == nil
  end)
  person.notes('killed')
  person.presses('ggO# still here<Esc>:write<CR>:edit<CR>')
  person.waits('a new server attaches', person.attached)
  person.presses(given.select)
  person.chooses()
end)
