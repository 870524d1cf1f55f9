"""How good a model, or a model with an adapter, translates: measured by running what it writes.

It goes the way of the server: the same file, adapter, prompt and engine, without evidence and
repair, which would hide what the model itself can do. It decides nothing.
"""
