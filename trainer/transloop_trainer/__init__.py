"""Makes a better adapter: finetune and export now; evaluate, decide and promote are not built yet.

It meets the server only through files, and no editor is known here.
"""
