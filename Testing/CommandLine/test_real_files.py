"""Geometry, pixel type, metadata and voxels of real files survive reading and writing.

Besides the shipped sample, every volume in the folder that the environment variable NSN2N_DATA names is tried.
"""

import os
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from NSN2NDenoiseLib.cli.volume_io import read_volume, write_like

from Testing.CommandLine.conftest import SAMPLE

DATA = Path(os.environ.get("NSN2N_DATA", ""))
FILES = [SAMPLE]
if DATA.name:
    FILES += sorted(p for p in DATA.rglob("*.n*") if p.is_file() and "4d" not in p.name)
    FILES += sorted(p for p in DATA.iterdir() if p.is_dir() and any(p.glob("*.dcm")) and "odd" not in p.name)


@pytest.mark.parametrize("suffix", [".nrrd", ".nii.gz", ".mha"])
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_round_trip(path, suffix, tmp_path):
    volume = read_volume(path)
    target = tmp_path / f"out{suffix}"
    write_like(volume.array, volume, target, metadata=True)
    again = sitk.ReadImage(str(target))
    assert again.GetPixelID() == volume.image.GetPixelID()
    assert again.GetSize() == volume.image.GetSize()
    np.testing.assert_allclose(again.GetSpacing(), volume.image.GetSpacing(), rtol=1e-6)
    np.testing.assert_allclose(again.GetOrigin(), volume.image.GetOrigin(), rtol=1e-5, atol=1e-3)
    np.testing.assert_allclose(again.GetDirection(), volume.image.GetDirection(), atol=1e-5)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(again), volume.array)
