"""Training beside everything else: one trainer a machine, which makes way for whoever needs it.

It decides nothing about what is learned; that is the controller's.
"""
