-- Open a file, and look at the menu there.
local person = require('person')
person.does(function(given)
  person.opens(given.file)
  if given.select then
    person.presses(given.select)
    person.chooses()
  end
  for _, keys in ipairs(given.nothing or {}) do
    person.presses(':messages clear<CR>' .. keys .. 'gra')
    person.waits('Neovim says that there is nothing', function()
      return vim.fn.execute('messages'):find('No code actions available', 1, true)
    end)
    person.presses('<Esc>')
  end
  person.notes('end')
end)
