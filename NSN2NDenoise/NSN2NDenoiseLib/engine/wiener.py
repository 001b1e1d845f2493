"""The last step of the default: an empirical Wiener filter in sliding 3-D blocks, with the network's output as pilot.

The network sees three slices and decides pixel by pixel. In a block of 6 x 6 x 6 voxels, the pilot tells which
frequencies hold anatomy there, and what was removed over the whole volume tells how strong the noise is at each
frequency; a frequency is kept as far as its anatomy exceeds its noise. Works for noise of any color.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch.nn import functional

from .local_noise import local_noise_sd

#: Slices, rows and columns of a block, and the steps between blocks.
BLOCK = (6, 6, 6)
STRIDE = (3, 2, 2)
#: Places along the slice axis at which the noise's spectrum is measured.
PLACES = 12
#: The noise of a frequency counts at least this part of the strongest one's SD ...
FLOOR = 0.02
#: ... and the local noise at least this part of the volume's.
QUIET = 0.05
#: SD of Gaussian noise in units of its median absolute value.
SD_PER_MEDIAN = 1.4826


def wiener(
    before: np.ndarray,
    after: np.ndarray,
    excluded: np.ndarray | None,
    noise_sd: float,
    strength: float,
    device: torch.device | str = "cpu",
    progress: Callable[[float], None] | None = None,
) -> None:
    """Filter `before` with the pilot `after`, which is replaced by the result, in place.

    The gain of a frequency is P^2 / (P^2 + strength * V), P the pilot's coefficient, V the noise variance of that
    frequency, both in units of the local noise SD. Overlapping blocks are averaged, weighted by how little noise each
    one keeps.

    Args:
        before: (slices, rows, columns) float32, normalized, with noise.
        after: the pilot, as `before`.
        excluded: boolean, as `before`, or None.
        noise_sd: of the volume, normalized, > 0.
        strength: 1 trusts the measured noise; more removes more.
        device: where the blocks are filtered.
        progress: called with the part (0 to 1) that is done.

    References:
        Dabov et al., "Image denoising by sparse 3-D transform-domain collaborative filtering", 2007 (its second step,
        Sec. III-C, without the search for similar blocks).
    """
    slices, rows, columns = before.shape
    block = tuple(min(side, size) for side, size in zip(BLOCK, before.shape, strict=True))
    transform = _cosine_blocks(block).to(device)

    def scaled(first: int, last: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Removed noise and pilot of slices in units of the local noise SD, and that SD."""
        pilot = torch.from_numpy(after[first:last]).to(device)
        noise = torch.from_numpy(before[first:last]).to(device) - pilot
        outside = None if excluded is None else torch.from_numpy(excluded[first:last]).to(device)
        sd = local_noise_sd(noise, outside).clamp(min=QUIET * noise_sd)
        return noise / sd, pilot / sd, sd

    variance = strength * _spectrum(scaled, excluded, slices, block, transform)[:, None, None]
    starts = list(range(0, slices - block[0] + 1, STRIDE[0]))
    if starts[-1] != slices - block[0]:
        starts.append(slices - block[0])
    more = [(side - size) % step for side, size, step in zip(block[1:], (rows, columns), STRIDE[1:], strict=True)]
    edge = (0, more[1], 0, more[0])  # so that blocks cover the last rows and columns
    noise, pilot, sd, total, weight = (torch.zeros(0, rows, columns, device=device) for _ in range(5))
    held = 0  # the first slice that is still worked on
    for number, start in enumerate(starts):
        new = scaled(held + len(noise), start + block[0])
        noise, pilot, sd = (torch.cat(pair) for pair in zip((noise, pilot, sd), new, strict=True))
        total, weight = (torch.cat([kept, torch.zeros_like(new[0])]) for kept in (total, weight))
        added, share = _filter_slab(
            *(functional.pad(t, edge, mode="replicate") for t in (noise, pilot)), transform, variance
        )
        total += added[:, :rows, :columns]
        weight += share[:, :rows, :columns]
        following = starts[number + 1] if number + 1 < len(starts) else slices
        done = following - start
        after[start:following] = (total[:done] / weight[:done] * sd[:done]).cpu().numpy()
        noise, pilot, sd, total, weight = (t[done:] for t in (noise, pilot, sd, total, weight))
        held = following
        if progress is not None:
            progress((number + 1) / len(starts))


def _filter_slab(
    noise: torch.Tensor, pilot: torch.Tensor, transform: torch.Tensor, variance: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """All blocks of one slab (block slices, rows, columns): the weighted sum of the filtered blocks, and of weights."""
    step = STRIDE[1:]
    anatomy = functional.conv2d(pilot[None], transform, stride=step)[0]
    noisy = functional.conv2d(noise[None], transform, stride=step)[0] + anatomy
    energy = anatomy * anatomy
    gain = energy / (energy + variance)
    weight = 1.0 / (variance * gain * gain).sum(dim=0, keepdim=True).clamp(min=1e-6)
    total = functional.conv_transpose2d((noisy * gain * weight)[None], transform, stride=step)[0]
    ones = torch.ones(1, *transform.shape[1:], device=transform.device)
    return total, functional.conv_transpose2d(weight[None], ones, stride=step)[0]


def _spectrum(scaled, excluded, slices: int, block: tuple[int, ...], transform: torch.Tensor) -> torch.Tensor:
    """Variance of the removed noise at each frequency of a block, in units of the local noise variance."""
    coefficients = []
    for start in np.unique(np.linspace(0, slices - block[0], PLACES).round().astype(int)):
        noise = scaled(start, start + block[0])[0]
        found = functional.conv2d(noise[None], transform, stride=block[1:])[0].flatten(1)
        counted = noise.abs().mean(dim=0)[None, None] > 0.1  # not where nothing was removed
        if excluded is not None:
            outside = excluded[start : start + block[0]].any(axis=0)
            counted &= ~torch.from_numpy(outside).to(transform.device)
        use = functional.avg_pool2d(counted.float(), block[1:]).flatten() == 1
        coefficients.append(found[:, use])
    found = torch.cat(coefficients, dim=1)
    if found.shape[1] == 0:
        return torch.ones(len(transform), device=transform.device)
    sd = SD_PER_MEDIAN * found.abs().median(dim=1).values
    return torch.maximum(sd, FLOOR * sd.max()).clamp(min=1e-3) ** 2


def _cosine_blocks(block: tuple[int, ...]) -> torch.Tensor:
    """The orthonormal 3-D cosine transform as convolution kernels, (frequencies, slices, rows, columns) float32."""
    matrices = []
    for size in block:
        frequency, place = np.mgrid[:size, :size]
        matrix = np.cos(np.pi * (place + 0.5) * frequency / size) * np.sqrt(2.0 / size)
        matrix[0] /= np.sqrt(2.0)
        matrices.append(matrix)
    kernels = np.einsum("ai,bj,ck->abcijk", *matrices).reshape(-1, *block)
    return torch.from_numpy(kernels.astype(np.float32))
