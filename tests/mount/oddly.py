"""A server that answers everything with an empty list: python3 oddly.py AHEAD [CERTIFICATE KEY]

Its Date is AHEAD seconds ahead; AHEAD "silent": it takes connections and never says a word. With a certificate it talks
TLS. Listens on a free port of 127.0.0.1, prints its URL, and ends with standard input.
"""

import email.utils
import socket
import ssl
import sys
import threading
import time

ahead = sys.argv[1]
listening = socket.create_server(("127.0.0.1", 0))
context = None
if len(sys.argv) > 2:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2], sys.argv[3])


def serve(connection):
    try:
        if context:
            connection = context.wrap_socket(connection, server_side=True)
        asked = b""
        while ahead == "silent" or b"\r\n\r\n" not in asked:
            more = connection.recv(65536)
            if not more:
                return
            asked += more
        date = email.utils.formatdate(time.time() + int(ahead), usegmt=True)
        connection.sendall(b"HTTP/1.1 200 OK\r\nDate: %s\r\nContent-Type: application/json\r\nContent-Length: 11\r\n"
                           b"Connection: close\r\n\r\n{\"data\":[]}" % date.encode())
        connection.close()
    except OSError:
        pass


def listen():
    while True:
        connection, _ = listening.accept()
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


print("%s://127.0.0.1:%d" % ("https" if context else "http", listening.getsockname()[1]), flush=True)
threading.Thread(target=listen, daemon=True).start()
sys.stdin.read()
