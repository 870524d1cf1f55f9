"""The durable log of what became of translations, and of the seeds that they left.

It does not train, it runs nothing, and nothing in it leaves the machine.
"""
