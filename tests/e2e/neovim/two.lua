-- Translate in several buffers at the same time.
local person = require('person')
person.does(function(given)
  for _, file in ipairs(given.files) do
    person.opens(file)
    person.presses(given.select)
    person.chooses(given.choose)
  end
  person.waits_for('begin', #given.files)
  person.saw('running', #person.jobs('running'))
  person.lets_the_model_write()
  person.waits_for_jobs(#given.files)
  person.notes('done')
end)
