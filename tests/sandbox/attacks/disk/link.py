import os

os.symlink("@SECRET@", "result")
print("ESCAPED")
