"""The noise as a filter has to know it: how strong it is at each frequency of a block, and around each voxel."""

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from ..volume.part import Box, placed
from .level import NoiseLevel

#: Where W_i = 0 a filter reckons with this part of the noise's SD: what differs between slices is protected.
UNMATCHED = 0.6
#: Side in pixels of the square over which W_i is averaged: the transition is smooth.
TRANSITION = 5
#: Noise is white if the variance at its highest frequency exceeds this part of the mean over all frequencies.
WHITE = 0.5


@dataclass(frozen=True)
class NoiseModel:
    """What was measured of the noise, gentler where neighboring slices do not match.

    Attributes:
        level: what was measured.
        weights: W_i (Eq. 3), (slices, rows, columns) uint8, of the region; None: equally strong everywhere.
        factor: of the SD; 1 trusts it.
        region: slices, rows and columns of the volume that the filter is given; None: all of it.
    """

    level: NoiseLevel
    weights: np.ndarray | None = None
    factor: float = 1.0
    region: Box | None = None

    @property
    def corner(self) -> tuple[int, int]:
        """Row and column of the volume at which the region begins."""
        return (0, 0) if self.region is None else (self.region[1].start, self.region[2].start)

    def inside(self, box: Box) -> "NoiseModel":
        """The noise in a box of the region."""
        weights = None if self.weights is None else self.weights[box]
        return replace(self, weights=weights, region=placed(box, self.region))

    @property
    def is_white(self) -> bool:
        """Whether the highest frequencies hold about as much noise as the others."""
        return self.level.color.high > WHITE

    def spectrum(self, block: tuple[int, int, int]) -> np.ndarray:
        """SD at each frequency of a block's cosine transform (slices, rows, columns), in units of the local SD.

        Args:
            block: slices, rows and columns; as many slices as were measured, 4 x 4 pixels.

        Returns:
            (frequencies,) float32.
        """
        color = self.level.color
        along = color.along if len(color.along) == block[0] else np.ones(block[0])
        return np.sqrt(np.multiply.outer(along, color.within)).ravel().astype(np.float32)

    def unit(self, first: int, last: int) -> np.ndarray:
        """SD of the noise around each voxel of the region's slices from `first` up to `last`, float32, normalized."""
        local = self.level.local if self.region is None else self.level.local.inside(self.region)
        unit = self.factor * local.slab(first, last)
        if self.weights is not None:
            for own, weights in zip(unit, self.weights[first:last], strict=True):
                matched = ndimage.uniform_filter(weights.astype(np.float32), TRANSITION)
                own *= UNMATCHED + (1 - UNMATCHED) * matched
        return np.ascontiguousarray(unit, np.float32)
