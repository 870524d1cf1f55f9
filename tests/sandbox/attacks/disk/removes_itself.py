import os

os.remove(__file__)
print("ESCAPED")
