"""What one caller saw: how long each call took, how it ended, and what it asked the cloud for.

A tally is filled in one process, handed over as a whole (take), and added to that of the run (add).
"""
import collections
import errno
import math
import os
import re
import time

STEPS = 24  # of a histogram, to each doubling


class Histogram:
    """Durations; a percentile is right to 3 %."""

    def __init__(self):
        self.steps = collections.Counter()
        self.count = 0
        self.max_s = 0.0

    def add(self, seconds):
        self.steps[int(math.log2(max(seconds, 1e-6) * 1e6) * STEPS)] += 1
        self.count += 1
        self.max_s = max(self.max_s, seconds)

    def merge(self, other):
        self.steps.update(other.steps)
        self.count += other.count
        self.max_s = max(self.max_s, other.max_s)

    def above(self, seconds):
        limit = int(math.log2(seconds * 1e6) * STEPS)
        return sum(count for step, count in self.steps.items() if step > limit)

    def percentile(self, share):
        left = self.count * share
        for step in sorted(self.steps):
            left -= self.steps[step]
            if left <= 0:
                return min(2 ** ((step + 1) / STEPS) / 1e6, self.max_s)
        return self.max_s


class Tally:
    """times: by operation. ends: (operation, errno or 'ok') → how often. odd: what must not be, in words.
    asked: creates, deletes and scales as (verb, kind, name, value, from_s, until_s, errno or 0), on the monotonic clock."""

    def __init__(self):
        self.times = collections.defaultdict(Histogram)
        self.ends = collections.Counter()
        self.odd = []
        self.asked = []

    def add(self, other):
        for operation, histogram in other.times.items():
            self.times[operation].merge(histogram)
        self.ends.update(other.ends)
        self.odd += other.odd
        self.asked += other.asked

    def take(self):
        taken = Tally()
        taken.__dict__, self.__dict__ = self.__dict__, taken.__dict__
        return taken


def name_of(code):
    return errno.errorcode.get(code, str(code)) if code else 'ok'


def listed_errnos(manual):
    """The errnos that neevfs.5 lists: no other may be seen."""
    with open(manual, encoding='utf-8') as lines:
        text = lines.read().split('.\\" errnos', 1)[1]
    return {getattr(errno, name) for name in re.findall(r'^\.It Bq Er (E[A-Z0-9]+)', text, re.M)}


# A read or a crawl of what is there for good fails only because of the network or the API.
NETWORK = {errno.EBUSY, errno.EREMOTEIO, errno.ETIMEDOUT, errno.EHOSTUNREACH, errno.EKEYEXPIRED}

# No tool may ever say these of the mount; ENOTCONN and ECONNABORTED are seen where the daemon was killed on purpose.
NEVER = [errno.EIO, errno.ESTALE, errno.EAGAIN, errno.ENOTCONN, errno.ECONNABORTED, errno.EBADF, errno.EFAULT, errno.ENXIO,
         errno.ELOOP, errno.ENOSYS, errno.EREMCHG, errno.EPIPE, errno.ENOMEM]


def errnos_said(text):
    """The errnos whose words a tool printed, each as often as it has a line."""
    found = collections.Counter()
    for line in text.splitlines():
        for code in errno.errorcode:
            if line.endswith(os.strerror(code)) or os.strerror(code) + ' (' in line:
                found[code] += 1
                break
    return found


def now():
    return time.monotonic()
