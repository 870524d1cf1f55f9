# A tree that resists its removal.
import os

place = os.environ["TMPDIR"]
for _ in range(200):
    place += "/d"
    os.mkdir(place)
    try:
        os.chmod(place, 0o700)
    except OSError:
        pass
os.umask(0o777)
os.mkdir(os.environ["TMPDIR"] + "/closed")
print("left")
