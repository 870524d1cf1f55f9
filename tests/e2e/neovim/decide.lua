-- Translate, then say or show what one thinks of it.
local person = require('person')

local function lenses()
  return person.waits('the lenses', function()
    vim.lsp.codelens.refresh({ bufnr = 0 })
    person.pauses(20)
    local found = vim.tbl_map(function(each)
      return each.command.title
    end, vim.lsp.codelens.get(0))
    return #found > 0 and found
  end)
end

person.does(function(given)
  person.opens(given.file)
  person.presses(given.select)
  person.chooses(given.choose, given.consents)
  person.waits_for_jobs(1)
  if given.consents then
    person.waits_for_questions(1)
  end
  person.notes('shown')
  person.saw('lenses', lenses())
  person.saw('problems', vim.tbl_map(function(each)
    return each.message
  end, vim.diagnostic.get(0)))
  if given.lens then
    person.runs_lens(given.lens)
  elseif given.menu then
    person.presses(given.go)
    person.chooses(given.menu)
  else
    person.presses(given.keys)
  end
  person.notes('decided')
  person.pauses(given.pause)
  person.notes('later')
end)
