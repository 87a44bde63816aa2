"""Where it is measured: the programs, their directory, and everything that is started there and ended again."""
import contextlib
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from cloud import Cloud, PROJECT
from daemon import Daemon, mounted, wait_for

TOKEN = 'pat-nc-sandbox'
PAGE = 100  # resources, of the API's largest
COLLECTION = PROJECT + '/airuntimes'
API = '/gpu/api/v1beta1/' + COLLECTION
PARALLEL = 16  # requests in flight: neevfs's default, and what curl is told
SHARED_MEMORY = '/dev/shm'


def resources(names):
    """Of the names in a collection: those that are fixed have a dot, but for events."""
    return sorted(name for name in names if '.' not in name and name != 'events')


class Unmeasured(Exception):
    """Something does not work that has to, for a figure to mean anything."""


class Place:
    def __init__(self, args):
        self.args = args
        self.neevfs = os.environ['NEEVFS']
        self.sandbox = os.environ['SANDBOX']
        self.stack = contextlib.ExitStack()
        self.odd = []
        self.serial = 0
        self.told = ''
        self.work = tempfile.mkdtemp(prefix='neevfs-bench.')
        self.stack.callback(self.remove, self.work)
        self.log = self.stack.enter_context(open(self.work + '/log', 'wb'))
        self.environment()

    def environment(self):
        """Nothing of the user's own, as tests/mount/lib.sh does it."""
        for name in ('NEEV_API_KEY', 'NEEV_ORG_ID', 'NEEV_PROJECT_ID', 'NEEVFS_API_BASE', 'http_proxy', 'https_proxy',
                     'HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'all_proxy', 'SSL_CERT_FILE'):
            os.environ.pop(name, None)
        os.environ.update(LC_ALL='C', TZ='UTC', HOME=self.work, XDG_CONFIG_HOME=self.work + '/config',
                          XDG_STATE_HOME=self.work + '/state', XDG_RUNTIME_DIR=self.work, NEEV_API_TOKEN=TOKEN)

    def remove(self, directory):
        """Never through a mount."""
        with open('/proc/self/mounts', encoding='utf-8') as table:
            below = sorted((line.split()[1] for line in table if line.split()[1].startswith(directory + '/')), reverse=True)
        for at in below:
            subprocess.run(['fusermount3', '-u', '-z', '-q', '--', at], check=False)
            if mounted(at):
                print('%s is still mounted, and stays' % at, file=sys.stderr)
                return
        shutil.rmtree(directory, ignore_errors=True)

    def close(self):
        self.stack.close()

    def tool(self, name):
        return os.path.join(self.args.tools, name)

    def name(self, kind):
        self.serial += 1
        return '%s/%s%d' % (self.work, kind, self.serial)

    # ---- commands ----

    def popen(self, command, **named):
        """In a session of its own: who types Ctrl-C ends the benchmark, which ends all others."""
        return subprocess.Popen(command, start_new_session=True, **{'stdin': subprocess.DEVNULL, 'stderr': self.log, **named})

    @staticmethod
    def wait(process, seconds):
        """Until it ends, to the microsecond: Popen.wait with a time limit looks only now and then."""
        fd = os.pidfd_open(process.pid)
        try:
            if not select.select([fd], [], [], seconds)[0]:
                raise Unmeasured('%s: not over after %d s' % (' '.join(process.args)[:200], seconds))
            now = time.perf_counter()
        finally:
            os.close(fd)
        process.wait()
        return now

    def end(self, process, how=signal.SIGTERM, seconds=10):
        """It and its children."""
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, how)
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def run(self, command, text='', seconds=180):
        """(how many seconds it took, what it printed). It has to succeed."""
        with tempfile.TemporaryFile(dir=self.work) as said, tempfile.TemporaryFile(dir=self.work) as told:
            told.write(text.encode())
            told.seek(0)
            begin = time.perf_counter()
            process = self.popen(command, stdin=told, stdout=said)
            try:
                spent = self.wait(process, seconds) - begin
            finally:
                self.end(process, signal.SIGKILL)
            if process.returncode:
                self.log.flush()
                with open(self.log.name, 'rb') as log:
                    tail = log.read()[-500:].decode(errors='replace')
                raise Unmeasured('%s: status %d, and the log ends with: %s' % (' '.join(command)[:200], process.returncode, tail))
            said.seek(0)
            return spent, said.read().decode()

    # ---- the simulated cloud ----

    @contextlib.contextmanager
    def cloud(self, instances, latency_ms=0):
        cloud = Cloud(self.sandbox, instances, 0, 1, 0, self.log, latency_ms)
        try:
            # Nobody is on the way any more: what is, is kept for two seconds only.
            cloud.ask('/_sandbox/advance', {'seconds': 100})
            cloud.pages = (instances + PAGE - 1) // PAGE
            yield cloud
        finally:
            cloud.close()

    @staticmethod
    def reset(cloud):
        cloud.ask('/_sandbox/reset', method='POST')

    def curl(self, *words):
        return ['curl', '-sS', '-f', '-H', 'Authorization: Bearer ' + TOKEN, *words]

    # ---- mounts ----

    @contextlib.contextmanager
    def mount(self, url, **options):
        """In the foreground, and cold."""
        at = self.name('mount')
        os.mkdir(at)
        options = {'api_base': url, 'org': 'org-demo', 'project': 'prj-demo', 'ttl': 600, 'deadline': 60, **options}
        daemon = Daemon(self.neevfs, self.work, at, ','.join('%s=%s' % pair for pair in options.items()))
        daemon.collection = at + '/' + COLLECTION
        ended = False
        try:
            daemon.start()
            yield daemon
            self.odd += daemon.stop() + daemon.said()
            ended = True
        finally:
            if not ended:
                daemon.close()
            os.rename(daemon.logs[0], at + '.log')

    @contextlib.contextmanager
    def serving(self, command, at):
        """Another filesystem's daemon, in the foreground."""
        os.makedirs(at, exist_ok=True)
        process = self.popen(command, stdout=self.log)
        try:
            if not wait_for(lambda: mounted(at) or process.poll() is not None, 20) or process.poll() is not None:
                raise Unmeasured('%s does not mount' % command[0])
            process.at = at
            yield process
        finally:
            subprocess.run(['fusermount3', '-u', '-z', '-q', '--', at], check=False)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)
            self.end(process)

    def ceiling(self):
        at = self.name('ceiling')
        return self.serving([self.tool('ceiling'), at], at)

    def rclone(self, url, *options):
        """Read only, and told that nothing changes; all else as it comes."""
        at = self.name('rclone')
        return self.serving(['rclone', 'mount', ':http:', at, '--http-url', url, '--config', self.work + '/rclone.conf', '--read-only',
                             '--dir-cache-time', '24h', '--attr-timeout', '24h', '--cache-dir', at + '.cache', *options], at)

    @contextlib.contextmanager
    def in_memory(self):
        """A directory on tmpfs; None if there is none."""
        if not os.access(SHARED_MEMORY, os.W_OK):
            yield None
            return
        with open('/proc/self/mounts', encoding='utf-8') as table:
            if not any(line.split()[1:3] == [SHARED_MEMORY, 'tmpfs'] for line in table):
                yield None
                return
        directory = tempfile.mkdtemp(prefix='neevfs-bench.', dir=SHARED_MEMORY)
        os.chmod(directory, 0o755)
        try:
            yield directory
        finally:
            self.remove(directory)

    # ---- nginx ----

    @contextlib.contextmanager
    def nginx(self, server, secure=False):
        """Its own configuration, directory and port; the URL of it."""
        directory = self.name('nginx')
        os.mkdir(directory)
        with socket.socket() as probe:
            probe.bind(('127.0.0.1', 0))
            port = probe.getsockname()[1]
        with open(directory + '/conf', 'w', encoding='utf-8') as conf:
            conf.write('''
                daemon off; pid %(at)s/pid; error_log %(at)s/error; worker_processes 1; %(user)s
                events { worker_connections 1024; }
                http {
                    access_log off; keepalive_requests 1000000; keepalive_timeout 1h;
                    client_body_temp_path %(at)s/tmp; proxy_temp_path %(at)s/tmp; fastcgi_temp_path %(at)s/tmp;
                    uwsgi_temp_path %(at)s/tmp; scgi_temp_path %(at)s/tmp;
                    server { listen 127.0.0.1:%(port)d %(listen)s; %(server)s }
                }''' % {'at': directory, 'port': port, 'server': server, 'listen': 'ssl http2' if secure else '',
                        'user': '' if os.getuid() else 'user root;'})
        process = self.popen(['nginx', '-e', directory + '/error', '-p', directory, '-c', directory + '/conf'], stdout=self.log)

        def answers():
            with socket.socket() as probe:
                return probe.connect_ex(('127.0.0.1', port)) == 0
        try:
            if not wait_for(lambda: answers() or process.poll() is not None) or process.poll() is not None:
                raise Unmeasured('nginx does not start')
            yield 'http%s://127.0.0.1:%d' % ('s' if secure else '', port)
        finally:
            self.end(process)

    @contextlib.contextmanager
    def secure(self, cloud):
        """TLS and HTTP/2 in front of the cloud: (URL, file of the authority)."""
        certificate = self.name('certificate')
        self.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout',
                  certificate + '.key', '-out', certificate + '.pem', '-days', '2', '-subj', '/CN=localhost', '-addext',
                  'subjectAltName=DNS:localhost,IP:127.0.0.1'])
        with self.nginx('''
                ssl_certificate %s.pem; ssl_certificate_key %s.key;
                location / {
                    proxy_pass http://127.0.0.1:%d; proxy_http_version 1.1; proxy_set_header Connection "";
                    proxy_buffers 16 64k; proxy_read_timeout 100;
                }''' % (certificate, certificate, cloud.port), secure=True) as url:
            yield url, certificate + '.pem'

    # ---- looking at a process ----

    @contextlib.contextmanager
    def probing(self, kind, interval_ms, path):
        """What prober found, in the dictionary, when it is over."""
        found = {}
        process = self.popen([self.tool('prober'), kind, str(interval_ms), path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            yield found
            said, _ = process.communicate(timeout=60)
            if process.returncode:
                raise Unmeasured('a prober failed at ' + path)
            found.update(zip(('asked', 'median', 'p99', 'longest'), map(float, said.split())))
        finally:
            self.end(process, signal.SIGKILL)

    @staticmethod
    def memory_kib(pid):
        """(resident now, resident at most)"""
        with open('/proc/%d/status' % pid, encoding='utf-8') as status:
            number = dict(re.findall(r'^(VmRSS|VmHWM):\s+(\d+)', status.read(), re.M))
        return int(number['VmRSS']), int(number['VmHWM'])

    @staticmethod
    def cpu_s(pid):
        with open('/proc/%d/stat' % pid, encoding='utf-8') as stat:
            fields = stat.read().rsplit(')', 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')

    def progress(self, text):
        """Who waits may see at what it is; a file gets a line for each part only."""
        if sys.stderr.isatty():
            print('\r\033[K%s' % text, end='', file=sys.stderr, flush=True)
        elif not self.args.silent and text and text.split(', round')[0] != self.told:
            self.told = text.split(', round')[0]
            print('# ' + self.told, file=sys.stderr, flush=True)


def in_turn(rounds, contenders):
    """Rounds of all contenders, each time beginning with another and in the other direction: (round, contender)."""
    for i in range(rounds):
        order = contenders[i % len(contenders):] + contenders[:i % len(contenders)]
        for contender in order if i % 2 == 0 else reversed(order):
            yield i, contender
