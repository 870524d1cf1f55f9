-- The command `:Transloop`, and a word where Neovim has none. Everything else is loaded when it is used.

if vim.g.loaded_transloop then
  return
end
vim.g.loaded_transloop = true

vim.api.nvim_create_user_command('Transloop', function(given)
  require('transloop.command').run(given)
end, {
  nargs = '*',
  range = true,
  desc = 'Translate code, and what comes after that',
  complete = function(...)
    return require('transloop.command').complete(...)
  end,
})

-- A server that is missing is only mentioned in Neovim's log.
vim.api.nvim_create_autocmd('FileType', {
  group = vim.api.nvim_create_augroup('transloop', {}),
  callback = function(event)
    if vim.lsp.is_enabled and vim.lsp.is_enabled('transloop') then
      require('transloop.server').tells_if_missing(event.match)
    end
  end,
})
