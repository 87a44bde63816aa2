"""Cold work beside curl: listings, one status, details of many, and what walking tools ask for."""
import collections
import contextlib
import os
import time

from place import API, PARALLEL, Unmeasured, in_turn, resources

LATENCY_MS = 50
TTL_S = 1
HEAD = 'Cold'


def names(collection):
    return resources(os.listdir(collection))


# ---- listings ----

class Listing:
    """One size over one transport: how long each way takes, round by round."""

    def __init__(self, place, cloud, count, url, authority):
        self.place = place
        self.cloud = cloud
        self.count = count
        self.url = url
        self.authority = authority
        self.seconds = collections.defaultdict(list)
        self.requests = collections.defaultdict(list)

    def curl(self):
        # Where nothing multiplexes, curl would wait for its first answer to see that.
        way = ['--cacert', self.authority] if self.authority else ['--parallel-immediate']
        return self.place.curl('--parallel', '--parallel-max', str(PARALLEL), '-o', self.place.work + '/page#1', *way)

    def pages(self, first):
        return '%s%s?limit=100&page=[%d-%d]' % (self.url, API, first, self.cloud.pages)

    def mount(self, **options):
        return self.place.mount(self.url, **({'ca_file': self.authority} if self.authority else {}), **options)

    def take(self, who, command):
        self.place.reset(self.cloud)
        seconds, said = self.place.run(command)
        self.seconds[who].append(seconds)
        self.requests[who].append(self.cloud.requests()['total'])
        return said

    def curl_told(self):
        self.take('curl told', self.curl() + [self.pages(1)])

    def curl_asks(self):
        """It learns from the first page how many there are, as everybody has to who does not know."""
        first = self.place.curl(*(['--cacert', self.authority] if self.authority else []), self.url + API + '?limit=100&page=1')
        self.take('curl asks', ['bash', '-c', 'pages=$("${@:1:%d}" | jq .pagination.total_pages) && [ "$pages" = %d ] && "${@:%d}"'
                                % (len(first), self.cloud.pages, len(first) + 1), 'bash'] + first + self.curl() + [self.pages(2)])

    def ls(self):
        with self.mount() as daemon:
            said = self.take('ls', ['ls', daemon.collection])
            self.check(said)
            os.utime(daemon.at)
            self.check(self.take('ls again', ['ls', daemon.collection]))

    def ls_expired(self):
        """What was listed before is too old to be shown, and still tells how many pages there are."""
        with self.mount(ttl_list=TTL_S) as daemon:
            self.check(self.place.run(['ls', daemon.collection])[1])
            time.sleep(TTL_S * 1.2)
            self.check(self.take('ls expired', ['ls', daemon.collection]))

    def check(self, said):
        found = len(resources(said.split()))
        if found != self.count:
            raise Unmeasured('ls shows %d resources of %d' % (found, self.count))

    def cat(self):
        with self.mount() as daemon:
            said = self.take('cat', ['bash', '-c', 'cd "$1" && cat */status', 'bash', daemon.collection])
            if len(said.split()) != self.count:
                raise Unmeasured('cat shows %d states of %d' % (len(said.split()), self.count))

    def report(self, table, transport):
        group = 'Cold, %s at %d ms: time, less is better; requests' % (transport, LATENCY_MS)
        size = '%d resources: ' % self.count
        table.ratio(group, size + 'ls / curl --parallel', self.seconds['ls'], self.seconds['curl asks'], ('<=', 1.2))
        # How many pages there are stands on the first one: without knowing it that is a round trip more, for whoever asks.
        table.ratio(group, size + 'ls / curl --parallel that is told all pages', self.seconds['ls'], self.seconds['curl told'])
        table.ratio(group, size + 'ls after touch / the same', self.seconds['ls again'], self.seconds['curl told'])
        table.ratio(group, size + 'ls after its TTL / the same', self.seconds['ls expired'], self.seconds['curl told'], ('<=', 1.2))
        table.ratio(group, size + 'cat */status / curl --parallel', self.seconds['cat'], self.seconds['curl asks'])
        for who, words in (('ls', 'ls'), ('ls again', 'ls after touch'), ('ls expired', 'ls after its TTL'), ('cat', 'cat */status')):
            table.add(group, size + words + ', requests', self.requests[who], ('==', self.cloud.pages), every=True)
        middle = lambda values: '%.0f' % (sorted(values)[len(values) // 2] * 1000)
        return ['%d, %s' % (self.count, transport)] + [middle(self.seconds[who]) for who in ('ls', 'ls again', 'ls expired', 'cat', 'curl asks', 'curl told')]


def listings(place, table):
    lines = []
    plan = [(1000, 3 if place.args.quick else 7), (10000, 2 if place.args.quick else 5)]
    for secure, transport in ((False, 'HTTP/1.1'), (True, 'HTTP/2 and TLS')):
        for count, rounds in plan:
            with contextlib.ExitStack() as stack:
                cloud = stack.enter_context(place.cloud(count, LATENCY_MS))
                url, authority = stack.enter_context(place.secure(cloud)) if secure else (cloud.url, None)
                listing = Listing(place, cloud, count, url, authority)
                for i, way in in_turn(rounds, [listing.ls, listing.ls_expired, listing.curl_asks, listing.cat, listing.curl_told]):
                    place.progress('cold: %d, %s, round %d of %d' % (count, transport, i + 1, rounds))
                    way()
                lines.append(listing.report(table, transport))
    table.figure('Cold, medians in ms', ['', 'ls', 'ls after touch', 'ls after its TTL', 'cat */status', 'curl', 'curl told all pages'], lines)


# ---- one status ----

def one(place, table):
    rounds, times = (3, 10) if place.args.quick else (7, 20)
    group = 'One status %d times, warm: time, less is better' % times
    for latency_ms in (LATENCY_MS, 0):
        with place.cloud(12, latency_ms) as cloud, place.mount(cloud.url) as daemon:
            resource = daemon.collection + '/eval-01'
            with open(resource + '/id', encoding='ascii') as file:
                url = cloud.url + API + '/' + file.read().strip()
            repeat = 'for ((i = 0; i < %d; i++)); do %s; done'
            ways = {
                'cat': ['bash', '-c', repeat % (times, 'cat "$1"'), 'bash', resource + '/status'],
                'curl': ['bash', '-c', repeat % (times, '"$@" | jq -r .status'), 'bash'] + place.curl(url),
            }
            seconds = collections.defaultdict(list)
            for i, way in in_turn(rounds, list(ways)):
                place.progress('one: %d ms, round %d of %d' % (latency_ms, i + 1, rounds))
                spent, said = place.run(ways[way])
                if said != 'Running\n' * times:
                    raise Unmeasured('%s says %r' % (way, said[:100]))
                seconds[way].append(spent)
        table.ratio(group, 'cat status / curl | jq, at %d ms' % latency_ms, seconds['cat'], seconds['curl'])


# ---- details of many ----

def details(place, table):
    count, rounds = (60, 2) if place.args.quick else (200, 3)
    group = 'Details of %d at %d ms: time, less is better; requests' % (count, LATENCY_MS)
    seconds, requests = collections.defaultdict(list), collections.defaultdict(list)
    with place.cloud(count, LATENCY_MS) as cloud:
        with place.mount(cloud.url) as daemon:
            found = names(daemon.collection)
            ids = []
            for name in found:
                with open('%s/%s/id' % (daemon.collection, name), encoding='ascii') as file:
                    ids.append(file.read().strip())
        urls = place.work + '/urls'
        with open(urls, 'w', encoding='ascii') as file:
            file.writelines('url = "%s%s/%s"\noutput = "/dev/null"\n' % (cloud.url, API, id) for id in ids)

        def mine(who, *xargs):
            with place.mount(cloud.url) as mount:
                names(mount.collection)  # the listing is no detail
                place.reset(cloud)
                paths = '\0'.join('%s/%s/info.json' % (mount.collection, name) for name in found)
                seconds[who].append(place.run(['xargs', '-0', *xargs, 'cat'], paths)[0])
                requests[who].append(cloud.requests()['total'])

        def curl(who, *words):
            seconds[who].append(place.run(place.curl(*words, '-K', urls))[0])

        ways = [lambda: mine('turn'), lambda: curl('curl turn'), lambda: mine('many', '-P', str(PARALLEL), '-n', '1'),
                lambda: curl('curl', '--parallel', '--parallel-immediate', '--parallel-max', str(PARALLEL))]
        for i, way in in_turn(rounds, ways):
            place.progress('details: info.json, round %d of %d' % (i + 1, rounds))
            way()
    table.ratio(group, 'cat of one after the other / curl of one after the other', seconds['turn'], seconds['curl turn'])
    table.ratio(group, 'cat of one after the other / curl --parallel', seconds['turn'], seconds['curl'])
    table.ratio(group, 'xargs -P %d -n 1 cat / curl --parallel' % PARALLEL, seconds['many'], seconds['curl'])
    table.add(group, 'cat of one after the other, requests', requests['turn'], ('==', count), every=True)
    table.add(group, 'xargs -P %d -n 1 cat, requests' % PARALLEL, requests['many'], ('==', count), every=True)


# ---- what walking tools ask for ----

def walks(place, table):
    count = 200
    group = 'Walks over %d resources: requests without metrics, which are documents of their own' % count
    tools = {'find': ['find', '.'], 'ls -lR': ['ls', '-lR'], 'du': ['du', '-s'], 'grep -r': ['grep', '-r', 'Running', '.']}
    lines = []
    with place.cloud(count) as cloud:
        for tool, command in tools.items():
            place.progress('walks: ' + tool)
            with place.mount(cloud.url) as daemon:
                place.reset(cloud)
                seconds, said = place.run(['bash', '-c', 'cd "$1" && shift && "$@"', 'bash', daemon.collection] + command)
                found = cloud.requests()
                metrics = found['operations'].get('getAIRuntimeMetrics', 0)
                # The links to templates need those two listings, the prices in the table the inventory: a page each.
                table.add(group, tool, [found['total'] - metrics], ('<=', cloud.pages + 3 + count), every=True)
                lines.append([tool, '%.2f' % seconds, str(said.count('\n'))] + [', '.join(
                    '%s %d' % pair for pair in sorted(found['operations'].items()) if pair[1])])
    table.figure('Walks', ['', 'seconds', 'lines', 'requests'], lines)


PARTS = collections.OrderedDict([('cold', listings), ('one', one), ('details', details), ('walks', walks)])
