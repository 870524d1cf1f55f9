"""Decides whether two programs behave the same.

It does not write translations. Nothing is built here yet: no verdict is given.
"""
