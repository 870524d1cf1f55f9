import glob

for name in glob.glob("/proc/*/cmdline") + ["/proc/@HOST@/cmdline", "/proc/@DECOY@/cmdline"]:
    try:
        print(name, open(name, "rb").read())
    except OSError:
        pass
