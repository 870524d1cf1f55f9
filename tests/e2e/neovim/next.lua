-- Translate, perhaps edit the result, and ask for the next alternative.
local person = require('person')

local function told()
  local job = person.status().jobs[1]
  return job.state == 'done' and job.message
end

person.does(function(given)
  person.opens(given.file)
  person.presses(given.select)
  person.chooses(given.choose)
  person.waits_for_jobs(1)
  person.notes('shown 1')
  person.presses(given.go)
  if given.edit then
    person.presses(given.edit)
    person.notes('edited')
  end
  for number = 2, given.shows do
    local before = told()
    if given.lens then
      person.runs_lens('Next alternative')
    else
      person.chooses('Next alternative translation')
    end
    person.waits('an alternative is shown, or not', function()
      local now = told()
      return now and now ~= before
    end)
    person.notes('shown ' .. number)
  end
  if given.asks then
    person.waits_for_questions(1)
  end
  if given.undo then
    person.presses('u')
    person.notes('undone')
  end
end)
