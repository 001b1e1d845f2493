"""What an enhanced multi-frame file says of its frames, once they are derived."""

from collections.abc import Sequence

import pydicom
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from ..engine import InputError
from .code import code_item
from .series import Slice


def check_frames(name: str, slices: Sequence[Slice]) -> None:
    """Check that the slices of a multi-frame file are all of its frames, and described one by one.

    Raises:
        InputError: they are not.
    """
    header = pydicom.dcmread(
        slices[0].file,
        stop_before_pixels=True,
        specific_tags=["NumberOfFrames", "PerFrameFunctionalGroupsSequence"],
    )
    if "PerFrameFunctionalGroupsSequence" not in header:
        raise InputError(
            f"{name} is a multi-frame file that does not describe its frames; --dicom needs an enhanced one, or a "
            "series of single-frame files"
        )
    if header.NumberOfFrames != len(slices):
        raise InputError(
            f"{name} is a multi-frame file of more than one volume; --dicom writes all of them: add --frames all"
        )


def mark_frames(dataset: Dataset, source: Dataset, series: str, description: str) -> None:
    """Say of all frames that they are derived, of what and how.

    Args:
        dataset: of the derived file; changed.
        source: reference to the source image, an item of Source Image Sequence.
        series: UID of the source's series, which is of the same study.
        description: of the derivation.
    """
    if not dataset.get("SharedFunctionalGroupsSequence"):
        dataset.SharedFunctionalGroupsSequence = [Dataset()]
    shared, each = dataset.SharedFunctionalGroupsSequence[0], list(dataset.PerFrameFunctionalGroupsSequence)
    for group in (shared, *each):
        for element in group:
            for item in element.value if element.VR == "SQ" else ():
                if item.get("FrameType"):
                    item.FrameType = ["DERIVED", *list(item.FrameType)[1:]]
    derivation = Dataset()
    derivation.DerivationDescription = description
    derivation.DerivationCodeSequence = [code_item(codes.DCM.Smoothing)]  # there is no code for less noise
    derivation.SourceImageSequence = [source]
    # a functional group is either shared or told of each frame
    for group in each if any("DerivationImageSequence" in group for group in each) else [shared]:
        group.DerivationImageSequence = [*(group.get("DerivationImageSequence") or []), derivation]
    dataset.SourceImageEvidenceSequence = [
        *(dataset.get("SourceImageEvidenceSequence") or []),
        _evidence(dataset.get("StudyInstanceUID", ""), series, source),
    ]


def _evidence(study: str, series: str, source: Dataset) -> Dataset:
    """Where a referenced image is: it stands once for all frames that refer to it."""
    image, of_series, of_study = Dataset(), Dataset(), Dataset()
    image.ReferencedSOPClassUID = source.ReferencedSOPClassUID
    image.ReferencedSOPInstanceUID = source.ReferencedSOPInstanceUID
    of_series.SeriesInstanceUID, of_series.ReferencedSOPSequence = series, [image]
    of_study.StudyInstanceUID, of_study.ReferencedSeriesSequence = study, [of_series]
    return of_study
