import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))
from Testing.Host.fixtures import *  # noqa: F403


@pytest.fixture
def samplePath():
    return str(Path(__file__).parent / "HostSample" / "HostSample.py")


@pytest.fixture
def addVolume(host):
    """Function: numpy array (K, J, I) -> a volume node that is shown in the slice views."""

    def add(array, name="volume"):
        import slicer

        node = slicer.util.addVolumeFromArray(array, name=name)
        slicer.util.setSliceViewerLayers(background=node, fit=True)
        return node

    return add
