-- Close Neovim, or have it killed, while a translation is being written.
local person = require('person')
person.does(function(given)
  person.opens(given.file)
  person.presses(given.select)
  person.chooses(given.choose)
  person.waits_for_writing()
  person.leaves_by(given.how)
end)
