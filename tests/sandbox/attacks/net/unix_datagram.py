# From a pair of our own, which is allowed, to somebody else's.
import socket

ours, _ = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
ours.sendto(b"heard", "\0@ABSTRACT@.datagram")
print("ESCAPED")
