"""Tells a job in progress when the nodes that it needs are gone."""

from collections.abc import Callable, Iterable

import slicer


class SceneWatch:
    """Calls back, at most once, when the scene closes or a watched node is removed from it.

    Args:
        nodes: (node, name for the user) pairs; the nodes are looked up by ID from then on.
        onGone: called with a sentence that says what is gone.
    """

    def __init__(self, nodes: Iterable[tuple[object, str]], onGone: Callable[[str], None]) -> None:
        self._names = {node.GetID(): name for node, name in nodes}
        self._onGone = onGone
        scene = slicer.mrmlScene
        self._tags = [
            scene.AddObserver(scene.StartCloseEvent, self._onClose),
            scene.AddObserver(scene.NodeRemovedEvent, self._onRemoved),
        ]

    def add(self, node, name: str) -> None:
        """Watch another node."""
        self._names[node.GetID()] = name

    def end(self) -> None:
        """Stop watching."""
        tags, self._tags = self._tags, []
        for tag in tags:
            slicer.mrmlScene.RemoveObserver(tag)

    def _onClose(self, caller, event) -> None:
        self._gone("The scene was closed.")

    def _onRemoved(self, caller, event) -> None:
        for nodeID, name in self._names.items():
            if slicer.mrmlScene.GetNodeByID(nodeID) is None:
                self._gone(f"The {name} was removed from the scene.")
                return

    def _gone(self, what: str) -> None:
        if self._tags:
            self.end()
            self._onGone(what)
