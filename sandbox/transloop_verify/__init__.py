"""Decides whether two programs behave the same, by calling both on the same inputs.

It does not write translations, and it never says more than what was run: what cannot be called,
expressed or compared is unchecked, with the reason.
"""
