"""What the scripts for sounds share: reading them, and where their digits are."""

import pathlib
import wave

import numpy as np

SAMPLES_PER_SEC = 16_000


def samples(path):
    """The samples of a sound, from -1 to 1."""
    with wave.open(str(path)) as file:
        form = file.getnchannels(), file.getsampwidth(), file.getframerate()
        assert form == (1, 1, SAMPLES_PER_SEC), form
        codes = np.frombuffer(file.readframes(file.getnframes()), np.uint8)
    return (codes.astype(np.float32) - 128) / 127


def load(folder):
    """Paths and texts of the sounds `TEXT_NUMBER.wav` in a folder, in order of their numbers."""
    paths = sorted(pathlib.Path(folder).glob("*_*.wav"), key=lambda path: int(path.stem.split("_")[1]))
    return [(path, path.stem.split("_")[0]) for path in paths]


def digits(folder):
    """Each digit of the sounds in a folder: its sound's path, itself, its first sample and its end."""
    for line in (pathlib.Path(folder) / "places").read_text().splitlines():
        name, *places = line.split()
        places = [int(place) for place in places]
        for digit, begin, end in zip(name.split("_")[0], places[::2], places[1::2], strict=True):
            yield pathlib.Path(folder) / f"{name}.wav", int(digit), begin, end
