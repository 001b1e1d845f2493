"""The last step of the default: collaborative filtering of similar 3-D blocks, guided by the network's output.

The network sees three slices and decides pixel by pixel. Here blocks that look alike are stacked, and a transform of
the stack separates what they share, the anatomy, from what each has alone, the noise. In a first pass
frequencies that do not exceed the noise are dropped; its result, mixed with the network's, is the pilot of the second,
a Wiener filter. The noise at each frequency is known from neighboring slices (noise_spectrum.py).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from .blocks import Groups, block_size, cosine_transform, find_groups, hadamard
from .filter.on_cpu import can_compile, filter_slab
from .filter.slabs import over_slabs
from .local_noise import local_noise_sd
from .noise_spectrum import noise_spectrum


@dataclass(frozen=True)
class Effort:
    """How thoroughly to filter.

    Attributes:
        steps: between the blocks that groups are made for in the two passes: over slices, over rows and columns.
        reach: how far from a block similar ones are looked for, in slices, rows and columns.
    """

    steps: tuple[tuple[int, int], tuple[int, int]]
    reach: tuple[int, int, int]


#: For a pilot of the training, and for the result, which takes three times as long.
QUICK, THOROUGH = Effort(((4, 4), (4, 3)), (2, 4, 4)), Effort(((3, 3), (2, 2)), (3, 4, 4))
#: A frequency is kept in the first pass if it exceeds this many noise SDs.
THRESHOLD = 3.0
#: Noise variances that the Wiener filter of the second pass reckons with.
VARIANCES = 1.4
#: The part of the first pass in the pilot of the second; the rest is the network's.
FIRST_PART = 0.6
#: The local noise SD counts at least this part of the volume's.
QUIET = 0.05
#: Shape of the Kaiser window that the voxels of a block are weighted with.
KAISER = 2.0
#: The part of the time that the first pass takes.
FIRST_SHARE = 0.3
#: Groups that are filtered at once.
AT_ONCE = 2048


def collaborative_filter(
    before: np.ndarray,
    after: np.ndarray,
    excluded: np.ndarray | None,
    noise_sd: float,
    gap: int,
    correlation: list[float],
    strength: float = 1.0,
    effort: Effort = THOROUGH,
    device: torch.device | str = "cpu",
    progress: Callable[[float], None] | None = None,
    gentle: np.ndarray | None = None,
) -> None:
    """Filter `before` guided by `after`, which is replaced by the result, in place.

    Args:
        before: (slices, rows, columns) float32, normalized, with noise.
        after: as `before`, denoised by the network.
        excluded: boolean, as `before`, or None.
        noise_sd: of the volume, normalized, > 0.
        gap: smallest distance of slices with independent noise.
        correlation: of the noise between slices at lags 1, 2, 3.
        strength: factor of the measured noise SD; 1 trusts it.
        effort: QUICK or THOROUGH.
        device: where the blocks are filtered.
        progress: called with the part (0 to 1) that is done.
        gentle: as `before`, a factor of the local noise SD at each voxel, >= 0: below 1 more of what may be noise is
            kept there. It is read at the first voxel of a block, so it should be smooth. None: 1.

    References:
        Dabov et al., "Image denoising by sparse 3-D transform-domain collaborative filtering", 2007. Maggioni et al.,
        "Nonlocal transform-domain filter for volumetric data denoising and reconstruction", 2013 (Sec. II). There the
        blocks are found in the noisy volume, and the noise is white and known.
    """
    block = block_size(before.shape)

    def local(first: int, last: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor | None]:
        """Noisy slices, the network's, the local noise SD, and what is excluded."""
        noisy, denoised = (torch.from_numpy(stack[first:last]).to(device) for stack in (before, after))
        if excluded is None:
            return noisy, denoised, local_noise_sd(noisy - denoised, None).clamp(min=QUIET * noise_sd), None
        outside = torch.from_numpy(excluded[first:last]).to(device)
        unit = local_noise_sd(noisy - denoised, outside).clamp(min=QUIET * noise_sd)
        return noisy.masked_fill(outside, 0.0), denoised.masked_fill(outside, 0.0), unit, outside

    def one_slice(index: int) -> tuple[torch.Tensor, ...]:
        noisy, denoised, unit, outside = local(index, index + 1)
        counts = torch.ones_like(noisy, dtype=torch.bool) if outside is None else ~outside
        return noisy[0], denoised[0], unit[0], counts[0]

    sd = strength * noise_spectrum(one_slice, len(before), gap, correlation, block)
    kept = np.empty_like(before)  # what the first pass makes
    for number, (result, is_last) in enumerate(((kept, False), (after, True))):

        def load(first: int, last: int, is_last: bool = is_last) -> tuple[torch.Tensor, ...]:
            """Noisy slices, the pilot, in which similar blocks are looked for, and the local noise SD."""
            noisy, pilot, unit, _ = local(first, last)
            if is_last:
                pilot = pilot.lerp(torch.from_numpy(kept[first:last]).to(device), FIRST_PART)
            if gentle is not None:
                unit = unit * torch.from_numpy(gentle[first:last]).to(device)
            return noisy, pilot, unit

        for part in _filter_slabs(load, result, block, effort.steps[number], effort.reach, sd, wiener=is_last):
            if progress is not None:
                progress(FIRST_SHARE + (1 - FIRST_SHARE) * part if is_last else FIRST_SHARE * part)


def _filter_slabs(load, result: np.ndarray, block: tuple[int, int, int], steps, reach, sd, wiener: bool):
    """One pass over the stack, slab by slab; what is done is written to `result`. Yields the part that is done."""
    transform, window = (t.to(sd.device) for t in (cosine_transform(block), _window(block)))
    on_cpu, variances = can_compile(result.shape, reach, sd.device), VARIANCES if wiener else None

    def work(start: int, noisy, pilot, unit, total, weight) -> None:
        if on_cpu:
            filter_slab(noisy, pilot, unit, start, steps[1], reach, sd, window, THRESHOLD, variances, total, weight)
            return
        groups = find_groups(pilot, unit, start, block, steps[1], reach)
        _filter_groups(noisy, pilot if wiener else None, unit, groups, transform, window, sd, total, weight)

    return over_slabs(load, work, result, block, steps, reach, sd.device)


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
