"""Non-local Bayes: the most likely blocks, where a group of similar ones has a Gaussian distribution.

A cosine transform is the same for all blocks. Here the covariance of a group in the guide says what its blocks have in
common, frequency with frequency, and the spectrum of the noise how far each of them may be from it.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
import torch

from ..noise.model import NoiseModel
from ..volume.part import Box
from .bands import compared, group_size, in_bands
from .groups import LARGE_GROUP, block_size, cosine_transform, find_groups, kaiser_window
from .on_cpu import can_compile
from .slabs import BlockVolumes

#: Between the blocks that groups are made for, over slices, over rows and columns: of a result, and of a guide.
STEPS, GUIDE_STEPS = (3, 3), (3, 4)
#: How far from a block similar ones are looked for, in slices, rows and columns.
REACH = (3, 4, 4)
#: Noise variances that are reckoned with.
VARIANCES = 1.1
#: Part of a frequency's variance that is added to it: less is lost in the rounding of single precision.
ROUNDING = 1e-5
#: Groups that are filtered at once.
AT_ONCE = 512


def bayes_filter(
    noisy: np.ndarray,
    guide: np.ndarray,
    noise: NoiseModel,
    excluded: np.ndarray | None = None,
    needed: Box | None = None,
    device: torch.device | str = "cpu",
    progress: Callable[[float], None] | None = None,
    steps: tuple[int, int] = STEPS,
    result: np.ndarray | None = None,
) -> np.ndarray:
    """The posterior mean of each block of a group: mean + C (C + V)^-1 (block - mean).

    C is the covariance of the guide's blocks, V that of the noise, and the mean that of the noisy blocks.

    Args:
        noisy: (slices, rows, columns) float32, normalized.
        guide: as `noisy`, denoised already.
        noise: how strong it is, at which frequency and where.
        excluded: boolean, as `noisy`, voxels that must not count (padding); or None.
        needed: where the result is wanted; elsewhere it may be the guide. None: everywhere.
        device: where the blocks are filtered.
        progress: called with the part (0 to 1) that is done.
        steps: `STEPS`, or `GUIDE_STEPS` where the result guides another pass: that needs no better one.
        result: array to write to, which may be the guide; None: a new one.

    Returns:
        As `noisy`, filtered.

    References:
        Lebrun, Buades, Morel, "A nonlocal Bayesian image denoising algorithm", SIAM J. Imaging Sci. 6, 2013 (Sec. 2,
        second step). There the blocks are two-dimensional, the noise is white, and the mean is the guide's.
    """
    block = block_size(noisy.shape)
    volumes = BlockVolumes(noisy, guide, noise, excluded, needed, device)
    sd = torch.from_numpy(noise.spectrum(block)).to(device)
    window, transform = (t.to(device) for t in (kaiser_window(block), cosine_transform(block)))
    work = _compiled if can_compile(volumes.shape, REACH, device) else _with_torch
    how = {"block": block, "step": steps[1], "sd": sd, "window": window, "transform": transform}
    result = guide.copy() if result is None else result
    volumes.filter_slabs(partial(work, **how, corner=volumes.corner), result, block, steps, REACH, progress)
    return result


def _compiled(start: int, *volumes: torch.Tensor, block, step, sd, window, transform, corner) -> None:
    """A slab on the CPU, if its groups are large enough: noisy, guide, local SD, weighted sum, weights."""
    from .posterior import bayes_band

    shape = tuple(volumes[0].shape)
    places, alike, chance, number = compared(shape, volumes[2], start, block, step, REACH, corner)
    if group_size(places, shape, block, step, LARGE_GROUP) < LARGE_GROUP:
        return _with_torch(start, *volumes, block, step, sd, window, transform, corner)
    noisy, guide, unit, total, weight = (t.view(-1).numpy() for t in volumes)

    def band(first: int, last: int) -> None:
        bayes_band(
            noisy, guide, unit, shape, start, first, last, step, places, alike, chance, number,
            sd.numpy(), np.float32(VARIANCES), np.float32(ROUNDING), window.numpy(), total, weight,
        )  # fmt: skip

    return in_bands(band, shape[1], block[1], step, REACH[1], torch.get_num_threads(), corner[0])


def _with_torch(start: int, noisy, guide, unit, total, weight, block, step, sd, window, transform, corner) -> None:
    """The same without numba, on a GPU, or in a small stack."""
    groups = find_groups(guide, unit, start, block, step, REACH, corner, LARGE_GROUP)
    total, weight = total.view(-1), weight.view(-1)
    for first in groups.first.split(AT_ONCE):
        index = first[:, :, None] + groups.voxels
        found, expected = (volume.view(-1)[index] @ transform.T / sd for volume in (noisy, guide))
        mean = found.mean(dim=1, keepdim=True)
        found, expected = found - mean, expected - expected.mean(dim=1, keepdim=True)
        covariance = expected.transpose(1, 2) @ expected / max(expected.shape[1] - 1, 1)
        covariance.diagonal(dim1=1, dim2=2).mul_(1 + ROUNDING)
        noise = torch.diag_embed(VARIANCES * unit.view(-1)[first[:, :1]].square().expand(-1, len(sd)))
        removed = torch.linalg.solve(covariance + noise, noise)  # V (C + V)^-1, as V is a multiple of 1
        blocks = (found - found @ removed + mean) * sd @ transform
        total.scatter_add_(0, index.flatten(), (blocks * window).flatten())
        weight.scatter_add_(0, index.flatten(), window.expand_as(blocks).flatten())
