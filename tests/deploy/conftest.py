"""The service as the units start it, and the proxies of docs/ in front of it.

All of this runs in its own network and mounts (see `run`), so it can use the ports and paths that the
files in docs/ name.
"""

import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).parents[2]
DOCS = ROOT / "docs"
TEXT = "aB3xY7"

# How long a test waits for anything, in seconds: long, since machines may be busy.
PATIENCE = 20

SITE = "captcha.example"

# In place of systemd's /var/lib.
STATE = "/run/state"

# The path in the unit; `run` puts the program there.
PROGRAM = "/usr/local/bin/minicap"


def wait_until(is_so, what):
    end = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.02)


def is_open(port, host="127.0.0.1"):
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


class Process:
    """A program that runs until the end of a test."""

    def __init__(self, *command, user=None, groups=(), capabilities=(), **options):
        if user is not None:
            wanted = "".join(f",+{name}" for name in capabilities)
            command = [
                "setpriv", f"--reuid={user}", f"--regid={user}",
                f"--groups={','.join(groups)}" if groups else "--clear-groups",
                f"--inh-caps=-all{wanted}", f"--ambient-caps=-all{wanted}",
                *command,
            ]
        self.process = subprocess.Popen(command, **options)

    def __enter__(self):
        return self.process

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(PATIENCE)
        finally:
            self.process.kill()
            self.process.wait()


def settings(unit):
    """The settings of a unit, each with its values in order."""
    found = {}
    for line in unit.read_text().splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


class Service:
    """The service, started by systemd's socket activation with the sockets of docs/systemd."""

    def __init__(self):
        unit = settings(DOCS / "systemd/minicap.socket")
        self.sockets = unit["ListenStream"]
        listen = [option for address in self.sockets for option in ("--listen", address)]
        setting = f"--setenv=MINICAP_TEST_TEXT={TEXT}"
        as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        program = self.program()
        self.runner = Process("systemd-socket-activate", *listen, setting, *as_nobody, *program)
        path = self.sockets[0]
        wait_until(lambda: os.path.exists(path), path)
        shutil.chown(path, "root", unit["SocketGroup"][0])
        os.chmod(path, int(unit["SocketMode"][0], 8))
        wait_until(lambda: is_open(8000), "port 8000")

    def program(self):
        """The command of the unit. Makes the state folder, as systemd would."""
        unit = settings(DOCS / "systemd/minicap.service")
        folder = pathlib.Path(STATE, *unit["StateDirectory"])
        folder.mkdir(int(unit["StateDirectoryMode"][0], 8), parents=True, exist_ok=True)
        os.chown(folder, 65534, 65534)
        return unit["ExecStart"][0].replace("%S", STATE).split()

    def stop(self):
        self.runner.__exit__()
        pathlib.Path(self.sockets[0]).unlink(missing_ok=True)


@pytest.fixture
def service():
    service = Service()
    yield service
    service.stop()


def ask(method, path, body=None, port=80, host=SITE, address="127.0.0.1", source=None, **fields):
    """Sends a request on a new connection, and returns status, headers and body."""
    source = source and (source, 0)
    connection = http.client.HTTPConnection(address, port, timeout=PATIENCE, source_address=source)
    fields = {name.replace("_", "-"): value for name, value in fields.items()}
    connection.request(method, path, body, {"Host": host, **fields})
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, answer.headers, content


def judge(captcha_id, text, port=8000):
    """The status that a backend gets for an answer."""
    body = json.dumps({"id": captcha_id, "text": text})
    fields = {"Content_Type": "application/json"}
    path = "/api/captcha/validate/"
    return ask("POST", path, body, port=port, host=f"127.0.0.1:{port}", **fields)[0]
