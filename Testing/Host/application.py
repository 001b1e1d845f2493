"""slicer.app: the application object with the methods, properties and signals that modules use."""

import os

from PySide6.QtCore import Property, QSettings, Signal, Slot
from PySide6.QtWidgets import QApplication

from .file_io import qSlicerCoreIOManager
from .modules import qSlicerModuleManager
from .qt_classes import standIn
from .stand_ins import plainProperty

__all__ = ["qSlicerApplication"]


@standIn
class qSlicerApplication(QApplication):
    mrmlSceneChanged = Signal(object)
    startupCompleted = Signal()
    renderPaused = Signal(bool)
    cppSignals = ("mrmlSceneChanged(vtkMRMLScene*)",)

    temporaryPath = plainProperty(str, "temporaryPath", "")
    cachePath = plainProperty(str, "cachePath", "")
    slicerHome = Property(str, lambda self: self._host.temporaryPath)
    majorVersion = Property(int, lambda self: self._host.version[0])
    minorVersion = Property(int, lambda self: self._host.version[1])
    documentationBaseUrl = Property(str, lambda self: "https://slicer.readthedocs.io/en/latest/")

    def __init__(self, host):
        super().__init__(["Slicer"])
        self._host = host
        self.applicationName = "Slicer"
        self.organizationName = "NA-MIC"
        self.organizationDomain = "www.na-mic.org"
        self.applicationVersion = "{}.{}.0".format(*host.version)
        self.quitOnLastWindowClosed = False
        self.temporaryPath = host.temporaryPath
        self.cachePath = os.path.join(host.temporaryPath, "cache")
        self._moduleManager = qSlicerModuleManager()
        self._ioManager = qSlicerCoreIOManager(host)
        self._pauses = 0

    # What modules ask for

    def mrmlScene(self):
        return self._host.scene

    def applicationLogic(self):
        return self._host.applicationLogic

    def layoutManager(self):
        return self._host.layoutManager

    def mainWindow(self):
        return self._host.mainWindow

    def moduleManager(self):
        return self._moduleManager

    def moduleLogic(self, name):
        return self._host.logics.get(name)

    def coreIOManager(self):
        return self._ioManager

    def ioManager(self):
        return self._ioManager

    def testingEnabled(self):
        return self._host.testing

    def translate(self, context, text):
        return text

    def userSettings(self):
        return QSettings()

    def moduleDocumentationUrl(self, name):
        return f"{self.documentationBaseUrl}user_guide/modules/{name.lower()}.html"

    def processEvents(self):
        QApplication.processEvents()

    # Slots

    @Slot(bool)
    def setRenderPaused(self, pause):
        self._pauses = max(0, self._pauses + (1 if pause else -1))
        if self._host.layoutManager is not None:
            self._host.layoutManager.setRenderPaused(pause)
        self.renderPaused.emit(self._pauses > 0)

    @Slot()
    def pauseRender(self):
        self.setRenderPaused(True)

    @Slot()
    def resumeRender(self):
        self.setRenderPaused(False)
