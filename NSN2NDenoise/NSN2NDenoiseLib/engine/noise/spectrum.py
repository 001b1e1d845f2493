"""How strong the noise is at each frequency of a small block: from the differences of neighboring slices.

In a pair (x_i, x_i+gap) both noises are independent, so where the anatomy is flat, half of the variance of the
difference is the noise's, at low frequencies too, of which a denoiser takes too little away to be asked.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch.nn import functional

from ..filter.groups import cosine_transform

#: Pairs along the slice axis that are looked at.
PAIRS = 24
#: The part of the blocks that counts: the flattest ones.
FLAT = 0.4
#: The quantile of the coefficients' absolute values that is taken for their SD, and what it is for SD 1. Noise whose
#: strength varies from place to place has heavy tails, which a median would not see.
QUANTILE, NORMAL = 0.95, 1.96
#: The noise of a frequency counts at least this part of the strongest one's SD.
FLOOR = 0.02
#: A block counts whose mean removed noise is at least this, in units of the local noise SD.
REMOVED = 0.35


def noise_spectrum(
    read: Callable[[int], tuple[torch.Tensor, ...]],
    slices: int,
    gap: int,
    correlation: list[float],
    block: tuple[int, int, int],
) -> torch.Tensor:
    """SD of the noise at each frequency of a block's cosine transform, in units of the local noise SD.

    Within a slice it is measured. Across slices it follows from the noise's correlation at the lags below the gap.

    Args:
        read: gives of a slice (noisy, pilot, local noise SD, which pixels count), each (rows, columns).
        slices: of the stack, more than `gap`.
        gap: of the pairs.
        correlation: of the noise between slices at lags 1, 2, 3.
        block: slices, rows, columns.

    Returns:
        (frequencies,) float32; ones where nothing can be measured.
    """
    device = read(0)[0].device
    transform = cosine_transform((1, *block[1:])).view(-1, 1, *block[1:]).to(device)
    found, flatness = [], []
    for first in np.unique(np.linspace(0, slices - gap - 1, PAIRS).round().astype(int)):
        one, one_pilot, one_unit, one_counts = read(int(first))
        two, two_pilot, two_unit, two_counts = read(int(first) + gap)
        unit = (0.5 * (one_unit.square() + two_unit.square())).sqrt()  # the same for both: anatomy must cancel
        one, one_pilot, two, two_pilot = (image / unit for image in (one, one_pilot, two, two_pilot))
        images = torch.stack([(one - two) / 2**0.5, one_pilot, two_pilot])[:, None]
        difference, *pilots = functional.conv2d(images, transform, stride=block[1:]).flatten(2)
        removed = torch.minimum((one - one_pilot).abs(), (two - two_pilot).abs())
        use = functional.avg_pool2d((one_counts & two_counts).float()[None], block[1:]).flatten() == 1
        use &= functional.avg_pool2d(removed[None], block[1:]).flatten() > REMOVED
        found.append(difference[:, use].abs())
        one, two = (p[:, use] for p in pilots)
        flatness.append(sum(p[1:].square().sum(0) for p in (one, two)) + (one[0] - two[0]).square())
    found, flatness = torch.cat(found, dim=1), torch.cat(flatness)
    along = torch.from_numpy(_along(block[0], gap, correlation)).to(device)
    if found.shape[1] == 0:
        return torch.ones(len(along) * len(transform), device=device)
    count = max(1, round(FLAT * found.shape[1]))
    flattest = found[:, flatness.argsort()[:count]]
    across = flattest.kthvalue(max(1, round(QUANTILE * count)), dim=1).values / NORMAL
    sd = (along[:, None] * across).flatten()
    return torch.maximum(sd, FLOOR * sd.max()).clamp(min=1e-3)


def _along(side: int, gap: int, correlation: list[float]) -> np.ndarray:
    """SD at each frequency across `side` slices of noise of SD 1 with this correlation at the lags below the gap."""
    lags = [1.0, *(correlation[lag - 1] if lag <= len(correlation) else 0.0 for lag in range(1, gap))]
    covariance = np.array([[lags[abs(a - b)] if abs(a - b) < gap else 0.0 for a in range(side)] for b in range(side)])
    transform = cosine_transform((side, 1, 1)).double().numpy()
    variance = np.einsum("fa,ab,fb->f", transform, covariance, transform)
    return np.sqrt(np.maximum(variance, 0.05)).astype(np.float32)
