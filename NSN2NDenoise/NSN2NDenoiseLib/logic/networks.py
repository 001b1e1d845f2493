"""The networks that runs of this session have trained, kept for other volumes of the same scan."""

import atexit
import os
import shutil
import tempfile

import slicer
from slicer.i18n import tr as _

from NSN2NDenoiseLib.child import protocol

#: Attribute of a result: the file of the network that it was made with, as long as the session lasts.
FILE = "NSN2N.NetworkFile"
#: Ending of such a file.
SUFFIX = ".safetensors"

_folder: str | None = None


def keep(directory: str, outputs: list, saveTo: str | None = None) -> None:
    """Take the network of a run that has ended over, before its directory is removed; harmless without one.

    Args:
        directory: of the job.
        outputs: the nodes of its result.
        saveTo: a file to copy it to, too.

    Raises:
        OSError: that file can't be written.
        ValueError: there is no network for it.
    """
    path = os.path.join(directory, protocol.NETWORK_FILE)
    if not os.path.exists(path):
        for output in outputs:
            output.RemoveAttribute(FILE)
        if saveTo:
            raise ValueError(
                _("There is no network to save: the volume has hardly any noise, or the package safetensors misses.")
            )
        return
    if saveTo:
        shutil.copyfile(path, saveTo)
    descriptor, kept = tempfile.mkstemp(SUFFIX, dir=_sessionFolder())
    os.close(descriptor)
    shutil.copyfile(path, kept)
    for output in outputs:
        output.SetAttribute(FILE, kept)


def fileOf(network) -> str | None:
    """The file of a network that is given as path or as result; None for None.

    Raises:
        ValueError: there is none.
    """
    if network is None:
        return None
    if isinstance(network, slicer.vtkMRMLNode):
        path = network.GetAttribute(FILE)
        if not path or not os.path.exists(path):
            raise ValueError(
                _(
                    "There is no network of '{name}': none was trained for it, or not in this session. Use a file that "
                    "was saved."
                ).format(name=network.GetName())
            )
        return path
    path = os.fspath(network)
    if not os.path.isfile(path):
        raise ValueError(_("The network {path} does not exist.").format(path=path))
    return path


def checkTarget(path) -> str | None:
    """The absolute path of a file that shall take a network; None for None.

    Raises:
        ValueError: there is no such folder to write to, or the name has another ending.
    """
    if path is None:
        return None
    path = os.path.abspath(path)
    if not path.endswith(SUFFIX) or not os.access(os.path.dirname(path), os.W_OK):
        raise ValueError(
            _(
                "The network can't be saved as {path}: its folder must exist and be writable, its name end in {suffix}."
            ).format(path=path, suffix=SUFFIX)
        )
    return path


def resultsWithNetwork() -> list:
    """The results in the scene whose networks can be used for others."""
    nodes = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
    return [node for node in nodes if os.path.exists(node.GetAttribute(FILE) or "")]


def _sessionFolder() -> str:
    global _folder
    if _folder is None or not os.path.isdir(_folder):
        _folder = tempfile.mkdtemp(prefix="NSN2N-networks-")
        atexit.register(shutil.rmtree, _folder, ignore_errors=True)
    return _folder
