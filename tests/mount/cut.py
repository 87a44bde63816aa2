"""Creates templates whose connections are cut: python3 cut.py TEMPLATES API LOG STEP

TEMPLATES is the collection in the mount, API the same at the cloud itself, LOG what cutter.py writes. Prints a table of
what happened, then a line for each thing that must not; the status says whether there was any.
"""

import collections
import concurrent.futures
import errno
import json
import os
import re
import sys
import threading
import time
import urllib.error
import urllib.request

AT_ONCE = 48  # the cloud has at most 100 templates
TRIES = 10  # of a create that was refused before it was sent
LATE = 40  # seconds, for what listings show only after the write has ended
TOKEN = "pat-nc-sandbox"

templates, api, log_path, step = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
spec = b'{"description":"cut","image":"ghcr.io/demo-labs/cut:v1","category":"LLM"}\n'
faults = []


def wrong(*words):
    faults.append(" ".join(map(str, words)))


def call(method, path=""):
    request = urllib.request.Request(api + path, method=method, headers={"Authorization": "Bearer " + TOKEN})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.read()


def there(name):
    """The ids of all templates of that name at the cloud."""
    return [item["id"] for item in json.loads(call("GET"))["data"] if item["name"] == name]


def posts(name):
    """The POSTs of that name that the proxy saw, with the length of each; how each ended."""
    begun, ended = [], []
    with open(log_path, encoding="ascii") as file:
        for line in file:
            words = line.split()
            if words[0] == name:
                (begun if len(words) == 2 else ended).append(words[1:])
    return begun, ended


def write(name):
    try:
        fd = os.open(os.path.join(templates, name, "spec.json"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        return error.errno
    code = 0
    try:
        os.write(fd, spec)
    except OSError as error:
        code = error.errno
    try:
        os.close(fd)
    except OSError as error:
        code = code or error.errno
    return code


def refused(name):
    with open(os.path.join(templates, name, ".error"), encoding="utf-8") as file:
        return file.read()


def until(condition, seconds):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def create(name):
    """One create, and all that must hold after it. What the table is told: errno, POSTs, resources."""
    os.mkdir(os.path.join(templates, name))
    for _ in range(TRIES):
        code = write(name)
        if code in (0, errno.EINPROGRESS) or posts(name)[0]:
            break  # else it did not come to be sent: a machine that is too busy for the deadline
        time.sleep(1)
    said = refused(name)
    ids, count = there(name), len(posts(name)[0])
    if count != 1:
        wrong(name, count, "POSTs, and .error says", repr(said))
    if len(ids) > 1:
        wrong(name, "is there", len(ids), "times")
    if code == 0 and not ids:
        wrong(name, "was written, and is not there")
    if code == errno.EINPROGRESS:
        if not re.search("Verdict: (unknown|it was carried out)", said):  # a look may have found it since
            wrong(name, "EINPROGRESS, and .error says", repr(said))
        repeated = write(name)
        if repeated == 0 and there(name):
            code = 0  # found between the two
        elif repeated != errno.EALREADY:
            wrong(name, "repeated: errno", repeated)
        if ids and not until(lambda: os.path.exists(os.path.join(templates, name, "status")), LATE):
            wrong(name, "is there, and the mount does not show it")
    elif code:
        if "Verdict: nothing was changed." not in said:
            wrong(name, errno.errorcode[code], "and .error says", repr(said))
        if ids:
            wrong(name, errno.errorcode[code], "nothing was changed, it says, and it is there")
    if code == 0 and write(name) != 0:
        wrong(name, "applied again is refused")
    again = len(posts(name)[0])
    if again != count:
        wrong(name, "was sent again:", again, "POSTs")
    ids = there(name)
    for identity in ids:
        call("DELETE", "/" + identity)
    return code, again, len(ids)


def measure():
    """How long the request and the answer of such a create are."""
    create("cut-request-9999")
    until(lambda: posts("cut-request-9999")[1], LATE)  # the proxy writes of an answer when it has passed it on
    begun, ended = posts("cut-request-9999")
    if not ended or ended[0][0] != "whole":
        sys.exit("wrong: a create that is not cut ended as %s" % ended)
    return int(begun[0][0]), int(ended[0][1])


threading.stack_size(262144)
lengths = dict(zip(("request", "response"), measure()))
todo = [(direction, n) for direction, length in lengths.items() for n in sorted({*range(0, length + 1, step), length})]
rows = {direction: collections.Counter() for direction in lengths}
done = []


def run(item):
    direction, n = item
    name = "cut-%s-%04d" % item
    try:
        outcome = create(name)
    except (OSError, urllib.error.URLError, ValueError, KeyError) as error:
        wrong(name, "cannot be tried:", error)
        return
    until(lambda: posts(name)[1], LATE)
    if not posts(name)[1] or posts(name)[1][0][0] != "cut":
        wrong(name, "was not cut")
    done.append((direction, n, *outcome))


with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
    list(pool.map(run, todo))

print("%-9s %6s %6s  %-36s %6s %10s" % ("cut in", "bytes", "cuts", "outcomes", "POSTs", "resources"))
for direction, length in lengths.items():
    mine = [entry for entry in done if entry[0] == direction]
    outcomes = collections.Counter(errno.errorcode.get(entry[2], "done") for entry in mine)
    words = ", ".join("%s %d" % pair for pair in sorted(outcomes.items()))
    print("%-9s %6d %6d  %-36s %6d %10d"
          % (direction, length, len(mine), words, sum(e[3] for e in mine), sum(e[4] for e in mine)))
twice = sum(1 for entry in done if entry[3] > 1 or entry[4] > 1)
print("%d creates, %d created twice" % (len(done), twice))
with open(log_path, encoding="ascii") as file:
    reused = file.read().split().count("reused")
if reused:
    wrong(reused, "POSTs went over a connection that was used before")
if len(done) != len(todo):
    wrong(len(todo) - len(done), "cuts were not made")
for fault in faults[:40]:
    print("wrong:", fault)
sys.exit(bool(faults))
