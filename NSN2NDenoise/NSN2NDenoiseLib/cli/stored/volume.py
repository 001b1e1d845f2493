"""A volume that stays in its file."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from ..nifti import Nifti


@dataclass(frozen=True)
class StoredVolume:
    """What is known of it without its voxels.

    Attributes:
        array: (K, J, I), image units: gives boxes of itself; see `engine.denoise_stored`.
        spacing: (k, j, i) in mm; None where the file does not say.
        head: two slices of zeros with its geometry and metadata; None where the format has none.
        more: what else a file of the same kind should say.
        nifti: of a NIfTI file; None for others.
        source: the file or folder that was opened; None: it is in none.
        origin: place of the first voxel, (k, j, i) in mm along the axes of the array; None where the file does not say,
            or its axes are turned.
    """

    array: object = field(repr=False)
    spacing: tuple[float, float, float] | None
    head: sitk.Image | None = field(default=None, repr=False)
    more: dict = field(default_factory=dict, repr=False)
    nifti: Nifti | None = field(default=None, repr=False)
    source: Path | None = None
    origin: tuple[float, float, float] | None = None

    @property
    def bytes(self) -> int:
        return int(np.prod(self.array.shape, dtype=np.int64)) * np.dtype(self.array.dtype).itemsize

    def like(self) -> sitk.Image:
        """Two slices with its geometry; voxels of unknown size are cubes of 1 mm."""
        if self.head is not None:
            return self.head
        head = make_head(self.array.shape, self.array.dtype, tuple(reversed(self.spacing or (1.0, 1.0, 1.0))))
        head.SetOrigin(tuple(reversed(self.origin or (0.0, 0.0, 0.0))))
        return head


class Reopened:
    """The array of a stored volume that another process opens anew.

    Args:
        path: of the file or folder.
        open_array: gives its array; a function at file scope.
    """

    def __init__(self, path: Path, open_array: Callable[[Path], object]) -> None:
        self._path, self._open, self._array = path.resolve(), open_array, open_array(path)
        self.shape, self.dtype = self._array.shape, self._array.dtype

    def __getitem__(self, box) -> np.ndarray:
        return self._array[box]

    def __reduce__(self):
        return Reopened, (self._path, self._open)


def make_head(shape: tuple[int, int, int], dtype: np.dtype, spacing: tuple[float, float, float]) -> sitk.Image:
    """Two slices of zeros of a volume (K, J, I); spacing in mm along x, y, z."""
    image = sitk.GetImageFromArray(np.zeros((2, *shape[1:]), np.dtype(dtype).newbyteorder("=")))
    image.SetSpacing(spacing)
    return image
