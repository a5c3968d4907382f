#!/usr/bin/env python3
"""Measures a folder of sounds: heard.py FOLDER [--digits 1000]

How many digits pocketsphinx understands, each cut out where it is known to be, if it is told that
there is one of ten; and loudness (EBU R 128), peak and time of the sounds.
"""

import argparse
import collections
import tempfile

import numpy as np
import pocketsphinx
import pyloudnorm

from pictures import interval
from sounds import SAMPLES_PER_SEC, digits, load, samples

WORDS = "zero one two three four five six seven eight nine".split()
AROUND = SAMPLES_PER_SEC // 10  # What is left of the bed before and after a digit.


def understand(folder, count):
    with tempfile.NamedTemporaryFile("w", suffix=".gram") as grammar:
        grammar.write(f"#JSGF V1.0; grammar digit; public <digit> = {' | '.join(WORDS)};")
        grammar.flush()
        decoder = pocketsphinx.Decoder(jsgf=grammar.name, loglevel="FATAL")
    errors = collections.Counter()
    cut = list(digits(folder))[:count]
    for path, digit, begin, end in cut:
        word = samples(path)[max(0, begin - AROUND) : end + AROUND]
        decoder.start_utt()
        decoder.process_raw((32_767 * word).astype("<i2").tobytes(), full_utt=True)
        decoder.end_utt()
        heard = decoder.hyp().hypstr if decoder.hyp() else "nothing"
        if heard != WORDS[digit]:
            errors[f"{WORDS[digit]} as {heard}"] += 1
    share = 1 - errors.total() / len(cut)
    low, high = interval(share, len(cut))
    print(f"pocketsphinx: {share:.1%} of {len(cut)} digits ({low:.1%} to {high:.1%})")
    print("  " + ", ".join(f"{count} {error}" for error, count in errors.most_common(8)))


def measure(folder):
    meter = pyloudnorm.Meter(SAMPLES_PER_SEC)
    sounds = [samples(path) for path, _ in load(folder)]
    loudness = [meter.integrated_loudness(sound) for sound in sounds]
    secs = [len(sound) / SAMPLES_PER_SEC for sound in sounds]
    peak = max(np.abs(sound).max() for sound in sounds)
    print(f"{len(sounds)} sounds: {min(loudness):.1f} to {max(loudness):.1f} LUFS, peak {peak:.2f},", end=" ")
    print(f"{min(secs):.1f} to {max(secs):.1f} s, {np.mean(secs):.1f} on average")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--digits", type=int, default=1000)
    arguments = parser.parse_args()
    measure(arguments.folder)
    understand(arguments.folder, arguments.digits)


if __name__ == "__main__":
    main()
