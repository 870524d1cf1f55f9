# Children that nobody waits for, down a long chain.
import os
import time

for depth in range(20):
    if os.fork() != 0:
        if depth:
            time.sleep(600)
        break
print("ended")
