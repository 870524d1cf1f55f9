# Without opening it.
import os

done = []
for attempt in (
    lambda: os.truncate("@VICTIM@", 0),
    lambda: os.chmod("@VICTIM@", 0o600),
    lambda: os.utime("@VICTIM@", (0, 0)),
    lambda: os.rename("@VICTIM@", "@VICTIM@.old"),
    lambda: os.unlink("@VICTIM@"),
    lambda: os.link("@VICTIM@", "mine"),
    lambda: os.setxattr("@VICTIM@", "user.attack", b"x"),
    lambda: os.chown("@VICTIM@", os.getuid(), -1),
):
    try:
        attempt()
    except OSError:
        continue
    done.append(attempt)
print("ESCAPED" if done else "nothing")
