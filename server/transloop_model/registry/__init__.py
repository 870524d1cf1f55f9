"""Keeps the versions of the adapters of each model, and says which of them is in use.

It trains none, measures none and loads none: the trainer publishes, the server reads.
"""
