with open("/proc/sysrq-trigger", "w") as file:
    file.write("h")
print("ESCAPED")
