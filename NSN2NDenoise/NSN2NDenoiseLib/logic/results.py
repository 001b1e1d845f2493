"""The output volumes of a run, put in the scene as a whole or not at all."""

import json

import numpy as np
import vtk

from NSN2NDenoiseLib import __version__

from . import volumes

#: Node attributes and references that say where a result comes from.
VERSION, PARAMETERS, REPORT = "NSN2N.Version", "NSN2N.Parameters", "NSN2N.Report"
INPUT_REFERENCE, NOISE_REFERENCE = "NSN2N.Input", "NSN2N.RemovedNoise"


def writeResults(inputVolume, outputVolume, noiseVolume, before, after, report: dict, parameters: dict):
    """Put a denoised volume, and if wanted its removed noise, in the scene.

    All voxels are copied before the scene is touched; when anything fails, new nodes are removed again.

    Args:
        inputVolume: the volume that was denoised.
        outputVolume: the volume to overwrite, or None for a new one.
        noiseVolume: the volume that takes before - after, True for a new one, or None.
        before, after: (K, J, I) arrays of one type, image units.
        report: of the engine.
        parameters: what was asked for, JSON-serializable.

    Returns:
        The output volume's node.
    """
    image = volumes.imageOf(after, inputVolume.GetImageData().GetScalarType())
    noise = None
    if noiseVolume is not None:
        noise, noiseType = volumes.removedNoise(before, after)
        noiseImage = volumes.imageOf(noise, noiseType)
    created = []
    try:
        output = outputVolume
        if output is None:
            output = volumes.create(f"{inputVolume.GetName()} denoised")
            created.append(output)
        volumes.displayLike(output, inputVolume)
        output.SetAndObserveImageData(image)
        volumes.becomeLike(output, inputVolume)
        describe(output, inputVolume, report, parameters)
        if noise is not None:
            noiseNode = noiseVolume
            if noiseVolume is True:
                noiseNode = createNoise(output, inputVolume)
                created.append(noiseNode)
            fillNoise(noiseNode, inputVolume, noiseImage, noise)
            output.SetNodeReferenceID(NOISE_REFERENCE, noiseNode.GetID())
    except Exception:
        for node in created:
            volumes.remove(node)
        raise
    return output


def createNoise(output, inputVolume):
    """A new, still empty volume for the removed noise of a result."""
    return volumes.create(f"{output.GetName()} removed noise")


def fillNoise(noiseVolume, inputVolume, image: vtk.vtkImageData, noise: np.ndarray) -> None:
    """Give a volume the removed noise; `noise` is the content of `image`, (K, J, I)."""
    volumes.displayAsNoise(noiseVolume, noise)
    noiseVolume.SetAndObserveImageData(image)
    volumes.becomeLike(noiseVolume, inputVolume)
    noiseVolume.SetDescription(f"Noise that NSN2N {__version__} removed from '{inputVolume.GetName()}'")
    noiseVolume.SetNodeReferenceID(INPUT_REFERENCE, inputVolume.GetID())


def removedNoiseOf(output):
    """The removed noise of a result: the volume that has it, made now if there is none; None without input."""
    noiseVolume = output.GetNodeReference(NOISE_REFERENCE)
    if noiseVolume is not None:
        return noiseVolume
    inputVolume = output.GetNodeReference(INPUT_REFERENCE)
    if inputVolume is None or inputVolume.GetImageData() is None:
        return None
    before, after = volumes.arrayOf(inputVolume), volumes.arrayOf(output)
    if before.shape != after.shape:
        return None
    noise, scalarType = volumes.removedNoise(before, after)
    noiseVolume = createNoise(output, inputVolume)
    fillNoise(noiseVolume, inputVolume, volumes.imageOf(noise, scalarType), noise)
    output.SetNodeReferenceID(NOISE_REFERENCE, noiseVolume.GetID())
    return noiseVolume


def describe(output, inputVolume, report: dict, parameters: dict) -> None:
    """Write down where a result comes from, in its description, attributes and references."""
    output.SetDescription(
        f"'{inputVolume.GetName()}' denoised by Neighboring Slice Noise2Noise (NSN2N {__version__}), "
        f"preset {report.get('preset')}, threshold {report.get('threshold')}, seed {report.get('seed')}"
    )
    output.SetAttribute(VERSION, __version__)
    output.SetAttribute(PARAMETERS, json.dumps({**parameters, "inputVolume": inputVolume.GetName()}))
    output.SetAttribute(REPORT, json.dumps(report))
    output.SetNodeReferenceID(INPUT_REFERENCE, inputVolume.GetID())


def reportOf(output) -> dict:
    """The engine's report that a result was stored with; empty for other volumes."""
    text = output.GetAttribute(REPORT) if output is not None else None
    return json.loads(text) if text else {}
