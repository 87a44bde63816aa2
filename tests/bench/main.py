"""The benchmarks of neevfs: tests/bench/run starts this. A part is a function that measures and adds rows to the table."""
import argparse
import os
import platform
import signal
import sys
import time
import traceback

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'load'))

import cold
import herds
import hot
import rest
import scale
from place import Place, Unmeasured
from table import Table

PARTS = {**hot.PARTS, **cold.PARTS, **herds.PARTS, **scale.PARTS, **rest.PARTS}


def leave(number, frame):
    raise KeyboardInterrupt


def measure(parts, place, table):
    """How many parts could not be measured."""
    broken = 0
    for part in parts:
        begin = time.monotonic()
        try:
            PARTS[part](place, table)
        except (Unmeasured, OSError, RuntimeError) as error:
            broken += 1
            table.skip(part, 'not measured: %s' % error)
            if place.args.verbose:
                traceback.print_exc()
        place.progress('%s: %.0f s' % (part, time.monotonic() - begin))
    return broken


def main():
    parser = argparse.ArgumentParser(prog='tests/bench/run', description='Ratios of neevfs to what else there is, measured in turn.')
    parser.add_argument('parts', nargs='*', metavar='PART', help='of ' + ' '.join(PARTS) + '; all if none is named')
    parser.add_argument('--quick', action='store_true', help='fewer and shorter rounds')
    parser.add_argument('--silent', action='store_true', help='do not tell what is being measured')
    parser.add_argument('--verbose', action='store_true', help='tell more of what could not be measured')
    parser.add_argument('--tools', help=argparse.SUPPRESS)
    args = parser.parse_args()
    unknown = [part for part in args.parts if part not in PARTS]
    if unknown:
        parser.error('no such part: ' + ' '.join(unknown))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)
    begin, load = time.monotonic(), os.getloadavg()[0]
    table = Table()
    place = Place(args)
    try:
        broken = measure(args.parts or list(PARTS), place, table)
    except KeyboardInterrupt:
        print('\ninterrupted', file=sys.stderr)
        sys.exit(130)
    finally:
        # What is still to be ended shall be, however often it is asked for.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        place.close()
    table.odd += place.odd
    place.progress('')
    print('%s%s, %d processors, Linux %s, load %.1f before and %.1f after, %.0f s' % (
        'quick, ' if args.quick else '', time.strftime('%Y-%m-%d'), os.cpu_count(), platform.release(), load, os.getloadavg()[0],
        time.monotonic() - begin))
    print('A target is reached if the median does; of requests, bytes and longest times, if each round does.\n')
    table.print()
    sys.exit(2 if broken else 1 if table.missed() else 0)


if __name__ == '__main__':
    main()
