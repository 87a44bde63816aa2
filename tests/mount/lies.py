"""What a lying server puts into its answers: names, ids and values, each as the bytes of a JSON text.

Shared by liar.py, which sends them, and seen.py, which looks at what a mount made of them.
"""

import re

GOOD = ["good-%d" % n for n in range(10)]


def quoted(text):
    """A Python string as JSON in plain ASCII; bytes between quotes as they are."""
    if isinstance(text, bytes):
        return b'"' + text + b'"'
    out = []
    for char in text:
        code = ord(char)
        if char in '"\\':
            out.append("\\" + char)
        elif 0x20 <= code < 0x7F:
            out.append(char)
        elif code < 0x10000:
            out.append("\\u%04x" % code)
        else:
            code -= 0x10000
            out.append("\\u%04x\\u%04x" % (0xD800 + (code >> 10), 0xDC00 + (code & 0x3FF)))
    return ('"' + "".join(out) + '"').encode()


def decoded(text):
    """The bytes that a JSON string stands for. U+0000 is C0 80, half of a pair its three bytes, as json.h has it."""
    out = bytearray()
    at = 1
    plain = {ord("b"): 8, ord("f"): 12, ord("n"): 10, ord("r"): 13, ord("t"): 9}
    while at < len(text) - 1:
        if text[at] != 0x5C:
            out.append(text[at])
            at += 1
            continue
        kind = text[at + 1]
        at += 2
        if kind != ord("u"):
            out.append(plain.get(kind, kind))
            continue
        code = int(text[at:at + 4], 16)
        at += 4
        pair = re.match(rb"\\u([dD][c-fC-F][0-9a-fA-F]{2})", text[at:])
        if 0xD800 <= code < 0xDC00 and pair:
            code = 0x10000 + ((code - 0xD800) << 10) + int(pair.group(1), 16) - 0xDC00
            at += 6
        out += b"\xC0\x80" if code == 0 else chr(code).encode("utf-8", "surrogatepass")
    return bytes(out)


def control(code):
    return 0 <= code < 0x20 or 0x7F <= code < 0xA0


def is_clean(data, also=b""):
    """Whether a terminal may have it: UTF-8 without C0 (but those in `also`), DEL and C1."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return not any(control(ord(char)) and char.encode() not in also for char in text)


# ---- names ----

_names = ["", ".", "..", "...", "....", "./", "../", "/", "//", "/etc/passwd", "../../etc/passwd", "a/b", "a//b", "a/", "/a"]
_names += ["%s", "%n%n%n", "%", "%%", "%2F", "%2f", "%2E", "%2e%2e%2f", "%zz", "%0", "%00", "%C3%A9", "100%", "a%"]
_names += ["~", "~root", "a~b", "good-1~g-1", "good-1~x", "good-0~", "%~", "%~0123456789ABCDEF"]
_names += [".error", ".by-id", ".by-status", ".neevfs", ".hidden", ".a.b", "..a", ".-", "-", "--", "-rf", "--help", "-n", "-e"]
_names += ["README.txt", "index.tsv", "list.json", "spec.schema.json", "spec.example.json", "info.json", "spec.json", ".spec.json.swp"]
_names += [" ", "  ", " a", "a ", "\t", "a\tb", "\n", "a\nb", "\r\n", "a\rb", "\x0b", "\x0c", "\x07", "\x08\x08\x08", "a\n"]
_names += [chr(code) for code in range(1, 0x20)] + ["x" + chr(code) for code in range(0x80, 0xA0)]
_names += ["\x7f", "a\x7fb", "\x1b[2J", "\x1b]0;owned\x07", "\x1b[31mred\x1b[0m", "\x1bc", "\x9b2J", "\x90q\x9c", "\x1b[6n"]
_names += ["\u202egnp.exe", "a\u202ab", "\u2066x\u2069", "\u200e", "\u200f", "\u2028", "\u2029", "a\u061cb"]
_names += ["\u200b", "a\u200bb", "\u200d", "\u2060", "\ufeff", "\ufeffbom", "\u00ad", "\u034f", "\u3164"]
_names += ["e\u0301", "\u00e9", "A\u030a", "\u00c5", "\u212b", "\u1e9b\u0323", "o" + "\u0300" * 60, "\ufb01", "fi"]
_names += ["\uff0e\uff0e\uff0f", "\u2024\u2024", "\u2215", "a\u2044b", "\uff5e", "\u0430dmin", "admin"]
_names += ["\U0001f600", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\ufffd", "\uffff", "\ufffe", "\U0010ffff", "\ue000"]
_names += ["$(id)", "`id`", "$HOME", "${PATH}", ";id", "|id", "&id", "&&", ">x", "<x", "*", "?", "[a]", "{a,b}", "!!", "#x"]
_names += ["'", '"', "\\", "\\\\", "a\\nb", "\\x41", "a'b\"c", "(", ")", "\\0", "a b c", "=", "a=b", ":", "a:b", "@", ",", "^"]
_names += ["con", "nul", "COM1", "a.", "a..", "a...", "con.txt", "desktop.ini", "Thumbs.db", ".DS_Store", "lost+found"]
_names += ["null", "true", "false", "0", "-1", "1e400", "NaN", "undefined", "None", "[]", "{}", "[object Object]"]
_names += ["<b>x</b>", "<script>alert(1)</script>", "' or 1=1 --", "{{7*7}}", "${7*7}", "?page=2", "#frag", "a?b#c", "a&limit=1"]
_names += ["n" * 254, "n" * 255, "n" * 256, "n" * 257, "n" * 1024, "n" * 65535, "." * 255, "." * 300, "%" * 85, "%" * 86, "%" * 300]
_names += ["/" * 85, "/" * 86, "/" * 255, "\x01" * 255, "\u00e9" * 127, "\u00e9" * 128, "a" + "\u00e9" * 127, "\U0001f600" * 63]
_names += ["\U0001f600" * 64, "b" * 253 + "\u00e9", "b" * 254 + "\u00e9", "b" * 252 + "\n", "b" * 253 + "\n", "m" * 300 + "1", "m" * 300 + "2"]
_names += ["GOOD-1", "Good-1", "good-1 ", " good-1", "good-1\u200b", "good-1/", "good-1.", "./good-1", "good-1\n"]

_raw = [b"\\u0000", b"a\\u0000b", b"good-1\\u0000", b"\\u0000\\u0000", b"\\ud800", b"\\udc00", b"a\\ud83d", b"\\ude00\\ud83d"]
_raw += [b"\\ud800\\ud800", b"\\udbff\\u0041", b"\\uD83D\\uDE00x", b"\\u002e\\u002e", b"\\u002e", b"\\u002f", b"g\\u006fod-2x"]
_raw += [b"\xff", b"\x80", b"a\xc3", b"\xc0\xae\xc0\xae\xc0\xaf", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xf8\x88\x80\x80\x80"]
_raw += [b"\xc3\xa9raw", b"a\xffb\xfe", b"\xe2\x82", b"\xf0\x9f\x98", b"\xc2", b"\xe2\x80\xae raw", b"\xc2\x9b raw"]
_raw += [b"\x01raw", b"a\nraw", b"\traw", b"\x1b[2Jraw", b"\x7fraw", b"\xff" * 85, b"\xff" * 86]

NAMES = [quoted(name) for name in _names] + [quoted(name) for name in _raw]
NAMES += [b"0", b"-1", b"12345678901234567890", b"1.5", b"-0", b"1e5", b"null", b"true", b"false", b"[]", b'["a"]', b"{}", b'{"a":1}']
TWICE = [quoted("dup2")] * 2 + [quoted("dup3")] * 3 + [quoted("/")] * 2 + [quoted("d" * 300)] * 3 + [quoted("dup1000")] * 1000


def entries_of_names():
    """(id, the entry) of each name, the good ones among them."""
    out = []
    step = len(NAMES) // len(GOOD)
    for index, name in enumerate(NAMES):
        if index % step == 0 and index // step < len(GOOD):
            good = GOOD[index // step]
            out.append(("id-" + good, entry(quoted("id-" + good), quoted(good))))
        out.append(("h-%04d" % index, entry(quoted("h-%04d" % index), name)))
    out += [("t-%04d" % index, entry(quoted("t-%04d" % index), name)) for index, name in enumerate(TWICE)]
    out.append(("nameless", b'{"id":"nameless","status":"Running"}'))
    return out


def entry(identity, name, more=b""):
    return b'{"id":%s,"name":%s,"status":"Running","createdAt":"2026-01-02T03:04:05Z"%s}' % (identity, name, more)


# ---- ids: (JSON, whether it can be used) ----

_long = "i" * 10240
IDS = [(quoted(text), True) for text in ("a b", "a?x=1", "a#b", "a&b=c", "a%2Fb", "%", "%2e%2e", "a+b", "a=b", "a;b", "a/b", "-rf",
                                         "~", "a:b", "@", "\u00e9", "\U0001f600", "$(id)", "'", '"', "\\\\", "...", ".a", "a..b",
                                         "http://other/", "//other", "i" * 255, " ", "{}", "*", "\u202e", "\u2028")]
IDS += [(quoted(text), False) for text in ("", ".", "..", "../x", "x/..", "a/../../b", "./a", "a/./b", "..\\x", "a\\..\\b", "a\r\nX: y",
                                           "\n", "\x00", "a\x00b", "\x1b[2J", "\x7f", "\x9b", "i" * 256, "/" * 86, _long)]
IDS += [(quoted(text), False) for text in (b"\xff", b"\\ud800", b"\x01")]
IDS += [(text, False) for text in (b"null", b"true", b"{}", b"[]", b'["a"]', b'{"a":1}')]
IDS += [(text, True) for text in (b"17", b"1e5")]


def entries_of_ids():
    """(the id decoded, or None, the entry), the good ones behind; some ids come twice, some spelled otherwise."""
    out = []
    for index, (identity, usable) in enumerate(IDS):
        text = decoded(identity) if identity[:1] == b'"' else identity
        out.append((text if usable else None, entry(identity, quoted("n-%03d" % index))))
    out.append((None, entry(quoted(b"\\u0061 b"), quoted("spelled otherwise"))))
    out.append((None, entry(quoted("a b"), quoted("the same"))))
    out.append((None, b'{"name":"without"}'))
    out += [(None, text) for text in (b"null", b"17", b'"x"', b"[]", b"true", b"{}", b"[[{}]]")]
    out += [(("id-" + good).encode(), entry(quoted("id-" + good), quoted(good))) for good in GOOD]
    return out


# ---- values of `reason`, and the members of a loose object ----

VALUES = [quoted(chr(code)) for code in range(1, 0x20)] + [quoted("a" + chr(code) + "b") for code in range(0x7F, 0xA0)]
VALUES += [quoted(text) for text in ("", " ", "two\nlines", "\n", "\n\n", "end\n", "\r\n", "\x1b[2J", "\x1b]0;owned\x07", "\x9b31m",
                                     "\\", "\\\\", "\\n", "\\x", "\\x1", "\\x1b", "\\x1B[2J", "\\\\x1b", "C:\\dir\\x", "\\x5c", "\\x5cx1b",
                                     "\u202eabc", "\u00e9", "\U0001f600", "%1B", "$(id)", "a\tb", "x" * 70000, "\x1b" * 5000)]
VALUES += [quoted(text) for text in (b"\\u0000", b"\\ud800", b"\\udc00x", b"\xff", b"\xc3", b"\xed\xa0\x80", b"a\nb", b"\x1b[0m", b"\x7f", b"\xc2\x9b")]
PLAIN = [b"0", b"-0", b"9007199254740993", b"123456789012345678901234567890", b"1e-400", b"-1.50", b"1E+2", b"0.1000", b"true", b"false"]
ODD = [(b"{}", b"{}\n"), (b'{"a": [1,\n 2]}', b'{"a":[1,2]}\n'), (b'["\\u001b","\x7f"]', b'["\\u001b","\\x7f"]\n'), (b"null", b"")]
TIMES = [quoted(text) for text in ("99999-01-01T00:00:00Z", "garbage", "-1", "", "0000-00-00T00:00:00Z", "2026-13-45T99:99:99Z", "\x1b[2J",
                                   "9999-12-31T23:59:59+99:99", "2026-01-02T03:04:05.999999999999999999999Z", "1969-12-31T23:59:59Z")]
TIMES += [b"-1", b"1e4", b"99999999999999999999", b"{}", b"[]", b"null", b"true"]
ARRAYS = [b'["one","two\\nlines","\\u001b[2J",3,null,true,"\\\\x1b"]', b"[]", b'"scalar"', b"{}", b'[["a"],{"b":"\x7f"}]', b"null", b"7"]

MEMBERS = [quoted(text) for text in ("", ".", "..", "a/b", "info.json", ".error", "\n", "\x1b[2J", "%", "%2E", "~", "a~b", "x", "x.json",
                                     "X", "m" * 255, "m" * 256, "m" * 65535, "\u202e", "\x7f", "\x80", "a%2Fb", "a%2Fb.json", "a/b.json",
                                     "config.json", "price_per_gpu_per_hour", "y.json", "id")]
MEMBERS += [quoted(text) for text in (b"\\u0000", b"\xff", b"\\ud800", b"raw\x01")]


def loose(identity, region):
    """A row of the inventory whose members are odd in name and kind."""
    kinds = [b'"v\\u001b"', b"1e-400", b"null", b'[1,"a\\nb"]', b"[{}]", b'{"in":{"..":1,"a/b":[[]],"\\u001b":"\\u009b"}}', b"[]"]
    out = []
    for index, key in enumerate(MEMBERS):
        out.append(key + b":" + kinds[index % len(kinds)])
    out.append(b'"boxes":[{}],"boxes.json":1,"q/":[{}],"q/.json":2')
    return b'{"config_id":%s,"region":%s,"instance_type":"vm",%s}' % (quoted(identity), quoted(region), b",".join(out))


def values_entries():
    out = []
    for index, value in enumerate(VALUES + PLAIN):
        out.append(entry(quoted("v-%03d" % index), quoted("v-%03d" % index), b',"reason":' + value))
    for index, (value, _) in enumerate(ODD):
        out.append(entry(quoted("o-%03d" % index), quoted("o-%03d" % index), b',"reason":' + value))
    for index, value in enumerate(TIMES):
        name = quoted("c-%03d" % index)
        out.append(b'{"id":%s,"name":%s,"status":"Running","createdAt":%s}' % (name, name, value))
    for index, value in enumerate(ARRAYS):
        out.append(entry(quoted("a-%03d" % index), quoted("a-%03d" % index), b',"sshKeys":' + value))
    odd = [b'"storage":"\\u001b"', b'"storage":[]', b'"uiAccess":17', b'"metrics":null', b'"status":{"a":1}', b'"templateID":"../../../etc"',
           b'"templateID":"a\\u0000b"', b'"templateID":{}', b'"region":"../..","gpuConfigID":"/etc/passwd"', b'"region":"","gpuConfigID":""',
           b'"region":"\\u001b[2J","gpuConfigID":"\xff"', b'"gpuCount":"many"', b'"gpuCount":-1', b'"gpuCount":1e300']
    for index, more in enumerate(odd):
        name = quoted("w-%03d" % index)
        out.append(b'{"id":%s,"name":%s,%s}' % (name, name, more))
    return out
