"""From the start to a mount that answers; and what happens while nobody looks."""
import collections
import contextlib
import os
import re
import subprocess
import time

from daemon import mounted, wait_for
from hot import attach, detach
from place import COLLECTION, TOKEN, Unmeasured

# What the kernel tells of what it dropped, as strace shows it: a length, then FUSE_FORGET or FUSE_BATCH_FORGET.
FORGET = re.compile(r'read\(\d+, "(?:\\\d{1,3}|\\?[^\\"])(?:\\\d{1,3}|\\?[^\\"])\\0\\0(?:\\2|\*)\\0\\0\\0')


def processes(word):
    """Of ours, with that word on their command line."""
    for pid in filter(str.isdigit, os.listdir('/proc')):
        with contextlib.suppress(OSError):
            with open('/proc/%s/cmdline' % pid, 'rb') as file:
                if word.encode() in file.read().split(b'\0') and int(pid) != os.getpid():
                    yield int(pid)


@contextlib.contextmanager
def background(place, url, **options):
    """As a user starts it: (mount point, seconds until it answers)."""
    at = place.name('mount')
    os.mkdir(at)
    options = {'api_base': url, 'org': 'org-demo', 'project': 'prj-demo', 'log': at + '.log', **options}
    try:
        begin = time.perf_counter()
        process = place.popen([place.neevfs, '-o', ','.join('%s=%s' % pair for pair in options.items()), at], stdout=place.log)
        place.wait(process, 30)
        if process.returncode:
            raise Unmeasured('neevfs ended with %d' % process.returncode)
        os.listdir(at)
        yield at, time.perf_counter() - begin
    finally:
        subprocess.run(['fusermount3', '-u', '-q', '--', at], check=False)
        if not wait_for(lambda: not list(processes(at)), 10) or mounted(at):
            place.odd.append('a mount in the background does not end')
            for pid in processes(at):
                os.kill(pid, 9)
            subprocess.run(['fusermount3', '-u', '-z', '-q', '--', at], check=False)


def start(place, table):
    found = []
    for i in range(7 if place.args.quick else 21):
        place.progress('start, round %d' % (i + 1))
        # Nobody listens there: it must not matter.
        with background(place, 'http://127.0.0.1:9') as (_, seconds):
            found.append(seconds * 1000)
    table.add('Start, ms', 'from exec to a listing of the root, in the background, nobody answers', found, ('<=', 50))


def switches(pids):
    """How often they fell asleep of their own will, so far."""
    count = 0
    for pid in pids:
        for task in os.listdir('/proc/%d/task' % pid):
            with open('/proc/%d/task/%s/status' % (pid, task), encoding='utf-8') as status:
                count += int(re.search(r'^voluntary_ctxt_switches:\s+(\d+)', status.read(), re.M).group(1))
    return count


def watched(place, pids, seconds, path, cloud):
    """The system calls of that time, as strace writes them. None if it may not look."""
    place.progress('idle: %d s under strace' % seconds)
    with open(path, 'rb') as file:
        file.read()
    place.reset(cloud)
    told = place.name('strace')
    strace = attach(place, ['-ttt', '-o', told], pids)
    if not strace:
        return None
    try:
        # To be looked at wakes it once.
        time.sleep(1)
        begin = time.time()
        time.sleep(seconds)
        end = time.time()
    finally:
        detach(place, strace)
    with open(told, encoding='utf-8', errors='replace') as lines:
        return [line for line in lines if begin < float(line.split()[1]) < end]


def idle(place, table):
    seconds = 5 if place.args.quick else 60
    group = 'Idle for %d s, after a listing whose TTL ends meanwhile' % seconds
    token = place.name('token')
    with open(os.open(token, os.O_WRONLY | os.O_CREAT, 0o600), 'w', encoding='ascii') as file:
        file.write(TOKEN + '\n')
    with place.cloud(100) as cloud, background(place, cloud.url, token_file=token, restart=1, ttl=seconds / 4) as (at, _):
        os.listdir(at + '/' + COLLECTION)
        with open(at + '/' + COLLECTION + '/eval-01/info.json', 'rb') as file:
            file.read()
        pids = list(processes(at))
        place.reset(cloud)
        time.sleep(1)
        place.progress('idle: %d s' % seconds)
        before = switches(pids)
        time.sleep(seconds)
        table.add(group, 'wake-ups of the daemon and its supervisor', [switches(pids) - before], ('==', 0), every=True)
        for _ in range(3):
            calls = watched(place, pids, seconds, at + '/' + COLLECTION + '/eval-01/status', cloud)
            if calls is None:
                table.skip('system calls when idle', 'strace may not attach to a process')
                return
            if not any(FORGET.search(line) for line in calls):
                break
            place.odd.append('when idle: somebody else made the kernel drop what it keeps, of all filesystems; watched again')
        table.add(group, 'system calls, by strace', [len(calls)], ('==', 0), every=True)
        place.odd += ['when idle: ' + line.strip() for line in calls[:5]]
        table.add(group, 'requests', [cloud.requests()['total']], ('==', 0), every=True)


PARTS = collections.OrderedDict([('start', start), ('idle', idle)])
