"""What must hold of the ledger of the cloud against what the callers asked for: tenet 2, and 4 of the promises."""
import collections

from actors import UNCLEAR

KINDS = {'createAIRuntime': 'airuntimes', 'deployAIModel': 'aimodels', 'createOrgAIRuntimeTemplate': 'templates',
         'deleteAIRuntime': 'airuntimes', 'deleteDeployedAIModel': 'aimodels', 'deleteOrgAIRuntimeTemplate': 'templates',
         'scaleDeployedAIModel': 'aimodels'}
ABSENT_S = {'airuntimes': 120, 'aimodels': 600, 'templates': 120}  # before which an unclear create is not called absent


class Money:
    def __init__(self, ledger, asked, seeded, replicas, outages, deadline_s):
        """seeded: by kind, name → id at the start. replicas: id → number at the start. outages: (from, until) in which the
        cloud kept requests that it carried out later."""
        self.ledger = ledger
        self.outages = outages
        self.deadline_s = deadline_s
        self.replicas = replicas
        self.wrong = []
        self.ids = {(kind, name): id_ for kind in seeded for name, id_ in seeded[kind].items()}
        self.names = {(kind, id_): name for (kind, name), id_ in self.ids.items()}
        self.asked = collections.defaultdict(list)  # (verb, kind, name) → [(value, from, until, code)]
        for verb, kind, name, value, begin, end, code in asked:
            self.asked[verb, kind, name].append((value, begin, end, code))
        self.sums = collections.Counter()

    def judge(self):
        creates, deletes, scales = (collections.defaultdict(list) for _ in range(3))
        for entry in self.ledger:
            kind = KINDS.get(entry['operation'])
            if not kind:
                self.wrong.append('nobody asked for %s' % entry['operation'])
            elif entry['operation'].startswith('scale'):
                scales[entry['id']].append(entry)
            elif entry['operation'].startswith('delete'):
                deletes[kind, entry['id']].append(entry)
            else:
                creates[kind, entry['name']].append(entry)
                if entry['carried']:
                    self.names[kind, entry['id']] = entry['name']
        for key in set(creates) | {key[1:] for key in self.asked if key[0] == 'create'}:
            self.judge_create(key, creates[key], deletes)
        for key in set(deletes) | {(k, i) for (v, k, n) in self.asked if v == 'delete' for (k2, i), n2 in self.names.items()
                                   if (k2, n2) == (k, n)}:
            self.judge_delete(key, deletes[key])
        for id_ in set(scales) | {self.ids.get(key[1:]) for key in self.asked if key[0] == 'scale'}:
            self.judge_scale(id_, scales[id_])
        return self.wrong

    def judge_create(self, key, entries, deletes):
        kind, name = key
        asked = self.asked['create', kind, name]
        # What was refused with 401 or 429, and certainly not carried out, may be said again.
        sent = [entry for entry in entries if entry['carried'] or entry['status'] not in (401, 429)]
        carried = [entry for entry in entries if entry['carried']]
        self.sums['creates asked'] += len(asked)
        self.sums['creates sent'] += len(entries)
        self.sums['creates carried out'] += len(carried)
        self.sums['creates of unclear end'] += sum(unclear(entry) for entry in entries)
        if len(sent) > len(asked):
            self.wrong.append('%s/%s: %d creates were sent, %d asked for' % (kind, name, len(sent), len(asked)))
        before = None
        for entry in entries:
            if before and before['carried'] and not any(
                    gone['carried'] and gone['ended_ms'] <= entry['arrived_ms'] for gone in deletes[kind, before['id']]):
                self.wrong.append('%s/%s: a create was sent while %s was there' % (kind, name, before['id']))
            elif before and unclear(before) and entry['arrived_ms'] - before['ended_ms'] < ABSENT_S[kind] * 1000:
                self.wrong.append('%s/%s: sent again %.1f s after an unclear one' % (
                    kind, name, (entry['arrived_ms'] - before['ended_ms']) / 1000))
            if not before or entry['carried'] or not before['carried']:
                before = entry
        for value, _, end, code in asked:
            if code == 0:
                self.sums['creates that said success'] += 1
                if not any(entry['ended_ms'] <= end * 1000 for entry in carried):
                    self.wrong.append('%s/%s: a create by %s said success, and nothing was created' % (kind, name, value))

    def judge_delete(self, key, entries):
        kind, id_ = key
        name = self.names.get(key)
        asked = self.asked['delete', kind, name] if name else []
        self.sums['deletes asked'] += len(asked)
        self.sums['deletes sent'] += len(entries)
        self.sums['deletes carried out'] += any(entry['carried'] for entry in entries)
        for entry in entries:
            if not any(begin * 1000 - 1 <= entry['arrived_ms'] for _, begin, _, _ in asked):
                self.wrong.append('%s/%s (%s): a DELETE that nobody asked for' % (kind, name, id_))
        for _, _, end, code in asked:
            if code == 0 and not any(entry['carried'] and entry['ended_ms'] <= end * 1000 for entry in entries):
                self.wrong.append('%s/%s: a rmdir said success, and nothing was deleted' % (kind, name))

    def judge_scale(self, id_, entries):
        name = self.names.get(('aimodels', id_))
        asked = self.asked['scale', 'aimodels', name]
        self.sums['scales asked'] += len(asked)
        self.sums['scales sent'] += len(entries)
        self.sums['scales carried out'] += sum(entry['carried'] for entry in entries)
        for entry in entries:
            if not any(value == entry['replicas'] and begin * 1000 - 1 <= entry['arrived_ms'] for value, begin, _, _ in asked):
                self.wrong.append('%s: a scale to %s that nobody asked for' % (name, entry['replicas']))
        history = [(0, self.replicas.get(id_))] + [(entry['ended_ms'] / 1000, entry['replicas']) for entry in entries
                                                   if entry['carried']]
        for value, begin, end, code in asked:
            if code == 0:
                self.sums['scales that said success'] += 1
                until = [at for at, _ in history[1:]] + [float('inf')]
                if not any(number == value and at <= end + 0.002 and gone + 0.002 >= begin
                           for (at, number), gone in zip(history, until)):
                    near = ['%d at %.3f' % (number, at) for at, number in history if begin - 20 < at < end + 5]
                    mine = ['%s from %.3f to %.3f: %s' % each for each in sorted(asked, key=lambda each: each[1])
                            if begin - 20 < each[1] < end + 5]
                    self.wrong.append('%s: a scale to %d said success from %.3f to %.3f, and was not so then; carried out: %s; asked: %s' % (
                        name, value, begin, end, ', '.join(near), ', '.join(mine)))
        # The last number must be one that no acknowledged one came wholly after.
        final = history[-1][1]
        taken = max((begin for value, begin, _, code in asked if code == 0), default=0)
        if asked and not any(value == final and self.latest(begin, end, code) >= taken for value, begin, end, code in asked):
            self.wrong.append('%s: the server ends with %s, which is older than what was acknowledged last' % (name, final))

    def latest(self, begin, end, code):
        """Until when a write can have had its effect: an unclear one, as long as the daemon or a blocked cloud held it."""
        if code == 0:
            return end
        end = max(end, begin + self.deadline_s + 8)
        for since, until in self.outages:
            if since <= end and begin <= until:
                end = max(end, until + 8)
        return end


def unclear(entry):
    return entry['status'] in (0, 408, 499) or entry['status'] >= 500
