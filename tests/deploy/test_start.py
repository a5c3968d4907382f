"""A start on a system that lacks what the service cannot do without."""

import subprocess

from conftest import PATIENCE, PROGRAM


def test_without_random_bytes_it_does_not_start_and_says_why():
    """Whatever is logged: there is no log yet, or none at all."""
    for level in ("info", "off"):
        lacking = ["-e", "inject=getrandom:error=EPERM", "-e", "inject=open,openat:error=EACCES"]
        command = ["strace", "-f", "-o", "/dev/null", *lacking, PROGRAM, "--listen", "127.0.0.1:0", "--log", level]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
        assert done.returncode not in (0, None)
        assert done.stdout == ""
        assert done.stderr.startswith("minicap: ") and "random bytes" in done.stderr, done.stderr
