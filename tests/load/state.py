#!/usr/bin/env python3
"""Restarts under load, with --state: state.py BINARY [--restarts 500] [--clients 8]

The server is stopped at random moments and restarted on its port with the same file, while clients
make captchas and answer them, wrong and right. Each client keeps its captchas for a while, so that most
are answered in a later process than the one that made them. Every verdict is known beforehand: a
captcha takes one right answer or three wrong ones, however often the server was restarted in between,
and is unknown after that.

If a response is cut off, its answer may have counted or not, and the captcha is not used any more. No
response may be cut off.

The first lines of the output say how much longer a start and an end take with 100,000 captchas.
"""

import argparse
import os
import random
import statistics
import struct
import sys
import tempfile
import threading
import time
import uuid

from common import GENERATE, PATIENCE, Answers, Server, validate

# Captchas that a client keeps at a time.
KEPT = 12
ATTEMPTS = 3
RIGHT, WRONG = b"abc123", b"abc124"


# Captchas of a full store, and how often a start and an end with them are timed.
FULL = 100_000
TIMED = 5


def forged(count):
    """A file of --state with so many captchas, as docs/state.md describes it."""
    head = b"miniCAP captchas, version 1\n" + struct.pack(">QQ", int(time.time() * 1000), count)
    captchas = (
        struct.pack(">16sIHHB15s", uuid.uuid4().bytes, 600_000, ATTEMPTS, number % 4096, 6, RIGHT)
        for number in range(count)
    )
    state = head + b"".join(captchas)
    checksum = 0xCBF29CE484222325
    for byte in state:
        checksum = (checksum ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return state + struct.pack(">Q", checksum)


def timed(binary, path, state):
    """Milliseconds that a start and an end take with this file, and how many captchas were restored."""
    with open(path, "wb") as file:
        file.write(state)
    begin = time.perf_counter()
    server = Server(binary, "--state", path)
    started = time.perf_counter()
    alive = server.metrics()["minicap_captchas_alive"]
    stopping = time.perf_counter()
    server.stop()
    stopped = time.perf_counter()
    return (started - begin) * 1000, (stopped - stopping) * 1000, alive


def measure(binary, path):
    full, empty = forged(FULL), forged(0)
    # In turns, since machines are noisy.
    times = [(timed(binary, path, full), timed(binary, path, empty)) for _ in range(TIMED)]
    start, end = (
        statistics.median(with_all[what] - with_none[what] for with_all, with_none in times)
        for what in (0, 1)
    )
    print(f"{FULL:,} captchas: a start takes {start:.0f} ms longer than with none, an end {end:.0f} ms")
    return all((with_all[2], with_none[2]) == (FULL, 0) for with_all, with_none in times)


class Service:
    """A server that is restarted in place."""

    def __init__(self, binary, state):
        # Small pictures, since this is no test of pictures.
        self.options = [binary, "--state", state, "--width", "120", "--height", "40"]
        self.server = Server(*self.options)
        self.port = self.server.port
        self.starts = 1
        self.over = False

    def restart(self):
        status = self.server.stop()
        self.server = Server(*self.options, port=self.port)
        self.starts += 1
        return status == 0


class Captcha:
    def __init__(self, captcha_id, start):
        self.id = captcha_id
        # The number of the process that made it.
        self.start = start
        self.left = ATTEMPTS
        self.is_over = False

    def expected(self, text):
        """Counts an answer, and returns the status that it must get."""
        if self.is_over:
            return 404
        if text == RIGHT:
            self.is_over = True
            return 200
        self.left -= 1
        self.is_over = self.left == 0
        return 400


class Client(threading.Thread):
    def __init__(self, service, seed):
        super().__init__()
        self.service = service
        self.random = random.Random(seed)
        self.connection = self.answers = None
        self.captchas = []
        self.judged = {}
        self.across = 0
        self.cut_off = 0
        self.mistakes = []

    def run(self):
        while not self.service.over:
            if len(self.captchas) < KEPT:
                self.generate()
            else:
                self.judge(self.random.choice(self.captchas))
        for captcha in list(self.captchas):
            while captcha in self.captchas:
                self.judge(captcha)

    def generate(self):
        start = self.service.starts
        answer = self.ask(GENERATE)
        if answer is None:
            return
        if answer.status != 200:
            self.mistakes.append(f"generate: {answer.status}")
            return
        self.captchas.append(Captcha(answer.captcha_id(), start))

    def judge(self, captcha):
        text = self.random.choice([RIGHT, WRONG, WRONG])
        was_over = captcha.is_over
        answer = self.ask(validate(captcha.id, text))
        if answer is None:
            self.captchas.remove(captcha)
            return
        expected = captcha.expected(text)
        self.judged[expected] = self.judged.get(expected, 0) + 1
        self.across += captcha.start != self.service.starts
        if answer.status != expected:
            self.mistakes.append(f"{captcha.id} {text}: {answer.status} and not {expected}")
        # A captcha that has ended is answered once more, and must be unknown.
        if was_over or answer.status != expected:
            self.captchas.remove(captcha)

    def ask(self, request):
        """The response; none if it was cut off."""
        while True:
            try:
                self.connect()
                self.connection.sendall(request)
                answer = self.answers.next()
            except EOFError:
                self.cut_off += 1
                self.close()
                return None
            except OSError:
                # The server closed the connection before it read the request, as it does when it stops.
                answer = None
            if answer is None or answer.is_last():
                self.close()
            if answer is not None:
                return answer

    def close(self):
        self.connection.close()
        self.connection = None

    def connect(self):
        end = time.monotonic() + PATIENCE
        while self.connection is None:
            try:
                self.connection = self.service.server.connect()
                self.answers = Answers(self.connection)
            except OSError:
                if end < time.monotonic():
                    raise
                time.sleep(0.002)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary")
    parser.add_argument("--restarts", type=int, default=500)
    parser.add_argument("--clients", type=int, default=8)
    arguments = parser.parse_args()
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "captchas")
        failures += not measure(arguments.binary, path)
        service = Service(arguments.binary, path)
        clients = [Client(service, number) for number in range(arguments.clients)]
        for client in clients:
            client.start()
        for _ in range(arguments.restarts):
            time.sleep(random.uniform(0, 0.1))
            failures += not service.restart()
        service.over = True
        for client in clients:
            client.join()
        failures += service.server.stop() != 0
    mistakes = [mistake for client in clients for mistake in client.mistakes]
    for mistake in mistakes[:10]:
        print(mistake)
    judged = {status: sum(client.judged.get(status, 0) for client in clients) for status in (200, 400, 404)}
    across = sum(client.across for client in clients)
    cut_off = sum(client.cut_off for client in clients)
    verdicts = ", ".join(f"{count} with {status}" for status, count in judged.items())
    print(f"{arguments.restarts} restarts, answers checked: {verdicts}")
    print(f"{across} by a later process than made the captcha, {cut_off} cut off, {len(mistakes)} mistakes")
    print(f"{failures} starts or ends that failed")
    sys.exit(bool(mistakes) or failures != 0 or cut_off != 0 or across == 0)


if __name__ == "__main__":
    main()
