# Catches the exception and goes on asking.
hoard = []
while True:
    try:
        hoard.append(bytearray(8 << 20))
    except MemoryError:
        pass
