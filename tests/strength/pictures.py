"""What the strength scripts share: labelled pictures, and how answers are scored."""

import pathlib

import cv2
import numpy as np


def load(folder):
    """Paths and texts of the pictures `TEXT_NUMBER.png` in a folder, in order of their numbers."""
    paths = sorted(pathlib.Path(folder).glob("*_*.png"), key=lambda path: int(path.stem.split("_")[1]))
    return [(path, path.stem.split("_")[0].lower()) for path in paths]


def grey(path):
    """The picture as dark ink on a light ground, one byte a pixel."""
    picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    return 255 - picture if np.median(picture) < 128 else picture


def vivid(path, least_chroma=45):
    """Like `grey`, but ink without a hue becomes ground: lines are grey, and letters are not."""
    picture = cv2.imread(str(path)).astype(np.int32)
    is_grey = picture.max(2) - picture.min(2) < least_chroma
    shades = grey(path)
    shades[is_grey] = np.median(shades)
    return shades


def coloured(path):
    """How far each channel of each pixel is from the ground's, which is the colour of most pixels."""
    picture = cv2.imread(str(path)).astype(np.int32)
    colours, counts = np.unique(picture @ [1, 256, 65536], return_counts=True)
    ground = colours[counts.argmax()] // [1, 256, 65536] % 256
    return (picture - ground).astype(np.float32)


def distance(one, other):
    """Least number of characters to insert, remove or replace."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        last, row[0] = row[0], i
        for j, b in enumerate(other, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (a != b))
    return row[-1]


def score(answers, texts):
    """Shares of whole texts and of characters that were read rightly. Case does not count."""
    pairs = [(answer.lower(), text.lower()) for answer, text in zip(answers, texts, strict=True)]
    whole = sum(answer == text for answer, text in pairs) / len(pairs)
    wrong = sum(min(len(text), distance(answer, text)) for answer, text in pairs)
    return whole, 1 - wrong / sum(len(text) for _, text in pairs)


def interval(share, count):
    """The 95 % interval of a share of `count` trials (Wilson)."""
    z = 1.96
    middle = share + z * z / (2 * count)
    half = z * (share * (1 - share) / count + z * z / (4 * count * count)) ** 0.5
    return [max(0.0, (middle + side * half) / (1 + z * z / count)) for side in (-1, 1)]


def report(name, answers, texts):
    whole, characters = score(answers, texts)
    low, high = interval(whole, len(texts))
    print(
        f"{name}: {whole:.1%} of {len(texts)} texts ({low:.1%} to {high:.1%}), "
        f"{characters:.1%} of the characters",
        flush=True,
    )
