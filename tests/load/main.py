"""A mixed load on a mount of the simulated cloud, with faults; see tests/soak. Exit 0 if everything held."""
import argparse
import collections
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import actors
import front
import money
import tally
from cloud import PROJECT, Cloud
from daemon import Daemon, wait_for
from tally import now
from way import Way
from weather import Weather

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PARALLEL = 16  # the default of the mount
CALLERS = [(actors.Reader, 3), (actors.Prober, 1), (actors.Crawler, 2), (actors.Sweeper, 1), (actors.Toucher, 1),
           (actors.Scribbler, 1), (actors.Scaler, 3), (actors.Creator, 3), (actors.Interrupter, 1)]


class Shared:
    """What all processes see."""

    def __init__(self, seed, callers, deadline_s, slack_s):
        self.seed = seed
        self.deadline_s = deadline_s
        self.slack_s = slack_s
        self.limit_s = actors.STEPS * deadline_s + slack_s  # of any call
        self.root = self.work = ''
        self.seeded, self.common, self.own = {}, [], {}
        self.kept, self.forgotten = [], []
        self.over = multiprocessing.RawValue('i')   # 1: the load is over; 2: and the network is whole
        self.dead = multiprocessing.RawValue('i')   # the number of the outage; 0: none
        self.epoch = multiprocessing.RawValue('i')  # odd while the daemon is being killed
        self.daemon_pid = multiprocessing.RawValue('i')
        self.busy = multiprocessing.RawArray('d', callers)  # since when each is in a call; 0: in none
        self.quiet = multiprocessing.Lock()
        self.queue = multiprocessing.Queue()
        self.tick = None


class Soak:
    def __init__(self, args):
        self.args = args
        self.tally = tally.Tally()
        self.listed = tally.listed_errnos(TOP + '/man/neevfs.5')
        self.work = tempfile.mkdtemp(prefix='neevfs-soak.', dir=os.environ.get('TMPDIR', '/tmp'))
        self.shared = Shared(args.seed, sum(count for _, count in CALLERS), args.deadline, args.slack)
        self.cloud = self.front = self.way = self.daemon = self.weather = None
        self.processes = []
        self.begin = now()
        self.next_line = self.next_sample = self.shown = 0
        self.at_rest = []  # samples while nobody calls: after each start, and at the end

    # ---- putting it up ----

    def up(self):
        args, shared, work = self.args, self.shared, self.work
        for made in ('m', 'empty', 'home'):
            os.mkdir('%s/%s' % (work, made))
        with open(work + '/cloud.log', 'wb') as log:
            self.cloud = Cloud(args.sandbox, args.instances, args.models, args.seed % 1000, 4, log)
        if not args.plain:
            self.front = front.Front(args.nginx, work, self.cloud.port)
        self.way = Way(self.front.port if self.front else self.cloud.port)
        token_file = work + '/token'
        api = 'https://127.0.0.1:%d,ca_file=%s' % (self.way.port, self.front.ca_file) if self.front else 'http://127.0.0.1:%d' % self.way.port
        options = ','.join(['api_base=' + api, 'org=org-demo', 'project=prj-demo',
                            'token_file=' + token_file, 'deadline=%d' % args.deadline, 'journal=%s/journal' % work])
        for name in [name for name in os.environ if name.startswith(('NEEV', 'XDG_')) or name.lower().endswith('_proxy')]:
            del os.environ[name]
        # Freed memory is not kept long: else the growth that is measured is the sanitizer's.
        os.environ.update(HOME=work + '/home', LC_ALL='C', TZ='UTC', XDG_STATE_HOME=work + '/home', XDG_CONFIG_HOME=work + '/home',
                          ASAN_OPTIONS='detect_leaks=1:quarantine_size_mb=4', UBSAN_OPTIONS='print_stacktrace=1')
        self.daemon = Daemon(args.neevfs, work, work + '/m', options)
        self.weather = Weather(shared, self.cloud, self.front, self.way, self.daemon, token_file, args.minutes < 3)
        self.weather.write_token(self.cloud.token)
        self.daemon.start()
        shared.root, shared.work, shared.tick = work + '/m', work, self.tick
        shared.daemon_pid.value = self.daemon.pid
        self.at_rest.append(self.daemon.sample())
        self.look_around()

    def look_around(self):
        shared = self.shared
        self.seeded = {kind: {item['name']: item['id'] for item in self.cloud.list(kind)} for kind in actors.WHERE}
        models = self.cloud.list('aimodels')
        self.replicas = {item['id']: item['replicas'] for item in models}
        shared.seeded = {kind: sorted(names) for kind, names in self.seeded.items()}
        ready = [item['name'] for item in models if item['status'] == 'ready' and item['gpu_config_id'] == 'nvidia-l40s-48gb']
        shared.common, ready = ready[:3], ready[3:]
        shared.own = {index: ready[index] for index in range(len(shared.busy))}
        shared.kept = ['', 'README.txt', '.neevfs/version', 'catalog/', 'templates/', PROJECT + '/id', PROJECT + '/.error']
        shared.kept += ['catalog/%s/info.json' % name for name in os.listdir(shared.root + '/catalog') if name[0] != '.' and os.path.isdir(shared.root + '/catalog/' + name)]
        shared.forgotten = ['catalog', 'templates']

    def start_callers(self):
        index = 0
        for kind, count in CALLERS:
            for _ in range(count):
                actor = kind(self.shared, index)
                process = multiprocessing.Process(target=actor.run, name=actor.name)
                process.start()
                self.processes.append(process)
                index += 1

    # ---- while it runs ----

    def tick(self):
        """Called all the time by whoever waits."""
        while not self.shared.queue.empty():
            self.tally.add(self.shared.queue.get())
        at = now()
        if at >= self.next_sample:
            self.next_sample = at + 1
            self.daemon.sample()
            for index, since in enumerate(self.shared.busy):
                if since and at - since > self.shared.limit_s + 20:
                    self.shared.busy[index] = 0
                    self.tally.odd.append('%s hangs in a call for %d s' % (self.processes[index].name, at - since))
        if at >= self.next_line:
            self.next_line = self.next_line + 60 if self.next_line else at + 60
            self.line()
        if at - self.begin > self.args.minutes * 60 - 10 and not self.shared.over.value:
            self.shared.over.value = 1  # the rest is for the end

    def line(self):
        count = sum(histogram.count for histogram in self.tally.times.values())
        bad = sum(n for (_, end), n in self.tally.ends.items() if end.startswith('E'))
        sample = self.daemon.samples[-1] if self.daemon.samples else (0, 0, 0, 0, 0)
        for text in self.tally.odd[self.shown:self.shown + 5]:
            print('      ' + text)
        self.shown = len(self.tally.odd)
        print('%4d s  %7d calls, %6d errors, %d odd  RSS %d KiB, %d+%d descriptors, %d threads  %s' % (
            now() - self.begin, count, bad, len(self.tally.odd), *sample[1:], self.weather.name), flush=True)

    def load(self):
        self.begin = now()
        self.start_callers()
        while not self.shared.over.value:
            since = now() - self.begin
            # After the last kill there is half of the time to see whether the daemon grows.
            self.weather.next(kill_allowed=since < self.args.minutes * 30)
            if not self.shared.over.value:
                self.cloud.read_ledger()

    def settle(self):
        """The network is whole; the callers finish, the scalers with a last word each."""
        self.cloud.faults_end()
        if not wait_for(self.readable, 100):
            self.tally.odd.append('the mount cannot be read 100 s after the last fault')
        self.shared.over.value = 2
        end = now() + self.shared.limit_s + 60
        while any(process.is_alive() for process in self.processes) and now() < end:
            self.tick()
            time.sleep(0.05)
        for process in self.processes:
            if process.is_alive():
                self.tally.odd.append('%s does not end' % process.name)
                process.kill()
            process.join(5)
        while not self.shared.queue.empty():
            self.tally.add(self.shared.queue.get())
        self.cloud.read_ledger()
        if self.cloud.lost:
            self.tally.odd.append('%d entries of the ledger are lost' % self.cloud.lost)

    def readable(self):
        self.tick()
        try:
            os.utime(self.shared.root)
            return all(os.listdir(self.shared.root + '/' + where) for where in actors.WHERE.values())
        except OSError:
            return False

    # ---- judging ----

    def same_names(self):
        """All that the server has is in the mount, and nothing else is but drafts."""
        os.utime(self.shared.root)
        for kind, where in actors.WHERE.items():
            there = {item['name'] for item in self.cloud.list(kind)}
            path = self.shared.root + '/' + where
            shown = {name for name in os.listdir(path) if not name.startswith('.')}
            gone = {name for name in shown - there if os.path.exists('%s/%s/id' % (path, name))}
            if there - shown or gone:
                yield '%s: the server has %s, which the mount lacks; the mount has %s, which the server lacks' % (
                    kind, sorted(there - shown)[:5], sorted(gone)[:5])

    def last_numbers(self):
        scaled = {item['name']: item['id'] for item in self.cloud.list('aimodels')}
        last = {entry['id']: entry['replicas'] for entry in self.cloud.ledger
                if entry['operation'] == 'scaleDeployedAIModel' and entry['carried']}
        for name in self.shared.common + list(self.shared.own.values()):
            wanted = last.get(scaled.get(name))
            shown = open('%s/%s/aimodels/%s/replicas' % (self.shared.root, PROJECT, name), encoding='ascii').read()
            if wanted and shown != '%d\n' % wanted:
                yield 'at the end %s/replicas is %r, and the server has %d' % (name, shown, wanted)

    def resources(self):
        """Growth: of the memory from the time when it was warm, of descriptors and threads from the start, both at rest."""
        samples = self.daemon.samples
        # Connections that are kept for the next request come and go; what else is open must be what it was.
        wait_for(lambda: self.daemon.sample()[2] <= self.at_rest[0][2], 3)
        first, last = self.at_rest[0], self.daemon.sample()
        self.at_rest.append(last)
        life = samples[-1][0] - samples[0][0]
        warm_at = samples[0][0] + max(life * 0.25, min(15, life / 2))
        warm = sorted(sample[1] for sample in samples if warm_at <= sample[0] <= warm_at + 10)
        self.warm = warm[len(warm) // 2] if warm else samples[0][1]
        late = sorted(sample[1] for sample in samples if sample[0] >= samples[-1][0] - 10)
        self.late = late[len(late) // 2]
        self.life = life
        allowed = self.warm * self.args.growth + self.args.growth_kib
        if self.late > allowed:
            yield 'RSS grew from %d KiB when warm to %d KiB in %d s' % (self.warm, self.late, life)
        if last[2] > first[2]:
            yield '%d descriptors besides sockets at the end, %d at the start' % (last[2], first[2])
        if last[3] > first[3] + PARALLEL + 2:
            yield '%d sockets at the end, %d at the start' % (last[3], first[3])
        if last[4] > first[4] + 2:
            yield '%d threads at the end, %d at the start' % (last[4], first[4])

    def secrets(self):
        """No token anywhere in what was written."""
        hidden = [token.encode() for token in self.weather.turned + ['pat-nc-sandbox']]
        for path in self.daemon.logs + [self.work + '/journal', self.shared.root + '/.neevfs/errors', self.shared.root + '/.neevfs/options']:
            with open(path, 'rb') as file:
                text = file.read()
            if any(token in text for token in hidden):
                yield 'a token is in ' + path

    def judge(self):
        """Each rule gets a line: what was found against it."""
        shared, found = self.shared, collections.OrderedDict()
        found['each call ended as listed, and in time'] = self.tally.odd
        listed = {tally.name_of(code) for code in self.listed}
        found['errnos are those of neevfs(5)'] = ['%s of %s, %d times' % (end, operation, count) for (operation, end), count
                                                  in sorted(self.tally.ends.items()) if end.startswith('E') and end not in listed]
        found['the mount and the server have the same names'] = list(self.same_names())
        found['the mount and the server have the same replicas'] = list(self.last_numbers())
        found['no token in logs, journal, .neevfs'] = list(self.secrets())
        found['memory, descriptors, threads do not grow'] = list(self.resources())
        cached = self.tally.times['cached read, cloud gone']
        found['cached reads while the cloud is gone: p99 at most %d ms' % (self.args.cached * 1000)] = (
            ['%.1f ms' % (cached.percentile(0.99) * 1000)] if cached.percentile(0.99) > self.args.cached else
            ['there were only %d' % cached.count] if cached.count < 100 else [])
        for how in ('gone after SIGINT', 'gone after SIGKILL'):
            gone = self.tally.times[how]
            # One more than one of a hundred: in a minute there are only some dozens.
            found['callers are %s: 99 of 100 within %.1f s' % (how, self.args.gone)] = (
                ['%d of %d were not' % (gone.above(self.args.gone), gone.count)]
                if gone.above(self.args.gone) > 1 + gone.count / 100 else [])
        self.money = money.Money(self.cloud.ledger, self.tally.asked, self.seeded, self.replicas, self.weather.outages, self.args.deadline)
        found['money: nothing unasked, nothing twice, what was acknowledged is so'] = self.money.judge()
        self.counts = self.cloud.requests()
        found['the daemon ends with 0'] = self.daemon.stop()
        found['the log has nothing unasked'] = self.daemon.said()
        return found

    def report(self, found):
        print('\n%-28s %8s %9s %9s %9s' % ('CALL', 'COUNT', 'P50 ms', 'P99 ms', 'MAX ms'))
        for operation, histogram in sorted(self.tally.times.items()):
            if histogram.count:
                print('%-28s %8d %9.2f %9.2f %9.1f' % (operation, histogram.count, histogram.percentile(0.5) * 1000,
                                                       histogram.percentile(0.99) * 1000, histogram.max_s * 1000))
        print('\n%-28s %s' % ('CALL', 'HOW IT ENDED'))
        by_call = collections.defaultdict(list)
        for (operation, end), count in sorted(self.tally.ends.items(), key=lambda item: -item[1]):
            by_call[operation].append('%s %d' % (end, count))
        for operation, ends in sorted(by_call.items()):
            print('%-28s %s' % (operation, ', '.join(ends)))
        print('\nREQUESTS %d: %s' % (self.counts['total'], ', '.join(
            '%s %d' % pair for pair in sorted(self.counts['operations'].items(), key=lambda pair: -pair[1]))))
        print('MONEY %s' % ', '.join('%s %d' % pair for pair in self.money.sums.items()))
        print('WEATHER %s' % ', '.join('%s %d' % pair for pair in collections.Counter(self.weather.episodes).items()))
        first, last = self.at_rest[0], self.at_rest[-1]
        print('MEMORY %d KiB at the start, %d when warm, %d at the end (%d s of the last daemon)' % (
            first[1], self.warm, self.late, self.life))
        print('DESCRIPTORS %d and %d sockets at the start, %d and %d at the end; THREADS %d, %d' % (
            first[2], first[3], last[2], last[3], first[4], last[4]))
        print()
        for rule, against in found.items():
            print('%s  %s' % ('FAIL' if against else 'ok  ', rule))
            for text in against[:20]:
                print('      ' + text.replace('\n', '\n        '))
            if len(against) > 20:
                print('      … and %d more' % (len(against) - 20))
        bad = sum(bool(against) for against in found.values())
        print('seed %d, %d s: %d passed, %d failed' % (self.args.seed, now() - self.begin, len(found) - bad, bad))
        return bad

    def down(self):
        for process in self.processes:
            if process.is_alive():
                process.kill()
        clear = not self.daemon or self.daemon.close()
        for between in (self.way, self.front):
            if between:
                between.close()
        if self.cloud:
            self.cloud.close()
        if clear and not self.args.keep:
            shutil.rmtree(self.work, ignore_errors=True)
        else:
            print('everything is left in ' + self.work)


def leave(number, frame):
    raise KeyboardInterrupt


def main():
    parser = argparse.ArgumentParser(prog='tests/soak')
    parser.add_argument('minutes', nargs='?', type=float, default=10)
    parser.add_argument('--seed', type=int, default=int(time.time()) % 1000000)
    parser.add_argument('--instances', type=int, default=300)
    parser.add_argument('--models', type=int, default=60)
    parser.add_argument('--deadline', type=int, default=6, help='of the mount, in seconds')
    parser.add_argument('--slack', type=float, default=2, help='what a call may take beyond it, as the machine has other work')
    parser.add_argument('--cached', type=float, default=0.05, help='p99 of cached reads while the cloud is gone, in seconds')
    parser.add_argument('--gone', type=float, default=0.3, help='seconds from a signal to the end of a caller, for 99 of 100')
    parser.add_argument('--growth', type=float, default=1.2, help='of the memory, from when it is warm')
    parser.add_argument('--growth-kib', type=int, default=4096, help='the same, in addition')
    parser.add_argument('--plain', action='store_true', help='HTTP/1.1 without TLS, and no nginx before the cloud')
    parser.add_argument('--keep', action='store_true', help='leave the logs')
    parser.add_argument('--neevfs', default=os.environ.get('NEEVFS'))
    parser.add_argument('--sandbox', default=os.environ.get('SANDBOX'))
    args = parser.parse_args()
    args.neevfs, args.sandbox = os.path.abspath(args.neevfs), os.path.abspath(args.sandbox)
    if not os.path.exists('/dev/fuse') or not shutil.which('fusermount3'):
        print('SKIP soak: no /dev/fuse or no fusermount3')
        sys.exit(77)
    args.nginx = front.program(TOP)
    if not args.plain and not args.nginx:
        print('SKIP soak: no nginx; --plain does without')
        sys.exit(77)
    signal.signal(signal.SIGTERM, leave)
    random.seed(args.seed)
    print('seed %d, %g minutes, %d instances, %d models, deadline %d s' % (args.seed, args.minutes, args.instances, args.models,
                                                                          args.deadline), flush=True)
    soak = Soak(args)
    try:
        soak.up()
        soak.load()
        soak.settle()
        bad = soak.report(soak.judge())
    finally:
        soak.down()
    sys.exit(1 if bad else 0)


if __name__ == '__main__':
    multiprocessing.set_start_method('fork')
    main()
