"""A server that lies: python3 liar.py

Listens on two free ports of 127.0.0.1 and prints their URLs, a line each. The first one is an API with organisation o
and project p, and answers well until it is told to lie: about the list of instances, or about one instance. The second
is where lies point to; nobody may ever come there. Ends with standard input.

    /_liar/list/LIE   what the list of instances is from now on; "well" ends it
    /_liar/item/LIE   the same of each single instance
    /_liar/asked      how many requests came, but for these
    /_liar/odd        each request line that is none of the documented ones, and each header that must not be
    /_liar/late       how many answers were sent that nobody had asked for, when the connection was idle
    /_liar/other      how many connections and bytes came to the second port
"""

import gzip
import re
import socket
import sys
import threading
import time
import urllib.parse
import zlib

import lies

LIMIT = 60  # seconds, for anything
API = "api/v1beta1/"
SEGMENT = r"(?:[A-Za-z0-9._~-]|%[0-9A-F]{2})+"
SCOPE = "/gpu/" + API + "orgs/%s/projects/%s/airuntimes" % (SEGMENT, SEGMENT)
MODELS = "/aimodels/" + API + "orgs/%s/projects/%s/aimodels" % (SEGMENT, SEGMENT)
PAGED = r"(?:\?page=\d+&limit=\d+)?"
DOCUMENTED = [re.compile(shape) for shape in (
    SCOPE + PAGED, SCOPE + "/" + SEGMENT, SCOPE + "/" + SEGMENT + "/metrics", MODELS + PAGED, MODELS + "/" + SEGMENT,
    "/gpu/" + API + "airuntime-templates(?:/" + SEGMENT + ")?",
    "/gpu/" + API + "orgs/" + SEGMENT + "/airuntime-templates(?:/" + SEGMENT + ")?",
    "/(?:gpu|inventory)/" + API + "inventory" + PAGED, "/(?:gpu|inventory)/" + API + r"inventory/gpuconfig\?config_id=" + SEGMENT, "/(?:gpu|inventory)/" + API + "inventory/gpu/notify-availability",
    "/aimodels/" + API + "aimodels-catalog" + PAGED, r"/tenant/api/v1/orgs(?:/%s/projects%s)?" % (SEGMENT, PAGED))]
HEADERS = {"host", "user-agent", "accept", "accept-encoding", "authorization", "cache-control"}

lock = threading.Lock()
asked, odd, other, late = 0, [], [0, 0], [0]
telling = {"list": "well", "item": "well"}
urls = {}


# ---- what is true ----

def listed(entries, page=1, pages=1, total=None):
    more = b"" if total is None else b',"total_items":%d' % total
    return b'{"data":[' + b",".join(entries) + b'],"pagination":{"page":%d,"total_pages":%d%s}}' % (page, pages, more)


def of_id(identity, name):
    return lies.entry(lies.quoted(identity), lies.quoted(name))


GOOD = [of_id("id-" + name, name) for name in lies.GOOD]
MODEL = b'{"id":"m-1","name":"chat","status":"ready","replicas":2,"model_id":"m/x","gpu_count":1}'
BY_ID = {}  # the entries of the lists that were told, as single resources


def remember(pairs):
    for identity, text in pairs:
        BY_ID.setdefault(identity, text)
    return [text for _, text in pairs]


def true_answer(path):
    path, _, query = path.partition("?")
    last = urllib.parse.unquote_to_bytes(path.rsplit("/", 1)[1])
    if path.endswith("/airuntimes"):
        return listed(GOOD, 1, 1, len(GOOD))
    if path.endswith("/aimodels"):
        return listed([MODEL], 1, 1, 1)
    if "/aimodels/" in path[10:]:
        return MODEL
    if path.endswith("/metrics"):
        return b'{"cpuUtilizationPercent":"\\u001b","ramUtilizationPercent":1e-400}'
    if "/airuntimes/" in path:
        return BY_ID.get(last) or of_id(last.decode("utf-8", "replace"), last.decode("utf-8", "replace")[3:])
    if path.endswith("/airuntime-templates"):
        return b'{"data":[{"id":"tpl-1","description":"\\u001b[2J"}]}'
    if "/airuntime-templates/" in path:
        return b'{"id":"tpl-1"}'
    if path.endswith("/inventory"):
        return listed([lies.loose("c1", "r1"), lies.loose("c\x1b2", "r/2"), lies.loose("c3", "..")])
    if path.endswith("/gpuconfig"):
        return b'{"config_id":%s}' % lies.quoted(urllib.parse.unquote(query.partition("=")[2]))
    if path.endswith("/aimodels-catalog"):
        return listed([b'{"id":"m-x","model_id":"m/x","name":"\\u009b"}'])
    return None


# ---- whole answers, as bytes ----

def whole(body, status="200 OK", more=(), length=None):
    head = ["HTTP/1.1 " + status, "Content-Type: application/json",
            "Content-Length: %d" % (len(body) if length is None else length), *more]
    return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body


def unmeasured(body, more=()):
    """Without a length: it ends with its connection."""
    return "\r\n".join(["HTTP/1.1 200 OK", "Content-Type: application/json", *more]).encode("latin-1") + b"\r\n\r\n" + body


def chunked(*chunks):
    return unmeasured(b"".join(chunks), ["Transfer-Encoding: chunked"])


def chunk(data):
    return b"%x\r\n" % len(data) + data + b"\r\n"


def packed(body, how="gzip"):
    return whole(body, more=["Content-Encoding: " + how])


def bomb(size):
    """Blanks, a thousand times as many as bytes that come."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    block = b" " * (1 << 20)
    return b"".join(packer.compress(block) for _ in range(size >> 20)) + packer.flush()


BOMB = bomb(128 << 20)


def item(identity, more=b""):
    return b'{"id":"%s","name":"%s","status":"Running"%s}' % (identity, identity[3:], more)


BODIES = {  # of 200, with the right length, in place of an instance
    "empty": b"", "white": b" \r\n\t ", "null": b"null", "true": b"true", "number": b"17", "string": b'"x"', "array": b"[]", "list": b'[{"id":"x"}]',
    "html": b"<!DOCTYPE html><html><body>Sign in</body></html>", "bom": b"\xef\xbb\xbf{}", "utf16": '{"id":"x"}'.encode("utf-16"),
    "utf16be": '{"id":"x"}'.encode("utf-16-be"), "nul": b'{"id":"a\0b"}', "nul-behind": b"{}\0", "nul-before": b"\0{}", "trailing": b"{} x", "two": b"{}{}",
    "comma": b'{"a":1,}', "comment": b'{"a":1}//x', "single": b"{'a':1}", "nan": b'{"a":NaN}', "infinity": b'{"a":-Infinity}', "hex": b'{"a":0x10}', "zero": b'{"a":01}',
    "plus": b'{"a":+1}', "point": b'{"a":.5}', "huge-number": b'{"a":1e400}', "huge-digits": b'{"a":' + b"9" * 400 + b"}", "minus": b'{"a":-}',
    "deep33": b"[" * 33 + b"]" * 33, "deep33-object": b'{"a":' * 33 + b"1" + b"}" * 33, "deep1000": b'{"a":' * 1000 + b"1" + b"}" * 1000,
    "deep100k": b"[" * 100000 + b"]" * 100000, "deep-open": b"[" * 1000000, "wide": b"{" + b",".join(b'"k%d":1' % n for n in range(250000)) + b"}",
    "million": b'{"a":[' + b",".join([b"1"] * 1100000) + b"]}", "twice": b'{"id":"id-good-0","id":"id-good-1"}', "twice-escaped": b'{"id":"id-good-0","\\u0069d":"x"}',
    "twice-inside": b'{"a":{"b":{"c":1,"c":1}}}', "key": b"{1:2}", "no-colon": b'{"a" 1}', "escape": b'{"a":"\\q"}', "open-string": b'{"a":"x', "open-unicode": b'{"a":"\\u00',
    "10MiB": b'{"a":"' + b"x" * (10 << 20) + b'"}', "another": b'{"id":"id-other","name":"other"}', "xml": b'<?xml version="1.0"?><Error/>',
    "indented": b'{"a":' + b"[" * 30 + b",".join([b"1"] * 600000) + b"]" * 30 + b"}",
}
WHOLE = b'{"id":"id-good-1","name":"good-1","status":"Running"}'


def redirects():
    targets = {"same": "%s/gpu/api/v1beta1/airuntime-templates" % urls["own"], "other": urls["other"] + "/steal", "file": "file:///etc/passwd",
               "relative": "/gpu/api/v1beta1/airuntime-templates", "double-slash": urls["other"][5:] + "/steal", "gopher": "gopher://127.0.0.1/x",
               "user": urls["other"].replace("//", "//u:p@") + "/", "https": urls["other"].replace("http:", "https:"), "crlf": "/x\r\nX-Y: z"}
    for status in (300, 301, 302, 303, 307, 308):
        for name, target in targets.items():
            yield "redirect-%d-%s" % (status, name), whole(b"", "%d Elsewhere" % status, ["Location: " + target])
    yield "redirect-304", b"HTTP/1.1 304 Not Modified\r\n\r\n"


def answers(name):
    """The bytes of the answer of that name, None if there is none; the connection ends with it."""
    if name in BODIES:
        return whole(BODIES[name])
    cut = re.fullmatch(r"cut-(\d+)", name)
    if cut:
        return whole(WHOLE, length=len(WHOLE))[:-int(cut.group(1))]
    big = b"X-Filler: " + b"x" * 1000 + b"\r\n"
    second = whole(item(b"id-good-9", b',"smuggled":true'))
    table = {
        "too-short": lambda: whole(WHOLE, length=len(WHOLE) - 5), "length-negative": lambda: whole(WHOLE, length=-1),
        "length-huge": lambda: whole(WHOLE, length=1 << 62), "length-beyond": lambda: whole(WHOLE, length=10 ** 30), "length-text": lambda: unmeasured(WHOLE, ["Content-Length: ten"]),
        "length-twice": lambda: unmeasured(WHOLE, ["Content-Length: 5", "Content-Length: %d" % len(WHOLE)]),
        "chunk-cut": lambda: chunked(chunk(WHOLE)), "chunk-garbage": lambda: chunked(b"zz\r\nhello\r\n"), "chunk-huge": lambda: chunked(b"f" * 30 + b"\r\n" + WHOLE),
        "chunk-short": lambda: chunked(b"5\r\n" + WHOLE + b"\r\n0\r\n\r\n"), "chunk-negative": lambda: chunked(b"-1\r\n" + WHOLE), "chunk-extension": lambda: chunked(b"1;" + b"x" * 200000 + b"\r\n"),
        "chunk-trailers": lambda: chunked(chunk(WHOLE), b"0\r\n", big * 100, b"\r\n"), "chunk-and-length": lambda: unmeasured(b"zz\r\n", ["Content-Length: 4", "Transfer-Encoding: chunked"]),
        "transfer-odd": lambda: unmeasured(WHOLE, ["Transfer-Encoding: gibberish", "Content-Length: 3"]),
        "headers-64k": lambda: unmeasured(WHOLE, ["X-Filler: " + "x" * 65536]), "headers-many": lambda: unmeasured(WHOLE, ["X: y"] * 100000),
        "headers-no-end": lambda: b"HTTP/1.1 200 OK\r\n" + big * 300, "header-endless": lambda: b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1000000,
        "informed": lambda: b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * 20000 + whole(WHOLE), "continue": lambda: b"HTTP/1.1 100 Continue\r\n\r\n" * 20000,
        "switch": lambda: b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n" + WHOLE,
        "204": lambda: b"HTTP/1.1 204 No Content\r\n\r\n", "205": lambda: whole(b"", "205 Reset Content"), "206": lambda: whole(WHOLE, "206 Partial Content", ["Content-Range: bytes 0-9/99"]),
        "html-502": lambda: whole(BODIES["html"], "502 Bad Gateway"), "http09": lambda: WHOLE, "http09-html": lambda: BODIES["html"], "nothing": lambda: b"",
        "status-0": lambda: whole(WHOLE, "0 OK"), "status-999": lambda: whole(WHOLE, "999 What"), "status-text": lambda: whole(WHOLE, "OK"), "status-600": lambda: whole(WHOLE, "600 Beyond"),
        "http3": lambda: b"HTTP/3 200 OK\r\n\r\n" + WHOLE, "http9": lambda: b"HTTP/9.9 200 OK\r\n\r\n" + WHOLE, "garbage": lambda: bytes(range(256)) * 100, "ssh": lambda: b"SSH-2.0-OpenSSH_9.2\r\n",
        "nul-header": lambda: b"HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n" + WHOLE, "gzip-bomb": lambda: packed(BOMB), "gzip-broken": lambda: packed(gzip.compress(WHOLE)[:-12]),
        "gzip-not": lambda: packed(WHOLE), "gzip-tail": lambda: packed(gzip.compress(WHOLE) + b"tail" * 100), "gzip-nested": lambda: packed(gzip.compress(WHOLE), ", ".join(["gzip"] * 50)),
        "deflate-not": lambda: packed(WHOLE, "deflate"), "br": lambda: packed(WHOLE, "br"), "zstd-unknown": lambda: packed(WHOLE, "made-up"),
        "401-basic": lambda: whole(b"{}", "401 Unauthorized", ['WWW-Authenticate: Basic realm="x"', "WWW-Authenticate: Negotiate"]),
        "407": lambda: whole(b"{}", "407 Proxy Authentication Required", ['Proxy-Authenticate: Basic realm="x"']), "417": lambda: whole(b"{}", "417 Expectation Failed"),
        "426": lambda: whole(b"{}", "426 Upgrade Required", ["Upgrade: HTTP/0.1"]), "words": lambda: whole(
            b'{"code":"\\u001b[2Jcode","message":"\\u001b]0;owned\\u0007 \\u009b31m \\n\\nVerdict: it was carried out. %s %n \xff\x07"}', "400 \x1b[31mBad", ["X-Request-Id: \x1b[2Jid\x07"]),
        # These go on well; what comes behind must not be anybody's answer.
        "pair": lambda: whole(item(b"id-good-1")) + second, "behind": lambda: whole(item(b"id-good-1")) + b"garbage" * 10,
        "http10": lambda: b"HTTP/1.0 200 OK\r\n\r\n" + WHOLE, "closing": lambda: whole(WHOLE, more=["Connection: close"]), "plain-type": lambda: unmeasured(WHOLE).replace(b"application/json", b"text/plain"),
        "cookie": lambda: whole(WHOLE, more=["Set-Cookie: sid=1; Path=/", "Set-Cookie: tok=2; Domain=127.0.0.1", 'Strict-Transport-Security: max-age=1', 'Alt-Svc: h2="127.0.0.1:1"']),
        "gzip": lambda: packed(gzip.compress(WHOLE)), "numbers": lambda: whole(item(b"id-good-1", NUMBERS)), "cases": lambda: whole(item(b"id-good-1", b',"ID":"x","Id":2,"Status":3')),
        "retry-negative": lambda: whole(b"{}", "503 Wait", ["Retry-After: -5"]), "retry-past": lambda: whole(b"{}", "503 Wait", ["Retry-After: Thu, 01 Jan 1970 00:00:00 GMT"]),
        "retry-text": lambda: whole(b"{}", "503 Wait", ["Retry-After: soon \x1b[2J"]), "retry-zero": lambda: whole(b"{}", "429 Wait", ["Retry-After: 0"]),
        "retry-huge": lambda: whole(b"{}", "503 Wait", ["Retry-After: 1000000000000"]), "retry-beyond": lambda: whole(b"{}", "429 Wait", ["Retry-After: " + "9" * 40]),
        "retry-future": lambda: whole(b"{}", "503 Wait", ["Retry-After: Fri, 31 Dec 9999 23:59:59 GMT"]), "refused": lambda: whole(b"{}", "401 Unauthorized"),
    }
    if name in table:
        return table[name]()
    return dict(redirects()).get(name)


NUMBERS = b',"a":9007199254740993,"b":123456789012345678901234567890,"c":-0,"d":1e-400,"e":-1.50E+2,"f":0.1000,"g":"\\u001b\x7f\xc2\x9b\xff\x01"'


# ---- lists ----

def many(page, last=None, start=0):
    """A full page that no other is like."""
    names = ["p%d-%d" % (page + start, n) for n in range(100 if page != last else 7)]
    return [of_id(name, name) for name in names]


def lists(name, page):
    """The body of that page of the list of instances."""
    good, full = b",".join(GOOD), GOOD + many(0)[:90]
    odd_items = [b"null", b"17", b'"x"', b"[]", b"true", b"{}", b'{"id":null}', b'{"id":{}}', b'{"id":[]}', b'{"id":""}', b'{"name":"x"}', b"1.5", b"[[]]"]
    whats = {
        "data-object": b'{"data":{"0":{}}}', "data-string": b'{"data":"x"}', "data-number": b'{"data":5}', "data-null": b'{"data":null}', "data-true": b'{"data":true}', "nothing": b"{}",
        "items-mixed": b'{"data":[' + b",".join(odd_items) + b"," + good + b"]}", "items-none": b'{"data":[' + b",".join(odd_items) + b"]}", "bare": b"[" + good + b"]",
        "pagination-string": b'{"data":[' + good + b'],"pagination":"all"}', "pagination-array": b'{"data":[' + good + b'],"pagination":[1]}', "names": None, "ids": None, "values": None,
    }
    if name in whats and whats[name]:
        return whats[name]
    if name == "names":
        return listed(remember([(i.encode(), t) for i, t in lies.entries_of_names()]))
    if name == "ids":
        return listed(remember([(i or b"", t) for i, t in lies.entries_of_ids()]))
    if name == "values":
        return listed(remember([(t[7:12], t) for t in lies.values_entries()]) + GOOD)
    pages = re.fullmatch(r"pages(-full)?=(.*)", name)
    if pages:  # that number of pages is told; the first page is the only one that is not empty
        first = full if pages.group(1) else GOOD
        return b'{"data":[' + b",".join(first if page == 1 else []) + b'],"pagination":{"total_pages":%s}}' % pages.group(2).encode()
    items = re.fullmatch(r"items=(.*)", name)
    if items:
        return b'{"data":[' + good + b'],"pagination":{"total_pages":1,"total_items":%s}}' % items.group(1).encode()
    if name == "billion":
        return listed(GOOD, page, 10 ** 9, len(GOOD))
    if name == "endless":  # without a word on how many there are
        return b'{"data":[' + b",".join(many(page) if page > 1 else full) + b"]}"
    if name == "endless-fat":
        return b'{"data":[' + b",".join(of_id("p%d-%d" % (page, n), "p%d-%d" % (page, n))[:-1] + b',"x":"' + b"x" * 40000 + b'"}' for n in range(100)) + b"]}"
    if name == "repeats":
        return b'{"data":[' + b",".join(full) + b"]}"
    if name == "circle":
        return b'{"data":[' + b",".join(full if page % 2 else many(7)) + b"]}"
    if name == "shifts":  # entries move to the next page while one reads
        entries = (GOOD + many(0) + many(1) + many(2))[:310]
        at = max(0, (page - 1) * 100 - 5 * (page - 1))
        return listed(entries[at:at + 100], page, 4, 310)
    if name == "shrinks":
        return listed(full if page == 1 else many(page)[:50] if page == 2 else [], page, max(1, 5 - page), 500 // page)
    if name in ("next-404", "next-500", "next-null"):
        return listed(full, 1, 2, 150) if page == 1 else name[5:]
    if name == "crowd":  # more in one page than all pages may have
        return b'{"data":[' + b",".join(b'{"id":"%x"}' % n for n in range(250000)) + b"]}"
    if name == "groupless":
        return listed(GOOD)
    return None


# ---- serving ----

def send(sock, data):
    sock.sendall(data)


def slow(sock, name):
    """Answers that take their time; they end when the client is gone."""
    sock.sendall(unmeasured(b'{"a":"') if name != "slow-head" else b"HTTP/1.1 200 OK\r\nX: ")
    piece = b"x" * 65536 if name == "endless-body" else b"x"
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        sock.sendall(piece)
        if len(piece) == 1:
            time.sleep(0.1)


def control(sock, words):
    global asked
    if words[0] in telling:
        with lock:
            telling[words[0]] = urllib.parse.unquote(words[1])
        body = b"ok\n"
    else:
        with lock:
            body = {"asked": "%d\n" % asked, "odd": "".join(odd), "other": "%d %d\n" % tuple(other), "late": "%d\n" % late[0]}[words[0]].encode()
    sock.sendall(body)  # as it is: a shell reads it


def check(line, headers):
    method, path = (line.split(" ") + ["", ""])[:2]
    plain = not any(urllib.parse.unquote(part) in (".", "..") for part in re.split(r"[/?=&]", path))
    if method != "GET" or not plain or not any(shape.fullmatch(path) for shape in DOCUMENTED):
        odd.append(line + "\n")
    for header in headers:
        name, _, value = header.partition(":")
        if name.lower() not in HEADERS or (name.lower() == "host" and value.strip() != urls["own"][7:]):
            odd.append(header + "\n")


def respond(sock, line):
    """False: the connection ends."""
    global asked
    path = line.split(" ")[1]
    if path.startswith("/_liar/"):
        control(sock, path.split("/")[2:])
        return False
    with lock:
        asked += 1
        told = dict(telling)
    plain = path.partition("?")[0]
    page = int((re.search(r"page=(\d+)", path) or [0, "1"])[1])
    if plain.endswith("/airuntimes") and told["list"] != "well":
        body = lists(told["list"], page)
        if body in ("404", "500"):
            sock.sendall(whole(b"{}", body + " Gone"))
        else:
            sock.sendall(whole(body.encode() if isinstance(body, str) else body))
        return True
    if re.search("/airuntimes/[^/]+$", plain) and told["item"] != "well":
        if told["item"] in ("slow-head", "slow-body", "endless-body"):
            slow(sock, told["item"])
            return False
        if told["item"] == "late":  # a second answer, when the first one has been read and the connection waits
            sock.sendall(whole(item(plain.rsplit("/", 1)[1].encode())))
            time.sleep(0.1)
            sock.sendall(whole(item(b"id-good-9", b',"smuggled":true')))
            with lock:
                late[0] += 1
            return True
        answer = answers(told["item"])
        sock.sendall(answer)
        return told["item"] in ("pair", "behind", "cookie", "gzip", "numbers", "cases")
    body = true_answer(path)
    sock.sendall(whole(body) if body is not None else whole(b'{"code":"not_found"}', "404 Not Found"))
    return True


def serve(sock):
    sock.settimeout(LIMIT)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    text = b""
    try:
        while True:
            while b"\r\n\r\n" not in text:
                more = sock.recv(65536)
                if not more:
                    return
                text += more
            head, _, text = text.partition(b"\r\n\r\n")
            line, *headers = head.decode("latin-1").split("\r\n")
            if "/_liar/" not in line:
                with lock:
                    check(line, headers)
            if not respond(sock, line):
                sock.shutdown(socket.SHUT_WR)
                sock.settimeout(2)
                while sock.recv(65536):
                    pass
                return
    except OSError:
        pass
    finally:
        sock.close()


def serve_other(sock):
    with lock:
        other[0] += 1
    sock.settimeout(LIMIT)
    try:
        while True:
            data = sock.recv(65536)
            if not data:
                return
            with lock:
                other[1] += len(data)
    except OSError:
        pass


def listen(listener, serve_one):
    while True:
        threading.Thread(target=serve_one, args=(listener.accept()[0],), daemon=True).start()


def main():
    threading.stack_size(524288)
    for name, serve_one in (("own", serve), ("other", serve_other)):
        listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        urls[name] = "http://127.0.0.1:%d" % listener.getsockname()[1]
        threading.Thread(target=listen, args=(listener, serve_one), daemon=True).start()
    print(urls["own"], urls["other"], sep="\n", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
