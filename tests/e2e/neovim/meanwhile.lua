-- Type while a translation is being made; perhaps answer the question that comes of it. Nothing
-- here asks the server until the end: Neovim would tell it the latest changes before.
local person = require('person')
person.does(function(given)
  person.opens(given.file)
  person.presses(given.select)
  person.chooses(given.choose)
  person.waits_for('begin', 1)
  person.presses(given.type)
  person.notes('typed')
  person.pauses(given.pause)
  person.saw('running', #person.events('begin') - #person.events('end'))
  if given.answer then
    person.will_answer(given.answer)
  end
  person.lets_the_model_write()
  for _ = 1, given.times or 0 do
    person.presses(given.keeps_typing)
    person.pauses(20)
  end
  person.waits_for('end', 1)
  if given.asks then
    person.waits_for_questions(1)
  end
  if given.answer then
    person.waits('the answer has its effect', function()
      return vim.iter(person.jobs('done')):find(function(job)
        return type(job.placed) == 'string'
      end)
    end)
  end
  person.notes('done')
end)
