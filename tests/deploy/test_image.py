"""The Dockerfile, as far as it can be checked without building it; `image` builds and runs it."""

import re
import subprocess

import pytest

from conftest import ROOT

# The part of the step that chooses the target.
CHOICE = re.compile(r"^RUN (case .*? esac) \\\n", re.M | re.S)


def target(architecture, variant=""):
    """The target for a platform as Docker names it; none if the Dockerfile refuses the platform."""
    step = CHOICE.search((ROOT / "Dockerfile").read_text())[1]
    environment = {"TARGETARCH": architecture, "TARGETVARIANT": variant, "PATH": "/usr/bin:/bin"}
    command = ["sh", "-euc", f'{step}\necho "$target"']
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else None


@pytest.mark.parametrize("platform, expected", [
    (("amd64",), "x86_64-unknown-linux-musl"),
    (("amd64", "v2"), "x86_64-unknown-linux-musl"),
    (("arm64",), "aarch64-unknown-linux-musl"),
    (("arm64", "v8"), "aarch64-unknown-linux-musl"),
    (("386",), "i686-unknown-linux-musl"),
    (("arm",), "armv7-unknown-linux-musleabihf"),
    (("arm", "v7"), "armv7-unknown-linux-musleabihf"),
    (("arm", "v6"), "arm-unknown-linux-musleabihf"),
    (("riscv64",), "riscv64gc-unknown-linux-musl"),
    (("s390x",), None),
])
def test_each_platform_of_docker_has_its_target(platform, expected):
    assert target(*platform) == expected
