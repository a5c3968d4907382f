#!/usr/bin/env python3
"""A rolling restart under load: restart.py BINARY [--rounds 20] [--clients 4]

Two servers stand behind a balancer that goes by /healthz alone, as those do that can ask for nothing
else. In each round one of the two is told to end, drains for two seconds, and is restarted on its
port. Clients ask for pictures all the time. No request may be lost: each gets its answer, and it is
a picture.
"""

import argparse
import sys
import threading
import time

from common import GENERATE, HEALTH, Answers, Server

DRAIN_SECS = 2
HEALTH_PERIOD_SECS = 0.2


class Balancer:
    """Checks the health of all servers a few times a second."""

    def __init__(self, servers):
        self.servers = servers
        self.healthy = [True] * len(servers)
        self.over = False
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()

    def watch(self):
        while not self.over:
            for place, server in enumerate(self.servers):
                self.healthy[place] = is_healthy(server)
            time.sleep(HEALTH_PERIOD_SECS)

    def pick(self, turn):
        healthy = [place for place, is_up in enumerate(self.healthy) if is_up]
        return healthy[turn % len(healthy)]


def is_healthy(server):
    try:
        with server.connect() as connection:
            connection.sendall(HEALTH)
            answer = Answers(connection).next()
            return answer is not None and answer.status == 200
    except OSError:
        return False


def client(balancer, counts):
    """Asks for captchas without a pause, on a connection that is kept while its server is healthy."""
    place = connection = answers = None
    while not balancer.over:
        picked = balancer.pick(counts["sent"] // 20)
        if picked != place:
            if connection:
                connection.close()
            place, connection = picked, None
        counts["sent"] += 1
        try:
            if connection is None:
                connection = balancer.servers[place].connect()
                answers = Answers(connection)
            connection.sendall(GENERATE)
            answer = answers.next()
            if answer is None or answer.status != 200:
                raise EOFError("no answer" if answer is None else str(answer.status))
            counts["answered"] += 1
            if answer.is_last():
                place = None
        except (OSError, EOFError) as error:
            counts["lost"].append(repr(error))
            place = None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--clients", type=int, default=4)
    arguments = parser.parse_args()

    def start(port=0):
        return Server(arguments.binary, "--drain", str(DRAIN_SECS), port=port)

    servers = [start(), start()]
    balancer = Balancer(servers)
    each = [{"sent": 0, "answered": 0, "lost": []} for _ in range(arguments.clients)]
    threads = [threading.Thread(target=client, args=(balancer, counts)) for counts in each]
    for thread in threads:
        thread.start()
    failures = 0
    for number in range(arguments.rounds):
        place = number % 2
        status = servers[place].stop()
        failures += status != 0
        servers[place] = start(servers[place].port)
        while not balancer.healthy[place]:
            time.sleep(0.01)
    balancer.over = True
    for thread in [*threads, balancer.thread]:
        thread.join()
    for server in servers:
        failures += server.stop() != 0
    sent, answered = (sum(counts[name] for counts in each) for name in ("sent", "answered"))
    lost = [error for counts in each for error in counts["lost"]]
    for error in lost[:10]:
        print(f"lost: {error}")
    print(f"{arguments.rounds} rounds, {sent} sent, {answered} answered, {len(lost)} lost, {failures} failures")
    sys.exit(bool(lost) or failures != 0 or sent != answered or sent == 0)


if __name__ == "__main__":
    main()
