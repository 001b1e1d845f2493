"""PCA of groups of similar blocks: what the blocks of a group have in common, beyond their mean.

A cosine transform is the same for all blocks. A group's own principal components follow its anatomy, and what exceeds
the noise takes few of them. Where the noise is white, this removes more of it than the collaborative filter.
"""

from collections.abc import Callable

import numpy as np
import torch

from ..noise.model import NoiseModel
from ..volume.part import Box
from .bands import compared, group_size, in_bands
from .groups import block_size, cosine_transform
from .slabs import BlockVolumes

#: Blocks of a group, at most.
GROUP = 64
#: Between the blocks that groups are made for, over slices, over rows and columns, and how far similar ones may be.
STEPS, REACH = (3, 4), (3, 4, 4)
#: A component is kept if its SD exceeds that of the strongest one of pure noise by this factor: in groups of 64 blocks
#: of 64 voxels, if it exceeds 2.1 SDs of the noise.
ABOVE_NOISE = 1.05


def pca_filter(
    noisy: np.ndarray,
    guide: np.ndarray,
    noise: NoiseModel,
    excluded: np.ndarray | None = None,
    needed: Box | None = None,
    progress: Callable[[float], None] | None = None,
) -> np.ndarray:
    """Keep the strong principal components of groups of similar blocks.

    The components are those of the noisy blocks; the guide says which ones are similar. Runs on the CPU, with all of
    torch's threads.

    Args:
        noisy: (slices, rows, columns) float32, normalized.
        guide: as `noisy`, denoised already.
        noise: how strong it is, at which frequency and where.
        excluded: boolean, as `noisy`, voxels that must not count (padding); or None.
        needed: where the result is wanted; elsewhere it may be the guide. None: everywhere.
        progress: called with the part (0 to 1) that is done.

    Returns:
        As `noisy`. A stack with hardly a block, below 8 rows or columns, gives the guide back.

    Raises:
        ImportError: numba is missing, or does not work with the installed numpy.

    References:
        Manjon, Coupe, Buades, "MRI noise estimation and denoising using non-local PCA", Med. Image Anal. 22, 2015
        (Sec. 2.2). There the blocks are found in the noisy volume, and the bound is found empirically, too; here it is
        in units of the largest eigenvalue of noise, (1 + sqrt(voxels / blocks))^2: Marchenko and Pastur, 1967.
    """
    from .components import pca_band

    block = block_size(noisy.shape)
    voxels = int(np.prod(block))
    whiten, restore = _coloring(block, noise.spectrum(block))
    result = guide.copy()
    if min(noisy.shape[1:]) < 8:
        return result
    volumes = BlockVolumes(noisy, guide, noise, excluded, needed)
    corner = volumes.corner

    def work(start: int, *slab: torch.Tensor) -> None:
        shape, local = tuple(slab[0].shape), slab[2]
        places, alike, chance, number = compared(shape, local, start, block, STEPS[1], REACH, corner)
        size = group_size(places, shape, block, STEPS[1], GROUP)
        bound = np.float32(ABOVE_NOISE**2 * (1 + (voxels / size) ** 0.5) ** 2)
        before, similar, local, total, weight = (t.view(-1).numpy() for t in slab)

        def band(first: int, last: int) -> None:
            pca_band(
                before, similar, local, shape, start, first, last, STEPS[1], block, places, alike, chance,
                number, size, bound, not noise.is_white, whiten, restore, total, weight,
            )  # fmt: skip

        in_bands(band, shape[1], block[1], STEPS[1], REACH[1], torch.get_num_threads(), corner[0])

    volumes.filter_slabs(work, result, block, STEPS, REACH, progress)
    return result


def _coloring(block: tuple[int, int, int], spectrum: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Matrices (64, 64), flat, that blocks are multiplied by from the right: to white noise, and back to voxels."""
    voxels, matrices = int(np.prod(block)), np.zeros((2, 64, 64), np.float32)
    transform, sd = cosine_transform(block).numpy(), spectrum[:, None]
    matrices[0, :voxels, :voxels] = (transform / sd).T
    matrices[1, :voxels, :voxels] = transform * sd
    return matrices[0].ravel(), matrices[1].ravel()
