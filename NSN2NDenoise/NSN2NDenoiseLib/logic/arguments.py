"""Checks of nodes before anything starts; the panel's tooltips and the console's errors are these sentences.

Settings are checked by `engine.Settings`.
"""

import slicer
from slicer.i18n import tr as _

from NSN2NDenoiseLib import engine

from .strength import OUTPUT_REFERENCE, ownFullOf
from .volumes import spacingOf

#: How a stage is switched whose need the engine can see by itself, and what its settings call that.
SWITCH = {"auto": None, "on": True, "off": False}


def checkInput(inputVolume, sliceAxis: str = "auto") -> None:
    """Check that a node is a gray-scale volume with enough slices.

    Raises:
        ValueError: it is not, or there is no such axis; the text says why and what to do.
    """
    if inputVolume is None:
        raise ValueError(_("Select an input volume: a CT, MR or PET volume loaded in Slicer."))
    checkIsVolume(inputVolume, _("input volume"))
    checkVoxels(inputVolume, sliceAxis)


def checkVoxels(inputVolume, sliceAxis: str = "auto") -> None:
    """Check the voxels of a volume, which may be a frame of a sequence and in no scene; raises as `checkInput`."""
    image = inputVolume.GetImageData()
    if image is None or 0 in image.GetDimensions():
        raise ValueError(_("The volume '{name}' has no voxels. Load it again.").format(name=inputVolume.GetName()))
    if image.GetNumberOfScalarComponents() != 1:
        raise ValueError(
            _("The volume '{name}' has {count} values per voxel (color). Choose a gray-scale volume.").format(
                name=inputVolume.GetName(), count=image.GetNumberOfScalarComponents()
            )
        )
    dimensions = dict(zip("ijk", image.GetDimensions(), strict=True))
    if dimensions[engine.resolve_axis(sliceAxis, spacingOf(inputVolume))] < engine.MIN_SLICES:
        raise ValueError(
            _(
                "The volume '{name}' has too few slices: NSN2N learns from neighboring slices and needs at least "
                "{count}. Load the whole series."
            ).format(name=inputVolume.GetName(), count=engine.MIN_SLICES)
        )


def checkOutputs(inputVolume, outputVolume, noiseVolume) -> None:
    """Check that the volumes to be written are volumes, and neither the input nor what a result is mixed from.

    Raises:
        ValueError: they are not.
    """
    for node, name in ((outputVolume, _("output volume")), (noiseVolume, _("removed noise"))):
        if node is None:
            continue
        checkIsVolume(node, name)
        if node is inputVolume or node.GetID() == inputVolume.GetID():
            raise ValueError(
                _("The {name} is the input volume itself, which would be lost. Choose another volume.").format(
                    name=name
                )
            )
        result = node.GetNodeReference(OUTPUT_REFERENCE)
        if result is not None and ownFullOf(result) is node:
            raise ValueError(
                _("'{name}' is what '{result}' is mixed from, which would be lost. Choose another volume.").format(
                    name=node.GetName(), result=result.GetName()
                )
            )
    if outputVolume is not None and noiseVolume is not None and outputVolume.GetID() == noiseVolume.GetID():
        raise ValueError(_("The output volume and the removed noise are the same volume. Choose different ones."))


def switched(name: str, value: str) -> bool | None:
    """A value of `SWITCH` as the engine's settings have it; SettingsError for others."""
    if value not in SWITCH:
        raise engine.SettingsError(f"{name} is {value!r}; allowed are {', '.join(SWITCH)}")
    return SWITCH[value]


def switchOf(value: bool | None) -> str:
    """The inverse of `switched`."""
    return next(name for name, setting in SWITCH.items() if setting is value)


def checkIsVolume(node, name: str) -> None:
    """Raise ValueError unless a node is a scalar volume in the scene; `name` says what it is for."""
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
