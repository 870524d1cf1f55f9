# Its own source, for whoever runs it next.
with open(__file__, "a") as file:
    file.write("print('ESCAPED')")
print("ESCAPED")
