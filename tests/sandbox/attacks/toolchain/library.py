import os

with open(os.path.join(os.path.dirname(os.__file__), "attack.py"), "w") as file:
    file.write("attack")
print("ESCAPED")
