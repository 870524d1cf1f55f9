# The kernel's ciphers, which have had holes.
import socket

socket.socket(38, socket.SOCK_SEQPACKET)
print("ESCAPED")
