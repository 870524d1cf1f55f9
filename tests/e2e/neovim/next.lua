-- Translate, perhaps edit the result, and ask for the next alternative.
local person = require('person')
person.does(function(given)
  person.opens(given.file)
  person.presses(given.select)
  person.chooses(given.choose)
  person.waits_for_jobs(1)
  person.notes('first')
  if given.go then
    person.presses(given.go)
  end
  if given.edit then
    person.presses(given.edit)
    person.notes('edited')
  end
  for number = 1, given.times or 1 do
    if given.lens then
      person.runs_lens('Next alternative')
    else
      person.chooses('Next alternative translation')
    end
    vim.wait(20)
    person.waits_for_jobs(1)
    person.notes('next ' .. number)
  end
  if given.undo then
    person.presses('u')
    person.notes('undone')
  end
end)
