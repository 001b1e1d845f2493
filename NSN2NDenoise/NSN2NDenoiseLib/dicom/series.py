"""Which DICOM series a folder holds, and where each of their slices lies: headers only, no voxels.

What a header holds against the rules is no news to who wants to read it: pydicom's warnings are off meanwhile.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from pydicom.errors import InvalidDicomError

from ..engine import InputError

#: What is read of a file's header; the functional groups hold the same for each frame of a multi-frame file.
TAGS = [
    "SOPClassUID",
    "SOPInstanceUID",
    "SeriesInstanceUID",
    "SeriesNumber",
    "SeriesDescription",
    "Modality",
    "InstanceNumber",
    "Rows",
    "Columns",
    "SamplesPerPixel",
    "NumberOfFrames",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "PixelSpacing",
    "GantryDetectorTilt",
    "RescaleSlope",
    "RescaleIntercept",
    "TemporalPositionIdentifier",
    "EchoNumbers",
    "TriggerTime",
    "AcquisitionNumber",
    "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
]
#: The end of a UID that names a series has at least so many characters: less is a mistyped number.
UID_END = 4
#: Characters of a series description that are listed.
SHOWN = 30


@dataclass(frozen=True)
class Slice:
    """One slice: a file, or one frame of a multi-frame file.

    Attributes:
        file: where its pixels are.
        frame: number of the frame in the file, from 0; None for a file with a single one.
        uid: SOP instance UID of the file.
        position, orientation: Image Position and Orientation (Patient), mm, shapes (3,) and (6,); None if unknown.
        spacing: distance of rows and of columns, mm, or None.
        shape: rows and columns.
        order: what slices at the same position are sorted by.
        rescale: slope and intercept.
    """

    file: Path
    frame: int | None
    uid: str
    position: np.ndarray | None
    orientation: np.ndarray | None
    spacing: tuple[float, float] | None
    shape: tuple[int, int]
    order: tuple
    rescale: tuple[float, float]


@dataclass(frozen=True)
class Series:
    """A series and its slices in no particular order.

    Attributes:
        uid, modality, description: of the series.
        number: Series Number, or 0.
        files: how many it has.
        tilt: Gantry/Detector Tilt in degrees, 0 if there is none.
        slices: of all files.
    """

    uid: str
    modality: str
    description: str
    number: int
    files: int
    tilt: float
    slices: tuple[Slice, ...]

    def line(self, index: int) -> str:
        """One line of a list, at most 79 columns wide."""
        name = self.description if len(self.description) <= SHOWN else self.description[: SHOWN - 3] + "..."
        files = f"{self.files} file" + ("s" if self.files > 1 else "")
        return f"{index:4}  {self.modality:4} {files:>11}  {name:{SHOWN}}  ...{self.uid[-16:]}"


def find_series(folder: Path) -> list[Series]:
    """The series with images of the files in a folder (not in folders inside it), by series number."""
    headers = ((file, read_header(file)) for file in sorted(folder.iterdir()))
    return group_series([(file, dataset) for file, dataset in headers if dataset is not None])


@pydicom.config.disable_value_validation()
def group_series(headers: list[tuple[Path, pydicom.Dataset]]) -> list[Series]:
    """The series that files with these headers make up, by series number."""
    datasets: dict[str, list[tuple[Path, pydicom.Dataset]]] = {}
    for file, dataset in headers:
        datasets.setdefault(str(dataset.get("SeriesInstanceUID", "")), []).append((file, dataset))
    series = [_make_series(uid, members) for uid, members in datasets.items()]
    return sorted(series, key=lambda one: (one.number, one.uid))


@pydicom.config.disable_value_validation()
def series_of_file(file: Path) -> Series | None:
    """The series that a single file is part of, with this file only; None if it is no DICOM image."""
    dataset = read_header(file)
    return None if dataset is None else _make_series(str(dataset.get("SeriesInstanceUID", "")), [(file, dataset)])


def choose_series(folder: Path, found: list[Series], wanted: str | None) -> Series:
    """The series that `--series` means: a number of the list, a UID or the end of one.

    Raises:
        InputError: there is none, or not exactly one; the text lists them.
    """
    if not found:
        raise InputError(f"the folder {folder} holds no DICOM series (folders inside it are not searched)")
    listed = "\n".join(one.line(index) for index, one in enumerate(found, 1))
    if wanted is None:
        if len(found) == 1:
            return found[0]
        raise InputError(f"the folder {folder} holds {len(found)} DICOM series; choose one with --series N:\n{listed}")
    if wanted.isascii() and wanted.isdigit() and 1 <= int(wanted) <= len(found):
        return found[int(wanted) - 1]
    ending = [one for one in found if len(wanted) >= UID_END and one.uid.endswith(wanted)]
    if len(ending) != 1:
        how_many = "no series has" if not ending else f"{len(ending)} series have"
        raise InputError(f"--series {wanted}: {how_many} this number or end of a UID in {folder}:\n{listed}")
    return ending[0]


@pydicom.config.disable_value_validation()
def read_header(file: Path) -> pydicom.Dataset | None:
    """The header of a DICOM image, or None for anything else.

    Raises:
        InputError: the file starts like DICOM, but its header is damaged.
    """
    if not file.is_file():
        return None
    try:
        dataset = pydicom.dcmread(file, stop_before_pixels=True, specific_tags=TAGS)
        return dataset if dataset.get("Rows") and dataset.get("Columns") else None
    except InvalidDicomError:
        return None
    except OSError as error:
        raise InputError(f"{file} can't be read ({error.strerror or error})") from error
    except Exception as error:  # pydicom has no error of its own for what a damaged header can hold
        raise InputError(f"{file} has a damaged DICOM header ({error})") from error


def _make_series(uid: str, members: list[tuple[Path, pydicom.Dataset]]) -> Series:
    first = members[0][1]
    try:
        return Series(
            uid,
            str(first.get("Modality", "")),
            " ".join(str(first.get("SeriesDescription", "") or "").split()),
            int(first.get("SeriesNumber") or 0),
            len(members),
            float(first.get("GantryDetectorTilt") or 0.0),
            tuple(one for file, dataset in members for one in _slices_of(file, dataset)),
        )
    except (ValueError, TypeError, AttributeError, IndexError, OverflowError) as error:
        raise InputError(f"{members[0][0].parent}: the DICOM headers of the series are damaged ({error})") from error


def _slices_of(file: Path, dataset: pydicom.Dataset) -> list[Slice]:
    frames = int(dataset.get("NumberOfFrames") or 1)
    groups = dataset.get("PerFrameFunctionalGroupsSequence")
    if not groups:
        numbers = [None] if frames == 1 else list(range(frames))
        return [_slice(file, dataset, number, [dataset]) for number in numbers]
    if len(groups) != frames:
        raise ValueError(f"{frames} frames, but {len(groups)} of them are described")
    shared = dataset.get("SharedFunctionalGroupsSequence") or []
    return [_slice(file, dataset, number, [group, *shared]) for number, group in enumerate(groups)]


def _slice(file: Path, dataset: pydicom.Dataset, frame: int | None, groups: list[pydicom.Dataset]) -> Slice:
    """A slice whose values are looked for in `groups`, the first that has one counts."""

    def numbers(sequence: str, keyword: str) -> list[float] | None:
        for group in groups:
            items = [group] if group is dataset else group.get(sequence) or []
            for item in items:
                if item.get(keyword) not in (None, ""):
                    value = item.get(keyword)
                    values = [value] if isinstance(value, (int, float)) else list(value)
                    if not np.isfinite(np.array(values, float)).all():
                        raise ValueError(f"{keyword} is {value}")
                    return [float(v) for v in values]
        return None

    position = numbers("PlanePositionSequence", "ImagePositionPatient")
    if frame is not None and groups == [dataset]:
        position = None  # that of the first frame
    orientation = numbers("PlaneOrientationSequence", "ImageOrientationPatient")
    spacing = numbers("PixelMeasuresSequence", "PixelSpacing")
    slope, intercept = (numbers("PixelValueTransformationSequence", f"Rescale{n}") for n in ("Slope", "Intercept"))
    for name, values, count in (("position", position, 3), ("orientation", orientation, 6), ("spacing", spacing, 2)):
        if values is not None and (len(values) != count or (name == "spacing" and min(values) <= 0)):
            raise ValueError(f"{name} of a slice is {values}")
    time = ("TemporalPositionIdentifier", "EchoNumbers", "TriggerTime", "AcquisitionNumber", "InstanceNumber")
    content = [item for group in groups for item in group.get("FrameContentSequence") or []]
    index = tuple(int(item.get("TemporalPositionIndex") or 0) for item in content[:1])
    return Slice(
        file,
        frame,
        str(dataset.get("SOPInstanceUID", "")),
        None if position is None else np.array(position),
        None if orientation is None else np.array(orientation),
        None if spacing is None else (spacing[0], spacing[1]),
        (int(dataset.Rows), int(dataset.Columns)),
        (*index, *(float(_first(dataset.get(keyword)) or 0) for keyword in time), frame or 0),
        ((slope or [1.0])[0], (intercept or [0.0])[0]),
    )


def _first(value):
    """EchoNumbers may have several values."""
    return value[0] if isinstance(value, pydicom.multival.MultiValue) and value else value
