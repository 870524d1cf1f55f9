import os

left = memoryview(b"x" * 65537)
while left:
    left = left[os.write(1, left) :]
