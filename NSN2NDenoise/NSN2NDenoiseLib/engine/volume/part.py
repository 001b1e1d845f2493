"""A part of a volume that is worked on alone, so that each voxel there becomes what it would become in the whole."""

from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from .axes import slices_first

#: Where a part begins, in slices, rows and columns, is a multiple of this: of the steps between the filters' blocks (3
#: and 4), the cells of stage "spare" (4) and the blocks that the noise is measured in (8).
GRID = (6, 24, 24)
#: The same of what a filter's pass is given.
STEPS = (3, 12, 12)

#: How far, in slices, rows and columns, a voxel of a filter's result looks in one of its passes: groups are made for
#: blocks up to 3 slices or 4 pixels beside one of 4 that holds the voxel, of blocks as far again.
PASS_REACH = (9, 11, 11)

#: Slices, rows and columns of a volume, from where to where.
Box = tuple[slice, slice, slice]


@dataclass(frozen=True)
class Part:
    """What is wanted of a volume, and what has to be worked on for it; slices come first.

    Attributes:
        core: around all that is wanted.
        box: the core and, around it, what the stages look at.
        filtered: where in the box the filters' result is looked at.
        wanted: boolean of the box; None: the whole core is.
    """

    core: Box
    box: Box
    filtered: Box
    wanted: np.ndarray | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of the box."""
        return tuple(side.stop - side.start for side in self.box)


def find_part(
    wanted: np.ndarray | Box,
    axis: str,
    shape: tuple[int, int, int],
    reach: tuple[int, int, int],
    after: tuple[int, int, int],
) -> Part:
    """The part to work on.

    Args:
        wanted: boolean (K, J, I), at least one voxel; or a box, slices first.
        axis: "k", "j" or "i", along which the slices lie.
        shape: of the whole, slices first.
        reach: how far the stages look, in slices, rows and columns.
        after: how far those after the filters look.
    """
    is_box = isinstance(wanted, tuple)
    core = wanted if is_box else bounding_box(slices_first(wanted, axis))
    box = widened(core, reach, shape)
    filtered = shifted(widened(core, after, shape), box)
    return Part(core, box, filtered, None if is_box else np.ascontiguousarray(slices_first(wanted, axis)[box]))


def widened(box: Box, reach: tuple[int, int, int], shape: tuple[int, int, int], grid=GRID) -> Box:
    """A box and what lies so far around it, beginning on the grid and within a stack of this shape."""
    return tuple(
        slice(max(0, side.start - far) // step * step, min(size, side.stop + far))
        for side, far, step, size in zip(box, reach, grid, shape, strict=True)
    )


def everywhere(shape: tuple[int, int, int]) -> Box:
    """The box that holds all of a stack."""
    return tuple(slice(0, side) for side in shape)


def around(needed: Box, passes: int, shape: tuple[int, int, int]) -> Box:
    """Where the input of so many passes is looked at, whose result is needed in a box; it begins on their steps."""
    return widened(needed, tuple(passes * side for side in PASS_REACH), shape, grid=STEPS)


def bounding_box(wanted: np.ndarray) -> Box:
    """The smallest box around all that is True."""
    found = []
    for axis in range(3):
        there = np.flatnonzero(wanted.any(axis=tuple(other for other in range(3) if other != axis)))
        found.append(slice(int(there[0]), int(there[-1]) + 1))
    return tuple(found)


def shifted(box: Box, origin: Box) -> Box:
    """A box as it lies in another one, which it is inside of."""
    return tuple(slice(a.start - b.start, a.stop - b.start) for a, b in zip(box, origin, strict=True))


def placed(box: Box, origin: Box | None) -> Box:
    """The inverse of `shifted`: where a box of another one lies; None: that one is the whole."""
    if origin is None:
        return box
    return tuple(slice(a.start + b.start, a.stop + b.start) for a, b in zip(box, origin, strict=True))


def check_within(wanted: np.ndarray, shape: tuple[int, int, int]) -> None:
    """Check that a mask says where a volume is to be denoised.

    Args:
        wanted: boolean array.
        shape: of the volume.

    Raises:
        InputError: another shape or type, or nothing is wanted.
    """
    if not isinstance(wanted, np.ndarray) or wanted.dtype != bool or wanted.shape != tuple(shape):
        what = f"{wanted.dtype} {wanted.shape}" if isinstance(wanted, np.ndarray) else type(wanted).__name__
        raise InputError(f"`within` is {what}; a boolean array as large as the volume, {tuple(shape)}, is needed")
    if not wanted.any():
        raise InputError("no voxel is wanted: the mask is empty, or lies outside the volume")
