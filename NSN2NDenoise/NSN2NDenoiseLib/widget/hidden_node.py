"""Nodes that the panel shows something with, and that neither editors nor saved scenes see."""

import uuid

import slicer

#: Marks them, so that none is taken for the user's.
MARK = "NSN2N.Overlay"


def hiddenNode(className: str, name: str, prepare=None):
    """A node in the scene that neither editors nor saved scenes see; `prepare` is called with it before it is added.

    The views of a scene that is saved meanwhile name it as their layer. Its singleton tag makes that an ID which no
    other node will ever get, so the name leads to nothing when that scene is loaded.
    """
    node = slicer.mrmlScene.CreateNodeByClass(className)
    node.UnRegister(None)
    node.SetSingletonTag(f"NSN2NOverlay{uuid.uuid4().hex[:12]}")
    node.SetName(name)
    node.SetHideFromEditors(True)
    node.SetSaveWithScene(False)
    node.SetAttribute(MARK, "1")
    if prepare is not None:
        prepare(node)
    return slicer.mrmlScene.AddNode(node)
