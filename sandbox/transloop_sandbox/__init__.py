"""Compiles and runs untrusted programs in many languages, under isolation and limits.

It does not judge what they compute. Nothing is built here yet: no code of a user or a model is run.
"""
