"""Grows seeds into execution-verified parallel pairs.

It does not train on them, and it reads no benchmark: callers hand it sources.
"""
