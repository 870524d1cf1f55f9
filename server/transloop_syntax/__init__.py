"""Source code as values: languages as data, and whole syntactic units grown from a selection.

It reads code with tree-sitter; it never runs code and never talks to a model.
"""
