import os

for path in ("/proc/self/root", "/proc/1/root", "/proc/1/cwd", "/proc/@HOST@/root", "/proc/@HOST@/cwd"):
    try:
        print(open(path + "@SECRET@").read())
        print("ESCAPED")
    except OSError:
        pass
