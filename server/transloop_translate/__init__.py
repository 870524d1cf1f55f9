"""Translating a unit, and looking for a translation that holds: the one way for editor and trainer.

Knows neither LSP nor files: `Unit` in, `Translation` out, with the verdict of running both sides.
"""
