import os

os.mkfifo("result")
print("ESCAPED")
