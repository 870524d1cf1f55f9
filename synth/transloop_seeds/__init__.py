"""The durable log of outcomes and of the seeds they leave.

It does not train. Nothing is built here yet: nothing is recorded.
"""
