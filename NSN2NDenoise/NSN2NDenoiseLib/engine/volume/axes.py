"""Which array axis the slices run along."""

import numpy as np

from ..errors import SettingsError

#: Names of the slice axes as a user knows them; arrays are (k, j, i).
AXES = ("auto", "k", "j", "i")

#: An axis is taken for the acquisition axis when its spacing exceeds both others by this factor.
ANISOTROPY = 1.3


def resolve_axis(axis: str, spacing: tuple[float, float, float] | None) -> str:
    """The slice axis "k", "j" or "i" that `axis` means.

    "auto" is the axis of clearly the largest spacing, because slices are acquired along it; with nearly equal
    spacings, or when `spacing` (k, j, i, in mm) is unknown, it is "k".

    Raises:
        SettingsError: `axis` is not one of `AXES`.
    """
    if axis not in AXES:
        raise SettingsError(f"axis is {axis!r}; allowed are {', '.join(AXES)}")
    if axis != "auto":
        return axis
    if spacing is not None:
        largest = int(np.argmax(spacing))
        others = [s for n, s in enumerate(spacing) if n != largest]
        if spacing[largest] > ANISOTROPY * max(others):
            return "kji"[largest]
    return "k"


def slices_first(volume: np.ndarray, axis: str) -> np.ndarray:
    """A view of a (K, J, I) array with the slices of `axis` ("k", "j" or "i") along axis 0."""
    return np.moveaxis(volume, "kji".index(axis), 0)


def slices_back(stack: np.ndarray, axis: str) -> np.ndarray:
    """The inverse of `slices_first`: a view in the volume's own (K, J, I) order."""
    return np.moveaxis(stack, 0, "kji".index(axis))


def along_slices(spacing: tuple[float, float, float], axis: str) -> tuple[float, float, float]:
    """A spacing (k, j, i) as (slices, rows, columns), for slices along `axis` ("k", "j" or "i")."""
    mm = [float(value) for value in spacing]
    return (mm.pop("kji".index(axis)), *mm)
