"""The two systemd units."""

import http.client
import os
import shutil
import socket
import stat
import subprocess
import threading

import pytest

from conftest import DOCS, PROGRAM, TEXT, Process, Service, ask, is_open, judge, settings, wait_until

UNITS = [str(DOCS / "systemd/minicap.service"), str(DOCS / "systemd/minicap.socket")]

# The score of `systemd-analyze security`, in tenths: up to 10 it says "safe".
EXPOSURE_MAX = 10


def test_systemd_finds_nothing_wrong_with_the_units():
    checked = subprocess.run(["systemd-analyze", "verify", *UNITS], capture_output=True, text=True)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_the_service_is_exposed_to_little():
    command = ["systemd-analyze", "security", "--offline=yes", f"--threshold={EXPOSURE_MAX}", UNITS[0]]
    checked = subprocess.run(command, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout


def test_the_sockets_are_the_proxys_and_the_backends(service):
    path, port = service.sockets
    assert (path, port) == ("/run/minicap.sock", "127.0.0.1:8000")
    entry = os.stat(path)
    assert stat.S_ISSOCK(entry.st_mode) and stat.S_IMODE(entry.st_mode) == 0o660
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
        client.sendall(b"POST /api/captcha/generate/ HTTP/1.0\r\n\r\n")
        answer = client.makefile("rb")
        assert answer.readline() == b"HTTP/1.1 200 OK\r\n"
        captcha_id = http.client.parse_headers(answer)["Captcha-Id"]
    assert judge(captcha_id, "aB3xY7") == 200
    assert ask("GET", "/metrics", port=8000, host="127.0.0.1:8000")[0] == 200


def test_a_captcha_is_kept_over_a_restart(service):
    _, fields, _ = ask("POST", "/api/captcha/generate/", port=8000)
    service.stop()
    again = Service()
    try:
        assert judge(fields["Captcha-Id"], TEXT) == 200
    finally:
        again.stop()


@pytest.mark.parametrize("option, what", [("--accept", "a connected socket"), ("--datagram", "a datagram socket")])
def test_a_unit_that_passes_anything_but_listening_sockets_ends_the_start(option, what):
    """`--accept` is `Accept=yes`: a process for each connection, which is all that it gets."""
    with Process(
        "systemd-socket-activate", "--listen", "127.0.0.1:9000", option, PROGRAM,
        stderr=subprocess.PIPE, text=True,
    ) as runner:
        # Clients of both kinds, until the port is open and one of them has started the program.
        said = []
        reader = threading.Thread(target=lambda: said.extend(runner.stderr))
        reader.start()
        wanted = f"descriptor 3 is {what}; expected a stream socket that listens"

        def is_said():
            is_open(9000)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                client.sendto(b"x", ("127.0.0.1", 9000))
            return any(wanted in line for line in said)

        wait_until(is_said, wanted)
        runner.terminate()
        reader.join()


def test_the_program_is_at_the_path_in_the_unit():
    program = settings(DOCS / "systemd/minicap.service")["ExecStart"][0].split()[0]
    assert shutil.which(program) == program
