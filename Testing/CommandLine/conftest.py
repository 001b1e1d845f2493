"""The command ``nsn2n``, on the sample that the project ships."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
import SimpleITK as sitk
from NSN2NDenoiseLib.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "NSN2NDenoise" / "Resources" / "SampleData" / "CTChestLIDC0314.nrrd"


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def nsn2n(tmp_path, monkeypatch, capfd):
    """Run ``nsn2n`` with these arguments in a folder of its own, inside this process."""

    def run(*arguments) -> Ended:
        monkeypatch.chdir(tmp_path)
        capfd.readouterr()
        try:
            status = main(list(map(str, arguments)))
        except SystemExit as ending:  # argparse ends so
            status = ending.code
        return Ended(status, *capfd.readouterr())

    return run


@pytest.fixture
def nsn2n_process(tmp_path, python):
    """The same as a command in a process of its own."""

    def run(*arguments) -> subprocess.CompletedProcess:
        command = [python, "-m", "NSN2NDenoiseLib.cli", *map(str, arguments)]
        return subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=240)

    return run


def environment() -> dict:
    """The environment in which the package is found, installed or not."""
    return {**os.environ, "PYTHONPATH": str(ROOT / "NSN2NDenoise")}


@pytest.fixture(scope="session")
def small(tmp_path_factory) -> Path:
    """A crop of the sample, 64 x 72 x 8 voxels, oblique, int16."""
    image = sitk.ReadImage(str(SAMPLE))[80:144, 90:162, 10:18]
    image.SetDirection((0.8, -0.6, 0, 0.6, 0.8, 0, 0, 0, 1))
    image.SetMetaData("note", "kept")
    path = tmp_path_factory.mktemp("small") / "small.nrrd"
    sitk.WriteImage(image, str(path), True)
    return path


@pytest.fixture(scope="session")
def tiny(small, tmp_path_factory) -> Path:
    """A crop of `small`, 40 x 40 x 6 voxels."""
    path = tmp_path_factory.mktemp("tiny") / "tiny.nrrd"
    image = sitk.ReadImage(str(small))[:40, :40, :6]
    image.SetMetaData("note", "kept")
    sitk.WriteImage(image, str(path), True)
    return path
