# The addresses of this machine.
import fcntl
import socket

fcntl.ioctl(socket.socket(), 0x8912, bytes(16))
print("ESCAPED")
