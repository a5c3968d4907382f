"""contents.py TARGET FOLDER: writes the list of the parts of a binary to FOLDER/CONTENTS.txt, and
their licences to FOLDER/licences."""

import json
import pathlib
import re
import shutil
import subprocess
import sys

LICENCE = re.compile(r"(?i)^(licen[cs]e|copying|unlicense)")

# Parts of every Rust program, with the licences that these projects state.
TOOLCHAIN = [("Rust standard library", "MIT OR Apache-2.0"), ("musl", "MIT")]


def crates(target):
    """The crates in a binary for the target."""
    command = ["cargo", "metadata", "--locked", "--format-version=1", "--filter-platform", target]
    metadata = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    root = metadata["resolve"]["root"]
    found, unseen = set(), [root]
    while unseen:
        crate = unseen.pop()
        if crate in found:
            continue
        found.add(crate)
        for dependency in nodes[crate]["deps"]:
            if any(kind["kind"] is None for kind in dependency["dep_kinds"]):
                unseen.append(dependency["pkg"])
    return sorted((packages[crate] for crate in found - {root}), key=lambda crate: crate["name"])


def main():
    target, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    licences = folder / "licences"
    licences.mkdir()
    lines = [
        ("miniCAP", "MIT", "LICENSE"),
        ("JetBrains Mono, cut to letters and digits", "OFL-1.1", "OFL.txt"),
        ("Digits spoken by CMU Flite", "MIT-Festival", "FLITE.txt"),
    ]
    for text in ["LICENSE", "font/OFL.txt", "voice/en/FLITE.txt"]:
        shutil.copy(text, folder)
    for crate in crates(target):
        source = pathlib.Path(crate["manifest_path"]).parent
        name = f"{crate['name']} {crate['version']}"
        texts = [path for path in sorted(source.iterdir()) if LICENCE.match(path.name) and path.is_file()]
        for path in texts:
            (licences / crate["name"]).mkdir(exist_ok=True)
            shutil.copy(path, licences / crate["name"])
        place = f"licences/{crate['name']}" if texts else "no text comes with it"
        lines.append((name, crate["license"], place))
    lines += [(name, licence, "") for name, licence in TOOLCHAIN]
    text = "".join(f"{name:<42} {licence:<30} {place}".rstrip() + "\n" for name, licence, place in lines)
    (folder / "CONTENTS.txt").write_text(text)


main()
