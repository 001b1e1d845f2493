"""Model observers: how well could a reader tell images with a lesion from the same images without it?

Channelized Hotelling observer with Laguerre-Gauss or Gabor channels, and the non-prewhitening matched filter, trained
and tested on different images, and the area under their ROC curve with its confidence interval. The method is that of
the FDA's LCD_CT toolbox (Zeng et al.), whose definitions of the channels are Gallas and Barrett 2003 (Laguerre-Gauss)
and Eckstein and Whiting 1995 (Gabor, octave bands); the code is our own.
"""

from dataclasses import dataclass

import numpy as np
from scipy import special, stats

#: Parts into which the sites are dealt for training and testing.
FOLDS = 5
#: Resampled studies of a confidence interval.
RESAMPLED = 1000


@dataclass(frozen=True)
class Detectability:
    """auc: area under the ROC curve; low, high: its 95 % interval; index: d' = sqrt(2) Phi^-1(auc); count: pairs."""

    auc: float
    low: float
    high: float
    index: float
    count: int


def laguerre_gauss(side, width, count=5):
    """Laguerre-Gauss channels, (side * side, count) float64, orthonormal but for the pixels.

    u_p(r) = sqrt(2)/a exp(-pi r^2/a^2) L_p(2 pi r^2/a^2); width: a in pixels, about the lesion's diameter.
    """
    rows, columns = np.mgrid[:side, :side] - (side - 1) / 2
    square = 2 * np.pi * (rows**2 + columns**2).ravel() / width**2
    decay = np.sqrt(2) / width * np.exp(-square / 2)
    return np.stack([decay * special.eval_laguerre(p, square) for p in range(count)], axis=1)


def gabor(side, bands=4, angles=4, highest=0.25, phases=(0.0,)):
    """Gabor channels in octave bands below `highest` cycles per pixel, (side * side, channels) float64, norm 1."""
    rows, columns = np.mgrid[:side, :side] - (side - 1) / 2
    channels = []
    for band in range(bands):
        upper = highest / 2**band
        center, width = 0.75 * upper, 0.5 * upper
        envelope = np.exp(-4 * np.log(2) * (rows**2 + columns**2) * (np.pi * width / (4 * np.log(2))) ** 2)
        for angle in np.arange(angles) * np.pi / angles:
            along = columns * np.cos(angle) + rows * np.sin(angle)
            channels += [envelope * np.cos(2 * np.pi * center * along + phase) for phase in phases]
    channels = np.stack([c.ravel() for c in channels], axis=1)
    return channels / np.linalg.norm(channels, axis=0)


def hotelling(channels):
    """Trainer of the channelized Hotelling observer: (present, absent), each (n, pixels) -> template (pixels,)."""

    def train(present, absent):
        seen, blank = present @ channels, absent @ channels
        covariance = 0.5 * (np.atleast_2d(np.cov(seen.T)) + np.atleast_2d(np.cov(blank.T)))
        return channels @ (np.linalg.pinv(covariance) @ (seen.mean(axis=0) - blank.mean(axis=0)))

    return train


def matched_filter(present, absent):
    """Trainer of the non-prewhitening observer: its template is the mean signal."""
    return present.mean(axis=0) - absent.mean(axis=0)


def detectability(present, absent, train, seed=0):
    """Detectability of images that come in pairs with the same background, by a trained observer.

    present, absent: (n, rows, columns), the n-th of both from the same site; train: from `hotelling`, or
    `matched_filter`. Sites are dealt into FOLDS parts; each is scored by a template trained on the others, and the
    interval comes from drawing sites with replacement, so that the two images of a site stay together. The two are
    never compared with each other: where they share their noise, that comparison is too easy.
    """
    shape = len(present), -1
    present, absent = np.reshape(present, shape).astype(np.float64), np.reshape(absent, shape).astype(np.float64)
    random = np.random.default_rng(seed)
    fold = random.permutation(len(present)) % FOLDS
    seen, blank = np.empty(len(present)), np.empty(len(present))
    for part in range(FOLDS):
        test = fold == part
        template = train(present[~test], absent[~test])
        scale = np.sqrt(0.5 * ((present[~test] @ template).var() + (absent[~test] @ template).var()))
        template = template / max(scale, 1e-30)  # so that scores of different parts can be compared
        offset = 0.5 * (present[~test] @ template + absent[~test] @ template).mean()
        seen[test], blank[test] = present[test] @ template - offset, absent[test] @ template - offset
    wins = comparisons(seen, blank)
    np.fill_diagonal(wins, 0.0)
    count = len(seen)
    drawn = random.multinomial(count, np.full(count, 1 / count), RESAMPLED)
    resampled = ((drawn @ wins) * drawn).sum(axis=1) / (count**2 - np.square(drawn).sum(axis=1))
    low, high = np.quantile(resampled, (0.025, 0.975))
    auc = float(wins.sum() / (count**2 - count))
    limited = np.clip(auc, 0.5 / count**2, 1 - 0.5 / count**2)
    return Detectability(auc, float(low), float(high), float(np.sqrt(2) * stats.norm.ppf(limited)), count)


def comparisons(seen, blank):
    """(n, m) float32: 1 where the image with the lesion scores higher than that without, 0.5 where they are equal."""
    return np.greater.outer(seen, blank) + np.float32(0.5) * np.equal.outer(seen, blank)


def area(seen, blank):
    """Area under the ROC curve: the part of all pairs in which the image with the lesion scores higher."""
    return float(comparisons(seen, blank).mean())
