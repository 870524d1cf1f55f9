"""The language server: turns what an editor says into translations and translations into edits.

LSP types stop here; it does not know llama.cpp, and it never imports the training side.
"""
