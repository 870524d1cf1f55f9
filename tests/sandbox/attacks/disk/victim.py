# A file that everyone on this machine may write to.
with open("@VICTIM@", "a") as file:
    file.write("changed")
print("ESCAPED")
