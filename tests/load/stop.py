#!/usr/bin/env python3
"""SIGTERM under load: stop.py BINARY [--runs 50] [--clients 12] [--signals 1]

In each run the server is told to end at a random moment while clients generate, some of them with
two requests at a time. Every answer that the server says it made (a line of its log each, none of
which is left out at this level) must
have reached its client whole, and the process must be gone within five seconds.
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
        return  # It was gone already.
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
            # Sent after the server had closed: never read. An answer lost so shows in the sum.
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
