"""4-D files: read as a whole, and denoised frame by frame."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from .. import engine
from ..dicom.read import find_dicom, name_of, read_frames
from ..dicom.series import Series, Slice
from ..engine.runtime.room import check_room
from .nifti import Nifti, read_nifti
from .nrrd_list import NrrdList, as_frames, read_nrrd_list
from .volume_io import Volume, array_of, is_sequence, last_line, open_file


@dataclass(frozen=True)
class Sequence:
    """A 4-D image.

    Attributes:
        image: x, y, z, t.
        array: (T, K, J, I), image units, the file's pixel type.
        warnings: sentences for the user.
        modality: as of a `Volume`; unknown in a file that is no DICOM.
        slices: the DICOM slices that it came from, frame by frame, or nothing.
        header: what ITK does not keep of the file's own; None where that is nothing.
    """

    image: sitk.Image
    array: np.ndarray = field(repr=False)
    warnings: tuple[str, ...] = ()
    modality: str = ""
    slices: tuple[Slice, ...] = field(default=(), repr=False)
    header: Nifti | NrrdList | None = field(default=None, repr=False)

    def frame(self, number: int) -> Volume:
        """One of its volumes."""
        size = self.image.GetSize()
        return Volume(self.array[number], sitk.Extract(self.image, [*size[:3], 0], [0, 0, 0, number]))


def read_sequence(path: Path, series: str | None = None) -> Sequence:
    """Read a 4-D file, or a 4-D series of a DICOM folder; arguments as `read_volume`.

    Raises:
        InputError: missing, unreadable or not 4-D.
    """
    if not path.exists():
        raise engine.InputError(f"{path} does not exist")
    dicom = find_dicom(path, series)
    if dicom is not None:
        return dicom_sequence(name_of(path), dicom)
    if not is_sequence(path):
        raise engine.InputError(f"{path} is no 4-D file; leave --frames out")
    reader, size = open_file(path)
    bytes_per_voxel = sitk.Image([1, 1], reader.GetPixelID()).GetSizeOfPixelComponent()
    check_room(str(path), math.prod(size) * bytes_per_voxel)
    image = reader.Execute()
    if reader.GetNumberOfComponents() > 1:
        image = as_frames(image)
    return Sequence(image, array_of(image), header=read_nifti(path) or read_nrrd_list(path))


def dicom_sequence(name: str, series: Series) -> Sequence:
    """The frames of a 4-D DICOM series, 1 apart, as their times may be anywhere in the headers.

    Args:
        name: for messages.
        series: what to read.

    Raises:
        InputError: it is none, or can't be read.
    """
    try:
        images, placements = zip(*read_frames(name, series), strict=True)
        for other in images[1:]:
            other.CopyInformation(images[0])
        image = sitk.JoinSeries(images, 0.0, 1.0)
    except RuntimeError as error:
        raise engine.InputError(f"{name} can't be read as images: {last_line(error)}") from error
    slices = tuple(one for placement in placements for one in placement.slices)
    return Sequence(image, array_of(image), modality=series.modality, slices=slices)


def denoise_sequence(
    sequence: Sequence,
    settings: engine.Settings,
    network: engine.TrainedNetwork | None = None,
    progress: Callable[[engine.Progress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
    within: np.ndarray | None = None,
) -> engine.DenoiseResult:
    """Denoise each frame (`engine.denoise_frames`).

    Returns:
        Arrays (T, K, J, I); the report is that of `engine.summarize_frames`; the network is that of the first frame
        that has one.

    Raises:
        InputError, RunError: of the first frame that can't be denoised; the text says which.
    """
    denoised, weights = np.empty_like(sequence.array), np.empty(sequence.array.shape, np.uint8)
    reports, networks = [], []
    results = engine.denoise_frames(
        sequence.array,
        settings,
        spacing=sequence.frame(0).spacing,
        within=within,
        network=network,
        progress=progress,
        should_stop=should_stop,
    )
    for number, result in enumerate(results):
        denoised[number], weights[number] = result.denoised, result.weights
        reports.append(result.report)
        networks.append(result.network)
    network = next((one for one in networks if one is not None), None)
    return engine.DenoiseResult(denoised, weights, [], engine.summarize_frames(reports), network)


def first_frame(result: engine.DenoiseResult) -> engine.DenoiseResult:
    """Of a result of `denoise_sequence`: the arrays of the first frame with the report of all."""
    return replace(result, denoised=result.denoised[0], weights=result.weights[0])
