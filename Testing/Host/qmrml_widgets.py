"""Stand-ins for the qMRML widgets that show or pick MRML nodes.

As with ctk, only what PythonQt would offer is public: properties, slots, Q_INVOKABLE methods and signals.
`cppSignals` and `cppSlots` list signatures with VTK types, which Qt knows here as PyObject.
"""

import shiboken6
import vtk
from PySide6.QtCore import Property, QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSizePolicy, QWidget

from .ctk_numbers import ctkDoubleSpinBox, ctkSliderWidget
from .ctk_widgets import ctkCollapsibleButton
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


@_widget
class qMRMLCollapsibleButton(ctkCollapsibleButton):
    mrmlSceneChanged = Signal(object)
    cppSignals = ("mrmlSceneChanged(vtkMRMLScene*)",)
    cppSlots = ("setMRMLScene(vtkMRMLScene*)",)

    def __init__(self, *args):
        super().__init__(*args)
        self._scene = None

    def mrmlScene(self):
        return self._scene

    @Slot(object)
    def setMRMLScene(self, scene):
        self._scene = scene
        self.mrmlSceneChanged.emit(scene)


@_widget
class qMRMLSliderWidget(ctkSliderWidget):
    """The quantity and its unit are kept, not applied."""

    quantity = plainProperty(str, "quantity", "")
    unitAwareProperties = plainProperty(int, "unitAwareProperties", 0x3F)
    cppSlots = ("setMRMLScene(vtkMRMLScene*)",)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._scene = None

    def mrmlScene(self):
        return self._scene

    @Slot(object)
    def setMRMLScene(self, scene):
        self._scene = scene


@_widget
class qMRMLSpinBox(ctkDoubleSpinBox):
    """The quantity and its unit are kept, not applied."""

    quantity = plainProperty(str, "quantity", "")
    unitAwareProperties = plainProperty(int, "unitAwareProperties", 0x3F)
    cppSlots = ("setMRMLScene(vtkMRMLScene*)",)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._scene = None

    def mrmlScene(self):
        return self._scene

    @Slot(object)
    def setMRMLScene(self, scene):
        self._scene = scene


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
    edit, rename), as in Slicer.
    """

    currentNodeChanged = Signal((object,), (bool,))
    currentNodeIDChanged = Signal(str)
    nodeActivated = Signal(object)
    nodeAdded = Signal(object)
    nodeAddedByUser = Signal(object)
    nodeAddedByUserAction = Signal(object)
    nodeAboutToBeRemoved = Signal(object)
    nodeAboutToBeEdited = Signal(object)
    currentNodeRenamed = Signal(str)
    cppSignals = tuple(
        f"{name}(vtkMRMLNode*)"
        for name in [
            "currentNodeChanged",
            "nodeActivated",
            "nodeAdded",
            "nodeAddedByUser",
            "nodeAddedByUserAction",
            "nodeAboutToBeRemoved",
            "nodeAboutToBeEdited",
        ]
    )
    cppSlots = ("setMRMLScene(vtkMRMLScene*)", "setCurrentNode(vtkMRMLNode*)")

    def __init__(self, parent=None):
        super().__init__(parent)
        self._scene = None
        self._observers = []
        self._nodeObservers = []
        self._attributes = {}
        self._labels = {}
        self._baseNames = {}
        self._current = ""
        self._requested = None
        self._leaving = None
        self._box = QComboBox(self)
        self._box.setSizePolicy(QSizePolicy.Ignored, QSizePolicy.Fixed)
        self._box.setMinimumContentsLength(8)
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
    showHidden = _refreshedProperty(bool, "showHidden", False)
    showChildNodeTypes = _refreshedProperty(bool, "showChildNodeTypes", True)
    hideChildNodeTypes = _refreshedProperty("QStringList", "hideChildNodeTypes", ())
    noneEnabled = _refreshedProperty(bool, "noneEnabled", False)
    noneDisplay = _refreshedProperty(str, "noneDisplay", "None")
    addEnabled = _refreshedProperty(bool, "addEnabled", True)
    removeEnabled = _refreshedProperty(bool, "removeEnabled", True)
    editEnabled = _refreshedProperty(bool, "editEnabled", False)
    renameEnabled = _refreshedProperty(bool, "renameEnabled", False)
    selectNodeUponCreation = plainProperty(bool, "selectNodeUponCreation", True)
    interactionNodeSingletonTag = plainProperty(str, "interactionNodeSingletonTag", "")
    sizeAdjustPolicy = plainProperty(QComboBox.SizeAdjustPolicy, "sizeAdjustPolicy", QComboBox.AdjustToContents)
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

    def nodeFromIndex(self, index):
        nodes = self._matchingNodes()
        return nodes[index] if 0 <= index < len(nodes) else None

    def addAttribute(self, nodeType, name, value=None):
        self._attributes.setdefault(nodeType, {})[name] = value
        self._refresh()

    def removeAttribute(self, nodeType, name):
        self._attributes.get(nodeType, {}).pop(name, None)
        self._refresh()

    def setNodeTypeLabel(self, label, nodeType):
        self._labels[nodeType] = label
        self._refresh()

    def nodeTypeLabel(self, nodeType):
        if nodeType in self._labels:
            return self._labels[nodeType]
        return (self._scene.GetTypeDisplayNameByClassName(nodeType) if self._scene else "") or "node"

    # Slots

    @Slot(object)
    def setMRMLScene(self, scene):
        if scene is self._scene:
            return
        self._stopObserving()
        self._scene = scene
        self.enabled = scene is not None
        if scene is not None:
            events = (scene.NodeAddedEvent, scene.EndBatchProcessEvent, scene.EndCloseEvent, scene.EndImportEvent)
            self._observers = [scene.AddObserver(event, self._onSceneEvent) for event in events]
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

    @Slot(int)
    def setCurrentNodeIndex(self, index):
        self.setCurrentNode(self.nodeFromIndex(index))

    @Slot()
    def addNode(self, nodeType=None):
        nodeType = nodeType or (self.nodeTypes[0] if self.nodeTypes else None)
        if nodeType is None or nodeType not in self.nodeTypes:
            return None
        name = self._baseNames.get(nodeType) or self.nodeTypeLabel(nodeType)
        node = self._scene.CreateNodeByClass(nodeType)
        node.UnRegister(None)
        node.SetName(self._scene.GenerateUniqueName(name))
        for attribute, value in self._attributes.get(nodeType, {}).items():
            node.SetAttribute(attribute, "" if value is None else str(value))
        node = self._scene.AddNode(node)
        if self.selectNodeUponCreation:
            self.setCurrentNode(node)
        self.nodeAddedByUser.emit(node)
        return node

    @Slot()
    def removeCurrentNode(self):
        self._scene.RemoveNode(self.currentNode())

    # Inside

    def _stopObserving(self):
        for tag in self._observers:
            self._scene.RemoveObserver(tag)
        for node, tag in self._nodeObservers:
            node.RemoveObserver(tag)
        self._observers, self._nodeObservers = [], []

    def _onSceneEvent(self, scene, event):
        if not shiboken6.isValid(self):  # a C++ widget stops observing when it is destroyed
            self._stopObserving()
            return
        if scene.IsBatchProcessing() or scene.IsClosing() or scene.IsImporting():
            return
        self._refresh()

    def _onNodeRemoved(self, scene, event, node):
        if not (scene.IsBatchProcessing() or scene.IsClosing()):
            self._leaving = node
            self._refresh()
            self._leaving = None

    def _accepts(self, node):
        if node is self._leaving:
            return False
        if node.GetHideFromEditors() and not self.showHidden:
            return False
        for nodeType in self.nodeTypes:
            exact = node.GetClassName() == nodeType
            if not (exact or (self.showChildNodeTypes and node.IsA(nodeType))):
                continue
            if not exact and any(node.IsA(hidden) for hidden in self.hideChildNodeTypes):
                continue
            wanted = self._attributes.get(nodeType, {})
            if all(self._hasAttribute(node, name, value) for name, value in wanted.items()):
                return True
        return False

    @staticmethod
    def _hasAttribute(node, name, value):
        found = node.GetAttribute(name)
        return found is not None and (value is None or found == str(value))

    def _matchingNodes(self):
        if self._scene is None:
            return []
        nodes = [self._scene.GetNthNode(index) for index in range(self._scene.GetNumberOfNodes())]
        return [node for node in nodes if self._accepts(node)]

    def _refresh(self):
        """Fill the list again. A current node that is gone is replaced by the row before it, as QComboBox does."""
        if "_box" not in self.__dict__:
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
        self._addActionItems()
        blocker.unblock()

    def _hasActions(self):
        return self.addEnabled or self.removeEnabled or self.editEnabled or self.renameEnabled

    def _addActionItems(self):
        label = self.nodeTypeLabel(self.nodeTypes[0] if len(self.nodeTypes) == 1 else "")
        actions = []
        if self.renameEnabled:
            actions.append((f"Rename current {label}", "RENAME"))
        if self.editEnabled:
            actions.append((f"Edit current {label}", "EDIT"))
        if self.addEnabled:
            actions += [(f"Create new {self.nodeTypeLabel(kind)}", "CREATE/" + kind) for kind in self.nodeTypes]
        if self.removeEnabled:
            actions.append((f"Delete current {label}", "DELETE"))
        if actions:
            self._box.insertSeparator(self._box.count)
        for text, action in actions:
            self._box.addItem(text)
            self._box.setItemData(self._box.count - 1, action, Qt.UserRole + 1)

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
        action = self._box.itemData(index, Qt.UserRole + 1)
        if action is None:
            self._select(self._box.itemData(index) or "")
            self.nodeActivated.emit(self.currentNode())
            return
        self._box.currentIndex = self._box.findData(self._current)
        if action == "DELETE":
            self.removeCurrentNode()
        elif action == "EDIT":
            self.nodeAboutToBeEdited.emit(self.currentNode())
        elif action.startswith("CREATE/"):
            node = self.addNode(action.split("/", 1)[1])
            self.setCurrentNode(node)
            self.nodeAddedByUserAction.emit(node)
