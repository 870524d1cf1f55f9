# Each of them small.
import os

for number in range(400):
    with open(f"{os.environ['TMPDIR']}/{number}", "wb") as file:
        file.write(bytes(1 << 20))
print("ESCAPED")
