#!/usr/bin/env python3
"""Reads pictures with public OCR: off_the_shelf.py FOLDER [--count 1000] [--choose 40] [--vivid]

Solvers are tesseract and both models that ddddocr brings. Each sees the pictures as they are and
after every treatment below; the treatment that serves it best on the first `--choose` pictures is
then measured on `--count` others, so that choosing flatters nobody. With `--vivid`, whoever attacks
knows that lines are grey, and takes them away first.
"""

import argparse

import cv2
import numpy as np

from pictures import grey, load, report, score, vivid

HEIGHT = 80  # To which pictures are scaled: what these solvers were made for.


def scaled(picture, height=HEIGHT):
    factor = height / picture.shape[0]
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return cv2.resize(picture, None, fx=factor, fy=factor, interpolation=how)


def black_and_white(picture):
    return cv2.threshold(picture, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)[1]


def without_specks(picture, least_share=0.003):
    """Ink in pieces of less than a share of the picture becomes ground."""
    ink = (black_and_white(picture) == 0).astype(np.uint8)
    _, pieces, figures, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    is_kept = figures[:, cv2.CC_STAT_AREA] >= least_share * ink.size
    is_kept[0] = False
    return np.where(is_kept[pieces], 0, 255).astype(np.uint8)


def filled(picture):
    """Ground that ink encloses becomes ink: hollow letters become solid."""
    ground = (black_and_white(picture) != 0).astype(np.uint8)
    _, pieces = cv2.connectedComponents(ground, connectivity=4)
    border = np.unique(np.concatenate([pieces[0], pieces[-1], pieces[:, 0], pieces[:, -1]]))
    return np.where((ground == 1) & np.isin(pieces, border), 255, 0).astype(np.uint8)


def filled_strokes(picture):
    """Like `filled`, but only what is long for its width: the inside of a stroke, not of an O."""
    ground = (black_and_white(picture) != 0).astype(np.uint8)
    depth = cv2.distanceTransform(ground, cv2.DIST_L2, 3)
    count, pieces, figures, _ = cv2.connectedComponentsWithStats(ground, connectivity=4)
    result = picture.copy()
    border = set(np.unique(np.concatenate([pieces[0], pieces[-1], pieces[:, 0], pieces[:, -1]])))
    for piece in set(range(1, count)) - border:
        inside = pieces == piece
        width = 2 * depth[inside].max()
        if figures[piece, cv2.CC_STAT_AREA] > 2.5 * width * width:
            result[inside] = 0
    return result


def without_thin(picture, px):
    """Ink thinner than so many pixels becomes ground."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (px, px))
    return cv2.morphologyEx(picture, cv2.MORPH_CLOSE, disc)


def smooth(picture, px):
    return cv2.medianBlur(picture, px)


TREATMENTS = {
    "grey": scaled,
    "black and white": lambda p: scaled(black_and_white(p)),
    "small": lambda p: black_and_white(scaled(p, 48)),
    "smooth": lambda p: scaled(smooth(p, 5)),
    "smooth, black and white": lambda p: scaled(smooth(black_and_white(p), 7)),
    "no specks": lambda p: scaled(without_specks(p)),
    "no thin, no specks": lambda p: scaled(without_specks(without_thin(p, 5))),
    "strokes filled": lambda p: scaled(without_specks(filled_strokes(black_and_white(p)), 0.008)),
    "strokes filled, no thin": lambda p: scaled(
        without_specks(without_thin(filled_strokes(black_and_white(p)), 9), 0.008)
    ),
    "all filled, no thin": lambda p: scaled(without_specks(without_thin(filled(p), 9), 0.008)),
}


class Ddddocr:
    def __init__(self, beta):
        import ddddocr

        self.ocr = ddddocr.DdddOcr(show_ad=False, beta=beta)

    def read(self, picture):
        return self.ocr.classification(cv2.imencode(".png", picture)[1].tobytes())


class Tesseract:
    def __init__(self, alphabet):
        import tesserocr

        data = "/usr/share/tesseract-ocr/5/tessdata"
        self.api = tesserocr.PyTessBaseAPI(path=data, psm=tesserocr.PSM.SINGLE_LINE)
        self.api.SetVariable("tessedit_char_whitelist", alphabet)

    def read(self, picture):
        from PIL import Image

        margin = cv2.copyMakeBorder(picture, 12, 12, 12, 12, cv2.BORDER_CONSTANT, value=255)
        self.api.SetImage(Image.fromarray(margin))
        return self.api.GetUTF8Text()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--choose", type=int, default=40)
    parser.add_argument("--vivid", action="store_true")
    arguments = parser.parse_args()
    look = vivid if arguments.vivid else grey

    labelled = load(arguments.folder)[: arguments.choose + arguments.count]
    # Whoever attacks knows which characters there are.
    alphabet = {character for _, text in labelled for character in text}
    both_cases = "".join(sorted(alphabet | {character.upper() for character in alphabet}))
    solvers = {
        "ddddocr, first model": Ddddocr(beta=False),
        "ddddocr, second model": Ddddocr(beta=True),
        "tesseract": Tesseract(both_cases),
    }
    for name, solver in solvers.items():

        def answers(treatment, some):
            read = (solver.read(TREATMENTS[treatment](look(path))).lower() for path, _ in some)
            return ["".join(c for c in answer if c in alphabet) for answer in read]

        choosing, measured = labelled[: arguments.choose], labelled[arguments.choose :]
        texts = [text for _, text in choosing]
        best = max(TREATMENTS, key=lambda treatment: score(answers(treatment, choosing), texts))
        report(f"{name} ({best})", answers(best, measured), [text for _, text in measured])


if __name__ == "__main__":
    main()
