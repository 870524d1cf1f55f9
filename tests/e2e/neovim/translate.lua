-- Select, choose from the menu, wait, perhaps take it back; and again for each step.
local person = require('person')
person.does(function(given)
  person.opens(given.file)
  for _, name in ipairs(given.unsaved or {}) do
    person.presses(':hide edit ' .. name .. '<CR>')
    person.presses('imine, and not saved<Esc>:hide edit ' .. given.file .. '<CR>')
  end
  for number, step in ipairs(given.steps) do
    if step.file then
      vim.fn.writefile(step.lines, step.file)
    end
    person.presses(step.select)
    person.notes('before ' .. number)
    person.chooses(unpack(step.choose))
    person.waits_for_jobs(number)
    person.notes('done ' .. number)
    if given.undo then
      person.presses('u')
      person.notes('undone ' .. number)
      person.presses('<C-r>')
      person.notes('redone ' .. number)
      person.presses('u')
    end
  end
  if given.write then
    person.presses(':wall<CR>')
  end
end)
