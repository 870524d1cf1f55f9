"""Controller, finetune, evaluate, promote: the loop that makes a better adapter.

It meets the server only through files. Nothing is built here yet.
"""
