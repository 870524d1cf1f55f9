"""The loop: asks a policy, does what it decides, and writes down what came of it.

It decides nothing itself. Every step has a folder in the run and can be killed at any moment; the
next start goes on where it was.
"""
