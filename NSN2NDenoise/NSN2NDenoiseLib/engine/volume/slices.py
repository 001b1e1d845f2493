"""A volume as normalized slices, and slices as a volume again."""

from dataclasses import dataclass, replace

import numpy as np

from .axes import resolve_axis, slices_first
from .check import check_slices, check_volume
from .normalize import Normalization, find_padding, fit_normalization
from .part import Box


@dataclass(frozen=True)
class Slices:
    """The slices of a volume. Nobody changes the arrays.

    Attributes:
        values: (slices, rows, columns) float32, normalized.
        excluded: boolean, as `values`, True on padding; None where there is none.
        padding_value: image units; None where there is no padding.
        normalization: between image units and `values`.
        axis: "k", "j" or "i", along which the slices lie.
        spacing_mm: between slices; None where it is unknown.
    """

    values: np.ndarray
    excluded: np.ndarray | None
    padding_value: float | None
    normalization: Normalization
    axis: str
    spacing_mm: float | None

    def __len__(self) -> int:
        return len(self.values)

    def cut(self, box: Box) -> "Slices":
        """A copy of a part."""
        excluded = None if self.excluded is None else self.excluded[box].copy()
        return replace(self, values=self.values[box].copy(), excluded=excluded)


def to_slices(volume: np.ndarray, axis: str = "auto", spacing: tuple[float, float, float] | None = None) -> Slices:
    """Check a volume, find its padding and normalize it.

    Args:
        volume: (K, J, I) integer or float array, image units; not changed.
        axis: slice axis, "auto", "k", "j" or "i".
        spacing: (k, j, i) in mm, or None.

    Raises:
        InputError: the volume can't be denoised.
        SettingsError: an axis that is not allowed.
    """
    check_volume(volume)
    axis = resolve_axis(axis, spacing)
    raw = slices_first(volume, axis)
    check_slices(raw.shape, axis)
    excluded, padding_value = find_padding(raw)
    normalization = fit_normalization(raw, excluded)
    spacing_mm = None if spacing is None else float(spacing["kji".index(axis)])
    values = np.ascontiguousarray(normalization.apply(raw))
    return Slices(values, excluded, padding_value, normalization, axis, spacing_mm)


def to_volume(values: np.ndarray, slices: Slices, volume: np.ndarray, wanted: np.ndarray | None = None) -> np.ndarray:
    """Normalized slices in the axis order, units and type of `volume`; its padding as it was.

    Args:
        values: (slices, rows, columns) float32, normalized.
        slices: of the input.
        volume: the input, (K, J, I), image units.
        wanted: boolean, as `values`; where it is False, voxels stay as they were; None: it is True everywhere.

    Returns:
        Shape and dtype of `volume`; integers are rounded and clipped.
    """
    image = np.empty(volume.shape, volume.dtype)
    target, source = slices_first(image, slices.axis), slices_first(volume, slices.axis)
    padding, outside = slices.excluded, None if wanted is None else ~wanted
    for index, normalized in enumerate(values):
        units = slices.normalization.invert(normalized, volume.dtype)
        if volume.dtype.kind in "iu":
            limits = np.iinfo(volume.dtype)
            # float64 holds the limits of all but the 64-bit types, whose last values it would round beyond them
            units = np.clip(np.rint(units.astype(np.float64)), max(limits.min, -(2**62)), min(limits.max, 2**62))
        target[index] = units.astype(volume.dtype)
        for kept in (padding, outside):
            if kept is not None:
                target[index][kept[index]] = source[index][kept[index]]
    return image
