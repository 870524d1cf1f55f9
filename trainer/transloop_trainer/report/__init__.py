"""Tells a run as one page that needs nothing else: what it did, why, and what came of it.

It decides nothing and measures nothing; everything on the page is in the run's log.
"""
