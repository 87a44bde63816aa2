"""What grows with the number of resources: time, CPU time and memory of a listing, and how long the daemon is silent."""
import collections
import os
import signal
import time

from place import API, PARALLEL, Unmeasured, in_turn, resources

WALKED_MAX = 10000
MEMORY_MIB = {10000: 64, 100000: 400}


def settled(place, pid):
    """Resident memory in MiB, once it stays the same for a moment."""
    last, same, end = -1, 0, time.monotonic() + 15
    while same < 5 and time.monotonic() < end:
        now = place.memory_kib(pid)[0]
        same = same + 1 if now == last else 0
        last = now
        time.sleep(0.1)
    return last / 1024


def kernel_forgets():
    """False: only root may tell it to."""
    if os.getuid() or not os.access('/proc/sys/vm/drop_caches', os.W_OK):
        return False
    try:
        with open('/proc/sys/vm/drop_caches', 'w', encoding='ascii') as file:
            file.write('2\n')
    except OSError:
        return False
    return True


class Size:
    def __init__(self, place, count, rounds):
        self.place = place
        self.count = count
        self.rounds = rounds
        self.found = collections.defaultdict(list)

    def curl(self, cloud):
        seconds = self.place.run(self.place.curl('--parallel', '--parallel-immediate', '--parallel-max', str(PARALLEL), '-o', '/dev/null',
                                                 '%s%s?limit=100&page=[1-%d]' % (cloud.url, API, cloud.pages)))[0]
        self.found['curl'].append(seconds)

    def mine(self, cloud):
        place, found = self.place, self.found
        with place.mount(cloud.url) as daemon:
            pid = daemon.pid
            found['start'].append(place.memory_kib(pid)[0] / 1024)
            place.reset(cloud)
            with place.probing('statvfs', 1, daemon.at) as probed:
                time.sleep(0.02)
                cpu = place.cpu_s(pid)
                seconds, said = place.run(['ls', daemon.collection])
                found['cpu'].append(place.cpu_s(pid) - cpu)
            if len(resources(said.split())) != self.count:
                raise Unmeasured('ls does not show all')
            found['seconds'].append(seconds)
            found['silent'].append(probed['longest'])
            found['requests'].append(cloud.requests()['total'])
            found['listed'].append(settled(place, pid))
            found['walk s'].append(place.run(['ls', '-l', daemon.collection] if self.count > WALKED_MAX else ['find', daemon.collection])[0])
            found['walked'].append(settled(place, pid))
            if kernel_forgets():
                found['dropped'].append(settled(place, pid))
            os.utime(daemon.at)
            found['touched'].append(settled(place, pid))
            os.kill(pid, signal.SIGHUP)
            found['hup'].append(settled(place, pid))
            found['most'].append(place.memory_kib(pid)[1] / 1024)

    def measure(self):
        with self.place.cloud(self.count) as cloud:
            for i, way in in_turn(self.rounds, [self.mine, self.curl]):
                self.place.progress('scale: %d, round %d of %d' % (self.count, i + 1, self.rounds))
                way(cloud)
            self.pages = cloud.pages


def scale(place, table):
    plan = [(1000, 3), (10000, 1), (100000, 1)] if place.args.quick else [(1000, 5), (10000, 3), (100000, 3)]
    sizes = [Size(place, *each) for each in plan]
    for size in sizes:
        size.measure()
    group = 'Scale, no latency: time, less is better; requests; memory in MiB'
    for size in sizes:
        found, name = size.found, '%d: ' % size.count
        table.ratio(group, name + 'ls / curl --parallel that is told all pages', found['seconds'], found['curl'])
        table.add(group, name + 'requests', found['requests'], ('==', size.pages), every=True)
        if size.count in MEMORY_MIB:
            table.add(group, name + 'resident at most', found['most'], ('<=', MEMORY_MIB[size.count]), every=True, unit='MiB')
        table.add(group, name + 'longest silence while it lists', found['silent'], unit='ms')
    for small, size in zip(sizes, sizes[1:]):
        for what, words in (('seconds', 'time'), ('cpu', 'CPU time')):
            # Rounds of different sizes are not beside each other: each over the middle of the other's.
            middle = sorted(small.found[what])[small.rounds // 2] / small.pages
            if middle:
                table.add(group, '%d: %s a page / that with %d' % (size.count, words, small.count),
                          [value / size.pages / middle for value in size.found[what]])
    middle = lambda values, factor=1.0: '%.1f' % (sorted(values)[len(values) // 2] * factor) if values else '-'
    keys = ('start', 'listed', 'walked', 'dropped', 'touched', 'hup', 'most')
    table.figure('Scale, medians: ms; then resident MiB, in this order; walk: find, with 100000 ls -l',
                 ['', 'ls', 'a page', 'CPU a page', 'silent', 'walk', 'start', 'listed', 'walked', 'drop_caches', 'touch', 'SIGHUP', 'most'],
                 [[str(size.count), middle(size.found['seconds'], 1000), middle(size.found['seconds'], 1000 / size.pages),
                   middle(size.found['cpu'], 1000 / size.pages), middle(size.found['silent']), middle(size.found['walk s'], 1000)] +
                  [middle(size.found[key]) for key in keys] for size in sizes])
    if not sizes[0].found['dropped']:
        table.skip('memory after drop_caches', 'only root may tell the kernel to forget')


PARTS = collections.OrderedDict([('scale', scale)])
