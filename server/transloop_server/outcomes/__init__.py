"""What becomes of a placed translation, told from what the editor says of its documents anyway.

It puts nothing into anybody's file, and judges no code itself.
"""
