"""Many at once, and how the others fare meanwhile."""
import collections
import time

from cold import LATENCY_MS, names
from place import Unmeasured, in_turn

READERS = 1000


def herd(place, readers, paths):
    """Milliseconds until all have read."""
    failed, spent_ms = place.run([place.tool('herd'), str(readers)], '\n'.join(paths) + '\n')[1].split()
    if int(failed):
        raise Unmeasured('%s of %d readers failed' % (failed, readers))
    return float(spent_ms)


def herds(place, table):
    rounds = 2 if place.args.quick else 5
    group = '%d readers at once, cold, %d ms: requests' % (READERS, LATENCY_MS)
    requests, spent_ms = collections.defaultdict(list), collections.defaultdict(list)
    with place.cloud(READERS, LATENCY_MS) as cloud:
        with place.mount(cloud.url) as daemon:
            resources = names(daemon.collection)
        kinds = {
            'one status': ('==', cloud.pages, False, lambda at: [at + '/eval-01/status']),
            'one info.json, the list is known': ('==', 1, True, lambda at: [at + '/eval-01/info.json']),
            'one status each': ('==', cloud.pages, False, lambda at: ['%s/%s/status' % (at, name) for name in resources]),
        }
        for i, kind in in_turn(rounds, list(kinds)):
            place.progress('herds: many at once, round %d of %d, %s' % (i + 1, rounds, kind))
            _, _, listed, paths = kinds[kind]
            with place.mount(cloud.url) as daemon:
                if listed:
                    names(daemon.collection)
                place.reset(cloud)
                spent_ms[kind].append(herd(place, READERS, paths(daemon.collection)))
                requests[kind].append(cloud.requests()['total'])
    for kind, (how, limit, _, _) in kinds.items():
        table.add(group, kind, requests[kind], (how, limit), every=True)
    table.figure('%d readers at once, ms until the last has read' % READERS, ['', 'min', 'median', 'max'], [
        [kind] + ['%.0f' % sorted(spent_ms[kind])[j] for j in (0, rounds // 2, -1)] for kind in kinds])
    dead(place, table)
    beside(place, table)


def dead(place, table):
    """200 wait for a server that has stopped; somebody reads what is kept."""
    rounds, waiting, seconds = (2, 200, 1) if place.args.quick else (5, 200, 2)
    found = []
    with place.cloud(READERS) as cloud:
        for i in range(rounds):
            place.progress('herds: a dead server, round %d of %d' % (i + 1, rounds))
            with place.mount(cloud.url) as daemon:
                resources = names(daemon.collection)
                kept = '%s/%s/status' % (daemon.collection, resources[-1])
                herding = place.popen([place.tool('herd'), str(waiting)], stdin=-1, stdout=place.log)
                try:
                    cloud.stop()
                    herding.stdin.write('\n'.join('%s/%s/info.json' % (daemon.collection, name) for name in resources[:waiting]).encode())
                    herding.stdin.close()
                    time.sleep(0.5)
                    with place.probing('cat', 1, kept) as probed:
                        time.sleep(seconds)
                    if herding.poll() is not None:
                        raise Unmeasured('nobody waited for the dead server')
                    found.append(probed)
                finally:
                    cloud.go_on()
                    try:
                        herding.wait(60)
                    finally:
                        place.end(herding)
    group = 'Others, ms'
    table.add(group, 'open, read, close of what is kept, %d wait for a dead server: longest' % waiting,
              [probed['longest'] for probed in found], ('<=', 10), every=True)
    table.add(group, 'the same: 99 of 100', [probed['p99'] for probed in found])


def beside(place, table):
    """Somebody reads the details of one after the other while a crawler reads those of many at once."""
    rounds, few = (2, 8) if place.args.quick else (5, 12)
    alone, crawled, kept, ceiling = [], [], [], []
    with place.cloud(READERS, LATENCY_MS) as cloud, place.ceiling() as other:
        for i in range(rounds):
            place.progress('herds: beside a crawler, round %d of %d' % (i + 1, rounds))
            with place.mount(cloud.url) as daemon:
                resources = names(daemon.collection)
                light = iter(resources[-2 * few - 1:])
                last = '%s/%s/status' % (daemon.collection, next(light))

                def reads():
                    spent = []
                    for _ in range(few):
                        begin = time.perf_counter()
                        with open('%s/%s/info.json' % (daemon.collection, next(light)), 'rb') as file:
                            file.read()
                        spent.append((time.perf_counter() - begin) * 1000)
                    return sum(spent) / few

                alone.append(reads())
                crawler = place.popen(['xargs', '-0', '-P', '64', '-n', '4', 'cat'], stdin=-1, stdout=place.log)
                try:
                    crawler.stdin.write('\0'.join('%s/%s/info.json' % (daemon.collection, name) for name in resources[:800]).encode())
                    crawler.stdin.close()
                    time.sleep(0.3)
                    # Who shares two processors with 64 others waits for these too: so does a reader of the other mount.
                    with place.probing('cat', 1, last) as probed, place.probing('cat', 1, other.at + '/gpu-00007/status') as beside_it:
                        crawled.append(reads())
                    kept.append(probed['longest'])
                    ceiling.append(beside_it['longest'])
                    if crawler.poll() is not None:
                        raise Unmeasured('the crawler was over before the light reader')
                finally:
                    place.end(crawler)
    group = 'Others, ms'
    table.add(group, 'open, read, close of what is kept, beside a crawler of 64 at once: longest', kept)
    table.add(group, 'the same of ceiling, which nobody crawls, meanwhile', ceiling)
    group = 'Fairness, time: less is better'
    table.ratio(group, "a cold detail beside a crawler of 64 at once / alone", crawled, alone)


PARTS = collections.OrderedDict([('herds', herds)])
