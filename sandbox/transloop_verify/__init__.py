"""Decides whether two programs behave the same, by running both in the sandbox.

It does not write translations, and it proves nothing: a verdict says what was run, how strong the
cases are, and what was not looked at.
"""
