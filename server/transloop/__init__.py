"""The `transloop` command: one sub-command a file, each importing its room only when it runs.

It composes the rooms and prints; it does not decide anything that a room should decide.
"""

__version__ = "0.1.0"
