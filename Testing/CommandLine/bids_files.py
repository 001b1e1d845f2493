"""A BIDS dataset for the tests: T1w, DWI and PET, images to leave alone, and a CT, which BIDS does not know."""

import json
from pathlib import Path

import numpy as np
import SimpleITK as sitk

IMAGES = (
    "anat/sub-01_T1w",
    "anat/sub-01_T1map",
    "ct/sub-01_ct",
    "dwi/sub-01_dwi",
    "fmap/sub-01_phasediff",
    "pet/sub-01_trc-FDG_pet",
)
FILES = {
    "dataset_description.json": {"Name": "Two heads", "BIDSVersion": "1.9.0", "License": "CC0"},
    "T1w.json": {"MagneticFieldStrength": 3, "FlipAngle": 9},
    "sub-01/anat/sub-01_T1w.json": {"FlipAngle": 8},
    "sub-01/pet/sub-01_trc-FDG_pet.json": {"Units": "Bq/mL"},
}


def boxes(sd: float) -> np.ndarray:
    """Four boxes of different brightness under noise, (6, 40, 40) float32."""
    clean = np.repeat(np.repeat([[100.0, 400.0], [700.0, 1000.0]], 20, 0), 20, 1)
    return (clean + np.random.default_rng(0).normal(0, sd, (6, 40, 40))).astype(np.float32)


def write_dataset(root: Path) -> Path:
    """Write it into a new folder; the images are `boxes`."""
    for name in IMAGES:
        path = root / "sub-01" / f"{name}.nii.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        sitk.WriteImage(sitk.GetImageFromArray(boxes(10)), str(path))
    for name, content in FILES.items():
        (root / name).write_text(json.dumps(content))
    (root / "dwi.bval").write_text("1000\n")
    for name in ("dwi.bvec", "sub-01/dwi/sub-01_dwi.bvec"):
        (root / name).write_text(f"{len(name)}\n")
    return root


def write_perfusion(root: Path) -> Path:
    """Write a dataset with an ASL series and the M0 scan that belongs to it; returns the folder of both."""
    folder = root / "sub-01/perf"
    folder.mkdir(parents=True)
    for suffix in ("asl", "m0scan"):
        sitk.WriteImage(sitk.GetImageFromArray(boxes(10)), str(folder / f"sub-01_{suffix}.nii.gz"))
    (root / "dataset_description.json").write_text(json.dumps(FILES["dataset_description.json"]))
    (folder / "sub-01_aslcontext.tsv").write_text("volume_type\ncbf\n")
    return folder
