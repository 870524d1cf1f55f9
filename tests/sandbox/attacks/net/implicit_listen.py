# Listening binds by itself.
import socket

socket.socket().listen()
print("ESCAPED")
