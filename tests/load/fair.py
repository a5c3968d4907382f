#!/usr/bin/env python3
"""Ordinary clients beside one that asks for too much: fair.py BINARY [--secs 5] [--rounds 3] [TEST...]

The greedy client has the address 127.0.0.2, the honest ones have 127.0.0.3. Tests: flood and crowd
(how much of their throughput honest clients keep), stop (whether their requests are answered when the
server stops), newcomers (whether new clients are served), store (whether their captchas are kept while
the greedy client asks for twenty thousand, without a proxy and behind one).
"""

import argparse
import multiprocessing
import selectors
import socket
import statistics
import subprocess
import sys
import time

from common import GENERATE, PATIENCE, Answers, Server, validate

GREEDY, HONEST = "127.0.0.2", "127.0.0.3"
HONEST_CONNECTIONS = 8
# Small pictures, for tests that need many and look at none.
SMALL = ("--width", "112", "--height", "28")
# Least share of its throughput that the honest client keeps, and most times of its 99th percentile.
LEAST_SHARE, MOST_TIMES = 0.4, 4.0
SLOWEST_NEWCOMER = 0.5

# The most expensive requests by costs.py: one for a worker, the other for the thread of the sockets.
COSTLIEST = (
    b"POST /api/captcha/generate/ HTTP/1.1\r\nHost: a\r\nAccept: "
    + b"a/b;q=0.1," * 1600
    + b"*/*\r\n\r\n",
    b"POST /api/captcha/validate/ HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\n0\r\n" * (16 * 1024) + b"0\r\n\r\n",
)
REFUSED = b"GET /api/captcha/generate/ HTTP/1.1\r\nHost: a\r\n\r\n"


def flood(port, count, request, depth, source=GREEDY):
    """Sends `depth` requests at a time on `count` connections, as fast as the server takes them, reads
    the responses, and reconnects when a connection is closed. Never returns."""
    selector = selectors.DefaultSelector()
    both = selectors.EVENT_READ | selectors.EVENT_WRITE
    block = request * depth

    def connect():
        connection = socket.socket()
        connection.bind((source, 0))
        connection.setblocking(False)
        connection.connect_ex(("127.0.0.1", port))
        selector.register(connection, both, [block])

    for _ in range(count):
        connect()
    while True:
        for key, events in selector.select():
            connection, unsent = key.fileobj, key.data
            try:
                if events & selectors.EVENT_READ and not connection.recv(1 << 16):
                    raise ConnectionError
                if events & selectors.EVENT_WRITE:
                    sent = connection.send(unsent[0])
                    unsent[0] = unsent[0][sent:] or block
            except BlockingIOError:
                pass
            except OSError:
                selector.unregister(connection)
                connection.close()
                connect()


def crowd(port, count, source=GREEDY):
    """Asks for pictures on `count` connections, one after the other on each."""
    selector = selectors.DefaultSelector()
    for _ in range(count):
        connection = socket.create_connection(("127.0.0.1", port), PATIENCE, source_address=(source, 0))
        connection.sendall(GENERATE)
        selector.register(connection, selectors.EVENT_READ, Answers(connection))
    while True:
        for key, _ in selector.select():
            key.data.next()
            key.fileobj.sendall(GENERATE)


def honest(port, secs, out):
    """Puts into `out` what one client gets on a few connections: pictures a second, and seconds for each."""
    selector = selectors.DefaultSelector()
    times = []
    for _ in range(HONEST_CONNECTIONS):
        connection = socket.create_connection(("127.0.0.1", port), PATIENCE, source_address=(HONEST, 0))
        begun = [time.monotonic()]
        connection.sendall(GENERATE)
        selector.register(connection, selectors.EVENT_READ, (Answers(connection), begun))
    end = time.monotonic() + secs
    while time.monotonic() < end:
        for key, _ in selector.select(1):
            answers, begun = key.data
            if answers.next().status != 200:
                raise RuntimeError("no picture")
            now = time.monotonic()
            times.append(now - begun[0])
            begun[0] = now
            key.fileobj.sendall(GENERATE)
    times.sort()
    out.put((len(times) / secs, times[len(times) * 99 // 100] if times else float("inf")))


def measured(port, secs):
    out = multiprocessing.Queue()
    client = multiprocessing.Process(target=honest, args=(port, secs, out), daemon=True)
    client.start()
    figures = out.get(timeout=secs + PATIENCE)
    client.join()
    return figures


class Attack:
    def __init__(self, target, *arguments):
        self.process = multiprocessing.Process(target=target, args=arguments, daemon=True)

    def __enter__(self):
        self.process.start()
        time.sleep(1)

    def __exit__(self, *_):
        self.process.kill()
        self.process.join()


def keep(binary, secs, rounds, attack):
    undisturbed, attacked = [], []
    for _ in range(rounds):
        server = Server(binary)
        undisturbed.append(measured(server.port, secs))
        with attack(server.port):
            attacked.append(measured(server.port, secs))
        server.process.kill()
        server.process.wait()
    medians = [[statistics.median(column) for column in zip(*rows)] for rows in (undisturbed, attacked)]
    (rate, p99), (rate_attacked, p99_attacked) = medians
    share, times = rate_attacked / rate, p99_attacked / p99
    print(
        f"\n  pictures a second {rate:.0f} -> {rate_attacked:.0f} ({share:.0%}), "
        f"p99 {p99 * 1000:.1f} -> {p99_attacked * 1000:.1f} ms ({times:.2f} times)"
    )
    return LEAST_SHARE <= share and times <= MOST_TIMES


def test_flood(binary, secs, rounds):
    return all([keep(binary, secs, rounds, lambda port: Attack(flood, port, 8, costly, 4)) for costly in COSTLIEST])


def test_crowd(binary, secs, rounds):
    return keep(binary, secs, rounds, lambda port: Attack(crowd, port, 500))


def test_stop(binary, *_):
    """Twenty clients ask for pictures during a flood, and the server is stopped at once."""
    answered = asked = 0
    for _ in range(10):
        server = Server(binary)
        with Attack(flood, server.port, 8, COSTLIEST[0], 4):
            clients = [server.connect(HONEST) for _ in range(20)]
            for client in clients:
                client.sendall(GENERATE)
            # The requests have arrived at the server, whether or not it has read them.
            server.process.terminate()
            for client in clients:
                asked += 1
                try:
                    answer = Answers(client).next()
                    answered += answer is not None and answer.status == 200
                except (OSError, EOFError):
                    pass
        server.process.wait(PATIENCE)
    print(f"{answered} of {asked} pictures answered after SIGTERM")
    return answered == asked


def test_newcomers(binary, *_):
    return all([newcomers(binary, *attack) for attack in (("refusals", REFUSED), ("pictures", GENERATE))])


def newcomers(binary, name, request):
    server = Server(binary)
    lost, times = 0, []
    # Two processes, since one may have a thousand descriptors.
    with Attack(flood, server.port, 700, request, 50), Attack(flood, server.port, 700, request, 50):
        time.sleep(2)
        for number in range(200):
            begun = time.monotonic()
            try:
                if number % 10 == 0:
                    address = f"127.0.0.1:{server.port}"
                    subprocess.run([binary, "healthcheck", "--listen", address], check=True)
                else:
                    with server.connect(HONEST) as client:
                        client.sendall(GENERATE)
                        if Answers(client).next().status != 200:
                            raise ConnectionError
            except (OSError, EOFError, AttributeError, subprocess.CalledProcessError):
                lost += 1
            times.append(time.monotonic() - begun)
    server.process.kill()
    times.sort()
    print(
        f"\n  beside {name} in a row: {lost} of {len(times)} lost, "
        f"median {times[100] * 1000:.1f} ms, slowest {times[-1] * 1000:.0f} ms"
    )
    return lost == 0 and times[-1] <= SLOWEST_NEWCOMER


def test_store(binary, *_):
    return all(
        [
            outlive(binary, "by address", [], lambda server, source: (server.connect(source), b"")),
            outlive(
                binary,
                "behind a proxy",
                ["--client-header", "X-Forwarded-For"],
                lambda server, source: (server.connect(), b"X-Forwarded-For: 10.0.0.1, %s\r\n" % source.encode()),
            ),
        ]
    )


def outlive(binary, name, options, client):
    server = Server(binary, "--capacity", "2000", *SMALL, *options)

    def generate(connection, answers, fields, count):
        request = GENERATE[:-2] + fields + b"\r\n"
        for _ in range(count):
            connection.sendall(request)
            yield answers.next().captcha_id()

    connection, fields = client(server, HONEST)
    answers = Answers(connection)
    made = list(generate(connection, answers, fields, 10))
    greedy, greedy_fields = client(server, GREEDY)
    for _ in generate(greedy, Answers(greedy), greedy_fields, 20_000):
        pass
    judged = 0
    for captcha_id in made:
        connection.sendall(validate(captcha_id, b"ABC123"))
        judged += answers.next().status == 200
    figures = server.metrics()
    server.stop()
    evicted = figures['minicap_captchas_evicted_total{reason="own"}']
    print(f"{name}: {judged} of {len(made)} judged beside 20,000 others; {evicted:.0f} of the greedy one's evicted")
    return judged == len(made)


TESTS = {
    "flood": test_flood,
    "crowd": test_crowd,
    "stop": test_stop,
    "newcomers": test_newcomers,
    "store": test_store,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary")
    parser.add_argument("tests", nargs="*", metavar="TEST", help=", ".join(TESTS))
    parser.add_argument("--secs", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    failures = 0
    for name in arguments.tests or TESTS:
        print(f"{name}: ", end="", flush=True)
        passed = TESTS[name](arguments.binary, arguments.secs, arguments.rounds)
        failures += not passed
        print(f"  {'ok' if passed else 'FAIL'}", flush=True)
    sys.exit(failures != 0)


if __name__ == "__main__":
    main()
