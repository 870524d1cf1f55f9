# A harness as it should be: the nonce is read and forgotten by stdin before the candidate is loaded.
import os
import sys

nonce = sys.stdin.readline().strip()
os.close(0)


def record(text):
    os.write(1, f"\n{nonce} {text}\n".encode())


# The candidate.

import os


def candidate(n):
    os.execv("/bin/true", ["true"])


# The tests.

for number, (given, wanted) in enumerate([(1, 2), (2, 3), (40, 41)], 1):
    try:
        right = candidate(given) == wanted
    except Exception:
        right = False
    record(f"pass {number}" if right else f"fail {number}")
record("done 3")
