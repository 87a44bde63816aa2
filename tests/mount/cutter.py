"""A TCP proxy that cuts connections: python3 cutter.py PORT LOG

Listens on a free port of 127.0.0.1, prints http://127.0.0.1:PORT, and passes everything on to PORT. A connection whose
first request is a POST of a name `cut-request-N` ends when N bytes of the request have gone to the server, one of
`cut-response-N` when N bytes of the answer have gone to the client, headers counted: by turns orderly (FIN; the rest
of a request is read and thrown away, or the kernel would make that an RST) and hard (RST), both sides alike.

LOG gets a line for each POST that came, before anything else happens with it: NAME BYTES-OF-THE-REQUEST; and one when
it is over: NAME cut|whole BYTES-OF-THE-ANSWER. A POST on a connection that was used before is `reused`, and not cut.
Ends with standard input.
"""

import json
import os
import re
import select
import socket
import struct
import sys
import threading

LIMIT = 60  # seconds, for anything
WHOLE = 65536  # no request or answer of a create is longer

port, log_path = int(sys.argv[1]), sys.argv[2]
log_fd = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
lock = threading.Lock()
turns = {"request": 0, "response": 0}


def log(*words):
    os.write(log_fd, (" ".join(map(str, words)) + "\n").encode())


def message_length(text):
    """Of an HTTP message with a Content-Length; None: its headers are not complete."""
    head, end, _ = text.partition(b"\r\n\r\n")
    if not end:
        return None
    length = re.search(rb"\r\ncontent-length: *(\d+)", head, re.I)
    return len(head) + 4 + (int(length.group(1)) if length else 0)


def peek_message(sock):
    """What stands in the socket's buffer, once a whole message does, or all that there will be. Nothing is taken."""
    seen = 0
    while True:
        # To be woken for each further byte, and not for those that were seen.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, seen + 1)
        if not select.select([sock], [], [], LIMIT)[0]:
            return b""
        text = sock.recv(WHOLE, socket.MSG_PEEK)
        length = message_length(text)
        if len(text) <= seen or (length is not None and len(text) >= length):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
            return text
        seen = len(text)


def pass_on(source, target, count):
    """To nobody if `target` is None."""
    while count:
        text = source.recv(count)
        if not text:
            return
        if target:
            target.sendall(text)
        count -= len(text)


def end(socks, hard):
    for sock in socks:
        if hard:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif sock.fileno() >= 0:
            try:
                sock.shutdown(socket.SHUT_WR)
            except OSError:
                pass
        sock.close()


def relay(client, server):
    """Everything, both ways, until one side ends."""
    while True:
        ready = select.select([client, server], [], [], LIMIT * 10)[0]
        if not ready:
            return
        for source in ready:
            text = source.recv(65536)
            if not text:
                return
            if source is client and text.startswith(b"POST "):
                log("reused")
            (server if source is client else client).sendall(text)


def post(client, server, request):
    name = json.loads(request.partition(b"\r\n\r\n")[2] or b"{}").get("name", "")
    log(name, len(request))
    cut = re.fullmatch(r"cut-(request|response)-(\d+)", name)
    direction, count = (cut.group(1), int(cut.group(2))) if cut else ("", WHOLE)
    if direction:
        with lock:
            turns[direction] += 1
            hard = turns[direction] % 2 == 0
    if direction == "request" and count <= len(request):
        pass_on(client, server, count)
        if not hard:
            pass_on(client, None, len(request) - count)
        end((server, client), hard)
        log(name, "cut", 0)
        return
    pass_on(client, server, len(request))
    answer = peek_message(server)
    pass_on(server, client, min(count, len(answer)))
    if direction == "response" and count <= len(answer):
        end((server, client), hard)
        log(name, "cut", len(answer))
    else:
        log(name, "whole", len(answer))
        relay(client, server)


def serve(client):
    server = socket.create_connection(("127.0.0.1", port), LIMIT)
    for sock in (client, server):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(LIMIT)
    try:
        first = client.recv(5, socket.MSG_PEEK | socket.MSG_WAITALL)
        if first == b"POST ":
            post(client, server, peek_message(client))
        else:
            relay(client, server)
    except OSError:
        pass
    finally:
        client.close()
        server.close()


def listen():
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    print("http://127.0.0.1:%d" % listener.getsockname()[1], flush=True)
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()


threading.stack_size(262144)
threading.Thread(target=listen, daemon=True).start()
sys.stdin.read()
