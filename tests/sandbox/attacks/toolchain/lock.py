# Allowed: a lock that ends with the program.
import fcntl
import sys

fcntl.flock(open(sys.executable, "rb"), fcntl.LOCK_EX | fcntl.LOCK_NB)
print("locked")
