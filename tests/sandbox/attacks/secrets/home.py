print(open("@SECRET@").read())
print("ESCAPED")
