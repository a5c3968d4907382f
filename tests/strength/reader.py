#!/usr/bin/env python3
"""Measures how well a person reads the pictures.

    reader.py pictures BINARY FOLDER [--count 40]    draws 01.png, 02.png, ... in both themes
    reader.py score FOLDER ANSWERS                   compares a file of answers with the texts

The reader sees the pictures and nothing else, once, and writes a line for each: its number and what
it says, such as `07 k4mtx9`. The texts wait in FOLDER/texts, not to be looked at before.
"""

import argparse
import pathlib
import random
import shutil
import subprocess
import tempfile

from pictures import load, report


def draw(binary, folder, count):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as drawn:
        for theme in ["light", "dark"]:
            out = f"{drawn}/{theme}"
            command = [binary, "render", "--count", str((count + 1) // 2), "--theme", theme, "--out", out]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        labelled = load(f"{drawn}/light") + load(f"{drawn}/dark")
        random.shuffle(labelled)
        for number, (path, _) in enumerate(labelled[:count], 1):
            shutil.copy(path, folder / f"{number:02}.png")
    texts = [f"{number:02} {text}\n" for number, (_, text) in enumerate(labelled[:count], 1)]
    (folder / "texts").write_text("".join(texts))


def numbered(path):
    lines = (line.split(maxsplit=1) for line in pathlib.Path(path).read_text().splitlines())
    return {int(words[0]): "".join(words[1:]).replace(" ", "") for words in lines if words}


def compare(folder, answers):
    texts, answers = numbered(pathlib.Path(folder) / "texts"), numbered(answers)
    read = [answers.get(number, "") for number in texts]
    for answer, (number, text) in zip(read, texts.items(), strict=True):
        if answer.lower() != text:
            print(f"{number:02} says {text}, read as {answer}")
    report("reader", read, list(texts.values()))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True, dest="command")
    pictures = commands.add_parser("pictures")
    pictures.add_argument("binary")
    pictures.add_argument("folder")
    pictures.add_argument("--count", type=int, default=40)
    score = commands.add_parser("score")
    score.add_argument("folder")
    score.add_argument("answers")
    arguments = parser.parse_args()
    if arguments.command == "pictures":
        draw(arguments.binary, arguments.folder, arguments.count)
    else:
        compare(arguments.folder, arguments.answers)


if __name__ == "__main__":
    main()
