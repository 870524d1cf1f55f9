# Everybody else, for good.
import os

done = []
for attempt in (
    lambda: os.setpriority(os.PRIO_PROCESS, @DECOY@, 19),
    lambda: os.setpriority(os.PRIO_USER, 0, 19),
    lambda: os.setpriority(os.PRIO_USER, os.getuid(), 19),
    lambda: os.sched_setaffinity(@DECOY@, {0}),
    lambda: os.sched_setscheduler(@DECOY@, os.SCHED_IDLE, os.sched_param(0)),
):
    try:
        attempt()
    except OSError:
        continue
    done.append(attempt)
print("ESCAPED" if done else "nothing")
