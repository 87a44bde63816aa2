"""Who uses the mount: one process for each caller, each in a session of its own, as the rules against sweeps want it."""
import errno
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import traceback

import tally
from cloud import ORG, PROJECT
from tally import NETWORK, name_of, now

UNCLEAR = -1  # in place of an errno: the caller did not live to see how its change ended
STATES = {'Pending', 'Running', 'Failed', 'Succeeded', 'Terminating', 'initializing', 'ready', 'failed', 'terminating',
          'Active', 'Inactive'}
WHERE = {'airuntimes': PROJECT + '/airuntimes', 'aimodels': PROJECT + '/aimodels', 'templates': ORG + '/templates'}
SPECS = {
    'airuntimes': {'region': 'in-west-1', 'templateID': 'tpl-ubuntu', 'gpuConfigID': 'nvidia-l40s-48gb', 'gpuCount': 1,
                   'planId': 'gpu-l40s-on-demand-1h'},
    'aimodels': {'catalog_id': 'meta-llama-Llama-3.1-8B-Instruct', 'region': 'in-west-1', 'gpu_config_id': 'nvidia-l40s-48gb',
                 'gpu_count': 1, 'plan_id': 'gpu-l40s-on-demand-1h'},
    'templates': {'description': 'An image of ours', 'image': 'ghcr.io/demo-labs/ours:v1', 'category': 'LLM'},
}
MAKING = NETWORK | {errno.EINPROGRESS, errno.EALREADY, errno.EEXIST}
CHANGING = NETWORK | {errno.ENOENT}


# Requests of the kernel that one call with a path may be, each with its deadline: look-ups, attributes to check permissions, the call itself.
STEPS = 5


def kernel_stack(pid):
    """Where it waits; empty where only root may look."""
    try:
        with open('/proc/%d/stack' % pid, encoding='ascii') as file:
            return ' < '.join(line.split()[-1].split('+')[0] for line in file)
    except OSError:
        return ''


class Actor:
    """One caller. The subclass's turn is called until the soak is over."""

    pause_s = 0.05  # at most, between two turns

    def __init__(self, shared, index):
        self.shared = shared
        self.index = index
        self.name = '%s-%d' % (type(self).__name__.lower(), index)
        self.chance = random.Random('%s %s' % (shared.seed, self.name))
        self.tally = tally.Tally()
        self.epoch = 0
        self.sent_s = 0

    # ---- running ----

    def run(self):
        os.setsid()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        try:
            while not self.over():
                self.epoch = self.shared.epoch.value
                if self.epoch % 2:  # the mount is being killed and made again
                    time.sleep(0.05)
                    continue
                try:
                    self.turn()
                except OSError:
                    pass  # it is in the tally
                self.hand_over(0.5)
                time.sleep(self.chance.uniform(0, self.pause_s))
            self.hand_over(0)
            while self.shared.over.value < 2:
                time.sleep(0.05)
            self.last()
        except Exception:
            self.odd(traceback.format_exc())
        self.hand_over(0)

    def turn(self):
        raise NotImplementedError

    def last(self):
        """What is still to be done when the load has ended and the network is whole."""

    def over(self):
        return self.shared.over.value != 0

    def hand_over(self, every_s):
        if now() - self.sent_s >= every_s:
            self.sent_s = now()
            self.shared.queue.put(self.tally.take())

    def rest(self, seconds):
        end = now() + seconds
        while now() < end and not self.over():
            time.sleep(0.05)

    # ---- one call, measured ----

    def odd(self, text):
        self.tally.odd.append('%s: %s' % (self.name, text))

    def killed(self):
        """Whether the daemon was killed since this turn began: what then fails is no finding."""
        return self.shared.epoch.value != self.epoch

    def ended(self, operation, spent_s, code, allowed, what, steps=STEPS):
        if code and self.killed():
            self.tally.ends[operation, '(daemon killed)'] += 1
            return
        self.tally.ends[operation, name_of(code)] += 1
        self.tally.times[operation].add(spent_s)
        if code and code not in allowed:
            self.odd('%s of %s: %s' % (operation, what, name_of(code)))
        if spent_s > steps * self.shared.deadline_s + self.shared.slack_s:
            self.odd('%s of %s took %.2f s (%s)' % (operation, what, spent_s, name_of(code)))

    def call(self, operation, allowed, function, *args, **named):
        begin = now()
        self.shared.busy[self.index] = begin
        code = 0
        try:
            return function(*args, **named)
        except OSError as error:
            code = error.errno
            raise
        finally:
            self.shared.busy[self.index] = 0
            what = args[0] if args else ''
            self.ended(operation, now() - begin, code, allowed, what, 1 if isinstance(what, int) else STEPS)

    def path(self, *parts):
        return os.path.join(self.shared.root, *parts)

    def read(self, name, dir_fd=None, allowed=NETWORK):
        fd = self.call('open', allowed, os.open, name, os.O_RDONLY, dir_fd=dir_fd)
        try:
            # Never in read: what can fail fails in open.
            return self.call('read', set(), os.read, fd, 1 << 20).decode()
        finally:
            self.call('close', set(), os.close, fd)

    def enter(self, directory, allowed=NETWORK):
        """A descriptor, so that calls below it need not look it up again."""
        return self.call('lookup', allowed, os.open, directory, os.O_PATH | os.O_DIRECTORY)

    def names(self, directory, allowed=NETWORK):
        return self.call('list', allowed, os.listdir, directory)

    # ---- other programs ----

    def tool(self, operation, command, allowed, patience_s):
        """Runs it, and kills it when patience ends. 0, the errno it told of, or UNCLEAR."""
        with open(self.shared.work + '/said-' + self.name, 'w+b') as said:
            begin = now()
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said,
                                       start_new_session=True, cwd=self.shared.work)
            try:
                status = process.wait(patience_s)
            except subprocess.TimeoutExpired:
                self.kill(process, signal.SIGKILL)
                status = None
            spent_s = now() - begin
            said.seek(0)
            text = said.read().decode(errors='replace')
        codes = tally.errnos_said(text)
        if self.killed():
            self.tally.ends[operation, '(daemon killed)'] += 1
            return UNCLEAR if status != 0 else 0
        for code, count in codes.items():
            if code not in allowed:
                self.odd('%s: %s says %d times %s: %s' % (operation, command[0], count, name_of(code), text[:300]))
            self.tally.ends[operation, name_of(code)] += count
        if status is None:
            self.tally.ends[operation, '(out of patience)'] += 1
            return UNCLEAR
        if not codes:
            self.tally.ends[operation, 'ok' if status == 0 else '(status %d)' % status] += 1
        self.tally.times[operation].add(spent_s)
        if status == 0:
            return 0
        return next(iter(codes), UNCLEAR)

    def kill(self, process, how):
        """How long it takes from the signal to the end."""
        begin = now()
        os.killpg(process.pid, how)
        held = ''
        try:
            process.wait(0.2)
        except subprocess.TimeoutExpired:
            held = kernel_stack(process.pid)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                self.odd('%s is not gone 10 s after signal %d: %s' % (process.args, how, kernel_stack(process.pid)))
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(60)
        spent_s = now() - begin
        operation = 'gone after SIGINT' if how == signal.SIGINT else 'gone after SIGKILL'
        if held and 'request_wait_answer' not in held:
            # Behind the kernel's lock of a directory: mkdir, rmdir and rename hold it until they are answered.
            operation = 'gone, behind a lock'
        elif spent_s > 2 and not self.killed():
            self.odd('%s was gone %.2f s after signal %d: %s' % (process.args, spent_s, how, held))
        self.ended(operation, spent_s, 0, set(), process.args)

    # ---- changes ----

    def asked(self, verb, kind, name, value, begin, code):
        self.tally.asked.append((verb, kind, name, value, begin, now(), code))

    def change(self, verb, kind, name, value, function, *args):
        """Calls it; what was asked for is written down with how it ended: 0 or an errno."""
        begin = now()
        code = UNCLEAR
        try:
            result = function(*args)
            code = result if isinstance(result, int) else 0
        except OSError as error:
            code = error.errno
        finally:
            self.asked(verb, kind, name, value, begin, code)
        return code


class Reader(Actor):
    pause_s = 0.03

    def turn(self):
        kind = self.chance.choice(['airuntimes', 'airuntimes', 'aimodels', 'templates'])
        if self.chance.random() < 0.1:
            found = self.names(self.path(WHERE[kind]))
            missing = set(self.shared.seeded[kind]) - set(found)
            if missing:
                self.odd('ls of %s lacks %s' % (kind, sorted(missing)[:5]))
            return
        name = self.chance.choice(self.shared.seeded[kind])
        at = self.enter(self.path(WHERE[kind], name))
        try:
            self.look(kind, name, at)
        finally:
            os.close(at)

    def look(self, kind, name, at):
        what = self.chance.choice(['status', 'status', 'id', 'info.json', 'spec.json', 'metrics.json', 'stat', 'list', 'link'])
        if kind != 'airuntimes' and what == 'metrics.json' or kind == 'templates' and what == 'link':
            what = 'status'
        if what == 'stat':
            self.call('stat', NETWORK, os.stat, self.chance.choice(['info.json', 'status', '.error']), dir_fd=at)
        elif what == 'list':
            fd = self.call('open', NETWORK, os.open, '.', os.O_RDONLY | os.O_DIRECTORY, dir_fd=at)
            try:
                self.names(fd)
            finally:
                os.close(fd)
        elif what == 'link':
            self.call('readlink', NETWORK, os.readlink, 'gpu', dir_fd=at)
        else:
            self.judge(kind, name, what, self.read(what, at))

    def judge(self, kind, name, what, text):
        if what == 'status' and text.rstrip('\n') not in STATES:
            self.odd('%s/%s/status is %r' % (kind, name, text))
        if what.endswith('.json'):
            try:
                told = json.loads(text)
            except ValueError as error:
                self.odd('%s/%s/%s is no JSON: %s' % (kind, name, what, error))
                return
            if what == 'info.json' and told.get('name') != name:
                self.odd('%s/%s/info.json is of %s' % (kind, name, told.get('name')))


class Prober(Actor):
    """Reads again and again what is kept, also while the cloud is gone."""

    pause_s = 0.02

    def turn(self):
        dead = self.shared.dead.value
        target = self.chance.choice(self.shared.kept)
        begin = now()
        code = 0
        try:
            if target == '':
                os.statvfs(self.shared.root)
            elif target.endswith('/'):
                os.listdir(self.path(target))
            else:
                with open(self.path(target), 'rb') as file:
                    file.read()
        except OSError as error:
            code = error.errno
        wholly = dead and dead == self.shared.dead.value
        self.ended('cached read, cloud gone' if wholly else 'cached read', now() - begin, code, set() if wholly else NETWORK,
                   target)


class Crawler(Actor):
    pause_s = 1

    def turn(self):
        one = self.path(WHERE['airuntimes'], self.chance.choice(self.shared.seeded['airuntimes']))
        some = self.path(self.chance.choice(['inventory', 'catalog', 'templates', ORG + '/templates']))
        all_ = self.path(self.chance.choice([PROJECT + '/airuntimes', PROJECT + '/aimodels', PROJECT, '']))
        into = self.shared.work + '/copy-' + self.name
        command = self.chance.choice([
            ['find', all_, '-type', 'f'],
            ['find', some, '-newer', '/etc/passwd', '-size', '+0'],
            ['grep', '-r', 'Running', self.chance.choice([one, some, all_])],
            ['ls', '-lR', self.chance.choice([one, some, all_])],
            ['du', '-s', self.chance.choice([one, some, all_])],
            ['bash', '-c', 'tar cf - "$1" 2> >(grep -v "Removing leading" >&2) | cat > /dev/null', 'tar', self.chance.choice([one, some])],
            ['rsync', '-rt', self.chance.choice([one, some]) + '/', into + '/'],
            ['cp', '-r', self.chance.choice([one, some]), into + '-cp'],
        ])
        # What others create and delete meanwhile may be gone; a file without read permission is none of these.
        self.tool('crawl', command, NETWORK | {errno.ENOENT}, 12)
        for made in (into, into + '-cp'):
            shutil.rmtree(made, ignore_errors=True)


class Sweeper(Actor):
    pause_s = 1.5

    def turn(self):
        kind = self.chance.choice(['airuntimes', 'aimodels', 'templates'])
        one = self.path(WHERE[kind], self.chance.choice(self.shared.seeded[kind]))
        command = self.chance.choice([
            ['rm', '-rf', one],
            ['rm', '-rf'] + [self.path(WHERE[kind], name) for name in self.chance.sample(self.shared.seeded[kind], 2)],
            ['find', one, '-delete'],
            ['find', self.path(WHERE['airuntimes']), '-path', '*/gpu-000%d*' % self.chance.randrange(10), '-delete'],
            ['find', self.path(WHERE['airuntimes']), '-name', 'gpu-000%d*' % self.chance.randrange(10), '-delete'],
            [sys.executable, '-c', 'import shutil, sys; shutil.rmtree(sys.argv[1], ignore_errors=True)', one],
            ['perl', '-MFile::Path=rmtree', '-e', 'rmtree($ARGV[0])', one],
            ['rsync', '-r', '--delete', self.shared.work + '/empty/', one + '/'],
            ['mv', one, self.shared.work + '/moved-' + self.name],
        ])
        self.tool('sweep', command, NETWORK | {errno.EPERM, errno.ENOTEMPTY, errno.EACCES, errno.ENOENT, errno.EALREADY, errno.EISDIR}, 12)
        shutil.rmtree(self.shared.work + '/moved-' + self.name, ignore_errors=True)


class Toucher(Actor):
    """Forgets what is kept, as touch and SIGHUP do; never while somebody measures what is kept."""

    pause_s = 2

    def turn(self):
        if not self.shared.quiet.acquire(block=False):
            return
        try:
            if self.chance.random() < 0.15:
                os.kill(self.shared.daemon_pid.value, signal.SIGHUP)
                self.tally.ends['SIGHUP', 'ok'] += 1
                return
            kind = self.chance.choice(['airuntimes', 'aimodels'])
            target = self.chance.choice(['', WHERE[kind], WHERE[kind] + '/' + self.chance.choice(self.shared.seeded[kind])])
            self.call('touch', NETWORK, os.utime, self.path(target))
        finally:
            self.shared.quiet.release()


class Scribbler(Actor):
    """What editors put beside a file."""

    pause_s = 0.2

    def turn(self):
        at = self.path(WHERE['airuntimes'], self.chance.choice(self.shared.seeded['airuntimes']))
        swap, kept = '%s/.%s.swp' % (at, self.name), '%s/%s~' % (at, self.name)
        text = os.urandom(self.chance.randrange(1, 60000))
        fd = self.call('scratch', NETWORK, os.open, swap, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            half = self.chance.randrange(len(text) + 1)
            self.call('scratch', set(), os.write, fd, text[:half])
            self.call('scratch', set(), os.write, fd, text[half:])
            self.call('scratch', set(), os.fsync, fd)
        finally:
            os.close(fd)
        self.call('scratch', NETWORK, os.rename, swap, kept)
        with open(kept, 'rb') as file:
            if file.read() != text and not self.killed():
                self.odd('the scratch file %s holds something else' % kept)
        self.call('scratch', NETWORK, os.unlink, kept)


class Scaler(Actor):
    """Writes numbers to a deployment of its own, and to those that all scalers share."""

    pause_s = 0.5

    def __init__(self, shared, index):
        super().__init__(shared, index)
        self.unclear_s = -1e9  # when a number of the own deployment was last not confirmed
        self.allowed = CHANGING

    def turn(self):
        own = self.chance.random() < 0.4
        # Where several write, one may rename another's open file away, which then is ENOENT.
        self.allowed = NETWORK if own else CHANGING
        name = self.shared.own[self.index] if own else self.chance.choice(self.shared.common)
        value = self.chance.randrange(1, 7)
        code = self.scale(name, value)
        if not own:
            return
        if code:
            self.unclear_s = now()
        elif now() - self.unclear_s > 60 and not self.killed():
            text = self.read(self.path(WHERE['aimodels'], name, 'replicas'))
            if text != '%d\n' % value and not self.killed():
                self.odd('%s/replicas is %r after %d was taken' % (name, text, value))

    def scale(self, name, value):
        at = self.path(WHERE['aimodels'], name)
        way = self.chance.choice(['write', 'write', 'shell', 'rename', 'sed'])
        return self.change('scale', 'aimodels', name, value, getattr(self, 'by_' + way), at, value)

    def by_write(self, at, value):
        fd = self.call('scale, open', self.allowed, os.open, at + '/replicas', os.O_WRONLY | os.O_TRUNC)
        try:
            self.call('scale', self.allowed, os.write, fd, b'%d\n' % value)
        finally:
            os.close(fd)

    def by_shell(self, at, value):
        return self.tool('scale', ['bash', '-c', 'echo "$1" > "$2"', 'bash', str(value), at + '/replicas'], self.allowed, 60)

    def by_rename(self, at, value):
        new = '%s/%s.new' % (at, self.name)
        fd = self.call('scratch', self.allowed, os.open, new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.write(fd, b'%d\n' % value)
        os.close(fd)
        self.call('scale', self.allowed, os.rename, new, at + '/replicas')

    def by_sed(self, at, value):
        return self.tool('scale', ['sed', '-i', 's/.*/%d/' % value, at + '/replicas'], self.allowed, 60)

    def last(self):
        """All at once on what they share: the last one that was taken must be the server's."""
        self.epoch = self.shared.epoch.value
        self.allowed = CHANGING
        for value in range(1, 4):
            for name in self.shared.common + [self.shared.own[self.index]]:
                self.scale(name, (value + self.index) % 6 + 1)


class Creator(Actor):
    """mkdir, spec.json in one of several ways, again after an error, some life, rmdir."""

    pause_s = 1
    ways = ['write', 'pieces', 'fsync', 'rename', 'shell', 'cp', 'mended']

    def __init__(self, shared, index):
        super().__init__(shared, index)
        self.made = 0
        self.alive = []  # (kind, name)

    def turn(self):
        if self.alive and (len(self.alive) > 4 or self.chance.random() < 0.4):
            self.delete(*self.alive.pop(self.chance.randrange(len(self.alive))))
            return
        kind = self.chance.choice(['airuntimes', 'airuntimes', 'airuntimes', 'aimodels', 'templates'])
        self.made += 1
        name = 'soak-%d-%d' % (self.index, self.made)
        if self.draft(kind, name):
            self.create(kind, name)

    def draft(self, kind, name):
        """Whether the directory is there, after a few tries."""
        for _ in range(5):
            try:
                self.call('mkdir', NETWORK | {errno.EEXIST}, os.mkdir, self.path(WHERE[kind], name))
                return True
            except OSError as error:
                if error.errno == errno.EEXIST:
                    return True
            self.rest(self.chance.uniform(0.2, 1))
            self.epoch = self.shared.epoch.value
        return False

    def create(self, kind, name):
        """As a user would: until it is there, or patience ends."""
        for _ in range(12):
            way = self.chance.choice(self.ways)
            # A draft is gone with its daemon; a user makes it again.
            code = self.change('create', kind, name, way, getattr(self, 'by_' + way), self.path(WHERE[kind], name), kind)
            if code == 0:
                self.found(kind, name)
                return
            if self.over():
                return
            try:
                self.read(self.path(WHERE[kind], name, '.error'), allowed=CHANGING)
            except OSError:
                pass
            self.rest(self.chance.uniform(0.3, 4))
            while self.shared.epoch.value % 2:
                time.sleep(0.05)
            self.epoch = self.shared.epoch.value
            if code in (errno.ENOENT, UNCLEAR, errno.ENOTCONN, errno.ECONNABORTED) and not self.draft(kind, name):
                return
        self.tally.ends['create', '(given up)'] += 1

    def found(self, kind, name):
        self.alive.append((kind, name))
        try:
            if not self.read(self.path(WHERE[kind], name, 'id')).strip() and not self.killed():
                self.odd('%s/%s was created and has no id' % (kind, name))
        except OSError:
            pass

    def spec(self, kind):
        return json.dumps(SPECS[kind]).encode() + b'\n'

    def pour(self, at, pieces, flags=os.O_TRUNC, sync=False):
        fd = self.call('create, open', MAKING | CHANGING, os.open, at + '/spec.json', os.O_WRONLY | os.O_CREAT | flags, 0o600)
        try:
            for piece in pieces:
                self.call('create', MAKING, os.write, fd, piece)
            if sync:
                self.call('create', MAKING, os.fsync, fd)
        finally:
            self.call('close', MAKING, os.close, fd)

    def by_write(self, at, kind):
        self.pour(at, [self.spec(kind)])

    def by_pieces(self, at, kind):
        text = self.spec(kind)
        cut = self.chance.randrange(1, len(text) - 3)
        self.pour(at, [text[:cut], text[cut:]])

    def by_fsync(self, at, kind):
        self.pour(at, [self.spec(kind)], sync=True)

    def by_rename(self, at, kind):
        new = '%s/.spec.json.%s' % (at, self.name)
        fd = self.call('scratch', MAKING | CHANGING, os.open, new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.write(fd, self.spec(kind))
        os.close(fd)
        self.call('create', MAKING | CHANGING, os.rename, new, at + '/spec.json')

    def by_shell(self, at, kind):
        return self.tool('create', ['bash', '-c', 'printf %s "$1" > "$2"', 'bash', self.spec(kind).decode(), at + '/spec.json'],
                         MAKING | CHANGING, 60)

    def by_cp(self, at, kind):
        source = '%s/spec-%s' % (self.shared.work, self.name)
        with open(source, 'wb') as file:
            file.write(self.spec(kind))
        return self.tool('create', ['cp', source, at + '/spec.json'], MAKING | CHANGING, 60)

    def by_mended(self, at, kind):
        """Wrong first, which sends nothing, then put right as in an editor."""
        wrong = self.spec(kind).replace(b'"region"', b'"regoin"').replace(b'"category"', b'"categry"')
        allowed = MAKING | CHANGING | {errno.EINVAL, errno.EPERM}  # the latter if it exists meanwhile
        fd = self.call('wrong spec', allowed, os.open, at + '/spec.json', os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            self.call('wrong spec', allowed, os.write, fd, wrong)
            self.odd('a wrong spec was taken in %s' % at)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
        finally:
            try:
                os.close(fd)
            except OSError:
                pass
        return self.tool('create', ['sed', '-i', 's/regoin/region/; s/categry/category/', at + '/spec.json'], MAKING | CHANGING, 60)

    def delete(self, kind, name):
        allowed = NETWORK | {errno.EALREADY, errno.ENOTEMPTY, errno.ENOENT}
        for _ in range(8):
            code = self.change('delete', kind, name, None, self.call, 'rmdir', allowed, os.rmdir, self.path(WHERE[kind], name))
            if code in (0, errno.EALREADY, errno.ENOENT) or self.over():
                return
            # Where it could not be looked at, a rmdir is refused for 5 s as the end of a sweep.
            self.rest(5.2 if code == errno.ENOTEMPTY else self.chance.uniform(0.3, 3))
            while self.shared.epoch.value % 2:
                time.sleep(0.05)
            self.epoch = self.shared.epoch.value


class Interrupter(Creator):
    """Ctrl-C and kill -9 in the middle of a call; a create is gone on with as one would."""

    pause_s = 0.3

    def turn(self):
        how = self.chance.choice([signal.SIGINT, signal.SIGKILL])
        kind = self.chance.choice(['airuntimes', 'aimodels'])
        one = self.path(WHERE[kind], self.chance.choice(self.shared.seeded[kind]))
        what = self.chance.choice(['cat', 'ls', 'scale', 'create'])
        if what == 'cat':
            self.cut(['cat', one + '/info.json'], how)
        elif what == 'ls':
            self.cut(['ls', '-l', one], how)
        elif what == 'scale':
            name, value = self.chance.choice(self.shared.common), self.chance.randrange(1, 7)
            target = self.path(WHERE['aimodels'], name, 'replicas')
            self.change('scale', 'aimodels', name, value, self.cut, ['bash', '-c', 'echo %d > "$1"' % value, 'bash', target], how)
        else:
            self.made += 1
            name = 'soak-%d-%d' % (self.index, self.made)
            if not self.draft('airuntimes', name):
                return
            source = '%s/spec-%s' % (self.shared.work, self.name)
            with open(source, 'wb') as file:
                file.write(self.spec('airuntimes'))
            target = self.path(WHERE['airuntimes'], name, 'spec.json')
            code = self.change('create', 'airuntimes', name, 'cut', self.cut, ['cp', source, target], how)
            if code:
                self.create('airuntimes', name)
            else:
                self.found('airuntimes', name)
        while len(self.alive) > 3:
            self.delete(*self.alive.pop(0))

    def cut(self, command, how):
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   start_new_session=True, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        try:
            return 0 if process.wait(self.chance.uniform(0, 0.4)) == 0 else UNCLEAR
        except subprocess.TimeoutExpired:
            self.kill(process, how)
            return UNCLEAR
