"""What a mount made of lies: python3 seen.py names|ids|values|crawl DIRECTORY. Prints each thing that must not be, then a summary."""

import errno
import json
import os
import re
import stat
import sys

import lies

FIXED = (b".error", b".by-id", b".by-status", b"index.tsv", b"list.json")  # in each collection
TABLES = (b"index.tsv", b"cost", b"requests", b"events")
faults = []


def wrong(*words):
    faults.append(" ".join(map(repr, words)))


def read(path):
    with open(path, "rb") as file:
        data = file.read()
    if os.stat(path).st_size != len(data):
        wrong(path, "size", os.stat(path).st_size, "but", len(data), "bytes")
    return data


def entries(path):
    names = os.listdir(path)
    if len(set(names)) != len(names):
        wrong(path, "has a name twice")
    return names


def unescaped_name(name):
    """The server's name behind a file name; None if it was cut."""
    if b"%~" in name:
        return None
    return b"" if name == b"%" else re.sub(rb"%([0-9A-F]{2})", lambda match: bytes([int(match[1], 16)]), name)


def unescaped_value(data):
    return re.sub(rb"\\x([0-9a-f]{2})", lambda match: bytes([int(match[1], 16)]), data)


def missing(path):
    try:
        os.lstat(path)
    except OSError as error:
        return error.errno in (errno.ENOENT, errno.ENAMETOOLONG, errno.EINVAL)
    return False


def look(directory, expected):
    """A collection of which `expected` is {id: decoded name}: each once, under one name, and the name leads back."""
    names = [name for name in entries(directory) if name not in FIXED]
    by_id = {}
    for name in names:
        path = os.path.join(directory, name)
        if not lies.is_clean(name) or b"/" in name or len(name) > 255:
            wrong("shown as", name)
        if not stat.S_ISDIR(os.lstat(path).st_mode):
            wrong(name, "is no directory")
        with open(os.path.join(path, b"id"), "rb") as file:
            identity = unescaped_value(file.read())[:-1]
        if identity in by_id:
            wrong(identity, "is", by_id[identity], "and", name)
        by_id[identity] = name
        if not identity.startswith(b"t-") and read(os.path.join(path, b"status")) != b"Running\n":
            wrong(name, "has another status")
    if set(by_id) != set(expected):
        wrong("missing", sorted(set(expected) - set(by_id))[:5], "too many", sorted(set(by_id) - set(expected))[:5])
    plain = {}
    for identity, name in by_id.items():
        first, twin, _ = name.partition(b"~") if b"%~" not in name else (name, b"", b"")
        back = unescaped_name(first)
        if back is not None and not twin and expected.get(identity, back) != back:
            wrong(name, "stands for", back, "but it is", expected[identity])
        if not twin:
            plain.setdefault(name, identity)
        # Another spelling of it is no name.
        for other in () if identity.startswith(b"t-") else {name.lower(), expected.get(identity, b"x")} - {name}:
            if other and other not in FIXED and b"/" not in other and b"\0" not in other and other not in (b".", b"..") and other not in names:
                if len(other) < 256 and not missing(os.path.join(directory, other)):
                    wrong(other, "is found too, as", name)
    for good in lies.GOOD:
        if good.encode() not in names:
            wrong(good, "is hidden")
    if sorted(entries(directory)) != sorted(os.listdir(directory)):
        wrong("two listings differ")
    links = entries(os.path.join(directory, b".by-id"))
    if len(links) != len(by_id):
        wrong(len(links), "links to", len(by_id), "resources")
    for link in links:
        path = os.path.join(directory, b".by-id", link)
        target = os.readlink(path)
        if not lies.is_clean(target) or target[3:] not in names or target[:3] != b"../":
            wrong(link, "->", target)
        elif by_id.get(unescaped_name(link)) != target[3:]:
            wrong(link, "is not the link to", target)
    return len(names)


def see_names(directory):
    expected = {}
    for identity, text in lies.entries_of_names():
        match = re.search(rb'"name":("(?:[^"\\]|\\.)*"|[^,}]*)', text, re.S)
        name = match.group(1) if match else b"null"
        if name[:1] == b'"':
            name = lies.decoded(name)
        elif name == b"null":
            name = b""
        elif name[:1] in b"[{":
            name = re.search(rb'"name":(.*),"status"', text).group(1)
        expected[identity.encode()] = name
    return "%d names shown" % look(directory, expected)


def see_ids(directory):
    expected = {}
    for identity, text in lies.entries_of_ids():
        if identity is not None:
            expected[identity] = lies.decoded(re.search(rb'"name":("[^"]*")', text).group(1))
    return "%d ids shown" % look(directory, expected)


def see_values(directory):
    at = lambda *parts: os.path.join(directory, *(part if isinstance(part, bytes) else part.encode() for part in parts))
    for index, value in enumerate(lies.VALUES + lies.PLAIN):
        data = read(at("v-%03d" % index, "reason"))
        true = lies.decoded(value) if value[:1] == b'"' else value
        if not lies.is_clean(data[:-1]) or data[-1:] != b"\n" or unescaped_value(data[:-1]) != true:
            wrong(value[:40], "is shown as", data[:40])
    for index, (value, shown) in enumerate(lies.ODD):
        data = read(at("o-%03d" % index, "reason"))
        if data != shown:
            wrong(value, "is shown as", data)
    for index, value in enumerate(lies.TIMES):
        mtime = os.stat(at("c-%03d" % index)).st_mtime
        if not -62200000000 < mtime < 253500000000:
            wrong(value, "became the time", mtime)
    lines = [read(at("a-%03d" % index, "sshKeys")) for index in range(len(lies.ARRAYS))]
    if lines[0] != b"one\ntwo\\x0alines\n\\x1b[2J\n3\n\ntrue\n\\x5cx1b\n":
        wrong("sshKeys", lines[0])
    if lines[1:] != [b"", b"scalar\n", b"{}\n", b'["a"]\n{"b":"\\x7f"}\n', b"", b"7\n"]:
        wrong("sshKeys", lines[1:])
    for index, value in enumerate(lies.VALUES):
        info = json.loads(read(at("v-%03d" % index, "info.json")))
        back = info["reason"].encode("utf-8", "surrogatepass").replace(b"\0", b"\xc0\x80")
        true = lies.decoded(value)
        try:
            true.decode("utf-8")
        except UnicodeDecodeError:
            continue  # the crawl sees that it is clean
        if back != true:
            wrong(value[:40], "is in info.json as", info["reason"][:40])
    return "%d values" % len(lies.VALUES + lies.PLAIN + lies.ODD)


def crawl(directory):
    """Everything below is clean, of true size, and can be reached."""
    count = 0
    todo = [directory]
    while todo:
        path = todo.pop()
        for name in entries(path):
            below = os.path.join(path, name)
            if re.search(rb"/airuntimes/[vca]-\d+$", below) and not name.endswith(b"0"):
                continue  # see_values() looks at what is odd in them
            if name in (b"good-1", b"good-7"):
                continue  # of a name that the kernel knows a look-up that fails is done twice: requests are counted there
            count += 1
            if not lies.is_clean(name):
                wrong(path, "has", name)
            try:
                mode = os.lstat(below).st_mode
                if stat.S_ISDIR(mode):
                    todo.append(below)
                elif stat.S_ISLNK(mode):
                    target = os.readlink(below)
                    if not lies.is_clean(target) or target.startswith(b"/"):
                        wrong(below, "->", target)
                elif not lies.is_clean(read(below), b"\n\t" if name in TABLES else b"\n"):
                    wrong(below, "is not clean")
            except OSError as error:
                wrong(below, error.strerror)
    return "%d files and directories" % count


summary = {"names": see_names, "ids": see_ids, "values": see_values, "crawl": crawl}[sys.argv[1]](os.fsencode(sys.argv[2]))
for fault in faults[:20]:
    print("wrong:", fault)
print(summary)
sys.exit(bool(faults))
