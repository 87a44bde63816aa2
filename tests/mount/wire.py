"""A bad network, for network.sh and tls.sh.

    wire.py relay STATE UPSTREAM [CERT KEY]   HTTP/1.1 to 127.0.0.1:UPSTREAM, answers disturbed as STATE/mode says
    wire.py proxy STATE [CERT KEY]            a proxy that knows CONNECT only
    wire.py h2 STATE CERT KEY                 HTTP/2: every GET is answered with STATE/body, or disturbed

Writes the port that it took to STATE/port, each request's method to STATE/requests, each connection's number to
STATE/connections, and all that a client of the proxy said to STATE/heard. STATE/mode holds a word, or a method and a
word, which then is for requests of that method alone; it is read for each request.
"""
import os
import socket
import ssl
import struct
import sys
import threading
import time

STEP_S = 0.02
LINGER_S = 120  # no thread stays for longer

verb, state = sys.argv[1:3]
rest = sys.argv[3:]
upstream = int(rest.pop(0)) if verb == "relay" else 0
context = None
if rest:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*rest)
    context.set_alpn_protocols(["h2"] if verb == "h2" else ["http/1.1"])
lock = threading.Lock()
accepted = 0
struck = 0  # streams that "refuse" refused


def at(name):
    return os.path.join(state, name)


def note(name, data):
    with lock, open(at(name), "ab") as file:
        file.write(data)


def mode_of(method):
    try:
        with open(at("mode"), encoding="ascii") as file:
            words = file.read().split()
    except OSError:
        return "pass"
    if not words or (len(words) == 2 and words[0] != method):
        return "pass"
    return words[-1]


def reset(client):
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def stay(client):
    """Says nothing more, until the client goes; reads what it says."""
    client.settimeout(LINGER_S)
    try:
        while client.recv(65536):
            pass
    except OSError:
        pass


def while_mode(method, word):
    end = time.monotonic() + LINGER_S
    while mode_of(method) == word and time.monotonic() < end:
        time.sleep(STEP_S)


# ---- HTTP/1.1 ----


def message(sock, buffered):
    """One request: head, body, what came behind it. None at the end of the connection."""
    while b"\r\n\r\n" not in buffered:
        data = sock.recv(65536)
        if not data:
            return None
        buffered += data
    head, _, buffered = buffered.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            length = int(value)
    while len(buffered) < length:
        data = sock.recv(65536)
        if not data:
            return None
        buffered += data
    return head + b"\r\n\r\n", buffered[:length], buffered[length:]


def ask(head, body):
    """The whole answer of the server behind."""
    first, _, others = head.partition(b"\r\n")
    with socket.create_connection(("127.0.0.1", upstream), 30) as server:
        server.sendall(first + b"\r\nConnection: close\r\n" + others + body)
        answer = b""
        while data := server.recv(65536):
            answer += data
    answer_head, _, answer_body = answer.partition(b"\r\n\r\n")
    lines = [line for line in answer_head.split(b"\r\n") if not line.lower().startswith(b"connection:")]
    return b"\r\n".join(lines) + b"\r\n\r\n", answer_body


def slowly(client, data):
    end = time.monotonic() + LINGER_S
    for byte in data:
        client.sendall(bytes([byte]))
        time.sleep(1)
        if time.monotonic() > end:
            return


def relay_one(client, method, head, body):
    """False: the connection is over."""
    word = mode_of(method)
    if word == "silent":
        stay(client)
        return False
    if word == "close":
        return False
    if word == "reset":
        reset(client)
        return False
    if word == "halfclosed":
        client.shutdown(socket.SHUT_WR)
        stay(client)
        return False
    answer_head, answer_body = ask(head, body)
    half = answer_head + answer_body[: len(answer_body) // 2]
    if word == "swallow":  # carried out, and no answer
        stay(client)
        return False
    if word == "hold":
        while_mode(method, word)
        word = mode_of(method)
    if word == "drip":
        slowly(client, answer_head + answer_body)
    elif word == "dripbody":
        client.sendall(answer_head)
        slowly(client, answer_body)
    elif word == "cut":
        client.sendall(half)
        return False
    elif word == "stop":
        client.sendall(half)
        stay(client)
        return False
    elif word == "resetbody":
        client.sendall(half)
        time.sleep(STEP_S)
        reset(client)
        return False
    elif word == "gate":  # half of it; the rest when the mode is another one
        client.sendall(half)
        note("half", b"x")
        while_mode(method, word)
        client.sendall((answer_head + answer_body)[len(half) :])
    else:
        if word == "once":
            answer_head = answer_head[:-2] + b"Connection: close\r\n\r\n"
        client.sendall(answer_head + answer_body)
    return word != "once"


def relay(client):
    if mode_of("") == "deaf":  # the client's bytes fill the socket's buffer, then its window is zero
        time.sleep(LINGER_S)
        return
    if mode_of("") == "mute" or context:
        if mode_of("") == "mute":  # before TLS
            stay(client)
            return
        client = context.wrap_socket(client, server_side=True)
    buffered = b""
    while parts := message(client, buffered):
        head, body, buffered = parts
        method = head.split(b" ", 1)[0].decode("ascii")
        note("requests", method.encode() + b"\n")
        if not relay_one(client, method, head, body):
            return


# ---- a proxy ----


def pump(source, sink, name):
    try:
        while data := source.recv(65536):
            note(name, data)
            sink.sendall(data)
    except OSError:
        pass
    try:
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def proxy(client):
    if context:
        client = context.wrap_socket(client, server_side=True)
    parts = message(client, b"")
    if not parts:
        return
    head = parts[0]
    note("heard", head)
    note("requests", head.split(b"\r\n", 1)[0] + b"\n")
    word = mode_of("CONNECT")
    if word == "silent":
        stay(client)
        return
    if word.isdigit():
        client.sendall(b"HTTP/1.1 %s No\r\nContent-Length: 3\r\nConnection: close\r\n\r\nno\n" % word.encode())
        return
    host, _, port = head.split(b" ")[1].decode("ascii").rpartition(":")
    with socket.create_connection((host, int(port)), 10) as server:
        client.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
        back = threading.Thread(target=pump, args=(server, client, "said"), daemon=True)
        back.start()
        pump(client, server, "heard")
        back.join()


# ---- HTTP/2, the least of it: no header of a request is read ----

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY = 0, 1, 3, 4, 6, 7
REFUSED_STREAM, INTERNAL_ERROR = 7, 2
END_STREAM, END_HEADERS, ACK = 1, 4, 1


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def exactly(sock, count):
    data = b""
    while len(data) < count:
        piece = sock.recv(count - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


def stream_answer(client, stream):
    """False: the connection is over."""
    global struck
    word = mode_of("GET")
    note("requests", b"GET %s\n" % word.encode())
    with open(at("body"), "rb") as file:
        body = file.read()
    whole = frame(HEADERS, END_HEADERS, stream, b"\x88") + frame(DATA, END_STREAM, stream, body)  # ":status: 200"
    if word.startswith("refuse"):  # refuse2: the first two
        with lock:
            struck += 1
            refused = struck <= int(word[6:])
        client.sendall(frame(RST_STREAM, 0, stream, struct.pack(">I", REFUSED_STREAM)) if refused else whole)
    elif word.startswith("goaway"):
        with lock:
            struck += 1
            refused = struck <= int(word[6:])
        if refused:
            client.sendall(frame(GOAWAY, 0, 0, struct.pack(">II", 0, 0)))
            return False
        client.sendall(whole)
    elif word == "broken":
        client.sendall(frame(RST_STREAM, 0, stream, struct.pack(">I", INTERNAL_ERROR)))
    elif word == "brokenbody":
        client.sendall(
            frame(HEADERS, END_HEADERS, stream, b"\x88")
            + frame(DATA, 0, stream, body[:5])
            + frame(RST_STREAM, 0, stream, struct.pack(">I", INTERNAL_ERROR))
        )
    elif word == "garbage":
        client.sendall(b"this is no frame" * 10)
    elif word == "deaf":  # from now on, whatever the mode is
        stay(client)
        return False
    elif word != "silent":
        client.sendall(whole)
    return True


def h2(client):
    if mode_of("GET") in ("shutinhello", "resetinhello"):
        client.recv(65536)
        if mode_of("GET") == "resetinhello":
            reset(client)
        return
    wants = mode_of("GET") == "wants"  # a certificate of the client
    context.verify_mode = ssl.CERT_REQUIRED if wants else ssl.CERT_NONE
    client = context.wrap_socket(client, server_side=True, do_handshake_on_connect=False)
    try:
        client.do_handshake()
    except ssl.SSLError:  # what the client has said already would make the end a reset, and our alert would be lost
        while os.read(client.fileno(), 65536):
            pass
        return
    exactly(client, 24)  # the preface
    client.sendall(frame(SETTINGS, 0, 0))
    while True:
        length, kind, flags, stream = struct.unpack(">IBBI", b"\0" + exactly(client, 9))
        payload = exactly(client, length)
        if kind == SETTINGS and not flags & ACK:
            client.sendall(frame(SETTINGS, ACK, 0))
        elif kind == PING and not flags & ACK:
            client.sendall(frame(PING, ACK, 0, payload))
        elif kind == HEADERS and not stream_answer(client, stream):
            return


# ---- connections ----


def serve(client):
    try:
        {"relay": relay, "proxy": proxy, "h2": h2}[verb](client)
    except (OSError, EOFError, ValueError):
        pass
    finally:
        client.close()


listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
listener.bind(("0.0.0.0" if os.environ.get("WIRE_ANY") else "127.0.0.1", 0))
listener.listen(512)
with open(at("port.new"), "w", encoding="ascii") as file:
    file.write("%d\n" % listener.getsockname()[1])
os.rename(at("port.new"), at("port"))
while True:
    connection, _ = listener.accept()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    note("connections", b"%d\n" % accepted)
    accepted += 1
    threading.Thread(target=serve, args=(connection,), daemon=True).start()
