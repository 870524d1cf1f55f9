with open("/dev/shm/attack", "wb") as file:
    for _ in range(300):
        file.write(bytes(1 << 20))
print("ESCAPED")
