"""Collaborative filtering of similar 3-D blocks: one quick pass, guided by the low-passed slices.

Blocks that look alike in the guide are stacked, and a transform of the stack separates what they share, the anatomy,
from what each has alone, the noise: frequencies that do not exceed the noise are dropped. How strong the noise
is at each frequency and around each voxel was measured beforehand (noise/).
"""

from collections.abc import Callable

import numpy as np
import torch

from ..noise.model import NoiseModel
from ..volume.part import Box
from .groups import Groups, block_size, cosine_transform, find_groups, hadamard, kaiser_window
from .on_cpu import can_compile, filter_slab
from .slabs import BlockVolumes

#: Between the blocks that groups are made for: over slices, over rows and columns.
STEPS = (3, 3)
#: How far from a block similar ones are looked for, in slices, rows and columns.
REACH = (3, 4, 4)
#: A frequency is kept if it exceeds this many noise SDs.
THRESHOLD = 3.0
#: Groups that are filtered at once.
AT_ONCE = 2048


def threshold_filter(
    noisy: np.ndarray,
    guide: np.ndarray,
    noise: NoiseModel,
    excluded: np.ndarray | None = None,
    needed: Box | None = None,
    device: torch.device | str = "cpu",
    progress: Callable[[float], None] | None = None,
) -> np.ndarray:
    """Filter a volume guided by a denoised version of it: keep what exceeds the noise.

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
        "Nonlocal transform-domain filter for volumetric data denoising and reconstruction", 2013 (Sec. II-B). There
        the blocks are found in the noisy volume, and the noise is white and known.
    """
    block = block_size(noisy.shape)
    volumes = BlockVolumes(noisy, guide, noise, excluded, needed, device)
    sd = torch.from_numpy(noise.spectrum(block)).to(device)
    transform, window = (t.to(device) for t in (cosine_transform(block), kaiser_window(block)))
    result = guide.copy()

    def work(start: int, noisy, guide, unit, total, weight) -> None:
        if can_compile(result.shape, REACH, device):
            how = start, STEPS[1], REACH, sd, window, THRESHOLD
            filter_slab(noisy, guide, unit, *how, total, weight, volumes.corner)
            return
        groups = find_groups(guide, unit, start, block, STEPS[1], REACH, volumes.corner)
        _filter_groups(noisy, unit, groups, transform, window, sd, total, weight)

    volumes.filter_slabs(work, result, block, STEPS, REACH, progress)
    return result


def _filter_groups(noisy, unit, groups: Groups, transform, window, sd, total, weight) -> None:
    """Filter all groups of a slab; add the blocks, weighted, to `total`, and the weights to `weight`.

    The noise of a group is that around its first block: `sd` of each frequency times the local `unit`.
    """
    across = hadamard(groups.first.shape[1]).to(noisy.device)
    total, weight = total.view(-1), weight.view(-1)
    for first in groups.first.split(AT_ONCE):
        index = first[:, :, None] + groups.voxels
        found = across @ (noisy.view(-1)[index] @ transform.T)
        variance = (unit.view(-1)[first[:, :1, None]] * sd).square()
        gain = (found.square() > THRESHOLD**2 * variance).float()
        gain[:, 0, 0] = 1.0  # keep the mean
        left = (gain * variance).sum(dim=(1, 2))
        share = 1.0 / left.clamp(min=1e-30)  # little where much noise is left
        shares = (share[:, None, None] * window).expand_as(found)
        blocks = (across @ (found * gain)) @ transform
        total.scatter_add_(0, index.flatten(), (blocks * shares).flatten())
        weight.scatter_add_(0, index.flatten(), shares.flatten())
