import os

print(os.listdir(os.path.dirname("@SECRET@")))
print("ESCAPED")
