import os

os.chmod(".", 0)
print("ESCAPED")
