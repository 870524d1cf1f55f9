"""Benchmarks of transloop: ratios against a named baseline, measured in the same run.

They are not tests: a slow machine makes no test fail. `python -m benchmarks` writes what it
measured to `benchmarks/results/`, with a description of the machine.
"""
