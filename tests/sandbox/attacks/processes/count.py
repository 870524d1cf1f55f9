# As many as there may be: a user's others may count, but not hundreds more.
import os
import signal

made = 0
try:
    while made < 500:
        if os.fork() == 0:
            signal.pause()
        made += 1
except OSError:
    pass
print("ESCAPED" if made >= @most@ else made)
