"""The output volumes of a run, put in the scene as a whole or not at all."""

import json
from collections.abc import Generator

import slicer
import vtk

from NSN2NDenoiseLib import __version__, engine

from . import volumes, written
from .sequences import frameAt, frameShown
from .snapshot import Snapshot

#: Node attributes and references that say where a result comes from.
VERSION, PARAMETERS, REPORT, FRAME = "NSN2N.Version", "NSN2N.Parameters", "NSN2N.Report", "NSN2N.Frame"
INPUT_REFERENCE, NOISE_REFERENCE = "NSN2N.Input", "NSN2N.RemovedNoise"
#: What the report says in "ended" of a result that is not a run's last one ("whole"), and what that means.
ENDS = {"first": "first result of a run that has not ended", "kept": "the run was stopped and its best result kept"}


def writeResults(
    inputVolume,
    outputVolume,
    noiseVolume,
    image,
    noise,
    report: dict,
    parameters: dict,
    frame: str | None = None,
    keepDisplay: bool = False,
):
    """Put a denoised volume, and if wanted its removed noise, in the scene; when anything fails, it is as before.

    Args:
        inputVolume: the volume that was denoised.
        outputVolume: the volume to overwrite, or None for a new one.
        noiseVolume: the volume that takes the removed noise, True for a new one, or None.
        image, noise: their voxels, as VTK images.
        report: of the engine.
        parameters: what was asked for, JSON-serializable.
        frame: index value of the frame that was denoised, which `inputVolume` may not show any more; None: no sequence.
        keepDisplay: leave the window of the output volume as it is.

    Returns:
        The output volume's node.
    """
    snapshots = [Snapshot(node) for node in (outputVolume, noiseVolume) if node not in (None, True)]
    created = []
    try:
        output = outputVolume
        if output is None:
            output = volumes.create(f"{inputVolume.GetName()} denoised")
            created.append(output)
        if not keepDisplay:
            volumes.displayLike(output, inputVolume)
        output.SetAndObserveImageData(image)
        written.remember(output)
        volumes.becomeLike(output, inputVolume)
        output.CopyOrientation(frameAt(inputVolume, frame))
        volumes.exportLike(output, inputVolume, engine.describe_series(report))
        describe(output, inputVolume, report, parameters)
        output.SetNodeReferenceID(INPUT_REFERENCE, inputVolume.GetID())
        output.SetAttribute(FRAME, frame)
        if noiseVolume is not None:
            noiseNode = noiseVolume
            if noiseVolume is True:
                noiseNode = createNoise(output)
                created.append(noiseNode)
            fillNoise(noiseNode, inputVolume, noise)
            noiseNode.CopyOrientation(output)
            output.SetNodeReferenceID(NOISE_REFERENCE, noiseNode.GetID())
    except Exception:
        for node in created:
            volumes.remove(node)
        for snapshot in snapshots:
            snapshot.restore()
        raise
    return output


def isOurs(volumeNode) -> bool:
    """Whether NSN2N made what is in a volume, or nothing is in it: overwriting it loses nothing of the user's.

    In a scene that was loaded it knows only results of full strength, by their hash.
    """
    if volumeNode.GetImageData() is None or written.isUntouched(volumeNode):
        return True
    report = reportOf(volumeNode)
    return report.get("strength", 1) == 1 and written.isHashed(volumeNode, report.get("resultSHA256"))


def withNoise(volumeNodes: list) -> list:
    """Volumes, and the removed noise beside those that are results: what a run writes into."""
    noise = [node.GetNodeReference(NOISE_REFERENCE) for node in volumeNodes]
    return [*volumeNodes, *(node for node in noise if node is not None and node not in volumeNodes)]


def createNoise(output):
    """A new, still empty volume for the removed noise of a result."""
    return volumes.create(f"{output.GetName()} removed noise")


def fillNoise(noiseVolume, inputVolume, image: vtk.vtkImageData) -> None:
    """Give a volume the removed noise."""
    volumes.displayAsNoise(noiseVolume, image)
    noiseVolume.SetAndObserveImageData(image)
    written.remember(noiseVolume)
    volumes.becomeLike(noiseVolume, inputVolume)
    volumes.exportLike(noiseVolume, inputVolume, "NSN2N removed noise")
    noiseVolume.SetDescription(f"Noise that NSN2N {__version__} removed from '{inputVolume.GetName()}'")
    noiseVolume.SetAttribute(VERSION, __version__)
    for name in (PARAMETERS, REPORT, FRAME):  # it may have been a result
        noiseVolume.RemoveAttribute(name)
    noiseVolume.SetNodeReferenceID(NOISE_REFERENCE, None)
    noiseVolume.SetNodeReferenceID(INPUT_REFERENCE, inputVolume.GetID())


def takeFromOthers(output) -> None:
    """Let no other result have a volume for its removed noise that this result, or its noise, is in now."""
    taken = {output.GetID(), output.GetNodeReferenceID(NOISE_REFERENCE)}
    for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode"):
        if node is not output and node.GetNodeReferenceID(NOISE_REFERENCE) in taken - {None}:
            node.SetNodeReferenceID(NOISE_REFERENCE, None)


def inputOf(output):
    """The volume that a result was made of; None where it is gone, empty, or shows another frame of its sequence."""
    inputVolume = output.GetNodeReference(INPUT_REFERENCE)
    if inputVolume is None or inputVolume.GetImageData() is None or output.GetImageData() is None:
        return None
    return inputVolume if output.GetAttribute(FRAME) == frameShown(inputVolume) else None


def isSameInput(output) -> bool:
    """Whether the input of a result still has the voxels that were denoised, as far as that is soon found out."""
    return not written.isOther(output.GetNodeReference(INPUT_REFERENCE), reportOf(output).get("inputSHA256"))


def makingNoise(output) -> Generator:
    """Make the removed noise of a result, piece by piece (see `Turns`).

    Returns:
        The volume node; None where input or result are gone, changed their size, or are of different frames.

    Raises:
        ValueError: the input was changed since.
    """
    inputVolume = inputOf(output)
    if inputVolume is None:
        return None
    if not isSameInput(output):
        raise ValueError(f"The input volume of '{output.GetName()}' was changed since. Undo that, or run NSN2N again.")
    made = image = None
    while made is None or made is not output.GetImageData():  # a run may bring another result meanwhile
        made = output.GetImageData()
        before, after = volumes.arrayOf(inputVolume), volumes.arrayOf(output)
        if before.shape != after.shape or before.dtype != after.dtype:
            return None
        image = yield from volumes.removing(before, after)
        if output.GetScene() is None or inputVolume.GetScene() is None:
            return None
    noiseVolume = output.GetNodeReference(NOISE_REFERENCE) or createNoise(output)
    fillNoise(noiseVolume, inputVolume, image)
    output.SetNodeReferenceID(NOISE_REFERENCE, noiseVolume.GetID())
    return noiseVolume


def describe(output, inputVolume, report: dict, parameters: dict) -> None:
    """Write down where a result comes from, in its description and attributes."""
    output.SetDescription(_descriptionOf(inputVolume, report))
    output.SetAttribute(VERSION, __version__)
    output.SetAttribute(PARAMETERS, json.dumps({**parameters, "inputVolume": inputVolume.GetName()}))
    output.SetAttribute(REPORT, json.dumps(report))


def reportOf(output) -> dict:
    """The engine's report that a result was stored with; empty for other volumes."""
    return _attributeOf(output, REPORT)


def parametersOf(output) -> dict:
    """What was asked for when a result was made; empty for other volumes."""
    return _attributeOf(output, PARAMETERS)


def _attributeOf(output, name: str) -> dict:
    text = output.GetAttribute(name) if output is not None else None
    return json.loads(text) if text else {}


def _descriptionOf(inputVolume, report: dict) -> str:
    """How a result was made, in a line."""
    stages = engine.describe_stages(report.get("stages") or []) or "left as it was"
    text = f"'{inputVolume.GetName()}' denoised by NSN2N {__version__} (Neighboring Slice Noise2Noise): {stages}"
    if report.get("ended") in ENDS:
        text += f"; {ENDS[report['ended']]}"
    network = engine.describe_network(report)
    if network:
        text += f"; {network}"
    text += f"; preset {report.get('preset')}, threshold {report.get('threshold')}, seed {report.get('seed')}"
    return text + f", strength {100 * report.get('strength', 1):g} %"
