"""Collaborative filtering of similar 3-D blocks, guided by a volume that is denoised already.

Blocks that look alike in the guide are stacked, and a transform of the stack separates what they share, the anatomy,
from what each has alone, the noise. In a first pass frequencies that do not exceed the noise are dropped; its result,
mixed with the guide, is the pilot of the second, a Wiener filter. How strong the noise
is at each frequency and around each voxel was measured beforehand (noise/).
"""

from collections.abc import Callable

import numpy as np
import torch

from ..noise.model import NoiseModel
from ..volume.part import Box, around, everywhere, shifted
from .groups import Groups, block_size, cosine_transform, find_groups, hadamard
from .on_cpu import can_compile, filter_slab
from .slabs import over_slabs

#: Between the blocks that groups are made for in the two passes: over slices, over rows and columns.
STEPS = ((3, 3), (2, 2))
#: How far from a block similar ones are looked for, in slices, rows and columns.
REACH = (3, 4, 4)
#: A frequency is kept in the first pass if it exceeds this many noise SDs.
THRESHOLD = 3.0
#: Noise variances that the Wiener filter of the second pass reckons with.
VARIANCES = 1.4
#: The part of the first pass in the pilot of the second; the rest is the guide's.
FIRST_PART = 0.6
#: Shape of the Kaiser window that the voxels of a block are weighted with.
KAISER = 2.0
#: The part of the time that the first pass takes.
FIRST_SHARE = 0.3
#: Groups that are filtered at once.
AT_ONCE = 2048


def collaborative_filter(
    noisy: np.ndarray,
    guide: np.ndarray,
    noise: NoiseModel,
    excluded: np.ndarray | None = None,
    needed: Box | None = None,
    device: torch.device | str = "cpu",
    progress: Callable[[float], None] | None = None,
) -> np.ndarray:
    """Filter a volume guided by a denoised version of it, in both passes.

    Args:
        noisy: (slices, rows, columns) float32, normalized.
        guide: as `noisy`, denoised already.
        noise: how strong it is, at which frequency and where.
        excluded: boolean, as `noisy`, voxels that must not count (padding); or None.
        needed: where the result is wanted; elsewhere it may be the guide. None: everywhere.
        device: where the blocks are filtered.
        progress: called with the part (0 to 1) that is done.

    Returns:
        As `noisy`, filtered.

    References:
        Dabov et al., "Image denoising by sparse 3-D transform-domain collaborative filtering", 2007. Maggioni et al.,
        "Nonlocal transform-domain filter for volumetric data denoising and reconstruction", 2013 (Sec. II). There the
        blocks are found in the noisy volume, and the noise is white and known.
    """
    tell = progress or (lambda part: None)
    needed = needed or everywhere(noisy.shape)
    wider = around(needed, 1, noisy.shape)

    def second(part: float) -> None:
        tell(FIRST_SHARE + (1 - FIRST_SHARE) * part)

    result = threshold_filter(noisy, guide, noise, excluded, wider, device, lambda part: tell(FIRST_SHARE * part))
    # the result is the pilot until it is written, which is well after it was read
    _one_pass(noisy, guide, result, noise, excluded, needed, device, second, wiener=True)
    return result


def threshold_filter(
    noisy: np.ndarray,
    guide: np.ndarray,
    noise: NoiseModel,
    excluded: np.ndarray | None = None,
    needed: Box | None = None,
    device: torch.device | str = "cpu",
    progress: Callable[[float], None] | None = None,
) -> np.ndarray:
    """The first pass alone; arguments and result as in `collaborative_filter`."""
    result = guide.copy()
    _one_pass(noisy, guide, result, noise, excluded, needed or everywhere(noisy.shape), device, progress, wiener=False)
    return result


def _one_pass(noisy, guide, result, noise: NoiseModel, excluded, needed: Box, device, progress, wiener: bool) -> None:
    """Write a pass over what is needed into `result`, which is, mixed with the guide, the second pass's pilot."""
    block = block_size(noisy.shape)
    sd = torch.from_numpy(noise.spectrum(block)).to(device)
    here = around(needed, 1, noisy.shape)
    local = noise.inside(here)

    def load(first: int, last: int) -> tuple[torch.Tensor, ...]:
        """Noisy slices, the pilot, in which similar blocks are looked for, and the local noise SD."""
        own, pilot, unit = (
            torch.from_numpy(values).to(device)
            for values in (noisy[here][first:last], guide[here][first:last], local.unit(first, last))
        )
        if excluded is not None:
            outside = torch.from_numpy(excluded[here][first:last]).to(device)
            own, pilot = own.masked_fill(outside, 0.0), pilot.masked_fill(outside, 0.0)
        if wiener:
            pilot = pilot.lerp(torch.from_numpy(result[here][first:last]).to(device), FIRST_PART)
        return own, pilot, unit

    wanted = shifted(needed, here)[0]
    for part in _filter_slabs(load, result[here], block, STEPS[wiener], sd, local.corner, wanted, wiener):
        if progress is not None:
            progress(part)


def _filter_slabs(load, result: np.ndarray, block: tuple[int, int, int], steps, sd, corner, wanted, wiener: bool):
    """One pass, slab by slab; the wanted slices of `result` are written. Yields the part that is done."""
    transform, window = (t.to(sd.device) for t in (cosine_transform(block), _window(block)))
    on_cpu, variances = can_compile(result.shape, REACH, sd.device), VARIANCES if wiener else None

    def work(start: int, noisy, pilot, unit, total, weight) -> None:
        if on_cpu:
            filter_slab(
                noisy, pilot, unit, start, steps[1], REACH, sd, window, THRESHOLD, variances, total, weight, corner
            )
            return
        groups = find_groups(pilot, unit, start, block, steps[1], REACH, corner)
        _filter_groups(noisy, pilot if wiener else None, unit, groups, transform, window, sd, total, weight)

    return over_slabs(load, work, result, block, steps, REACH, wanted, sd.device)


def _filter_groups(noisy, pilot, unit, groups: Groups, transform, window, sd, total, weight) -> None:
    """Filter all groups of a slab; add the blocks, weighted, to `total`, and the weights to `weight`.

    The noise of a group is that around its first block: `sd` of each frequency times the local `unit`.
    """
    across = hadamard(groups.first.shape[1]).to(noisy.device)
    total, weight = total.view(-1), weight.view(-1)
    for first in groups.first.split(AT_ONCE):
        index = first[:, :, None] + groups.voxels
        found = across @ (noisy.view(-1)[index] @ transform.T)
        variance = (unit.view(-1)[first[:, :1, None]] * sd).square()
        if pilot is None:  # keep the mean and what exceeds the noise
            gain = (found.square() > THRESHOLD**2 * variance).float()
            gain[:, 0, 0] = 1.0
        else:  # P^2 / (P^2 + V), P of the pilot, V the noise variance
            gain = (across @ (pilot.view(-1)[index] @ transform.T)).square_()
            gain /= gain + VARIANCES * variance
        left = (gain.square() * variance).sum(dim=(1, 2))
        share = 1.0 / left.clamp(min=1e-30)  # little where much noise is left
        shares = (share[:, None, None] * window).expand_as(found)
        blocks = (across @ (found * gain)) @ transform
        total.scatter_add_(0, index.flatten(), (blocks * shares).flatten())
        weight.scatter_add_(0, index.flatten(), shares.flatten())


def _window(block: tuple[int, int, int]) -> torch.Tensor:
    """Kaiser window of a block, (voxels,) float32."""
    k, j, i = (torch.kaiser_window(side, periodic=False, beta=KAISER) for side in block)
    return (k[:, None, None] * j[:, None] * i).flatten()
