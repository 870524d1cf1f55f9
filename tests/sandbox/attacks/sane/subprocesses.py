# What honest programs do must go on working: threads, children, event loops, pipes.
import asyncio
import subprocess
import sys
import threading


async def nothing():
    await asyncio.sleep(0)


asyncio.run(nothing())
thread = threading.Thread(target=print, args=("thread",))
thread.start()
thread.join()
told = subprocess.run([sys.executable, "-c", "print(6 * 7)"], capture_output=True, text=True)
assert told.stdout == "42\n", told
