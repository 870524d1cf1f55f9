# There is no terminal to wait for: the end comes at once.
import sys

assert sys.stdin.read() == ""
