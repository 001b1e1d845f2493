"""What the panel asks for, kept in the scene."""

from typing import Annotated

from slicer import vtkMRMLMarkupsROINode, vtkMRMLScalarVolumeNode, vtkMRMLSegmentationNode
from slicer.parameterNodeWrapper import Choice, WithinRange, parameterNodeWrapper

from NSN2NDenoiseLib import engine

from .arguments import SWITCH, switchOf

_PRESET = engine.Settings.from_preset(engine.PRESETS[0])
#: A threshold to show before one was determined, normalized.
FIRST_THRESHOLD = 0.01
#: Which frames of a sequence are denoised.
THIS_FRAME, ALL_FRAMES = "This frame", "All frames"


@parameterNodeWrapper
class NSN2NDenoiseParameterNode:
    """The parameters of the panel.

    inputVolume - the noisy volume.
    frames - of a sequence whose frame the input is: that one, or all.
    outputVolume - the volume to overwrite; None creates a new one.
    noiseVolume - the volume that takes the removed noise; None keeps none.
    roi - denoise only inside this one; None: everywhere.
    segmentation, segment - denoise only inside this segment (its ID; "": any of the segmentation); None: everywhere.
    resultVolume - the newest result, for the comparison.
    threshold - th of Eq. 3, normalized.
    suggestedThreshold - the automatic threshold; where `threshold` equals it, the threshold is automatic.
    previewOpacity - of the overlay, 0 to 1.
    lambdaRC, lambdaIC - weights of the losses, Eq. 7.
    first, learn, refine - the stages that can be switched, as in the engine's settings.
    minutes - time limit of a run; 0: as long as the preset takes.
    preset, sliceAxis, rician, device, seed - as in the engine's settings.
    """

    inputVolume: vtkMRMLScalarVolumeNode
    frames: Annotated[str, Choice([THIS_FRAME, ALL_FRAMES])] = THIS_FRAME
    outputVolume: vtkMRMLScalarVolumeNode
    noiseVolume: vtkMRMLScalarVolumeNode
    resultVolume: vtkMRMLScalarVolumeNode
    roi: vtkMRMLMarkupsROINode
    segmentation: vtkMRMLSegmentationNode
    segment: str = ""
    threshold: Annotated[float, WithinRange(0, 1)] = FIRST_THRESHOLD
    suggestedThreshold: Annotated[float, WithinRange(0, 1)] = FIRST_THRESHOLD
    previewOpacity: Annotated[float, WithinRange(0, 1)] = 0.5
    first: bool = _PRESET.first
    learn: Annotated[str, Choice(list(SWITCH))] = switchOf(_PRESET.learn)
    refine: bool = _PRESET.refine
    lambdaRC: Annotated[float, WithinRange(0, engine.LAMBDA_MAX)] = _PRESET.lambda_rc
    lambdaIC: Annotated[float, WithinRange(0, engine.LAMBDA_MAX)] = _PRESET.lambda_ic
    minutes: Annotated[float, WithinRange(0, 1440)] = 0.0
    preset: Annotated[str, Choice(list(engine.PRESETS))] = engine.PRESETS[0]
    sliceAxis: Annotated[str, Choice(list(engine.AXES))] = engine.AXES[0]
    rician: Annotated[str, Choice(list(engine.RICIAN))] = _PRESET.rician
    device: Annotated[str, Choice(list(engine.DEVICES))] = engine.DEVICES[0]
    seed: Annotated[int, WithinRange(0, 2147483647)] = 0


def isThresholdAutomatic(parameterNode: NSN2NDenoiseParameterNode) -> bool:
    """Whether the threshold is still the automatic one, so that the run determines it."""
    return parameterNode.threshold == parameterNode.suggestedThreshold
