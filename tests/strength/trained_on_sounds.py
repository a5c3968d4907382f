#!/usr/bin/env python3
"""Trains a small network to hear a folder of sounds: trained_on_sounds.py FOLDER [--train 3000] [--steps 1000]

The sounds are log-mel frames: a picture of which tones there are, along the time. Convolutions and
CTC read it as `trained.py` reads its pictures, on one core and with the same budget.
"""

import argparse
import random
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from pictures import report
from sounds import SAMPLES_PER_SEC, load, samples
from trained import BATCH, LEARNING_RATE, read

WINDOW, HOP = 512, 256  # Samples of a frame, and from one to the next: 16 ms.
BANDS = 40
LOWEST_HZ = 60
ALPHABET = "0123456789"


class Listener(nn.Module):
    def __init__(self):
        super().__init__()

        def look(into, out, side, stride):
            convolution = nn.Conv2d(into, out, side, stride, side // 2, bias=False)
            return nn.Sequential(convolution, nn.BatchNorm2d(out), nn.ReLU())

        def along(into, out, stride=1):
            convolution = nn.Conv1d(into, out, 5, stride, 2, bias=False)
            return nn.Sequential(convolution, nn.BatchNorm1d(out), nn.ReLU(), nn.Dropout(0.1))

        self.look = nn.Sequential(look(1, 16, 5, 2), look(16, 32, 3, (2, 1)))
        layers = [along(32 * BANDS // 4, 128), along(128, 128, 2), along(128, 128), along(128, 128)]
        self.along = nn.Sequential(*layers, nn.Conv1d(128, len(ALPHABET) + 1, 1))

    def forward(self, frames):
        return self.along(self.look(frames).flatten(1, 2)).permute(2, 0, 1)


def bands():
    """How much of each frequency of a frame goes to each band: triangles, evenly over the mel scale."""
    mels = np.linspace(*(2595 * np.log10(1 + hz / 700) for hz in (LOWEST_HZ, SAMPLES_PER_SEC / 2)), BANDS + 2)
    edges = 700 * (10 ** (mels / 2595) - 1)
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    hz = np.arange(WINDOW // 2 + 1) * SAMPLES_PER_SEC / WINDOW
    shares = np.minimum((hz - low) / (middle - low), (high - hz) / (high - middle))
    return torch.tensor(shares.clip(0), dtype=torch.float32)


def frames(labelled):
    """All sounds as the network hears them, as long as the longest."""
    window, weights = torch.hann_window(WINDOW), bands()

    def hear(path):
        sound = torch.from_numpy(samples(path))
        spectrum = torch.stft(sound, WINDOW, HOP, window=window, return_complex=True).abs() ** 2
        return (weights @ spectrum + 1e-7).log()

    heard = [hear(path) for path, _ in labelled]
    longest = max(one.shape[1] for one in heard)
    silence = float(np.log(1e-7))
    heard = torch.stack([functional.pad(one, (0, longest - one.shape[1]), value=silence) for one in heard])
    heard = heard[:, None]
    return (heard - heard.mean((1, 2, 3), keepdim=True)) / heard.std((1, 2, 3), keepdim=True)


def train(network, heard, texts, steps):
    targets = [torch.tensor([ALPHABET.index(digit) + 1 for digit in text]) for text in texts]
    optimizer = torch.optim.AdamW(network.parameters(), LEARNING_RATE)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, steps, pct_start=0.15)
    network.train()
    for _ in range(steps):
        some = torch.randint(len(targets), (BATCH,))
        said = network(heard[some]).log_softmax(2)
        wanted = [targets[i] for i in some]
        lengths = torch.full((BATCH,), len(said)), torch.tensor([len(target) for target in wanted])
        loss = functional.ctc_loss(said, torch.cat(wanted), *lengths, zero_infinity=True)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()
        rate.step()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--train", type=int, default=3000)
    parser.add_argument("--test", type=int, default=500)
    parser.add_argument("--steps", type=int, default=1000)
    arguments = parser.parse_args()
    torch.manual_seed(1)
    torch.set_num_threads(1)

    labelled = load(arguments.folder)
    random.Random(1).shuffle(labelled)
    labelled = labelled[: arguments.test + arguments.train]
    heard, texts = frames(labelled), [text for _, text in labelled]
    tested = arguments.test
    network = Listener()
    begin = time.process_time()
    train(network, heard[tested:], texts[tested:], arguments.steps)
    minutes = (time.process_time() - begin) / 60
    name = f"{len(texts) - tested} sounds, {arguments.steps} steps, {minutes:.1f} CPU minutes"
    report(name, read(network, heard[:tested], ALPHABET), texts[:tested])


if __name__ == "__main__":
    main()
