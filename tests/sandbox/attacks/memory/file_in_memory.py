# A file that lives in memory, which no process's size shows.
import os

place = os.memfd_create("hoard")
for _ in range(600):
    os.write(place, bytes(1 << 20))
print("ESCAPED")
