#!/usr/bin/env python3
"""The PyPI package `captcha` beside miniCAP.

    peers.py draw FOLDER [--count 3500]    draws its pictures, labelled like those of `minicap render`
    peers.py time BINARY [--rounds 5]      CPU time and bytes of a picture of each, taken in turns
"""

import argparse
import pathlib
import resource
import secrets
import statistics
import subprocess
import tempfile
import time

from captcha.image import ImageCaptcha

WIDTH, HEIGHT, LENGTH = 600, 200, 6
ALPHABET = "23456789abcdefghkmnpqrstuwxyz"
PICTURES = 200  # In a round.


def text():
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def draw(folder, count):
    peer = ImageCaptcha(WIDTH, HEIGHT)
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True)
    for number in range(count):
        label = text()
        (folder / f"{label}_{number}.png").write_bytes(peer.generate(label).getvalue())


def peer_ms(peer):
    begin = time.process_time()
    bytes_each = [len(peer.generate(text()).getvalue()) for _ in range(PICTURES)]
    return (time.process_time() - begin) * 1000 / PICTURES, statistics.median(bytes_each)


def child_seconds():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def render_seconds(binary, count):
    # In memory where there is such a place: how long a disk takes is not what is asked.
    memory = "/dev/shm" if pathlib.Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        begin = child_seconds()
        command = [binary, "render", "--count", str(count), "--out", f"{folder}/out"]
        subprocess.run([*command, "--theme", "random"], check=True, stdout=subprocess.DEVNULL)
        sizes = [path.stat().st_size for path in pathlib.Path(folder, "out").iterdir()]
        return child_seconds() - begin, statistics.median(sizes)


def ours_ms(binary):
    """What a picture adds to a run, files written included: the start is paid once."""
    (few, _), (many, size) = render_seconds(binary, 1), render_seconds(binary, PICTURES + 1)
    return (many - few) * 1000 / PICTURES, size


def compare(binary, rounds):
    peer = ImageCaptcha(WIDTH, HEIGHT)
    peer_ms(peer)
    both = [(peer_ms(peer), ours_ms(binary)) for _ in range(rounds)]
    for name, results in zip(["captcha", "miniCAP"], zip(*both, strict=True), strict=True):
        times, sizes = zip(*results, strict=True)
        print(f"{name}: {statistics.median(times):.2f} ms, {statistics.median(sizes):.0f} bytes")
    print(f"ratio: {statistics.median(peer[0] / ours[0] for peer, ours in both):.1f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True, dest="command")
    drawing = commands.add_parser("draw")
    drawing.add_argument("folder")
    drawing.add_argument("--count", type=int, default=3500)
    timing = commands.add_parser("time")
    timing.add_argument("binary")
    timing.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    if arguments.command == "draw":
        draw(arguments.folder, arguments.count)
    else:
        compare(arguments.binary, arguments.rounds)


if __name__ == "__main__":
    main()
