# Whoever waits for the end of the output is fooled.
import os
import time

for each in range(3):
    os.close(each)
time.sleep(600)
