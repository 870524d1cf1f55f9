import socket

socket.create_connection(("::1", @PORT@), timeout=1)
print("ESCAPED")
