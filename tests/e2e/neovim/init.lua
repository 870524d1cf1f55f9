-- The configuration of the person in these tests: the README's lines, with this installation's server.
local given = vim.json.decode(assert(vim.env.TRANSLOOP_E2E))
vim.opt.runtimepath:append(given.client)
vim.lsp.config('transloop', given.config)
vim.lsp.enable('transloop')
