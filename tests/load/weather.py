"""What goes wrong, and when: an episode after another, by chance, with a calm time between."""
import os
import random
import time

from tally import now

CHANGES = ['createAIRuntime', 'deployAIModel', 'createOrgAIRuntimeTemplate', 'scaleDeployedAIModel', 'deleteAIRuntime',
           'deleteDeployedAIModel']
READS = ['listAIRuntimes', 'getAIRuntime', 'getAIRuntimeMetrics', 'listDeployedAIModels', 'getDeployedAIModel', 'listInventory',
         'listOrgAIRuntimeTemplates', 'listCatalog']


class Weather:
    def __init__(self, shared, cloud, front, way, daemon, token_file, brief):
        self.shared = shared
        self.cloud = cloud
        self.front = front  # or None
        self.way = way
        self.daemon = daemon
        self.token_file = token_file
        self.brief = brief  # a soak of a minute: short episodes
        self.chance = random.Random('%s weather' % shared.seed)
        self.turned = []   # tokens
        self.outages = []  # (from, until) in which requests could wait outside of the daemon
        self.kills = 0
        self.episodes = []
        self.name = 'calm'
        self.waiting = []

    def next(self, kill_allowed):
        """Each kind of episode comes up before one comes up again."""
        if not self.waiting:
            self.waiting = [self.errors, self.storm, self.slow, self.throttle, self.unclear, self.tokens, self.stop, self.hole,
                            self.shut, self.kill] + [self.reload] * bool(self.front)
            self.chance.shuffle(self.waiting)
        episode = self.waiting.pop()
        if episode == self.kill and not kill_allowed:
            return
        self.name = episode.__name__
        self.episodes.append(self.name)
        episode()
        self.cloud.faults_end()
        self.name = 'calm'
        self.rest(self.chance.uniform(0.5, 2) if self.brief else self.chance.uniform(2, 8))

    def rest(self, seconds):
        end = now() + seconds
        while now() < end and not self.shared.over.value:
            self.shared.tick()
            time.sleep(0.05)

    def spell(self, least=3, most=10):
        self.rest(self.chance.uniform(least, most) / (2.5 if self.brief else 1))

    # ---- answers ----

    def errors(self):
        for _ in range(20):
            self.cloud.fault(operation=self.chance.choice(READS + CHANGES), nth=self.chance.randrange(1, 8),
                             times=self.chance.randrange(1, 4), status=self.chance.choice([500, 502, 503, 504, 408, 425]))
            self.cloud.fault(operation=self.chance.choice(READS), nth=self.chance.randrange(1, 8), times=self.chance.randrange(1, 3),
                             cut=self.chance.randrange(0, 300))
        self.spell()

    def storm(self):
        self.cloud.fault(status=self.chance.choice([500, 502, 503]), times=0)
        self.spell()

    def slow(self):
        self.cloud.fault(delay_ms=self.chance.randrange(200, 3000), times=0)
        self.spell()

    def throttle(self):
        for operation in self.chance.sample(READS + CHANGES, 6):
            self.cloud.fault(operation=operation, status=429, times=self.chance.randrange(1, 10),
                             headers={'Retry-After': str(self.chance.randrange(1, 3))})
        self.spell()

    def unclear(self):
        for operation in CHANGES:
            for _ in range(3):
                what = self.chance.choice([{'status': 503, 'commit': True}, {'status': 500}, {'drop': 'before'}, {'drop': 'after'},
                                           {'cut': self.chance.randrange(0, 60)}])
                self.cloud.fault(operation=operation, nth=self.chance.randrange(1, 6), times=self.chance.randrange(1, 3), **what)
        self.spell(5, 15)

    def tokens(self):
        """Another token under load, in either order; and a burst of 401 with the good one."""
        for _ in range(3):
            token = 'pat-nc-soak-%016x' % self.chance.getrandbits(64)
            self.turned.append(token)
            if self.chance.random() < 0.5:
                self.write_token(token)
                self.cloud.use_token(token)
            else:
                self.cloud.use_token(token)
                self.rest(self.chance.uniform(0, 1.5))
                self.write_token(token)
            self.spell(1, 3)
        self.cloud.fault(status=401, times=self.chance.randrange(1, 30))
        self.spell(1, 3)
        # One that is refused for good is held back for 30 s; another one is used at once.
        self.turned.append('pat-nc-soak-%016x' % self.chance.getrandbits(64))
        self.cloud.faults_end()
        self.cloud.use_token(self.turned[-1])
        self.write_token(self.turned[-1])

    def write_token(self, token):
        new = self.token_file + '.new'
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 'w', encoding='ascii') as file:
            file.write(token + '\n')
        os.rename(new, self.token_file)

    def reload(self):
        """Connections of both versions at the same time, and answers that are under way while others begin."""
        self.cloud.fault(delay_ms=self.chance.randrange(100, 800), times=0)
        for _ in range(self.chance.randrange(2, 8)):
            self.front.turn()
            self.spell(0.2, 1.5)

    # ---- nobody answers ----

    def gone(self, block, clear):
        with self.shared.quiet:
            if not self.warm():
                return
            self.shared.dead.value = len(self.episodes)
            begin = now()
            block()
            self.rest(self.chance.uniform(4, 6) if self.brief else self.chance.uniform(10, 30))
            self.shared.dead.value = 0
            clear()
            self.outages.append((begin, now()))

    def warm(self):
        """Everything that is to be read while the cloud is gone, as fresh as can be. False: the soak is over before."""
        end = now() + 100  # a service that was down is tried again after a minute at the latest
        while not self.shared.over.value:
            try:
                for target in self.shared.forgotten:
                    os.utime(os.path.join(self.shared.root, target))
                for target in self.shared.kept:
                    path = os.path.join(self.shared.root, target)
                    if target.endswith('/') or not target:
                        os.listdir(path)
                    else:
                        with open(path, 'rb') as file:
                            file.read()
                return True
            except OSError:
                if now() > end:
                    raise
                self.rest(0.5)
        return False

    def stop(self):
        self.gone(self.cloud.stop, self.cloud.go_on)

    def hole(self):
        self.gone(lambda: self.way.turn('hole'), lambda: self.way.turn('open'))

    def shut(self):
        self.gone(lambda: self.way.turn('shut'), lambda: self.way.turn('open'))

    def kill(self):
        with self.shared.quiet:
            self.shared.epoch.value += 1
            begin = now()
            self.daemon.kill()
            self.shared.daemon_pid.value = self.daemon.pid
            self.outages.append((begin, now()))
            self.shared.epoch.value += 1
        self.kills += 1
        self.spell(1, 2)
