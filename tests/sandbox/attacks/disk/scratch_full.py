# More than was given.
import os

with open(os.environ["TMPDIR"] + "/big", "wb") as file:
    for _ in range(400):
        file.write(bytes(1 << 20))
print("ESCAPED")
