# Shared memory without a name.
import mmap

hoard = []
while True:
    hoard.append(mmap.mmap(-1, 8 << 20))
    for page in range(0, 8 << 20, 4096):
        hoard[-1][page] = 1
