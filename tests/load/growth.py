#!/usr/bin/env python3
"""What grows with the number of captchas and connections, and what does not: growth.py BINARY [TEST...]

Tests: memory (with 100,000 captchas, of one client and of as many clients), store (instructions of its
operations with a thousand and a million captchas, by `cargo bench --bench store` under valgrind's
callgrind), idle (processor time for 10,000 idle connections), evictions (processor time to close a
connection for a new one, among 1,000 and 10,000). The last two need `ulimit -n 24000`.
"""

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time

from common import GENERATE, HEALTH, Answers, Server

SMALL = ("--width", "112", "--height", "28")
ALIVE = 100_000
MEMORY_KB_MAX = 16 * 1000
# Operations that are counted, and how many times as much one may cost with a million captchas.
OPERATIONS = ("insert", "judge", "expire_and_insert")
FEW, MANY = 1_000, 11_000
GROWTH_MAX = 1.3
IDLE = 10_000
IDLE_SHARE_MAX = 0.05
SECS = 10
EVICTIONS = 20_000


def cpu_secs(server):
    with open(f"/proc/{server.process.pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_memory(binary):
    passed = True
    for name, field in (("of one client", None), ("of as many clients", b"X-Real-IP")):
        options = ("--client-header", field.decode()) if field else ()
        server = Server(binary, *SMALL, *options)
        connection = server.connect()
        answers = Answers(connection)
        for number in range(ALIVE):
            if number == 1:
                # The first picture has allocated what all pictures need.
                begun, idle = number, server.resident_kb()
            named = b"%s: 10.%d.%d.%d\r\n" % (field, number >> 16, number >> 8 & 255, number & 255) if field else b""
            connection.sendall(GENERATE[:-2] + named + b"\r\n")
            answers.next()
        alive = server.metrics()["minicap_captchas_alive"]
        resident = server.resident_kb()
        server.stop()
        print(
            f"  {alive:.0f} captchas {name}: {idle} -> {resident} kB, "
            f"{(resident - idle) * 1024 / (alive - begun):.0f} bytes each"
        )
        passed = passed and alive == ALIVE and resident <= MEMORY_KB_MAX
    return passed


def bench():
    """The path of the program that `cargo bench --bench store` runs."""
    command = ["cargo", "bench", "--bench", "store", "--no-run", "--message-format", "json", "--quiet"]
    messages = map(json.loads, subprocess.check_output(command, text=True).splitlines())
    built = (message for message in messages if message.get("target", {}).get("kind") == ["bench"])
    return next(message["executable"] for message in built if message.get("executable"))


def instructions(program, name, count):
    with tempfile.NamedTemporaryFile() as out:
        tool = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out.name}"]
        options = ["--bench", "--exact", name, "--sample-count", "1", "--sample-size", str(count)]
        subprocess.run([*tool, program, *options], check=True, capture_output=True)
        return int(re.search(r"^(?:totals|summary): (\d+)", open(out.name).read(), re.M)[1])


def test_store(_):
    program = bench()
    passed = True
    for operation in OPERATIONS:
        costs = []
        for alive in (1_000, 1_000_000):
            few, many = (instructions(program, f"store::{operation}::{alive}", count) for count in (FEW, MANY))
            costs.append((many - few) / (MANY - FEW))
        growth = costs[1] / costs[0]
        print(f"  {operation}: {costs[0]:.0f} -> {costs[1]:.0f} instructions ({growth:.2f} times)")
        passed = passed and growth <= GROWTH_MAX
    return passed


def test_idle(binary):
    server = Server(binary, "--max-connections", str(IDLE + 10))
    connections = [server.connect() for _ in range(IDLE)]
    asking = server.connect()
    answers = Answers(asking)
    before = cpu_secs(server)
    # A few requests a second.
    for _ in range(SECS * 20):
        asking.sendall(HEALTH)
        answers.next()
        time.sleep(0.05)
    share = (cpu_secs(server) - before) / SECS
    resident = server.resident_kb()
    for connection in connections:
        connection.close()
    server.stop()
    print(f"  {IDLE} idle connections and 20 requests a second: {share:.1%} of a core, {resident} kB resident")
    return share <= IDLE_SHARE_MAX


def test_evictions(binary):
    costs = []
    for open_max in (1_000, 10_000):
        server = Server(binary, "--max-connections", str(open_max))
        connections = [server.connect() for _ in range(open_max)]
        # Wait until all of them are accepted.
        while server.metrics()["minicap_connections_open"] < open_max:
            time.sleep(0.1)
        before = cpu_secs(server)
        for number in range(EVICTIONS):
            # The server has closed the oldest one for the new one.
            newest = server.connect()
            connections[number % open_max].close()
            connections[number % open_max] = newest
        spent = cpu_secs(server) - before
        costs.append(spent / EVICTIONS)
        closed = server.metrics()
        made_room = closed['minicap_connections_closed_total{reason="limit"}']
        print(f"  {open_max} connections: {costs[-1] * 1e6:.0f} us for each of {EVICTIONS} new ones, {made_room:.0f} made room")
        server.stop()
    return costs[1] <= costs[0] * GROWTH_MAX


TESTS = {"memory": test_memory, "store": test_store, "idle": test_idle, "evictions": test_evictions}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary")
    parser.add_argument("tests", nargs="*", metavar="TEST", help=", ".join(TESTS))
    arguments = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    failures = 0
    for name in arguments.tests or TESTS:
        print(f"{name}:", flush=True)
        passed = TESTS[name](arguments.binary)
        failures += not passed
        print("  ok" if passed else "  FAIL", flush=True)
    sys.exit(failures != 0)


if __name__ == "__main__":
    main()
