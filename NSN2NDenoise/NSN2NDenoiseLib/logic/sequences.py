"""Sequences of volumes: what a volume stands for, the frames behind it, and whether they can be denoised."""

from dataclasses import dataclass

import slicer
from slicer.i18n import tr as _

from . import volumes


@dataclass(frozen=True)
class Frames:
    """A sequence of volumes in its browser.

    Attributes:
        sequence: vtkMRMLSequenceNode.
        browser: vtkMRMLSequenceBrowserNode that shows it.
    """

    sequence: object
    browser: object

    @property
    def proxy(self):
        """The volume that shows the selected frame."""
        return self.browser.GetProxyNode(self.sequence)

    @property
    def nodes(self) -> list:
        """The frames' own volumes, which are in no scene that others see."""
        return [self.sequence.GetNthDataNode(number) for number in range(len(self))]

    def __len__(self) -> int:
        return self.sequence.GetNumberOfDataNodes()


def framesOf(node) -> Frames | None:
    """The sequence that a volume shows a frame of, or that a node is; None for other volumes, or without a browser."""
    logic = slicer.modules.sequences.logic()
    if node is None:
        return None
    if node.IsA("vtkMRMLSequenceNode"):
        browser = logic.GetFirstBrowserNodeForSequenceNode(node)
        return Frames(node, browser) if browser is not None else None
    browser = logic.GetFirstBrowserNodeForProxyNode(node)
    sequence = browser.GetSequenceNode(node) if browser is not None else None
    return Frames(sequence, browser) if sequence is not None else None


def frameShown(volumeNode) -> str | None:
    """The index value of the frame that a volume shows; None for a volume that shows no sequence."""
    frames = framesOf(volumeNode)
    selected = frames.browser.GetSelectedItemNumber() if frames is not None else -1
    return frames.browser.GetMasterSequenceNode().GetNthIndexValue(selected) if selected >= 0 else None


def frameAt(volumeNode, value: str | None):
    """The volume that showed the frame of an index value: itself, or where it shows another one now, that frame's own.

    It is itself, too, where that frame is gone, or it shows no sequence.
    """
    if value is None or frameShown(volumeNode) == value:
        return volumeNode
    frames = framesOf(volumeNode)
    return (frames.sequence.GetDataNodeAtValue(value) if frames is not None else None) or volumeNode


def checkFrames(frames: Frames) -> None:
    """Check that all frames are gray-scale volumes of one size; the first one is checked as any input.

    Raises:
        ValueError: they are not; the text says which.
    """
    nodes = frames.nodes
    for number, node in enumerate(nodes):
        problem = ""
        if node.GetClassName() != "vtkMRMLScalarVolumeNode" or node.GetImageData() is None:
            problem = _("is no gray-scale volume")
        elif _gridOf(node) != _gridOf(nodes[0]):
            problem = _("has another size, spacing or pixel type than the first one")
        if problem:
            raise ValueError(
                _("Frame {number} of '{name}' {problem}, so the frames can't be denoised together.").format(
                    number=number + 1, name=frames.sequence.GetName(), problem=problem
                )
            )


def _gridOf(node) -> tuple:
    image = node.GetImageData()
    return image.GetDimensions(), image.GetScalarType(), image.GetNumberOfScalarComponents(), volumes.spacingOf(node)
