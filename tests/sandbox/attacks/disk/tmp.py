with open("/tmp/attack", "w") as file:
    file.write("x")
print("ESCAPED")
