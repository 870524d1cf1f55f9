import glob
import os

print(dict(os.environ))
for name in glob.glob("/proc/*/environ"):
    try:
        print(name, open(name, "rb").read())
    except OSError:
        pass
