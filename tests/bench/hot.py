"""Hot rates from one thread; and what they cost the daemon in system calls."""
import collections
import contextlib
import os
import re
import select
import signal
import subprocess
import time

from place import in_turn

INSTANCES = 1000
FILE = 'gpu-00007/status'
OPERATIONS = collections.OrderedDict([
    ('stat', 'stat'),
    ('cat', 'open, read, close'),
    ('pread', 'pread'),
    ('readdir', 'readdir'),
    ('ls-l', "readdir and stat ('ls -l')"),
])


def rate(place, operation, directory, milliseconds):
    return float(place.run([place.tool('rates'), operation, directory, FILE, 'for', str(milliseconds)])[1])


def copy(collection, to):
    """The same tree: each resource's directory with its status."""
    for entry in sorted(os.listdir(collection)):
        if os.path.isdir(collection + '/' + entry) and '.' not in entry:
            os.mkdir(to + '/' + entry)
            with open(collection + '/' + entry + '/status', 'rb') as file, open(to + '/' + entry + '/status', 'wb') as made:
                made.write(file.read())


def measure(place, table):
    rounds, milliseconds = (3, 100) if place.args.quick else (9, 200)
    with contextlib.ExitStack() as stack:
        cloud = stack.enter_context(place.cloud(INSTANCES))
        daemon = stack.enter_context(place.mount(cloud.url))
        places = collections.OrderedDict([('neevfs', daemon.collection), ('ceiling', stack.enter_context(place.ceiling()).at)])
        memory = stack.enter_context(place.in_memory())
        if memory:
            copy(daemon.collection, memory)
            url = stack.enter_context(place.nginx('location / { root %s; autoindex on; }' % memory)) + '/'
            places['tmpfs'] = memory
            places['rclone'] = stack.enter_context(place.rclone(url)).at
            places['rclone full'] = stack.enter_context(place.rclone(url, '--vfs-cache-mode', 'full')).at
        else:
            table.skip('tmpfs and rclone', 'there is no tmpfs at /dev/shm that may be written')
        rates = collections.defaultdict(lambda: collections.defaultdict(list))
        place.reset(cloud)
        for operation in list(OPERATIONS) + ['stat-full']:
            for i, who in in_turn(rounds, list(places)):
                place.progress('hot: %s, round %d of %d, %s' % (operation, i + 1, rounds, who))
                if who == 'rclone full' and operation != 'cat':
                    continue
                rates[operation][who].append(rate(place, operation, places[who], milliseconds))
        asked = cloud.requests()['total']
    report(table, rates, asked, list(places))


def report(table, rates, asked, names):
    group = 'Hot, one thread, %d resources: rates, more is better' % INSTANCES
    for operation, words in OPERATIONS.items():
        mine = rates[operation]
        table.ratio(group, words + ' / ceiling', mine['neevfs'], mine['ceiling'], ('>=', 0.9))
    table.ratio(group, 'stat by the full path (7 names; of ceiling 2) / ceiling', rates['stat-full']['neevfs'], rates['stat-full']['ceiling'])
    if 'tmpfs' in names:
        for other in ('tmpfs', 'rclone'):
            for operation, words in OPERATIONS.items():
                mine = rates[operation]
                table.ratio(group, words + ' / ' + other, mine['neevfs'], mine[other],
                            ('>=', 5) if other == 'rclone' and operation == 'cat' else None)
        table.ratio(group, 'open, read, close / rclone --vfs-cache-mode full', rates['cat']['neevfs'], rates['cat']['rclone full'], ('>=', 5))
    table.add(group, 'requests meanwhile', [asked], ('==', 0), every=True)
    middle = lambda values: '%.0f' % sorted(values)[len(values) // 2] if values else '-'
    table.figure('Hot, medians a second (of readdir and ls -l: entries)', [''] + names, [
        [words] + [middle(rates[operation][who]) for who in names] for operation, words in OPERATIONS.items()])


# ---- system calls ----

def attach(place, arguments, pids):
    """strace, once it sees all of their threads. None if it may not."""
    command = ['strace', '-f'] + arguments
    for pid in pids:
        command += ['-p', str(pid)]
    process = place.popen(command, stderr=subprocess.PIPE)
    said, end = b'', time.monotonic() + 10
    while said.count(b' attached') < len(pids) and time.monotonic() < end:
        if select.select([process.stderr], [], [], 0.1)[0]:
            more = os.read(process.stderr.fileno(), 4096)
            if not more:
                break
            said += more
    if b' attached' not in said:
        place.end(process, signal.SIGKILL)
        process.stderr.close()
        return None
    return process


def detach(place, process):
    place.end(process, signal.SIGINT)
    process.stderr.close()


def counted(path):
    """Of strace -c's table: {name: calls}"""
    with open(path, encoding='ascii') as lines:
        found = (re.match(r'\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$', line) for line in lines)
        return {match.group(2): int(match.group(1)) for match in found if match and match.group(2) != 'total'}


def calls(place, table):
    times = {'readdir': 20, 'ls-l': 20}  # of a thousand entries
    few = 400 if place.args.quick else 2000
    lines = []
    group = 'System calls of the daemon for one hot operation (of readdir and ls -l: one entry): fewer is better'
    with place.cloud(INSTANCES) as cloud, place.mount(cloud.url) as daemon, place.ceiling() as ceiling:
        for operation, words in OPERATIONS.items():
            line = [words]
            for who, pid, directory in (('neevfs', daemon.pid, daemon.collection), ('ceiling', ceiling.pid, ceiling.at)):
                place.progress('calls: %s, %s' % (operation, who))
                number = times.get(operation, few)
                place.run([place.tool('rates'), operation, directory, FILE, 'times', '1'])
                summary = place.name('strace')
                strace = attach(place, ['-c', '-o', summary], [pid])
                if not strace:
                    table.skip('system calls', 'strace may not attach to a process')
                    return
                try:
                    done = int(place.run([place.tool('rates'), operation, directory, FILE, 'times', str(number)])[1])
                finally:
                    detach(place, strace)
                found = counted(summary)
                # What the program did before the clock would start counts once: it is one of number + 1 times.
                done = done * (number + 1) / number
                line.append(', '.join('%s %.2f' % (name, n / done) for name, n in sorted(found.items(), key=lambda item: -item[1])
                                      if n / done >= 0.005) or '0')
                if who == 'neevfs':
                    table.add(group, words, [sum(found.values()) / done], None if operation == 'cat' else ('<=', 0.05 if operation in times else 0.1))
            lines.append(line)
    table.figure('System calls for one operation (of readdir and ls -l: one entry)', ['', 'neevfs', 'ceiling'], lines)


PARTS = collections.OrderedDict([('hot', measure), ('calls', calls)])
