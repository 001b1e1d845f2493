"""A volume of the scene as it was, to put it back when something fails."""

import slicer

from . import volumes

_CODES = ("VoxelValueQuantity", "VoxelValueUnits")


class Snapshot:
    """Remembers a volume that is about to be overwritten; its voxels are shared, not copied.

    Args:
        node: volume node. Its image may be replaced afterwards, but must not be written into.
    """

    def __init__(self, node) -> None:
        self._node = node
        self._content = _copyOf(node)
        self._codes = {part: volumes.copyOfCode(getattr(node, f"Get{part}")()) for part in _CODES}
        self._display = node.GetDisplayNode()
        self._displayContent = None if self._display is None else _copyOf(self._display)
        hierarchy, item = volumes.hierarchyItem(node)
        self._parent = hierarchy.GetItemParent(item) if item else 0
        self._attributes = volumes.attributesOfItem(node)

    def restore(self) -> None:
        """Make the volume what it was, unless it is gone."""
        if self._node.GetScene() is None:
            return
        added = self._node.GetDisplayNode() if self._display is None else None
        _putBack(self._node, self._content)
        for part, code in self._codes.items():
            getattr(self._node, f"Set{part}")(code)
        if self._display is not None:
            _putBack(self._display, self._displayContent)
        if added is not None:
            slicer.mrmlScene.RemoveNode(added)
        hierarchy, item = volumes.hierarchyItem(self._node)
        if item and self._parent:
            hierarchy.SetItemParent(item, self._parent)
        for name in volumes.attributesOfItem(self._node).keys() - self._attributes.keys():
            hierarchy.RemoveItemAttribute(item, name)
        for name, value in self._attributes.items():
            hierarchy.SetItemAttribute(item, name, value)


def _copyOf(node):
    """A node outside the scene with the content and references of `node`."""
    copy = node.NewInstance()
    _putBack(copy, node)
    return copy


def _putBack(node, content) -> None:
    with slicer.util.NodeModify(node):
        node.CopyContent(content, False)
        node.CopyReferences(content)
