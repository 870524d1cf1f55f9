with open("new", "w") as file:
    file.write("ESCAPED")
print("ESCAPED")
