"""slicer.parameterNodeWrapper: typed parameters in a vtkMRMLScriptedModuleNode, bound to the widgets of a panel.

The values are stored exactly as Slicer stores them (texts; nodes as references), so a scene saved here loads in
Slicer. Supported types: bool, int, float, str and MRML node classes, with the annotations WithinRange and Choice.
Others (Path, Enum, Union, list, parameterPack, Default, Decimals, ...) are refused with a NotImplementedError.
"""

import typing
import weakref

import slicer
import vtk

from .parameter_types import Choice, WithinRange, createSerializer, splitAnnotations
from .parameter_widgets import createGuiConnector

__all__ = ["Choice", "WithinRange", "parameterNodeWrapper"]


class _Parameter:
    """One parameter of one parameter node; caches the value until the node is modified, as Slicer does."""

    def __init__(self, name, serializer, default, node):
        self.name, self.serializer, self.default, self.node = name, serializer, default, node
        if not serializer.isIn(node, name):
            serializer.write(node, name, default)
        self._value = serializer.read(node, name)
        self._writing = False
        this = weakref.ref(self)
        self._tag = node.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: this() and this()._onModified())

    def __del__(self):
        self.node.RemoveObserver(self._tag)

    def _onModified(self):
        if not self._writing:
            self._value = self._readOrDefault()

    def _readOrDefault(self):
        if not self.serializer.isIn(self.node, self.name):
            self.serializer.write(self.node, self.name, self.default)
        return self.serializer.read(self.node, self.name)

    def read(self):
        return self._value

    def write(self, value):
        self._writing = True
        try:
            with slicer.util.NodeModify(self.node):
                self.serializer.write(self.node, self.name, value)
                self._value = self.serializer.read(self.node, self.name)
        finally:
            self._writing = False


class _Wrapper:
    """The methods that the decorator adds to the class."""

    def __init__(self, parameterNode):
        self.parameterNode = parameterNode
        self._guis = {}
        self._nextTag = 0
        self._updatingGui = False
        self._parameters = {
            name: _Parameter(name, serializer, default, parameterNode)
            for name, (serializer, default, _) in self.allParameters.items()
        }

    def _parameter(self, name):
        if name not in self._parameters:
            raise ValueError(f"Cannot find a param with the given name: {name}; found {list(self._parameters)}")
        return self._parameters[name]

    def getValue(self, name):
        return self._parameter(name).read()

    def setValue(self, name, value):
        self._parameter(name).write(value)

    def connectGui(self, gui):
        """Bind every widget with the dynamic property SlicerParameterName; returns the tag for disconnectGui."""
        named = {widget.property("SlicerParameterName"): widget for widget in vars(gui).values()}
        connectors = {
            name: createGuiConnector(widget, self.allParameters[self._parameter(name).name][2])
            for name, widget in named.items()
            if name
        }
        tag, self._nextTag = self._nextTag, self._nextTag + 1
        for name, connector in connectors.items():
            connector.write(self.getValue(name))
            connector.onChanged(lambda name=name, connector=connector: self._onWidget(name, connector))
        observer = self.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: self._updateGui())
        self._guis[tag] = (connectors, observer)
        return tag

    def disconnectGui(self, tag):
        if tag not in self._guis:
            return
        connectors, observer = self._guis.pop(tag)
        for connector in connectors.values():
            connector.onChanged(None)
        self.RemoveObserver(observer)

    def _onWidget(self, name, connector):
        with slicer.util.NodeModify(self):
            if not self._updatingGui:
                self.setValue(name, connector.read())

    def _updateGui(self):
        if self._updatingGui:
            return
        self._updatingGui = True
        try:
            with slicer.util.NodeModify(self):
                for connectors, _ in list(self._guis.values()):
                    for name, connector in connectors.items():
                        connector.write(self.getValue(name))
        finally:
            self._updatingGui = False

    def StartModify(self):
        return self.parameterNode.StartModify()

    def EndModify(self, wasModified):
        return self.parameterNode.EndModify(wasModified)

    def AddObserver(self, event, callback, priority=0.0):
        return self.parameterNode.AddObserver(event, callback, priority)

    def RemoveObserver(self, tag):
        return self.parameterNode.RemoveObserver(tag)

    def Modified(self):
        self.parameterNode.Modified()


def _accessor(name):
    return property(lambda self: self.getValue(name), lambda self, value: self.setValue(name, value))


def parameterNodeWrapper(cls):
    """Class decorator: annotated members become parameters, `Class(node)` wraps a vtkMRMLScriptedModuleNode."""
    parameters = {}
    for name, hint in typing.get_type_hints(cls, include_extras=True).items():
        serializer = createSerializer(*splitAnnotations(hint))
        parameters[name] = (serializer, getattr(cls, name, serializer.default()), hint)
        setattr(cls, name, _accessor(name))
    cls.allParameters = parameters
    for name, member in vars(_Wrapper).items():
        if name.startswith("__") and name != "__init__":
            continue
        if name != "__init__" and name in vars(cls):
            raise ValueError(f"Cannot use reserved name '{name}' in a parameterNodeWrapper")
        setattr(cls, name, member)
    return cls
