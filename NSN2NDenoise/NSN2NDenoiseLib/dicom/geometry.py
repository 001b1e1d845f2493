"""Where the slices of a series lie, and whether an image file with one spacing and no tilt can say so."""

from dataclasses import dataclass

import numpy as np

from ..engine import InputError
from .series import Series, Slice

#: Slices closer than this (mm) are at the same position, as the frames of a 4-D series are.
SAME_MM = 0.01
#: Direction cosines may differ by this much.
SAME_DIRECTION = 1e-3
#: A slice may lie this part of the slice distance off the regular grid: headers are rounded.
OFF_GRID = 0.1
#: Slices may be shifted in their plane by this part of a pixel before that counts as a tilt.
SHIFT_PIXELS = 0.25


@dataclass(frozen=True)
class Placement:
    """One volume's slices in order.

    Attributes:
        slices: along the normal.
        positions: of the slices along the normal, mm, (K,) ascending; None if the headers don't tell.
        spacing: (k, j, i) in mm.
        origin: of the first voxel, mm, (3,).
        direction: (3, 3), columns are the directions of i, j and k.
        problem: why one spacing can't say where the slices are, or None.
        frames: how many slices there are at each position.
        modality: of the series.
    """

    slices: tuple[Slice, ...]
    positions: np.ndarray | None
    spacing: tuple[float, float, float] | None
    origin: np.ndarray | None
    direction: np.ndarray | None
    problem: str | None
    frames: int
    modality: str = ""


def place(name: str, series: Series, frame: int | None) -> Placement:
    """Sort the slices of a series, choose one frame of a 4-D one, and say what is irregular.

    Args:
        name: of the input, for messages.
        series: from `find_series`.
        frame: of a 4-D series, from 0.

    Raises:
        InputError: the slices are no volume, or the frame has to be chosen.
    """
    slices, stacks = _stacks(name, series)
    if not stacks:
        return _without_positions(name, slices, frame)
    return _placement(series, stacks, _check_frame(name, frame, len(stacks[0])))


def count_frames(name: str, series: Series) -> int:
    """How many slices a series has at each position; arguments and errors as `place`."""
    stacks = _stacks(name, series)[1]
    return len(stacks[0]) if stacks else 1


def place_frames(name: str, series: Series) -> list[Placement]:
    """The slices of each frame of a 4-D series, which lie in one place; arguments as `place`.

    Raises:
        InputError: as `place`; the series is 3-D, its slices are irregular, or its frames do not lie in one place.
    """
    stacks = _stacks(name, series)[1]
    if not stacks or len(stacks[0]) == 1:
        raise InputError(f"{name} is no 4-D file; leave --frames out")
    placements = [_placement(series, stacks, number) for number in range(len(stacks[0]))]
    first = placements[0]
    for number, other in enumerate(placements):
        if other.problem is not None:
            raise InputError(f"{name}, frame {number}: {other.problem}. Choose a frame with --frame")
        far = max(np.abs(a.position - b.position).max() for a, b in zip(first.slices, other.slices, strict=True))
        if far > SHIFT_PIXELS * min(first.spacing) or not np.allclose(other.spacing, first.spacing, rtol=OFF_GRID):
            raise InputError(f"frames 0 and {number} of {name} lie in different places; choose one with --frame")
    return placements


def _stacks(name: str, series: Series) -> tuple[list[Slice], list[list[Slice]]]:
    """The slices of a series, each once, and those at the same position together, along the normal, as many at each;
    no stacks where the positions are unknown.

    Raises:
        InputError: the slices are no volume.
    """
    slices = list(
        {(one.uid or one.file, one.frame): one for one in series.slices}.values()
    )  # copies of a file count once
    shapes = {one.shape for one in slices}
    if len(shapes) > 1:
        sizes = ", ".join(f"{columns} x {rows}" for rows, columns in sorted(shapes))
        raise InputError(f"the slices of {name} have different sizes ({sizes}); one volume is needed")
    if any(one.position is None or one.orientation is None for one in slices):
        return slices, []
    orientation = slices[0].orientation
    others = {tuple(np.round(one.orientation, 2)) for one in slices}
    if max(np.abs(one.orientation - orientation).max() for one in slices) > SAME_DIRECTION:
        raise InputError(
            f"the slices of {name} have {max(len(others), 2)} different orientations, as those of a localizer; "
            "one volume is needed"
        )
    rows, columns = orientation[:3], orientation[3:]
    if abs(rows @ columns) > SAME_DIRECTION or abs(np.linalg.norm(orientation) - np.sqrt(2)) > SAME_DIRECTION:
        raise InputError(f"the orientation of the slices of {name} is damaged: {list(orientation)}")
    normal = np.cross(rows, columns)
    stacks = _by_position(slices, normal)
    least, most = min(map(len, stacks)), max(map(len, stacks))
    if least < most:
        raise InputError(
            f"{name} has {least} to {most} slices at the same position; a volume, or a 4-D series with as many frames "
            "everywhere, is needed"
        )
    return slices, stacks


def _placement(series: Series, stacks: list[list[Slice]], number: int) -> Placement:
    """Of stacks of slices those of one frame, and what is irregular."""
    rows, columns = stacks[0][0].orientation[:3], stacks[0][0].orientation[3:]
    normal = np.cross(rows, columns)
    chosen = [stack[number] for stack in stacks]
    pixel = chosen[0].spacing or (1.0, 1.0)
    offsets = np.array([one.position for one in chosen]) - chosen[0].position
    positions = offsets @ normal + chosen[0].position @ normal
    shift = offsets - np.outer(offsets @ normal, normal)
    distance = float(np.median(np.diff(positions))) if len(chosen) > 1 else 1.0
    problems = [_tilt(shift, positions, pixel, series.tilt), _irregular(positions)]
    problem = "; ".join(filter(None, problems)) or None
    if problem is None and len(chosen) > 1:
        distance = float((positions[-1] - positions[0]) / (len(chosen) - 1))
    return Placement(
        tuple(chosen),
        positions,
        (distance, *pixel),
        chosen[0].position,
        np.stack([rows, columns, normal], axis=1),
        problem,
        len(stacks[0]),
    )


def _without_positions(name: str, slices: list[Slice], frame: int | None) -> Placement:
    if frame is not None:
        raise InputError(f"{name}: the files don't say where their slices are, so there are no frames to choose from")
    return Placement(tuple(sorted(slices, key=lambda one: one.order)), None, None, None, None, None, 1)


def _by_position(slices: list[Slice], normal: np.ndarray) -> list[list[Slice]]:
    """Slices along the normal, those at the same position together and in order."""
    along = sorted(((one.position @ normal, index) for index, one in enumerate(slices)))
    stacks: list[list[Slice]] = []
    last = -np.inf
    for position, index in along:
        if position - last > SAME_MM:
            stacks.append([])
            last = position
        stacks[-1].append(slices[index])
    return [sorted(stack, key=lambda one: one.order) for stack in stacks]


def _check_frame(name: str, frame: int | None, frames: int) -> int:
    if frames == 1:
        if frame is not None:
            raise InputError(f"{name} is 3-D; leave --frame out")
        return 0
    if frame is None:
        raise InputError(
            f"{name} is 4-D with {frames} frames; choose one with --frame N (0 to {frames - 1}), or denoise "
            "--frames all"
        )
    if not 0 <= frame < frames:
        raise InputError(f"--frame {frame} does not exist in {name}; it has the frames 0 to {frames - 1}")
    return frame


def _tilt(shift: np.ndarray, positions: np.ndarray, pixel: tuple[float, float], stated: float) -> str | None:
    """What is to be said about slices that are shifted against each other in their plane, (K, 3) mm."""
    if np.linalg.norm(shift, axis=1).max() <= SHIFT_PIXELS * min(pixel):
        return None
    far = np.linalg.norm(shift[-1]) / max(positions[-1] - positions[0], SAME_MM)
    angle = abs(stated) or float(np.degrees(np.arctan(far)))
    return f"the slices are tilted by {angle:.3g} degrees against their stack (gantry tilt)"


def _irregular(positions: np.ndarray) -> str | None:
    """What is to be said about slices that are not equally far apart."""
    gaps = np.diff(positions)
    if len(gaps) < 2:
        return None
    usual = float(np.median(gaps))
    if np.abs(positions - np.linspace(positions[0], positions[-1], len(positions))).max() <= OFF_GRID * gaps.mean():
        return None
    steps = np.rint(gaps / usual)
    if (steps >= 1).all() and np.abs(gaps - steps * usual).max() <= OFF_GRID * usual:
        missing = int((steps - 1).sum())
        where = ", ".join(f"{n + 1} and {n + 2}" for n in np.flatnonzero(steps > 1)[:3])
        count = "1 slice is" if missing == 1 else f"{missing} slices are"
        return f"{count} missing (slices are {usual:.3g} mm apart; there is a hole between {where})"
    return f"the slices are from {gaps.min():.3g} to {gaps.max():.3g} mm apart"
