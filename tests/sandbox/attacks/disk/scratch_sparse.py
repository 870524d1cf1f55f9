import os

with open(os.environ["TMPDIR"] + "/sparse", "wb") as file:
    file.truncate(1 << 40)
print("ESCAPED")
