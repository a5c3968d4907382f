"""Starts on systems that lack random bytes or IPv6."""

import subprocess

from conftest import PATIENCE, PROGRAM

# Makes a network in which no interface has an IPv6 address, not even the loopback interface.
WITHOUT_IPV6 = "sysctl -qw net.ipv6.conf.all.disable_ipv6=1 && ip link set lo up"


def test_without_random_bytes_it_does_not_start_and_says_why():
    """At every level of the log, since there is no log yet."""
    for level in ("info", "off"):
        lacking = ["-e", "inject=getrandom:error=EPERM", "-e", "inject=open,openat:error=EACCES"]
        command = ["strace", "-f", "-o", "/dev/null", *lacking, PROGRAM, "--listen", "127.0.0.1:0", "--log", level]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
        assert done.returncode not in (0, None)
        assert done.stdout == ""
        assert done.stderr.startswith("minicap: ") and "random bytes" in done.stderr, done.stderr


def test_without_ipv6_a_server_on_all_addresses_is_found_healthy():
    command = f"""
        {WITHOUT_IPV6}
        "$1" --listen "[::]:8000" --log off &
        for attempt in $(seq 100); do
            ! "$1" healthcheck --listen "[::]:8000" || exit 0
            sleep 0.1
        done
        exit 1
    """
    command = ["unshare", "--net", "--pid", "--fork", "--kill-child", "bash", "-c", command, "bash", PROGRAM]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
