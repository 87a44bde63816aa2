"""The neevfs under test: started, measured, killed, ended."""
import os
import re
import signal
import subprocess
import time

QUIET = re.compile(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (mounted at |(create|scale|delete|notify) .*: |service [a-z]+ is (down: |back$)|\S+: unmounted$)')


def wait_for(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def mounted(path):
    with open('/proc/self/mounts', encoding='utf-8') as table:
        return any(line.split()[1] == path for line in table)


def answers(path):
    try:
        os.statvfs(path)
        return mounted(path)
    except OSError:
        return False


class Daemon:
    def __init__(self, program, work, at, options):
        self.command = [program, '-f', '-o', options, at]
        self.at = at
        self.work = work
        self.process = None
        self.pid = 0
        self.logs = []
        self.samples = []  # of this incarnation: (seconds, RSS in KiB, descriptors, sockets, threads)

    def start(self):
        log = '%s/log%d' % (self.work, len(self.logs) + 1)
        self.logs.append(log)
        with open(log, 'wb') as out:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True)
        if not wait_for(lambda: answers(self.at) or self.process.poll() is not None, 20) or self.process.poll() is not None:
            raise RuntimeError('the mount does not start: ' + open(log, encoding='utf-8', errors='replace').read())
        self.found()

    def found(self):
        """The process that serves: the one of the started ones that has /dev/fuse open."""
        self.pid = self.process.pid
        for pid in self.tree():
            if any(link == '/dev/fuse' for link in self.links(pid)):
                self.pid = pid
        self.samples = []

    def tree(self):
        pids = [self.process.pid]
        for pid in pids:
            try:
                with open('/proc/%d/task/%d/children' % (pid, pid), encoding='ascii') as children:
                    pids += [int(child) for child in children.read().split()]
            except OSError:
                pass
        return pids

    @staticmethod
    def links(pid):
        """What the descriptors are; empty where only root may look."""
        found = []
        try:
            for fd in os.listdir('/proc/%d/fd' % pid):
                try:
                    found.append(os.readlink('/proc/%d/fd/%s' % (pid, fd)))
                except OSError:
                    pass
        except OSError:
            pass
        return found

    def sample(self):
        try:
            with open('/proc/%d/status' % self.pid, encoding='utf-8') as status:
                text = status.read()
        except OSError:
            return None
        number = {name: int(value) for name, value in re.findall(r'^(VmRSS|Threads):\s+(\d+)', text, re.M)}
        if 'VmRSS' not in number:
            return None
        links = self.links(self.pid)
        sockets = sum(link.startswith('socket:') for link in links)
        sample = (time.monotonic(), number['VmRSS'], len(links) - sockets, sockets, number['Threads'])
        self.samples.append(sample)
        return sample

    def kill(self):
        """kill -9, and a mount again: by a supervisor if there is one, else by a new start, which frees the dead mount."""
        os.kill(self.pid, signal.SIGKILL)
        if self.pid == self.process.pid:
            self.process.wait(20)
        elif wait_for(lambda: self.process.poll() is not None or answers(self.at), 5) and self.process.poll() is None:
            self.found()
            return
        else:
            self.process.terminate()
            self.process.wait(20)
        self.start()

    def stop(self):
        """Unmounts; what is wrong about the end, in words."""
        said = subprocess.run(['fusermount3', '-u', '--', self.at], capture_output=True, text=True, check=False).stderr
        if said:
            subprocess.run(['fusermount3', '-u', '-z', '-q', '--', self.at], check=False)
        wrong = ['fusermount3 says: ' + said] if said else []
        if self.elsewhere():
            # Somebody's new mount namespace, such as that of another test, has a copy: the kernel keeps the filesystem.
            self.process.terminate()
        try:
            status = self.process.wait(20)
        except subprocess.TimeoutExpired:
            wrong.append('the daemon does not end within 20 s of the unmount: ' + self.where())
            self.process.kill()
            self.process.wait()
            return wrong
        if status:
            wrong.append('the daemon ended with %d' % status)
        return wrong

    def elsewhere(self):
        """Whether the mount is still in another mount namespace, of those that we may see."""
        seen = set()
        for pid in filter(str.isdigit, os.listdir('/proc')):
            try:
                space = os.readlink('/proc/%s/ns/mnt' % pid)
                if space in seen:
                    continue
                seen.add(space)
                with open('/proc/%s/mounts' % pid, encoding='utf-8') as table:
                    if any(line.split()[1] == self.at for line in table):
                        return True
            except OSError:
                pass
        return False

    def where(self):
        """What it is at, for who looks for the reason."""
        told = []
        for name in ('wchan', 'syscall', 'stack'):
            try:
                with open('/proc/%d/%s' % (self.pid, name), encoding='ascii') as file:
                    told.append(' '.join(file.read().split()[:12]))
            except OSError:
                pass
        return '; '.join(told + self.links(self.pid))

    def said(self):
        """Lines of the logs that nobody asked for."""
        odd = []
        for log in self.logs:
            with open(log, encoding='utf-8', errors='replace') as lines:
                odd += ['the daemon said: ' + line.rstrip() for line in lines if not QUIET.match(line)]
        return odd

    def close(self):
        """At the very end, whatever happened before."""
        for pid in self.tree() if self.process and self.process.poll() is None else []:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        while mounted(self.at):
            if subprocess.run(['fusermount3', '-u', '-z', '-q', '--', self.at], check=False).returncode:
                return False
        return True
