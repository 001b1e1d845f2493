"""slicer.modules.<name> and what stands behind: scripted modules, C++ modules with their logics, the module manager."""

import importlib.util
import os
import sys

from PySide6.QtCore import Property, QObject, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QVBoxLayout

from .qmrml_widgets import qMRMLWidget
from .qt_classes import standIn
from .stand_ins import plainProperty
from .strict import problems

__all__ = ["qSlicerModuleManager", "qSlicerScriptedLoadableModule", "qSlicerScriptedLoadableModuleWidget"]


class _CoreModule(QObject):
    """Properties that Slicer's modules have, scripted or not."""

    title = plainProperty(str, "title", "")
    categories = plainProperty("QStringList", "categories", ())
    contributors = plainProperty("QStringList", "contributors", ())
    dependencies = plainProperty("QStringList", "dependencies", ())
    associatedNodeTypes = plainProperty("QStringList", "associatedNodeTypes", ())
    helpText = plainProperty(str, "helpText", "")
    acknowledgementText = plainProperty(str, "acknowledgementText", "")
    hidden = plainProperty(bool, "hidden", False)
    index = plainProperty(int, "index", -1)
    icon = plainProperty(QIcon, "icon", QIcon())
    widgetRepresentationCreationEnabled = plainProperty(bool, "widgetRepresentationCreationEnabled", True)
    defaultDocumentationLink = Property(str, lambda self: "")
    isInstalled = Property(bool, lambda self: False)
    isBuiltIn = Property(bool, lambda self: False)

    name = Property(str, lambda self: self._name)
    path = Property(str, lambda self: self._path)

    def __init__(self, host, name, path=""):
        super().__init__()
        self._host, self._name, self._path = host, name, path
        self._logic = None
        self.objectName = name

    def logic(self):
        return self._logic

    def mrmlScene(self):
        return self._host.scene


@standIn
class qSlicerLoadableModule(_CoreModule):
    """A C++ module: it has a logic, but no panel in the host."""

    def __init__(self, host, name, logic):
        super().__init__(host, name)
        self.title = name
        self._logic = logic

    def widgetRepresentation(self):
        raise NotImplementedError(f"The host has no panel of the C++ module {self._name}")


@standIn
class qSlicerScriptedLoadableModuleWidget(qMRMLWidget):
    """The C++ side of a scripted panel. `self()` is the Python widget object."""

    isEntered = Property(bool, lambda self: self._entered)

    def __init__(self, module):
        super().__init__()
        self._module = module
        self._entered = False
        self._python = None
        QVBoxLayout(self)
        self.objectName = module.name + "ModuleWidget"

    def module(self):
        return self._module

    def self(self):
        return self._python

    def _create(self):
        name = self._module.name + "Widget"
        cls = getattr(sys.modules[self._module.name], name)
        try:
            self._python = cls(self)
        except Exception as error:
            problems.recordException("python", f"{name} could not be created", error)
            self._python = None
            return False
        setattr(self._module._host.slicer.modules, name, self._python)
        return True

    def _call(self, method):
        if self._python is not None and hasattr(self._python, method):
            try:
                getattr(self._python, method)()
            except Exception as error:
                problems.recordException("python", f"{type(self._python).__name__}.{method} failed", error)

    def setup(self):
        self._call("setup")

    def reload(self):
        if self._create():
            self.setup()

    def enter(self):
        self._entered = True
        self._call("enter")

    def exit(self):
        self._entered = False
        self._call("exit")


@standIn
class qSlicerScriptedLoadableModule(_CoreModule):
    """A scripted module, made from the path of its .py file."""

    def __init__(self, host, path):
        name = os.path.splitext(os.path.basename(path))[0]
        super().__init__(host, name, path)
        self._widget = None
        self._python = None

    def _load(self):
        """Import the file and create the module's Python object; errors are raised."""
        folder = os.path.dirname(self._path)
        if folder not in sys.path:
            sys.path.insert(0, folder)
        spec = importlib.util.spec_from_file_location(self._name, self._path)
        pythonModule = importlib.util.module_from_spec(spec)
        sys.modules[self._name] = pythonModule
        try:
            spec.loader.exec_module(pythonModule)
        except BaseException:
            del sys.modules[self._name]
            raise
        self._logic = self._host.slicer.vtkSlicerScriptedLoadableModuleLogic()
        self._python = getattr(pythonModule, self._name)(self)
        modules = self._host.slicer.modules
        setattr(modules, self._name.lower(), self)
        setattr(modules, self._name + "Instance", self._python)
        setattr(self._host.slicer.moduleNames, self._name, self._name)
        if not hasattr(pythonModule, self._name + "Widget"):
            self.widgetRepresentationCreationEnabled = False
        if hasattr(self._python, "setup"):
            self._python.setup()

    def widgetRepresentation(self):
        if self._widget is None and self.widgetRepresentationCreationEnabled:
            self._widget = self.createNewWidgetRepresentation()
        return self._widget

    def createNewWidgetRepresentation(self):
        if not self.widgetRepresentationCreationEnabled:
            return None
        widget = qSlicerScriptedLoadableModuleWidget(self)
        widget.setMRMLScene(self._host.scene)
        if not widget._create():
            return None
        widget.setup()
        return widget

    def _unload(self):
        """Clean up and forget the module, as Slicer does when it ends."""
        manager = self._host.app.moduleManager()
        if self._widget is not None:
            if self._widget._entered:
                self._widget.exit()
            manager.moduleAboutToBeUnloaded.emit(self._name)
            self._widget.close()
            self._widget.deleteLater()
            self._widget = None
        manager._modules.pop(self._name, None)
        modules = self._host.slicer.modules
        for name in (self._name.lower(), self._name + "Instance", self._name + "Widget"):
            vars(modules).pop(name, None)
        vars(self._host.slicer.moduleNames).pop(self._name, None)
        self._host.slicer.selfTests.pop(self._name, None)
        sys.modules.pop(self._name, None)


@standIn
class qSlicerModuleFactoryManager(QObject):
    def __init__(self, manager):
        super().__init__()
        self._manager = manager

    def loadedModuleNames(self):
        return tuple(self._manager._modules)

    def isLoaded(self, name):
        return name in self._manager._modules


@standIn
class qSlicerModuleManager(QObject):
    moduleLoaded = Signal(str)
    moduleAboutToBeUnloaded = Signal(str)
    cppSignals = ("moduleLoaded(QString)", "moduleAboutToBeUnloaded(QString)")

    def __init__(self):
        super().__init__()
        self._modules = {}
        self._factory = qSlicerModuleFactoryManager(self)

    def factoryManager(self):
        return self._factory

    def modulesNames(self):
        return tuple(self._modules)

    def module(self, name):
        return self._modules.get(name)
