import threading
import time

made = 0
try:
    while made < 500:
        threading.Thread(target=time.sleep, args=(30,), daemon=True).start()
        made += 1
except RuntimeError:
    pass
print("ESCAPED" if made >= @most@ else made)
