"""What the user set, where transloop keeps things on this machine, and the errors that speak.

It does not act on any of it.
"""
