"""Checks before anything starts; the panel's tooltips and the console's errors are these sentences."""

import math

import slicer
from slicer.i18n import tr as _

from NSN2NDenoiseLib import engine

from .volumes import spacingOf


def checkInput(inputVolume, sliceAxis: str = "auto") -> None:
    """Check that a node is a gray-scale volume with enough slices.

    Raises:
        ValueError: it is not; the text says why and what to do.
    """
    if inputVolume is None:
        raise ValueError(_("Select an input volume: a CT, MR or PET volume loaded in Slicer."))
    _checkIsVolume(inputVolume, _("input volume"))
    image = inputVolume.GetImageData()
    if image is None or 0 in image.GetDimensions():
        raise ValueError(_("The volume '{name}' has no voxels. Load it again.").format(name=inputVolume.GetName()))
    if image.GetNumberOfScalarComponents() != 1:
        raise ValueError(
            _("The volume '{name}' has {count} values per voxel (color). Choose a gray-scale volume.").format(
                name=inputVolume.GetName(), count=image.GetNumberOfScalarComponents()
            )
        )
    checkChoice("sliceAxis", sliceAxis, engine.AXES)
    dimensions = dict(zip("ijk", image.GetDimensions(), strict=True))
    if dimensions[engine.resolve_axis(sliceAxis, spacingOf(inputVolume))] < engine.MIN_SLICES:
        raise ValueError(
            _(
                "The volume '{name}' has too few slices: NSN2N learns from neighboring slices and needs at least "
                "{count}. Load the whole series."
            ).format(name=inputVolume.GetName(), count=engine.MIN_SLICES)
        )


def checkOutputs(inputVolume, outputVolume, noiseVolume) -> None:
    """Check that the volumes to be written are volumes, and that nothing is written over the input.

    Raises:
        ValueError: they are not.
    """
    for node, name in ((outputVolume, _("output volume")), (noiseVolume, _("removed noise"))):
        if node is None:
            continue
        _checkIsVolume(node, name)
        if node is inputVolume or node.GetID() == inputVolume.GetID():
            raise ValueError(
                _("The {name} is the input volume itself, which would be lost. Choose another volume.").format(
                    name=name
                )
            )
    if outputVolume is not None and noiseVolume is not None and outputVolume.GetID() == noiseVolume.GetID():
        raise ValueError(_("The output volume and the removed noise are the same volume. Choose different ones."))


def checkNumber(name: str, value, low: float, high: float) -> None:
    """Raise ValueError unless `value` is a number from `low` to `high`."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError(f"{name} is {value!r}; it must be a number from {low:g} to {high:g}.")
    if not low <= value <= high:
        raise ValueError(f"{name} is {value!r}; it must be from {low:g} to {high:g}.")


def checkSeed(seed) -> None:
    """Raise ValueError unless `seed` is an integer from 0 to 2147483647."""
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**31:
        raise ValueError(f"seed is {seed!r}; it must be an integer from 0 to {2**31 - 1}.")


def checkChoice(name: str, value, choices: tuple[str, ...]) -> None:
    """Raise ValueError unless `value` is one of `choices`."""
    if value not in choices:
        raise ValueError(f"{name} is {value!r}; it must be one of {', '.join(choices)}.")


def _checkIsVolume(node, name: str) -> None:
    isNode = isinstance(node, slicer.vtkMRMLNode)
    if not isNode or node.GetClassName() != "vtkMRMLScalarVolumeNode":
        what = node.GetClassName() if isNode else type(node).__name__
        raise ValueError(
            _(
                "The {name} must be a scalar volume (vtkMRMLScalarVolumeNode), not a {what}. Choose a gray-scale "
                "volume: no label map, segmentation or color image."
            ).format(name=name, what=what)
        )
    if node.GetScene() is None or node.GetScene() is not slicer.mrmlScene:
        raise ValueError(_("The {name} '{node}' is not in the scene.").format(name=name, node=node.GetName()))
