import sys

with open(sys.executable, "ab") as file:
    file.write(b"attack")
print("ESCAPED")
