#!/usr/bin/env python3
"""SIGTERM under load: stop.py BINARY [--runs 50] [--clients 12] [--signals 1]

In each run the server is stopped at a random moment while clients ask for captchas, some of them with
two requests at a time. Every response that has a line in the server's log (at this level none is left
out) must have reached its client completely, and the process must end within five seconds.
"""

import argparse
import random
import sys
import tempfile
import threading
import time

from common import GENERATE, HEALTH, Answers, Server

SECS_TO_END = 5


def client(server, counts):
    try:
        connection = server.connect()
    except OSError:
        return  # It had ended already.
    answers = Answers(connection)
    while True:
        requests = random.choice([[GENERATE], [HEALTH], [HEALTH, GENERATE]])
        try:
            connection.sendall(b"".join(requests))
            for _ in requests:
                answer = answers.next()
                if answer is None:
                    return
                counts["received"] += 1
                if answer.is_last():
                    return
        except EOFError:
            counts["cut off"] += 1
            return
        except ConnectionError:
            # The request came after the server had closed, and was not read. If a response was lost here,
            # the sums differ.
            return


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary")
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--clients", type=int, default=12)
    parser.add_argument("--signals", type=int, default=1, help="sent within a millisecond")
    arguments = parser.parse_args()
    answers = failures = 0
    slowest = 0.0
    for run in range(arguments.runs):
        with tempfile.TemporaryFile("w+") as log:
            server = Server(arguments.binary, log="debug", log_file=log)
            each = [{"received": 0, "cut off": 0} for _ in range(arguments.clients)]
            threads = [threading.Thread(target=client, args=(server, counts)) for counts in each]
            for thread in threads:
                thread.start()
            time.sleep(random.uniform(0.05, 0.5))
            begin = time.time()
            status = server.stop(arguments.signals)
            took = time.time() - begin
            for thread in threads:
                thread.join()
            log.seek(0)
            made = sum(" request " in line for line in log)
        received = sum(counts["received"] for counts in each)
        cut_off = sum(counts["cut off"] for counts in each)
        answers += made
        slowest = max(slowest, took)
        if (made, 0, 0) != (received, cut_off, status) or took > SECS_TO_END:
            failures += 1
            print(f"run {run}: {made} made, {received} received, {cut_off} cut off, status {status}")
    print(f"{arguments.runs} runs, {answers} answers, {failures} failures, slowest end {slowest:.2f} s")
    sys.exit(failures != 0)


if __name__ == "__main__":
    main()
