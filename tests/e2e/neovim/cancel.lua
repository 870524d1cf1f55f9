-- Cancel a translation that is being written.
local person = require('person')
person.does(function(given)
  person.opens(given.file)
  person.presses(given.select)
  person.chooses(given.choose)
  local token = person.waits_for_writing()
  person.presses(given.select)
  if given.how == 'menu' then
    person.chooses(given.cancel)
  elseif given.how == 'lens' then
    person.runs_lens('Cancel')
  else
    vim.lsp.buf_notify(0, 'window/workDoneProgress/cancel', { token = token })
  end
  local began = vim.uv.hrtime()
  person.waits('it is cancelled', function()
    return #person.jobs('cancelled') == 1
  end)
  person.waits('the engine is free', function()
    return person.status().state == 'ready'
  end)
  person.saw('seconds', (vim.uv.hrtime() - began) / 1e9)
  person.pauses(300)
  person.notes('later')
end)
