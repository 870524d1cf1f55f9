-- Select, choose from the menu, wait for the translation; then write it, or take it back.
local person = require('person')
person.does(function(given)
  person.opens(given.file)
  person.presses(given.select)
  person.notes('before')
  person.chooses(unpack(given.choose))
  person.waits_for_jobs(1)
  person.notes('done')
  if given.write then
    vim.cmd('silent wall')
  end
  if given.undo then
    person.presses('u')
    person.notes('undone')
    person.presses('<C-r>')
    person.notes('redone')
  end
end)
