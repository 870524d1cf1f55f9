-- The server dies while a translation is being written; the person works on.
local person = require('person')
person.does(function(given)
  person.opens(given.file)
  person.presses(given.select)
  person.notes('before')
  person.chooses(given.choose)
  person.waits_for_writing()
  person.saw('model', person.status().pid)
  local servers = vim.api.nvim_get_proc_children(vim.fn.getpid())
  person.saw('servers', servers)
  for _, pid in ipairs(servers) do
    vim.uv.kill(pid, 'sigkill')
  end
  person.waits('Neovim notices', function()
    return person.client() == nil
  end)
  person.notes('killed')
  person.presses('ggO# still alive<Esc>')
  vim.cmd('silent write')
  person.notes('typed')
  if given.again then
    vim.cmd.edit()
    person.waits('a new server attaches', person.attached)
    person.presses(given.select)
    person.chooses()
  end
end)
