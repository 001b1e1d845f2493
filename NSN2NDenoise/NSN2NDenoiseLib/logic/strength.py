"""How much of what was removed stays removed: a result of any strength, from the input and the result of full strength.

A result of full strength is the output volume itself. At any other strength the full one stays in the scene beside it,
as a volume that is seen and saved like others (the save dialog leaves hidden ones out), so nothing is lost by moving
to and fro.
"""

from collections.abc import Generator

import numpy as np

from NSN2NDenoiseLib import __version__, engine

from . import results, volumes, written
from .turns import pieces

#: References from a result to the same one of full strength, and back.
FULL_REFERENCE, OUTPUT_REFERENCE = "NSN2N.FullStrength", "NSN2N.Output"
#: Attributes of such a volume: its name and its voxels' hash as NSN2N made it.
KEPT_NAME, KEPT_HASH = "NSN2N.KeptName", "NSN2N.KeptSHA256"
#: Bytes that a voxel takes while it is mixed: pieces of this size stay in a processor's cache.
MIXING_BYTES = 32


def strengthOf(output) -> float:
    """The strength of a result, 0 to 1."""
    return float(results.reportOf(output).get("strength", 1.0))


def fullOf(output):
    """The volume that holds a result of full strength: another one, or the output itself; None where it is gone."""
    return output if strengthOf(output) == 1 else output.GetNodeReference(FULL_REFERENCE)


def ownFullOf(output):
    """The volume beside a result that exists for it alone; None without one."""
    full = output.GetNodeReference(FULL_REFERENCE)
    isOwn = full is not None and full.GetNodeReferenceID(OUTPUT_REFERENCE) == output.GetID()
    return full if isOwn else None


def mixing(before: np.ndarray, full: np.ndarray, strength: float, scalarType: int) -> Generator:
    """before + strength (full - before) as VTK image, integers rounded; piece by piece (see `Turns`).

    Args:
        before, full: (K, J, I) arrays of one type. 64-bit integers are exact up to 2^53.
        strength: 0 to 1.
        scalarType: VTK's, of the arrays.
    """
    image, target = volumes.emptyImage(before.shape, scalarType)
    before, full = before.reshape(-1), full.reshape(-1)
    for piece in pieces(before.size, MIXING_BYTES):
        mixed = np.subtract(full[piece], before[piece], dtype=np.float64)
        mixed *= strength
        mixed += before[piece]
        if before.dtype.kind != "f":
            np.rint(mixed, out=mixed)
        target[piece] = mixed
        yield
    return image


def changing(output, strength: float) -> Generator:
    """Give a result another strength, with its removed noise, report and description; piece by piece, then at once.

    Returns:
        The output volume.

    Raises:
        SettingsError: a strength outside 0 to 1.
        ValueError: not a result, or what it came from is gone.
    """
    engine.Settings.from_preset(strength=strength)
    while output.GetScene() is not None and strength != strengthOf(output):
        inputVolume, full = _sourcesOf(output)
        before, after = volumes.arrayOf(inputVolume), volumes.arrayOf(full)
        fullImage = image = full.GetImageData()
        if strength < 1:
            image = yield from mixing(before, after, strength, fullImage.GetScalarType())
        noise = None
        if output.GetNodeReference(results.NOISE_REFERENCE) is not None:
            noise = yield from volumes.removing(before, volumes.arrayOfImage(image))
        isSame = fullOf(output) is full and full.GetImageData() is fullImage  # else a run has brought another result
        if isSame and output.GetScene() is not None:
            _apply(output, inputVolume, strength, image, fullImage, noise)
    return output


def discard(full, isElsewhere: bool = False) -> None:
    """Take the volume that a result was mixed from out of the scene; it stays where the user has made it his own.

    Args:
        full: that volume.
        isElsewhere: whether its voxels are also in another volume, so that none of them is lost.
    """
    isSame = isElsewhere or written.isUntouched(full) or written.isHashed(full, full.GetAttribute(KEPT_HASH))
    if isSame and full.GetName() == full.GetAttribute(KEPT_NAME):
        volumes.remove(full)
    else:
        full.SetNodeReferenceID(OUTPUT_REFERENCE, None)


def _sourcesOf(output) -> tuple:
    """Input and full result, usable together."""
    name = output.GetName()
    inputVolume = output.GetNodeReference(results.INPUT_REFERENCE)
    if inputVolume is None or inputVolume.GetImageData() is None or not results.reportOf(output):
        raise ValueError(f"'{name}' is no result of NSN2N, or its input volume is gone, so its strength is fixed.")
    full = fullOf(output)
    if full is None or full.GetImageData() is None:
        raise ValueError(f"The result of full strength of '{name}' is gone. Run NSN2N again to change the strength.")
    before, after = volumes.arrayOf(inputVolume), volumes.arrayOf(full)
    if results.inputOf(output) is None:
        raise ValueError(f"The input volume of '{name}' shows another frame now. Select the one that was denoised.")
    if before.shape != after.shape or before.dtype != after.dtype or not results.isSameInput(output):
        raise ValueError(
            f"The input volume of '{name}' was changed since, so its strength is fixed. Undo that, or run NSN2N again."
        )
    return inputVolume, full


def _apply(output, inputVolume, strength: float, image, fullImage, noise) -> None:
    full = ownFullOf(output)
    if strength < 1 and full is None:
        _keepFull(output, inputVolume, fullImage)
    output.SetAndObserveImageData(image)
    if strength < 1:
        written.remember(output)
    else:
        output.SetNodeReferenceID(FULL_REFERENCE, None)
        if full is not None:
            discard(full, isElsewhere=True)
    if noise is not None:
        results.fillNoise(output.GetNodeReference(results.NOISE_REFERENCE), inputVolume, noise)
    report = results.reportOf(output)
    stages = [name for name in report.get("stages") or [] if name != "strength"]
    report.update(strength=strength, stages=stages + ["strength"] * (strength < 1 and bool(stages)))
    results.describe(output, inputVolume, report, {**results.parametersOf(output), "strength": strength})


def _keepFull(output, inputVolume, image) -> None:
    """Keep the image of full strength in a volume of its own, below the output in the subject hierarchy."""
    full = volumes.create(f"{output.GetName()} (full strength)")
    volumes.displayLike(full, output)
    full.SetAndObserveImageData(image)
    volumes.becomeLike(full, inputVolume)
    volumes.exportLike(full, inputVolume, engine.describe_series(results.reportOf(output)))
    full.SetDescription(f"What NSN2N {__version__} mixes '{output.GetName()}' from when its strength changes; keep it")
    full.SetAttribute(results.VERSION, __version__)
    full.SetAttribute(KEPT_NAME, full.GetName())
    full.SetAttribute(KEPT_HASH, results.reportOf(output).get("resultSHA256"))
    full.SetNodeReferenceID(results.INPUT_REFERENCE, inputVolume.GetID())
    full.SetNodeReferenceID(OUTPUT_REFERENCE, output.GetID())
    output.SetNodeReferenceID(FULL_REFERENCE, full.GetID())
    (hierarchy, item), (_, above) = volumes.hierarchyItem(full), volumes.hierarchyItem(output)
    if item and above:
        hierarchy.SetItemParent(item, above)
