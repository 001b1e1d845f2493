"""Stand-ins for the qMRML widgets that show or pick MRML nodes.

As with ctk, only what PythonQt would offer is public: properties, slots, Q_INVOKABLE methods and signals.
`cppSignals` and `cppSlots` list signatures with VTK types, which Qt knows here as PyObject.
"""

import shiboken6
import slicer
import vtk
from PySide6.QtCore import Property, QSignalBlocker, Signal, Slot
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSizePolicy, QWidget

from .stand_ins import plainProperty, widgetStandIn

__all__ = ["qMRMLNodeComboBox", "qMRMLWidget", "widgetClasses"]

widgetClasses = {}


def _widget(cls):
    widgetClasses[cls.__name__] = cls
    return widgetStandIn(cls)


@_widget
class qMRMLWidget(QWidget):
    mrmlSceneChanged = Signal(object)
    cppSignals = ("mrmlSceneChanged(vtkMRMLScene*)",)
    cppSlots = ("setMRMLScene(vtkMRMLScene*)",)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._scene = None

    def mrmlScene(self):
        return self._scene

    @Slot(object)
    def setMRMLScene(self, scene):
        if scene is not self._scene:
            self._scene = scene
            self.mrmlSceneChanged.emit(scene)


def _withNode(method):
    """An observer that gets the event's node, too."""

    def observer(scene, event, node):
        method(scene, event, node)

    observer.CallDataType = vtk.VTK_OBJECT
    return observer


@_widget
class qMRMLNodeComboBox(QWidget):
    """Node selector that follows the scene.

    The first node is selected by itself only if None is not allowed and the list has no action items (add, remove,
    rename), as in Slicer; the host's list never shows them.
    """

    currentNodeChanged = Signal((object,), (bool,))
    currentNodeIDChanged = Signal(str)
    nodeAddedByUser = Signal(object)
    cppSignals = ("currentNodeChanged(vtkMRMLNode*)", "nodeAddedByUser(vtkMRMLNode*)")
    cppSlots = ("setMRMLScene(vtkMRMLScene*)", "setCurrentNode(vtkMRMLNode*)")

    def __init__(self, parent=None):
        super().__init__(parent)
        self._scene = None
        self._observers = []
        self._nodeObservers = []
        self._baseNames = {}
        self._current = ""
        self._requested = None
        self._leaving = None
        self._box = QComboBox(self)
        self._box.setSizeAdjustPolicy(QComboBox.AdjustToContents)  # a long name widens it
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._box)
        self.setSizePolicy(QSizePolicy.Preferred, QSizePolicy.Fixed)
        self._box.activated.connect(self._onActivated)
        self.destroyed.connect(lambda: self._stopObserving())
        self.enabled = False

    # Properties

    def _refreshedProperty(kind, name, default):
        return plainProperty(kind, name, default, changed="_refresh")

    nodeTypes = _refreshedProperty("QStringList", "nodeTypes", ())
    showChildNodeTypes = _refreshedProperty(bool, "showChildNodeTypes", True)
    noneEnabled = _refreshedProperty(bool, "noneEnabled", False)
    noneDisplay = _refreshedProperty(str, "noneDisplay", "None")
    addEnabled = _refreshedProperty(bool, "addEnabled", True)
    removeEnabled = _refreshedProperty(bool, "removeEnabled", True)
    renameEnabled = _refreshedProperty(bool, "renameEnabled", False)
    del _refreshedProperty

    def _getBaseName(self):
        return self._baseNames.get(self.nodeTypes[0], "") if self.nodeTypes else ""

    def _setBaseName(self, name):
        for nodeType in self.nodeTypes:
            self._baseNames[nodeType] = name

    baseName = Property(str, _getBaseName, _setBaseName)
    currentNodeID = Property(str, lambda self: self._current, lambda self, nodeID: self.setCurrentNodeID(nodeID))

    # Invokable methods

    def mrmlScene(self):
        return self._scene

    def currentNode(self):
        return self._scene.GetNodeByID(self._current) if self._scene and self._current else None

    def nodeCount(self):
        return len(self._matchingNodes())

    # Slots

    @Slot(object)
    def setMRMLScene(self, scene):
        if scene is self._scene:
            return
        self._stopObserving()
        self._scene = scene
        self.enabled = scene is not None
        if scene is not None:
            events = (scene.EndBatchProcessEvent, scene.EndCloseEvent, scene.EndImportEvent)
            self._observers = [scene.AddObserver(event, self._onSceneEvent) for event in events]
            self._observers.append(scene.AddObserver(scene.NodeAddedEvent, _withNode(self._onNodeAdded)))
            self._observers.append(scene.AddObserver(scene.NodeAboutToBeRemovedEvent, _withNode(self._onNodeRemoved)))
        requested, self._requested = self._requested, None
        self._refresh()
        if requested:
            self.setCurrentNodeID(requested)

    @Slot(object)
    @Slot(str)
    def setCurrentNode(self, node):
        self.setCurrentNodeID(node if isinstance(node, str) else node.GetID() if node is not None else "")

    @Slot(str)
    def setCurrentNodeID(self, nodeID):
        if self._scene is None:
            self._requested = nodeID
            return
        nodeID = nodeID or ""
        if nodeID and nodeID not in [node.GetID() for node in self._matchingNodes()]:
            nodeID = ""
        self._select(nodeID)

    @Slot()
    def addNode(self, nodeType=None):
        nodeType = nodeType or (self.nodeTypes[0] if self.nodeTypes else None)
        if nodeType is None or nodeType not in self.nodeTypes:
            return None
        name = self._baseNames.get(nodeType) or self._scene.GetTypeDisplayNameByClassName(nodeType) or "node"
        node = self._scene.AddNewNodeByClass(nodeType, self._scene.GenerateUniqueName(name))
        self.setCurrentNode(node)
        self.nodeAddedByUser.emit(node)
        return node

    # Inside

    def _stopObserving(self):
        for tag in self._observers:
            self._scene.RemoveObserver(tag)
        for node, tag in self._nodeObservers:
            node.RemoveObserver(tag)
        self._observers, self._nodeObservers = [], []

    def _onSceneEvent(self, scene, event):
        if not (scene.IsBatchProcessing() or scene.IsClosing() or scene.IsImporting()):
            self._follow()

    def _onNodeAdded(self, scene, event, node):
        if self._isOfType(node):  # most are not
            self._onSceneEvent(scene, event)

    def _onNodeRemoved(self, scene, event, node):
        if self._isOfType(node) and not (scene.IsBatchProcessing() or scene.IsClosing()):
            self._leaving = node
            self._follow()
            self._leaving = None

    def _follow(self):
        """Refresh after the scene. A C++ widget stops observing when it is destroyed, which Python's garbage collection
        may do at any time, in the midst of this as well.
        """
        try:
            if shiboken6.isValid(self):
                self._refresh()
        except ValueError:
            if shiboken6.isValid(self):
                raise
        if not shiboken6.isValid(self):
            self._stopObserving()

    def _isOfType(self, node):
        own = self.__dict__  # properties are slow to read
        types = own.get("_nodeTypes", ())
        return any(map(node.IsA, types)) if own.get("_showChildNodeTypes", True) else node.GetClassName() in types

    def _matchingNodes(self):
        if self._scene is None:
            return []
        types, isOfType, leaving = self.nodeTypes, self._isOfType, self._leaving
        nodes = slicer.util.getNodesByClass(types[0], self._scene) if len(types) == 1 else self._scene.GetNodes()
        return [node for node in nodes if isOfType(node) and node is not leaving and not node.GetHideFromEditors()]

    def _refresh(self):
        """Fill the list again. A current node that is gone is replaced by the row before it, as QComboBox does."""
        if "_box" not in self.__dict__ or (self._scene is None and not self._box.count):
            return
        nodes = self._matchingNodes()
        ids = [node.GetID() for node in nodes]
        oldIds = [self._box.itemData(i) for i in range(self._box.count) if self._box.itemData(i)]
        wasEmpty = not any(oldIds)
        current = self._current
        if current and current not in ids:
            rows = ([""] if self.noneEnabled else []) + oldIds
            position = rows.index(current) if current in rows else 0
            before = [row for row in rows[:position] if row in ("", *ids)]
            current = before[-1] if before else ""
        elif not current and wasEmpty and ids and not (self.noneEnabled or self._hasActions()):
            current = ids[0]
        self._fill(nodes)
        self._observeNames(nodes)
        self._select(current)

    def _fill(self, nodes):
        blocker = QSignalBlocker(self._box)
        self._box.clear()
        if self.noneEnabled:
            self._box.addItem(self.noneDisplay, "")
        for node in nodes:
            self._box.addItem(node.GetName() or "", node.GetID())
        blocker.unblock()

    def _hasActions(self):
        return self.addEnabled or self.removeEnabled or self.renameEnabled

    def _observeNames(self, nodes):
        for node, tag in self._nodeObservers:
            node.RemoveObserver(tag)
        self._nodeObservers = [(n, n.AddObserver(vtk.vtkCommand.ModifiedEvent, self._onNodeModified)) for n in nodes]

    def _onNodeModified(self, node, event):
        index = self._box.findData(node.GetID())
        if index >= 0 and self._box.itemText(index) != (node.GetName() or ""):
            self._box.setItemText(index, node.GetName() or "")

    def _select(self, nodeID):
        index = self._box.findData(nodeID) if nodeID or self.noneEnabled else -1
        blocker = QSignalBlocker(self._box)
        self._box.currentIndex = index
        blocker.unblock()
        if nodeID == self._current:
            return
        self._current = nodeID
        node = self.currentNode()
        self.currentNodeChanged.emit(node)
        self.currentNodeChanged.overload(bool).emit(node is not None)
        self.currentNodeIDChanged.emit(nodeID)

    def _onActivated(self, index):
        self._select(self._box.itemData(index) or "")
