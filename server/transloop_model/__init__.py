"""The model as everyone uses it: catalog, prompts, answers, engines, adapters.

It knows no editor and no files of the user; it does not judge what the model wrote.
"""
