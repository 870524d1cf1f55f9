# A process of the host.
import os
import signal

os.kill(@DECOY@, signal.SIGKILL)
print("ESCAPED")
