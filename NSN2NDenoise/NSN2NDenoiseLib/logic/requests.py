"""From arguments of the console to a request: everything is checked that can be checked before starting."""

import numpy as np
import slicer
from slicer.i18n import tr as _

from NSN2NDenoiseLib import engine

from . import arguments, networks, sequences
from .denoise_run import Request
from .sequence_run import SequenceRequest
from .within import wantedVoxels

#: What the console calls settings of the engine that have another name there.
ENGINE_NAMES = {"sliceAxis": "axis", "lambdaRC": "lambda_rc", "lambdaIC": "lambda_ic"}


def requestOf(
    inputVolume, outputVolume, noiseVolume, preset: str, settings, network, saveNetwork, roi, segmentation, segment,
    **values,
) -> Request:  # fmt: skip
    """The request of a run on one volume; arguments and errors as those of `DenoisingLogic.process`."""
    arguments.checkInput(inputVolume, values["sliceAxis"])
    arguments.checkOutputs(inputVolume, outputVolume, None if noiseVolume is True else noiseVolume)
    overrides = _overrides(preset, settings, network, saveNetwork, values)
    strength = overrides.pop("strength", 1.0)
    files = networks.fileOf(network), networks.checkTarget(saveNetwork)
    wanted, where = _region(inputVolume, roi, segmentation, segment)
    return Request(inputVolume, outputVolume, noiseVolume, preset, overrides, strength, wanted, where, *files)


def sequenceRequestOf(
    inputSequence, preset: str, settings, network, saveNetwork, roi, segmentation, segment, values: dict
) -> SequenceRequest:
    """The request of a run on all frames; arguments and errors as those of `DenoisingLogic.processSequence`."""
    frames = sequences.framesOf(inputSequence) if isinstance(inputSequence, slicer.vtkMRMLNode) else None
    if frames is None or not len(frames):
        raise ValueError(_("Select a sequence that a sequence browser shows, or the volume that shows its frames."))
    arguments.checkVoxels(frames.nodes[0], values.get("sliceAxis", "auto"))
    sequences.checkFrames(frames)
    overrides = _overrides(preset, settings, network, saveNetwork, values)
    files = networks.fileOf(network), networks.checkTarget(saveNetwork)
    wanted, where = _region(frames.proxy, roi, segmentation, segment)  # which is in the scene, and may be transformed
    return SequenceRequest(frames, preset, overrides, wanted, where, *files)


def _region(volume, roi, segmentation, segment) -> tuple[np.ndarray | None, dict]:
    """The voxels that are wanted of a volume, None for all, and what that is, JSON-serializable."""
    if segment and segmentation is None:
        raise ValueError(
            _("The segment '{name}' is given without its segmentation. Give that, too.").format(name=segment)
        )
    names = {"roi": roi and roi.GetName(), "segmentation": segmentation and segmentation.GetName(), "segment": segment}
    return wantedVoxels(volume, roi, segmentation, segment), {name: value for name, value in names.items() if value}


def _overrides(preset: str, settings: dict | None, network, saveNetwork, values: dict) -> dict:
    """What replaces the preset's settings, checked."""
    overrides = {ENGINE_NAMES.get(name, name): value for name, value in values.items() if value is not None}
    if "learn" in overrides:
        overrides["learn"] = arguments.switched("learn", overrides["learn"])
    overrides.update(settings or {})
    wanted = engine.Settings.from_preset(preset, **overrides)
    if saveNetwork and network is not None:
        raise ValueError(_("A network that is used is not trained anew, so there is none to save. Leave one out."))
    if (saveNetwork or network is not None) and wanted.learn is False:
        raise ValueError(_("This needs a network, and stage learn is off. Switch it on, or leave the network out."))
    return {**overrides, "learn": True} if saveNetwork and wanted.learn is None else overrides
