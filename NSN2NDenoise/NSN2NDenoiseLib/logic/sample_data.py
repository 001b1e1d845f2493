"""The sample volume that comes with the extension, for the module Sample Data."""

import os
import pathlib

from slicer.i18n import tr as _

CATEGORY = "NSN2N"
_RESOURCES = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "Resources")
SAMPLES_FOLDER = os.path.join(_RESOURCES, "SampleData")


def sampleFiles() -> list[str]:
    """Paths of the volumes that come with the extension."""
    if not os.path.isdir(SAMPLES_FOLDER):
        return []
    names = sorted(name for name in os.listdir(SAMPLES_FOLDER) if name.endswith((".nrrd", ".nii.gz", ".mha")))
    return [os.path.join(SAMPLES_FOLDER, name) for name in names]


def registerSampleData() -> None:
    """Offer the sample volumes in the module Sample Data. They are copied from disk; nothing is downloaded."""
    import SampleData

    logic = SampleData.SampleDataLogic
    if hasattr(logic, "registerCustomSampleDataCategory"):  # new in Slicer 5.12
        logic.registerCustomSampleDataCategory(CATEGORY, title=_("NSN2N denoising"))
    thumbnail = os.path.join(_RESOURCES, "Icons", "NSN2NDenoise.png")
    for path in sampleFiles():
        name = os.path.basename(path).split(".")[0]
        logic.registerCustomSampleDataSource(
            category=CATEGORY,
            sampleName=name,
            thumbnailFileName=thumbnail,
            uris=pathlib.Path(path).as_uri(),
            fileNames=os.path.basename(path),
            nodeNames=name,
        )
