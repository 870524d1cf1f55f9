-- Type while a translation is being made.
local person = require('person')
person.does(function(given)
  person.opens(given.file)
  person.presses(given.select)
  person.chooses(given.choose)
  person.waits_for_progress()
  person.presses(given.type)
  person.notes('typed')
  person.saw('running', #person.jobs('running'))
  if given.answer then
    person.will_answer(given.answer)
  end
  person.lets_the_model_write()
  person.waits_for_jobs(1)
  if given.answer then
    person.waits_for_questions(1)
    person.waits('the answer has its effect', function()
      local job = person.status().jobs[given.jobs or 1]
      return job and job.state == 'done' and job.placed
    end)
  end
  person.notes('done')
end)
