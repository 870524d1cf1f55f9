# Would be root's, if it gained what its file promises.
import subprocess

told = subprocess.run(["/usr/bin/su", "-c", "id"], capture_output=True, stdin=subprocess.DEVNULL)
print("ESCAPED" if b"uid=0" in told.stdout else "refused")
