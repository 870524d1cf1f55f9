"""Makes a better adapter: pairs are made, factors trained, measured, and let through or not.

It meets the server only through files, and no editor is known here.
"""
