"""What a batch is made of."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from ..cli.volume_io import image_suffix
from ..dicom.series import Series

#: What is added to a name.
ADDED = "_denoised"
#: File type of results whose input has one that can't be written.
SUFFIX = ".nii.gz"
#: Headers with a data file beside them: a result is one file.
ONE_FILE = {".mhd": ".mha", ".nhdr": ".nrrd"}
#: What the data files beside headers are called.
DATA = (".raw", ".zraw", ".raw.gz", ".img", ".img.gz")


@dataclass(frozen=True)
class Item:
    """A volume to denoise.

    Attributes:
        name: how the table calls it.
        source: file, or folder of the DICOM series, absolute.
        output: file, or folder of a derived DICOM series, relative to the batch's folder.
        series: the DICOM series; None for other files.
        metadata: what a BIDS sidecar beside the result will hold; None: there will be none.
        problem: why it can't be denoised, as far as that is known already.
        place: what was where the result goes when the batch began (`records.look_at`), and may be replaced.
    """

    name: str
    source: Path
    output: Path
    series: Series | None = field(default=None, repr=False)
    metadata: dict | None = field(default=None, repr=False)
    problem: str | None = None
    place: tuple[int, int] | None = None

    @property
    def files(self) -> list[Path]:
        """The input's files, which tell whether it is still the same."""
        if self.series is None:
            stem = self.source.name[: -len(self.source.suffix)] if self.source.suffix else self.source.name
            beside = [self.source.with_name(stem + suffix) for suffix in DATA]
            has_data = self.source.suffix.lower() in (*ONE_FILE, ".hdr")
            return [self.source, *(file for file in beside if has_data and file.is_file())]
        return sorted({one.file for one in self.series.slices})


def output_name(file: Path) -> str:
    """``head.nii.gz`` -> ``head_denoised.nii.gz``; types that can't be written become NIfTI."""
    suffix = image_suffix(file) or ""
    stem = file.name[: -len(suffix)] if suffix else file.stem
    return f"{stem}{ADDED}{ONE_FILE.get(suffix, suffix) or SUFFIX}"


def series_name(series: Series, as_dicom: bool) -> str:
    """``004_Chest_1.0_B70f_18427365_denoised.nii.gz``: number, description and the UID's end; a folder with `as_dicom`.

    No name or number of the patient is in it.
    """
    words = re.sub(r"[^A-Za-z0-9.+-]+", "_", series.description).strip("_.")[:40]
    end = re.sub(r"[^0-9]", "", series.uid)[-8:]
    name = "_".join(part for part in (f"{series.number:03}", series.modality, words, end) if part)
    return f"{name}{ADDED}" + ("" if as_dicom else SUFFIX)
