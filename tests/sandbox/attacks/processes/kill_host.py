# The process that watches us.
import os
import signal

os.kill(@HOST@, signal.SIGTERM)
print("ESCAPED")
