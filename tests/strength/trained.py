#!/usr/bin/env python3
"""Trains a small network to read a folder of pictures:

    trained.py FOLDER [--train 3000] [--steps 1000] [--colour]

Convolutions over the whole picture, then along its width, and CTC to line the columns up with the
text. It is trained from nothing on `--train` labelled pictures, on one core, and measured on
`--test` others. What an attacker with more of either gets is a matter of these numbers.

It sees shades of grey, or with `--colour` more pixels in three channels, from which the ground is
taken away by its colour.
"""

import argparse
import random
import time

import cv2
import numpy as np
import torch
from torch import nn
from torch.nn import functional

from pictures import coloured, grey, load, report

GREY = (160, 48)  # Width and height of what the network sees.
COLOUR = (192, 64)
BATCH = 64
LEARNING_RATE = 2e-3


class Reader(nn.Module):
    def __init__(self, channels, height, classes):
        super().__init__()

        def look(into, out, side, *rest, **how):
            convolution = nn.Conv2d(into, out, side, padding=side // 2, bias=False, **how)
            return nn.Sequential(convolution, nn.BatchNorm2d(out), nn.ReLU(), *rest)

        def along(into, out, side):
            convolution = nn.Conv1d(into, out, side, padding=side // 2, bias=False)
            return nn.Sequential(convolution, nn.BatchNorm1d(out), nn.ReLU(), nn.Dropout(0.1))

        self.look = nn.Sequential(
            look(channels, 16 * channels, 5, stride=2),
            look(16 * channels, 32, 3, nn.MaxPool2d(2)),
            look(32, 64, 3, nn.MaxPool2d((2, 1))),
            look(64, 96, 3, nn.MaxPool2d((2, 1))),
        )
        self.along = nn.Sequential(
            along(96 * height // 16, 128, 3), along(128, 128, 5), nn.Conv1d(128, classes, 1)
        )

    def forward(self, pictures):
        return self.along(self.look(pictures).flatten(1, 2)).permute(2, 0, 1)


def pixels(labelled, is_coloured):
    """All pictures as the network sees them: a channel or three, ground about zero."""
    look, size = (coloured, COLOUR) if is_coloured else (grey, GREY)
    small = [cv2.resize(look(path), size, interpolation=cv2.INTER_AREA) for path, _ in labelled]
    ink = torch.from_numpy(np.stack(small)).float().reshape(len(small), *size[::-1], -1) / 255
    ink = ink.permute(0, 3, 1, 2).contiguous()
    if is_coloured:
        return 2 * ink
    return (ink.mean((1, 2, 3), keepdim=True) - ink) / (ink.std((1, 2, 3), keepdim=True) + 0.01)


def varied(pictures):
    """The pictures a little moved, stretched and sheared, each differently."""
    count = len(pictures)
    matrix = torch.eye(2, 3).repeat(count, 1, 1) + 0.06 * (2 * torch.rand(count, 2, 3) - 1)
    grid = functional.affine_grid(matrix, list(pictures.shape), align_corners=False)
    return functional.grid_sample(pictures, grid, padding_mode="border", align_corners=False)


@torch.no_grad()
def read(network, pictures, alphabet):
    network.eval()
    columns = torch.cat([network(some).argmax(2) for some in pictures.split(100)], 1).T.tolist()
    # A character is said once while it lasts; 0 is the silence between two.
    begins = ([b for a, b in zip([0, *column], column) if b and a != b] for column in columns)
    return ["".join(alphabet[i - 1] for i in column) for column in begins]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--train", type=int, default=3000)
    parser.add_argument("--test", type=int, default=500)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--colour", action="store_true")
    arguments = parser.parse_args()
    torch.manual_seed(1)
    torch.set_num_threads(1)

    labelled = load(arguments.folder)
    random.Random(1).shuffle(labelled)
    tested, labelled = labelled[: arguments.test], labelled[arguments.test :][: arguments.train]
    alphabet = sorted({character for _, text in labelled for character in text})
    targets = [torch.tensor([alphabet.index(c) + 1 for c in text]) for _, text in labelled]
    pictures = pixels(labelled, arguments.colour)

    network = Reader(pictures.shape[1], pictures.shape[2], len(alphabet) + 1)
    optimizer = torch.optim.AdamW(network.parameters(), LEARNING_RATE)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, arguments.steps, pct_start=0.15)
    begin = time.process_time()
    for _ in range(arguments.steps):
        some = torch.randint(len(labelled), (BATCH,))
        network.train()
        said = network(varied(pictures[some])).log_softmax(2)
        wanted = [targets[i] for i in some]
        loss = functional.ctc_loss(
            said,
            torch.cat(wanted),
            torch.full((BATCH,), len(said)),
            torch.tensor([len(target) for target in wanted]),
            zero_infinity=True,
        )
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()
        rate.step()
    minutes = (time.process_time() - begin) / 60
    name = f"{'colour' if arguments.colour else 'grey'}, {len(labelled)} pictures, {arguments.steps} steps, {minutes:.1f} CPU minutes"
    report(name, read(network, pixels(tested, arguments.colour), alphabet), [text for _, text in tested])


if __name__ == "__main__":
    main()
