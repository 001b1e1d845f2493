"""Spheres of known contrast, inserted into a volume before it is denoised: what of them comes back?

Leak, shift and residual correlation can't see a lesion that is weaker than the noise. Inserted ones show it: the same
volume is denoised with and without them, and the difference is what the method makes of them.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from .sites import Sites

#: SD in pixels, within the slice, of the blur that a scanner would give a sphere.
BLUR = 0.7
#: Parts of a voxel's side at which the sphere is sampled for its partial volume.
PARTS = 5


@dataclass(frozen=True)
class Lesions:
    """What was inserted where.

    Attributes:
        centers: (n, 3) int, slice, row, column.
        contrasts: (n,), at the sphere's core against the tissue around it, image units; negative: darker.
        diameters: (n,), mm.
        textured: (n,) bool, whether the tissue there has structure of its own.
        spacing: (slices, rows, columns) in mm.
    """

    centers: np.ndarray
    contrasts: np.ndarray
    diameters: np.ndarray
    textured: np.ndarray
    spacing: tuple[float, float, float]

    def __len__(self) -> int:
        return len(self.centers)


def sphere(diameter: float, spacing: tuple[float, float, float]) -> np.ndarray:
    """A sphere in voxels, 1 inside and 0 outside, float64 with odd sides, its center in the middle voxel.

    Voxels at its surface hold the part of them that it fills, and a Gaussian within the slice softens it as a scanner
    would: a sphere of few voxels stays below 1.

    Args:
        diameter: mm.
        spacing: (slices, rows, columns) in mm.
    """
    reach = [int(np.ceil(0.5 * diameter / s)) + (0 if axis == 0 else 3) for axis, s in enumerate(spacing)]
    parts = (np.arange(PARTS) + 0.5) / PARTS - 0.5
    squares = [
        np.square((np.arange(-r, r + 1)[:, None] + parts).ravel() * s) for r, s in zip(reach, spacing, strict=True)
    ]
    inside = squares[0][:, None, None] + squares[1][:, None] + squares[2] <= 0.25 * diameter**2
    k, j, i = (2 * r + 1 for r in reach)
    filled = inside.reshape(k, PARTS, j, PARTS, i, PARTS).mean(axis=(1, 3, 5))
    return ndimage.gaussian_filter(filled, (0, BLUR, BLUR), mode="constant")


def draw_lesions(
    sites: Sites, contrasts: tuple[float, ...], diameters: tuple[float, ...], seed: int, part: float = 1.0
) -> Lesions:
    """Give each site a contrast, a diameter and a sign at random, all as often as the others.

    Neighbors differ: a filter that gathers similar blocks finds no second lesion of the same kind nearby.

    Args:
        sites: where there is room.
        contrasts: image units, positive; both signs are drawn.
        diameters: mm.
        seed: of the draw.
        part: of the sites that get a lesion.
    """
    random = np.random.default_rng(seed)
    chosen = np.sort(random.permutation(len(sites))[: round(part * len(sites))])
    kinds = [(s * c, d) for c in contrasts for d in diameters for s in (1, -1)]
    order = np.concatenate([random.permutation(len(kinds)) for _ in range(-(-len(chosen) // len(kinds)))])
    drawn = np.array([kinds[n] for n in order[: len(chosen)]]).reshape(-1, 2)
    return Lesions(sites.centers[chosen], drawn[:, 0], drawn[:, 1], sites.textured[chosen], sites.spacing)


def insert(stack: np.ndarray, lesions: Lesions) -> np.ndarray:
    """The volume with the lesions in it, shape and dtype of `stack`; integers are rounded and clipped.

    Args:
        stack: (slices, rows, columns), image units; not changed.
        lesions: see `draw_lesions`.
    """
    result = np.array(stack)
    limits = np.iinfo(stack.dtype) if stack.dtype.kind in "iu" else None
    for index, profile, here, there in _profiles(stack.shape, lesions):
        values = stack[here].astype(np.float64) + lesions.contrasts[index] * profile[there]
        if limits is not None:
            values = np.clip(np.rint(values), limits.min, limits.max)
        result[here] = values.astype(stack.dtype)
    return result


def recovered(with_lesions: np.ndarray, without: np.ndarray, lesions: Lesions) -> np.ndarray:
    """The part of each lesion's contrast that is there, (n,) float64: 1 all of it, 0 none.

    It is the height of the inserted profile that fits the difference of the two volumes best (least squares). The
    noise below a lesion is in both volumes, so that it is not taken for contrast that came or went.

    Args:
        with_lesions, without: (slices, rows, columns), image units: denoised with and without lesions.
        lesions: that were inserted.
    """
    found = np.empty(len(lesions))
    for index, profile, here, there in _profiles(without.shape, lesions):
        difference = with_lesions[here].astype(np.float64) - without[here]
        template = profile[there]
        found[index] = (difference * template).sum() / (lesions.contrasts[index] * np.square(template).sum())
    return found


def _profiles(shape: tuple[int, ...], lesions: Lesions):
    """For each lesion: number, profile, where it lies in the volume, and which part of the profile that is."""
    spheres = {d: sphere(d, lesions.spacing) for d in np.unique(lesions.diameters)}
    for index, (center, diameter) in enumerate(zip(lesions.centers, lesions.diameters, strict=True)):
        profile = spheres[diameter]
        starts = [c - n // 2 for c, n in zip(center, profile.shape, strict=True)]
        ends = [s + n for s, n in zip(starts, profile.shape, strict=True)]
        here = tuple(slice(max(s, 0), min(e, n)) for s, e, n in zip(starts, ends, shape, strict=True))
        there = tuple(slice(h.start - s, h.stop - s) for h, s in zip(here, starts, strict=True))
        yield index, profile, here, there
