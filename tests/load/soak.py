#!/usr/bin/env python3
"""Mixed load at full speed: soak.py BINARY [--secs 300] [--clients 8]

Clients make captchas, answer them rightly, wrongly, too often and not at all, ask for health, and
reconnect from time to time. Each counts its responses. At the end the server's metrics must be the
same, to the last byte, and its memory the same as after a fifth of the time. The store is small enough
to be full by then, so any growth after that is a leak.
"""

import argparse
import collections
import multiprocessing
import random
import sys
import threading
import time

from common import GENERATE, HEALTH, Answers, Server, validate

RIGHT, WRONG = b"ABC123", b"xyz"
# The answers to a captcha, in order.
COURSES = [[RIGHT], [WRONG, RIGHT], [WRONG] * 4, [RIGHT, RIGHT], []]
# The value of --capacity.
CAPACITY = 5000
# Chance that a client reconnects after a course.
CHANCE_TO_RECONNECT = 0.02


def client(server, end, counts_out):
    counts = collections.Counter()
    connection = None
    while time.time() < end:
        if connection is None or random.random() < CHANCE_TO_RECONNECT:
            if connection:
                connection.close()
            connection = server.connect()
            answers = Answers(connection)
            counts["connections"] += 1

        def ask(route, request):
            connection.sendall(request)
            answer = answers.next()
            counts[route, answer.status] += 1
            counts["bytes"] += answer.bytes
            return answer

        captcha_id = ask("generate", GENERATE).captcha_id()
        for text in random.choice(COURSES):
            ask("validate", validate(captcha_id, text))
        ask("healthz", HEALTH)
    connection.close()
    counts_out.put(counts)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary")
    parser.add_argument("--secs", type=float, default=300)
    parser.add_argument("--clients", type=int, default=8)
    arguments = parser.parse_args()

    server = Server(arguments.binary, "--capacity", str(CAPACITY))
    begin = time.time()
    memory = []

    def watch():
        for fifth in range(1, 6):
            time.sleep(max(0, begin + fifth * arguments.secs / 5 - time.time()))
            memory.append(server.resident_kb())
            print(f"{time.time() - begin:.0f} s: {memory[-1]} kB resident", flush=True)

    counts_out = multiprocessing.Queue()
    arguments_of_client = (server, begin + arguments.secs, counts_out)
    clients = [
        multiprocessing.Process(target=client, args=arguments_of_client)
        for _ in range(arguments.clients)
    ]
    for process in clients:
        process.start()
    watcher = threading.Thread(target=watch)
    watcher.start()
    counted = sum((counts_out.get() for _ in clients), collections.Counter())
    watcher.join()

    # The connection that reads the metrics is open itself, and its response is not counted yet.
    figures = server.metrics()
    expected = {
        'minicap_captchas_generated_total{kind="picture"}': counted["generate", 200],
        'minicap_answers_total{verdict="right"}': counted["validate", 200],
        'minicap_answers_total{verdict="wrong"}': counted["validate", 400],
        'minicap_answers_total{verdict="unknown"}': counted["validate", 404],
        'minicap_requests_total{route="/api/captcha/generate/",status="2xx"}': counted["generate", 200],
        'minicap_requests_total{route="/api/captcha/validate/",status="2xx"}': counted["validate", 200],
        'minicap_requests_total{route="/api/captcha/validate/",status="4xx"}': counted["validate", 400]
        + counted["validate", 404],
        'minicap_requests_total{route="/healthz",status="2xx"}': counted["healthz", 200],
        'minicap_connections_closed_total{reason="done"}': counted["connections"],
        "minicap_connections_open": 1,
        "minicap_sent_bytes_total": counted["bytes"],
    }
    failures = 0
    for name, value in expected.items():
        found = figures.get(name)
        failures += found != value
        print("ok  " if found == value else "FAIL", name, value, "" if found == value else found)
    answers = sum(n for key, n in counted.items() if isinstance(key, tuple))
    growth = memory[-1] / memory[0]
    print(f"{answers} answers in {arguments.secs:.0f} s; memory {growth:.3f} of what it was")
    print("exit status", server.stop())
    sys.exit(failures != 0 or growth > 1.1)


if __name__ == "__main__":
    main()
