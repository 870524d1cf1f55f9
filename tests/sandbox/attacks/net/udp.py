import socket

socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"heard", ("127.0.0.1", @UDP@))
print("ESCAPED")
