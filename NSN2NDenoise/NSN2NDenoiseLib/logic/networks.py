"""The networks that runs of this session have trained, kept for other volumes of the same scan."""

import atexit
import os
import shutil
import tempfile

import slicer
from slicer.i18n import tr as _

from NSN2NDenoiseLib.child import protocol
from NSN2NDenoiseLib.engine.plan import NETWORK_LEVELS

from .owned_folder import PREFIX, makeFolder
from .results import INPUT_REFERENCE, reportOf
from .whole_copy import copyWhole

#: Attribute of a result: the file of the network that it was made with, as long as the session lasts.
FILE = "NSN2N.NetworkFile"
#: Ending of such a file.
SUFFIX = ".safetensors"

_folder: str | None = None


def keep(directory: str, saveTo: str | None = None) -> tuple[str | None, list[str]]:
    """Take the network of a run that has ended over, before its directory is removed.

    Args:
        directory: of the job.
        saveTo: a file to copy it to, too.

    Returns:
        The file that holds it as long as the session lasts; None where there is none, or no room for it. And what to
        warn of: whatever becomes of a network, it costs nobody the result.
    """
    path = os.path.join(directory, protocol.NETWORK_FILE)
    if not os.path.exists(path):
        nothing = _("There is no network to save: the volume has hardly any noise, or the package safetensors misses.")
        return None, [nothing] if saveTo else []
    kept, lost = None, []
    try:
        descriptor, file = tempfile.mkstemp(SUFFIX, dir=_sessionFolder())
        os.close(descriptor)
        copyWhole(path, file)
        kept = file
    except OSError as error:
        lost.append(_("The network could not be kept for other volumes ({error}).").format(error=error))
    if saveTo:
        try:
            copyWhole(path, saveTo)
        except OSError as error:
            lost.append(_("The network could not be saved ({error}).").format(error=error))
    return kept, lost


def give(kept: str | None, outputs: list) -> None:
    """Say in a result's nodes which network they were made with; None: in none that others can use."""
    for output in outputs:
        if kept is None:
            output.RemoveAttribute(FILE)
        else:
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


def resultOf(inputVolume, newest=None):
    """A result of a volume whose network a preview can use: `newest`, or else the last in the scene; None without."""
    own = [
        node
        for node in resultsWithNetwork()
        if node.GetNodeReference(INPUT_REFERENCE) is inputVolume and _levelsOf(node) <= NETWORK_LEVELS
    ]
    return newest if newest in own else own[-1] if own else None


def _levelsOf(output) -> int:
    return reportOf(output).get("settings", {}).get("levels", 0)


def _sessionFolder() -> str:
    global _folder
    if _folder is None or not os.path.isdir(_folder):
        _folder = makeFolder(f"{PREFIX}networks-")
        atexit.register(shutil.rmtree, _folder, ignore_errors=True)
    return _folder
