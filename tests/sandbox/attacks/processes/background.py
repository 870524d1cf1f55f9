import subprocess

subprocess.Popen(["/bin/sleep", "600"])
print("ended")
