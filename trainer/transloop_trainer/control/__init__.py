"""The controller: from what is known to one decision, with one sentence of reason.

A policy is a pure function of a `State`; what it decides is done elsewhere.
"""
