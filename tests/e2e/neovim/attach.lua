-- Open a file, look at the menu of a selection, ask for the status.
local person = require('person')
person.does(function(given)
  person.opens(given.file)
  if given.select then
    person.presses(given.select)
    person.chooses()
  end
  person.notes('end')
end)
