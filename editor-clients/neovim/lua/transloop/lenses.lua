-- The verdict, and what can follow, at the first line of a translation. The server says when they
-- have changed. Lenses of other servers are left alone.
local M = {}
local METHOD = 'textDocument/codeLens'

---Fetch and show the lenses of a buffer.
function M.shows(client, buffer)
  if vim.lsp.codelens.enable then -- Neovim 0.12 fetches by itself
    return vim.lsp.codelens.enable(true, { client_id = client.id })
  end
  local params = { textDocument = vim.lsp.util.make_text_document_params(buffer) }
  client:request(METHOD, params, function(err, lenses, context)
    for number, lens in ipairs(lenses or {}) do -- Neovim sorts a line by columns, and shuffles equal ones
      lens.range.start.character = number
    end
    vim.lsp.codelens.on_codelens(err, lenses, context)
  end, buffer)
end

---The answer to `workspace/codeLens/refresh`.
function M.refreshes(_, _, context)
  local client = vim.lsp.get_client_by_id(context.client_id)
  for buffer in pairs(client and client.attached_buffers or {}) do
    if vim.api.nvim_buf_is_loaded(buffer) then
      M.shows(client, buffer)
    end
  end
  return vim.NIL
end

return M
