#!/usr/bin/env python3
"""Ordinary clients during attacks: hostile.py BINARY [--secs 8] [--rounds 3] [ATTACK...]

Four honest clients (wrk, on kept connections) ask for captchas, in turns undisturbed and during an
attack. The output has the medians of the rounds: throughput and 99th percentile in both cases. A last
test holds more slow connections open than the server allows, and measures how long new honest clients
wait for their responses.
"""

import argparse
import multiprocessing
import os
import re
import socket
import statistics
import struct
import subprocess
import sys
import time

from common import GENERATE, Answers, Server

HERE = os.path.dirname(os.path.abspath(__file__))
BODY_HEAD = (
    b"POST /api/captcha/validate/ HTTP/1.1\r\nHost: a\r\n"
    b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n"
)
LONG_HEAD = b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 10_000

# Least share of their throughput that the honest clients keep, most times of their 99th percentile, and
# most memory of the server in KB.
LEAST_SHARE, MOST_TIMES, MOST_KB = 0.8, 2.0, 64 * 1024


def held(server, count, act):
    """Holds connections open and replaces those that are closed. Calls `act` every second for each,
    with the number of earlier calls."""
    connections = [None] * count
    ages = [0] * count
    while True:
        begin = time.time()
        for i in range(count):
            try:
                if connections[i] is None:
                    connections[i], ages[i] = server.connect(), 0
                    connections[i].setblocking(False)
                act(connections[i], ages[i])
                ages[i] += 1
            except OSError:
                if connections[i] is not None:
                    connections[i].close()
                connections[i] = None
        time.sleep(max(0.01, begin + 1 - time.time()))


def idle(connection, _):
    try:
        if connection.recv(65536) == b"":
            raise ConnectionResetError
    except BlockingIOError:
        pass


def slow(connection, age):
    connection.send(LONG_HEAD[age : age + 1])
    idle(connection, age)


def announce(connection, age):
    if age == 0:
        connection.send(BODY_HEAD)
    idle(connection, age)


def stalled(connection, age):
    # Reads nothing. Sending no bytes shows whether the server has closed the connection.
    connection.send(GENERATE * 50 if age == 0 else b"")


def reset(server):
    """Two thousand connections a second that are reset at once."""
    while True:
        for _ in range(2000):
            connection = server.connect()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
        time.sleep(1)


ATTACKS = {
    "idle": lambda server: held(server, 500, idle),
    "slow": lambda server: held(server, 500, slow),
    "announce": lambda server: held(server, 200, announce),
    "stalled": lambda server: held(server, 200, stalled),
    "reset": reset,
}


def honest(server, secs):
    """Requests per second, 99th percentile in ms, and the errors that wrk reports."""
    out = subprocess.run(
        ["wrk", "-t1", "-c4", f"-d{secs}", "--latency", "-s", f"{HERE}/generate.lua"]
        + [f"http://127.0.0.1:{server.port}/"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1])
    number, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", out).groups()
    errors = re.findall(r"Socket errors.*|Non-2xx.*", out)
    return rate, float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit], errors


def under(attack, server, secs):
    attacker = multiprocessing.Process(target=ATTACKS[attack], args=(server,), daemon=True)
    attacker.start()
    try:
        return honest(server, secs), server.resident_kb()
    finally:
        attacker.kill()
        attacker.join()


def compare(attack, binary, secs, rounds):
    """Whether the honest clients keep enough of their throughput and times."""
    server = Server(binary)
    honest(server, 1)
    alone, during, kb = [], [], 0
    for _ in range(rounds):
        alone.append(honest(server, secs))
        result, resident = under(attack, server, secs)
        during.append(result)
        kb = max(kb, resident)
    status = server.stop()
    rates, times = ([statistics.median(r[i] for r in results) for results in (alone, during)] for i in (0, 1))
    share, factor = rates[1] / rates[0], times[1] / times[0]
    errors = [error for _, _, errors in alone + during for error in errors]
    passed = LEAST_SHARE <= share and factor <= MOST_TIMES and kb < MOST_KB and not errors
    print(
        f"{'ok  ' if passed and status == 0 else 'FAIL'} {attack:8} "
        f"{rates[0]:.0f} -> {rates[1]:.0f} requests/s ({share:.0%}), "
        f"p99 {times[0]:.1f} -> {times[1]:.1f} ms ({factor:.2f}x), {kb} kB, errors: {errors or 'none'}",
        flush=True,
    )
    return passed and status == 0


def newcomers(binary, secs):
    """New honest clients while 300 slow connections are held on a server that allows 256."""
    server = Server(binary, "--max-connections", "256")
    attacker = multiprocessing.Process(target=held, args=(server, 300, slow), daemon=True)
    attacker.start()
    time.sleep(2)
    waits = []
    end = time.time() + secs
    while time.time() < end:
        begin = time.time()
        with server.connect() as connection:
            connection.sendall(GENERATE)
            answer = Answers(connection).next()
        waits.append(time.time() - begin)
        if answer is None or answer.status != 200:
            waits.append(float("inf"))
        time.sleep(0.02)
    figures = server.metrics()
    attacker.kill()
    server.stop()
    passed = max(waits) <= 1
    evicted = figures['minicap_connections_closed_total{reason="limit"}']
    print(
        f"{'ok  ' if passed else 'FAIL'} newcomers: {len(waits)}, median "
        f"{statistics.median(waits) * 1000:.1f} ms, slowest {max(waits) * 1000:.1f} ms; "
        f"{evicted:.0f} connections made room",
        flush=True,
    )
    return passed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary")
    parser.add_argument("attacks", nargs="*", metavar="ATTACK", help=" ".join([*ATTACKS, "newcomers"]))
    parser.add_argument("--secs", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    passed = True
    for attack in arguments.attacks or [*ATTACKS, "newcomers"]:
        if attack == "newcomers":
            passed &= newcomers(arguments.binary, arguments.secs * arguments.rounds)
        else:
            passed &= compare(attack, arguments.binary, arguments.secs, arguments.rounds)
    sys.exit(not passed)


if __name__ == "__main__":
    main()
