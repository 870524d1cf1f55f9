with open("/proc/1/mem", "r+b", buffering=0) as file:
    print("ESCAPED")
