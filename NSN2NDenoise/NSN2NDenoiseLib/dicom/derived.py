"""The result as a derived DICOM series: the source's own headers, file by file, with new voxels and new names."""

import datetime
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from .. import __version__
from ..engine import InputError, describe_effect, describe_network, describe_series, describe_stages
from .code import code_item
from .derived_frames import check_frames, mark_frames
from .names import FURTHER, described
from .series import Slice

#: What no longer holds for new voxels.
STALE = (
    "SmallestImagePixelValue",
    "LargestImagePixelValue",
    "SmallestPixelValueInSeries",
    "LargestPixelValueInSeries",
    "IconImageSequence",
    "DigitalSignaturesSequence",
    "MACParametersSequence",
    "PixelDataProviderURL",
    "ExtendedOffsetTable",
    "ExtendedOffsetTableLengths",
    # and which part of a larger image a multi-frame file is
    "ConcatenationUID",
    "SOPInstanceUIDOfConcatenationSource",
    "InConcatenationNumber",
    "InConcatenationTotalNumber",
    "ConcatenationFrameOffsetNumber",
)
#: Characters of a derivation description (ST).
ST = 1024


@pydicom.config.disable_value_validation()
def check_writable(name: str, slices: Sequence[Slice]) -> None:
    """Check that a volume or sequence can go back to DICOM, before any work.

    Args:
        name: for messages.
        slices: that it came from.

    Raises:
        InputError: it did not come from a series of single-frame files, or from an enhanced file that it is all of,
            with stored gray values.
    """
    if not slices:
        raise InputError(f"{name} is no DICOM series; --dicom writes one beside the series that it came from")
    if any(one.frame is not None for one in slices):
        check_frames(name, slices)
    for file in dict.fromkeys(one.file for one in slices):
        header = pydicom.dcmread(
            file, stop_before_pixels=True, specific_tags=["BitsAllocated", "ModalityLUTSequence", "SeriesNumber"]
        )
        if header.get("BitsAllocated") not in (8, 16, 32) or "ModalityLUTSequence" in header:
            raise InputError(f"{file} has no stored values with a linear rescale; --dicom can't write such slices")


@pydicom.config.disable_value_validation()
def write_derived(
    folder: Path, slices: Sequence[Slice], denoised: np.ndarray, report: dict, about: dict | None = None
) -> None:
    """Write a derived series, one file for each source file, its frames in the source's order.

    A file has its source's name; where sources of several folders have the same, files are numbered.

    Patient, study, frame of reference, geometry, rescale and window stay the source's; series and instances are new;
    private attributes are dropped. The voxels are stored with the source's slope, so they are the result rounded to it.

    Args:
        folder: made here.
        slices: of the source, in the order of `denoised`.
        denoised: (K, J, I) or (T, K, J, I), image units.
        report: of the run.
        about: attributes of the series by keyword that replace what is made of the source's.

    Raises:
        OSError: a source file can't be read any more, or a file can't be written.
    """
    folder.mkdir()
    series, now = generate_uid(), datetime.datetime.now()
    description = describe_derivation(report)
    denoised = denoised.reshape(-1, *denoised.shape[-2:])
    files = list(zip(slices, denoised, strict=True))
    if slices[0].frame is not None:
        order = np.argsort([one.frame for one in slices])
        files = [(slices[0], denoised[order])]
    are_named = len({one.file.name for one, _ in files}) == len(files)
    for number, (one, values) in enumerate(files, 1):
        dataset = pydicom.dcmread(one.file, stop_before_pixels=True)
        of = str(dataset.get("SeriesInstanceUID", ""))
        _set_voxels(dataset, values, one.rescale)
        _set_identity(dataset, series, now, describe_series(report))
        for keyword, value in (about or {}).items():
            setattr(dataset, keyword, value)
        _set_provenance(dataset, one, now, description)
        if one.frame is not None:
            mark_frames(dataset, dataset.SourceImageSequence[0], of, description)
        name = one.file.name if are_named else f"{number:05}.dcm"
        pydicom.dcmwrite(folder / name, dataset, enforce_file_format=True)


def describe_derivation(report: dict) -> str:
    """What was done, for people, in at most 1024 characters."""
    done = [describe_stages(report["stages"]) or "left as it was", describe_network(report)]
    if report["strength"] < 1:
        done.append(f"strength {100 * report['strength']:g} %")
    bias = "corrected" if report["ricianCorrected"] else "not corrected"
    text = (
        f"Neighboring Slice Noise2Noise (NSN2N {__version__}, arXiv:2411.10831): {'; '.join(filter(None, done))}; "
        f"preset {report['preset']}, seed {report['seed']}, threshold {report['threshold']:g} "
        f"({report['matchedFraction']:.3f} of the voxels matched), slices along {report['axis']}, {report['gap']} "
        f"apart, Rician bias {bias}; noise SD {report['noiseBefore']} -> "
        f"{report['noiseAfter']}, mean shift {report['meanShift']} (image units)."
    )
    harm = f"Warning: anatomy may be gone ({100 * report['anatomyRemoved']:.0f} % likely)." if report["alarm"] else ""
    end = " ".join(["", *filter(None, (describe_effect(report), harm)), "For research use only."])
    return text[: ST - len(end)] + end


def _set_voxels(dataset: Dataset, values: np.ndarray, rescale: tuple[float, float]) -> None:
    """Stored values that decode to `values`, (J, I) or (N, J, I), as nearly as the source's slope and bits allow."""
    slope, intercept = rescale
    bits, is_signed = int(dataset.get("BitsStored") or dataset.BitsAllocated), bool(dataset.get("PixelRepresentation"))
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if is_signed else (0, 2**bits - 1)
    stored = np.clip(np.rint((values.astype(np.float64) - intercept) / (slope or 1.0)), low, high)
    data = stored.astype(f"<{'i' if is_signed else 'u'}{dataset.BitsAllocated // 8}").tobytes()
    dataset.PixelData = data + b"\0" * (len(data) % 2)
    dataset["PixelData"].VR = "OB" if dataset.BitsAllocated == 8 else "OW"
    dataset.HighBit = bits - 1
    for keyword in STALE:
        if keyword in dataset:
            del dataset[keyword]


def _set_identity(dataset: Dataset, series: str, now: datetime.datetime, made: str) -> None:
    dataset.remove_private_tags()
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID = generate_uid()
    dataset.file_meta = meta
    dataset.SeriesInstanceUID = series
    dataset.SeriesNumber = int(dataset.get("SeriesNumber") or 0) + FURTHER
    dataset.SeriesDescription = described(str(dataset.get("SeriesDescription") or ""), made)
    origin = "PRIMARY" if "PerFrameFunctionalGroupsSequence" in dataset else "SECONDARY"  # enhanced files know no other
    dataset.ImageType = ["DERIVED", origin, *list(dataset.get("ImageType") or [])[2:]]
    for name in ("InstanceCreation", "Series", "Content"):
        setattr(dataset, f"{name}Date", now.strftime("%Y%m%d"))
        setattr(dataset, f"{name}Time", now.strftime("%H%M%S"))


def _set_provenance(dataset: Dataset, source: Slice, now: datetime.datetime, description: str) -> None:
    reference = Dataset()
    reference.ReferencedSOPClassUID = dataset.SOPClassUID
    reference.ReferencedSOPInstanceUID = source.uid
    reference.SpatialLocationsPreserved = "YES"
    reference.PurposeOfReferenceCodeSequence = [code_item(codes.DCM.SourceImageForImageProcessingOperation)]
    dataset.SourceImageSequence = [reference]
    dataset.DerivationDescription = description
    equipment = Dataset()
    equipment.PurposeOfReferenceCodeSequence = [code_item(codes.DCM.ProcessingEquipment)]
    equipment.Manufacturer = equipment.ManufacturerModelName = "NSN2N"
    equipment.SoftwareVersions = __version__
    equipment.ContributionDateTime = now.strftime("%Y%m%d%H%M%S")
    equipment.ContributionDescription = "Noise reduction by Neighboring Slice Noise2Noise"
    dataset.ContributingEquipmentSequence = [*(dataset.get("ContributingEquipmentSequence") or []), equipment]
