# Everybody whom we may signal.
import os
import signal
import time

if os.fork() == 0:
    time.sleep(600)
os.kill(-1, signal.SIGKILL)
print("alone")
