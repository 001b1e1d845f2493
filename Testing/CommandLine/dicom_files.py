"""DICOM series made up for the tests."""

from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, EnhancedMRImageStorage, ExplicitVRLittleEndian, generate_uid

#: Rows and columns of an oblique slice.
OBLIQUE = (0.8, 0.6, 0.0, -0.6, 0.8, 0.0)


def make_header(seed: str, series: str, sop_class: str = CTImageStorage) -> Dataset:
    """What every file of a series has; UIDs come from the words."""
    header = Dataset()
    header.file_meta = FileMetaDataset()
    header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    header.file_meta.MediaStorageSOPClassUID = header.SOPClassUID = sop_class
    header.file_meta.MediaStorageSOPInstanceUID = header.SOPInstanceUID = generate_uid(entropy_srcs=[series, seed])
    header.SeriesInstanceUID = generate_uid(entropy_srcs=[series])
    header.StudyInstanceUID, header.FrameOfReferenceUID = generate_uid(entropy_srcs=["s"]), generate_uid(None, ["f"])
    header.PatientName, header.PatientID, header.PatientBirthDate, header.PatientSex = "Doe^Jane", "P1", "", ""
    header.StudyDate, header.StudyTime, header.StudyID, header.AccessionNumber = "20260102", "101112", "1", ""
    header.ReferringPhysicianName, header.Manufacturer = "", "Maker"
    header.Modality, header.SeriesNumber, header.SeriesDescription = "CT", 3, "Chest"
    header.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    header.SamplesPerPixel, header.PhotometricInterpretation = 1, "MONOCHROME2"
    header.BitsAllocated, header.BitsStored, header.HighBit, header.PixelRepresentation = 16, 16, 15, 1
    return header


def write_series(
    folder: Path,
    values: np.ndarray,
    positions: np.ndarray,
    orientation=OBLIQUE,
    name: str = "one",
    start: int = 0,
    **tags,
) -> list[Path]:
    """A file for each slice of (K, J, I) int16 stored values.

    Args:
        folder: made if it does not exist.
        values: stored values.
        positions: of the slices, mm: along the normal, (K,), or Image Position (Patient), (K, 3).
        orientation: of rows and columns.
        name: of the series; another name is another series.
        start: number of the first slice; the same number again replaces a file.
        tags: more attributes by keyword; a list has one value for each slice.
    """
    folder.mkdir(exist_ok=True)
    files = []
    for index, (plane, position) in enumerate(zip(values, positions, strict=True)):
        number = start + index
        header = make_header(str(number), name)
        header.InstanceNumber = number + 1
        if np.ndim(position) == 0:
            position = np.array([10, 20, 30]) + position * np.cross(orientation[:3], orientation[3:])
        header.ImagePositionPatient = [round(float(p), 6) for p in position]
        header.ImageOrientationPatient = [round(float(v), 8) for v in orientation]
        header.PixelSpacing, header.SliceThickness = [0.7, 0.7], 2.0
        header.RescaleSlope, header.RescaleIntercept = 1, -1024
        header.KVP, header.AcquisitionNumber = "120", 1
        header.Rows, header.Columns = plane.shape
        header.PixelData = np.ascontiguousarray(plane, "<i2").tobytes()
        for keyword, value in tags.items():
            setattr(header, keyword, value[index] if isinstance(value, list) else value)
        # names that sort differently from positions
        files.append(folder / f"{(number * 7) % 100:03}-{name}.dcm")
        pydicom.dcmwrite(files[-1], header, enforce_file_format=True)
    return files


def write_multiframe(file: Path, values: np.ndarray, positions: np.ndarray, times: np.ndarray, rescale=None) -> None:
    """One enhanced MR file whose frames are the planes of `values` (N, J, I), uint16, at z positions and times.

    `rescale` is slope and intercept of each frame, (N, 2), or one pair for all.
    """
    header = make_header("0", file.name, EnhancedMRImageStorage)
    header.Modality, header.PixelRepresentation, header.InstanceNumber = "MR", 0, 1
    header.NumberOfFrames, header.Rows, header.Columns = values.shape
    shared = Dataset()
    shared.PlaneOrientationSequence = [Dataset()]
    shared.PlaneOrientationSequence[0].ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    shared.PixelMeasuresSequence = [Dataset()]
    shared.PixelMeasuresSequence[0].PixelSpacing = [1.5, 1.5]
    shared.PixelMeasuresSequence[0].SliceThickness = 3
    if np.ndim(rescale) == 1:
        shared.PixelValueTransformationSequence = [_rescale(*rescale)]
    header.SharedFunctionalGroupsSequence = [shared]
    groups = []
    for position, time in zip(positions, times, strict=True):
        group = Dataset()
        group.PlanePositionSequence = [Dataset()]
        group.PlanePositionSequence[0].ImagePositionPatient = [-5, -6, float(position)]
        group.FrameContentSequence = [Dataset()]
        group.FrameContentSequence[0].TemporalPositionIndex = int(time) + 1
        if np.ndim(rescale) == 2:
            group.PixelValueTransformationSequence = [_rescale(*rescale[len(groups)])]
        groups.append(group)
    header.PerFrameFunctionalGroupsSequence = groups
    header.PixelData = np.ascontiguousarray(values, "<u2").tobytes()
    pydicom.dcmwrite(file, header, enforce_file_format=True)


def _rescale(slope: float, intercept: float) -> Dataset:
    item = Dataset()
    item.RescaleSlope, item.RescaleIntercept, item.RescaleType = slope, intercept, "US"
    return item
