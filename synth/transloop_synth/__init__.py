"""Grows seeds into execution-verified parallel pairs.

It does not train on them. Nothing is built here yet.
"""
