"""The simulated cloud as a process, and its control interface (sandbox/INTERFACE.md)."""
import json
import os
import signal
import subprocess
import urllib.request

ORG = 'orgs/org-demo'
PROJECT = ORG + '/projects/prj-demo'
LISTS = {  # of each kind of resource: the path of its list, and its member
    'airuntimes': ('/gpu/api/v1beta1/' + PROJECT + '/airuntimes', 'data'),
    'aimodels': ('/aimodels/api/v1beta1/' + PROJECT + '/aimodels', 'items'),
    'templates': ('/gpu/api/v1beta1/' + ORG + '/airuntime-templates', 'data'),
}


class Cloud:
    def __init__(self, program, instances, models, seed, speed, log, latency_ms=0):
        # Its own session: who types Ctrl-C ends the soak, which then ends the cloud.
        self.process = subprocess.Popen(
            [program, '--instances', str(instances), '--models', str(models), '--seed', str(seed), '--speed', str(speed),
             '--latency', str(latency_ms)],
            stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
        self.url = self.process.stdout.readline().decode().strip()
        self.port = int(self.url.rsplit(':', 1)[1])
        self.token = 'pat-nc-sandbox'
        self.ledger = []
        self.lost = 0

    def ask(self, path, body=None, method=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {'Authorization': 'Bearer ' + self.token}, method=method)
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=20) as answer:
            return json.loads(answer.read() or b'null')

    def fault(self, **what):
        self.ask('/_sandbox/faults', what)

    def faults_end(self):
        self.ask('/_sandbox/faults', method='DELETE')

    def use_token(self, token):
        self.ask('/_sandbox/tokens', {'token': token})
        self.token = token

    def requests(self):
        return self.ask('/_sandbox/requests')

    def read_ledger(self):
        after = self.ledger[-1]['serial'] if self.ledger else 0
        for entry in self.ask('/_sandbox/ledger?after=%d' % after):
            self.lost += entry['serial'] - after - 1
            after = entry['serial']
            self.ledger.append(entry)

    def list(self, kind):
        """All resources of a kind. Not to be called while faults strike."""
        path, member = LISTS[kind]
        found, page = [], 1
        while True:
            answer = self.ask('%s?limit=100&page=%d' % (path, page) if kind != 'templates' else path)
            found += answer[member]
            if kind == 'templates' or len(answer[member]) < 100:
                return found
            page += 1

    def stop(self):
        os.kill(self.process.pid, signal.SIGSTOP)

    def go_on(self):
        os.kill(self.process.pid, signal.SIGCONT)

    def close(self):
        self.go_on()
        self.process.terminate()
        self.process.wait(10)
