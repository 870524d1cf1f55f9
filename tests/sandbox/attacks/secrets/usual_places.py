# Whatever there is.
import glob

for pattern in (
    "/root/.*", "/home/*/.*", "/home/*/*", "/root/*", "/etc/passwd", "/etc/shadow", "/etc/hosts",
    "/etc/machine-id", "/var/run/docker.sock", "/run/*", "/var/lib/*", "/var/log/*", "/proc/kcore",
    "/proc/keys", "/proc/kallsyms", "/proc/kmsg", "/dev/mem", "/dev/kmsg", "/dev/sda", "/dev/vda",
    "/sys/class/dmi/id/*", "/sys/firmware/*", "/opt/*", "/mnt/*", "/srv/*", "/boot/*",
):
    for name in glob.glob(pattern):
        try:
            with open(name, "rb") as file:
                got = file.read(200)
        except OSError:
            continue
        if got.strip(b"\0") and not (name == "/proc/kallsyms" and got.startswith(b"0" * 16)):
            print("ESCAPED", name, got[:40])
