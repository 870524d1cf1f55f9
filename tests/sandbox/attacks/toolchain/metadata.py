import os
import sys

done = []
for attempt in (
    lambda: os.chmod(sys.executable, 0o777),
    lambda: os.utime(sys.executable, (0, 0)),
    lambda: os.rename(sys.executable, sys.executable + ".old"),
    lambda: os.unlink(sys.executable),
    lambda: os.link(sys.executable, "tool"),
    lambda: os.truncate(sys.executable, 0),
    lambda: os.setxattr(sys.executable, "user.attack", b"x"),
):
    try:
        attempt()
    except OSError:
        continue
    done.append(attempt)
print("ESCAPED" if done else "nothing")
