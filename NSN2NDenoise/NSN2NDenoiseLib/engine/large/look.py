"""The look at a volume that is not in memory: what `take_look` measures, by the same functions at the same places."""

from collections.abc import Callable

import numpy as np

from ..errors import SettingsError
from ..look import Look, look_at
from ..noise.level import gray_step
from ..volume.axes import resolve_axis
from ..volume.check import check_slices
from ..volume.normalize import normalization_of
from ..volume.part import Box
from ..volume.slices import Slices
from .padding import find_padding
from .stack import Stack, each_slice, raw_stack
from .survey import sample_step, strided_slice, survey

#: Parts of the time that the survey and the search for padding take.
SURVEYED, PADDED = 0.3, 0.8


def take_look_at_stored(
    source,
    axis: str = "auto",
    spacing: tuple[float, float, float] | None = None,
    positions: np.ndarray | None = None,
    tell: Callable[[float], None] = lambda part: None,
) -> tuple[Look, Slices]:
    """Measure a volume that is not in memory.

    Args:
        source: (K, J, I), image units; see `raw_stack`.
        axis, spacing, positions: as in `take_look`.
        tell: called with the part (0 to 1) that is done; it may raise Cancelled.

    Returns:
        What `take_look` returns for it, the same numbers; the arrays of the slices are `Stack`.

    Raises:
        InputError: the volume can't be denoised.
        SettingsError: its slices lie along another axis than k, as which it is stored.
    """
    axis = resolve_axis(axis, spacing)
    if axis != "k":
        raise SettingsError(
            f"the slices lie along axis {axis}, and a volume that is not in memory is denoised along axis k, in which "
            "it is stored; choose axis k, or store it with its slices along k"
        )
    found = survey(source, lambda part: tell(SURVEYED * part))
    shape = tuple(source.shape)
    check_slices(shape, axis)
    excluded, padding_value = find_padding(source, found, lambda part: tell(SURVEYED + (PADDED - SURVEYED) * part))
    values = found.sample
    if excluded is not None:
        step = sample_step(excluded.size)
        values = np.concatenate(
            [strided_slice(image, k, step)[~strided_slice(excluded[k], k, step)] for k, image in each_slice(source)]
        )
    normalization = normalization_of(values)
    raw = raw_stack(source)

    def make(box: Box) -> np.ndarray:
        return normalization.apply(raw[box])

    low, high = normalization.apply(np.array([found.low, found.high], raw.dtype))
    normalized = Stack(shape, np.float32, make, low, high)
    slices = Slices(normalized, excluded, padding_value, normalization, axis, None if spacing is None else spacing[0])
    tell(PADDED)
    stored = Stack(shape, raw.dtype, raw.__getitem__, found.low, found.high)
    return look_at(stored, slices, spacing, positions, gray_step(normalization.apply(found.few))), slices
