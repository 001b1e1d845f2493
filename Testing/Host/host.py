"""The test host: one object that stands for a running Slicer in this process.

from Testing.Host.host import Host
host = Host.instance()
widget = host.loadModule("NSN2NDenoise/NSN2NDenoise.py")   # the module's <name>Widget object, panel shown
host.screenshot("panel.png")
"""

import atexit
import os
import shutil
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

__all__ = ["Host"]


class Host:
    """Slicer's stand-in. There is one for the process: Host.instance().

    slicer, app, scene, applicationLogic, layoutManager, mainWindow, logics: as in Slicer.
    testing: what slicer.app.testingEnabled() returns (False: error dialogs appear and must be expected).
    """

    version = (5, 12)
    testing = False
    _instance = None

    @classmethod
    def instance(cls):
        if cls._instance is None:
            cls._instance = cls()
        return cls._instance

    def __init__(self):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        self.temporaryPath = tempfile.mkdtemp(prefix="slicer-host-")
        atexit.register(shutil.rmtree, self.temporaryPath, ignore_errors=True)
        from . import compiled_sources, qt_module, slicer_namespace
        from .strict import problems

        compiled_sources.install()
        self.problems = problems
        self.slicer = slicer_namespace.prepare()
        problems.install()
        qt = qt_module.install()
        self._useTemporarySettings(qt)
        from . import ctk_widgets
        from .application import qSlicerApplication
        from .qt_dialogs import dialogs
        from .scene import HostScene

        ctk_widgets.install()
        self.dialogs = dialogs
        self._hostScene = HostScene(self.slicer, self.temporaryPath)
        for name in (
            "scene",
            "applicationLogic",
            "logics",
            "sliceLogics",
            "sliceLogicCollection",
            "viewLogicCollection",
        ):
            setattr(self, name, getattr(self._hostScene, name))
        self.layoutManager = self.mainWindow = None
        self.app = self.slicer.app = qSlicerApplication(self)
        self._checkPySide(qt)
        self._style()
        self._addClasses()
        self._addModules()
        slicer_namespace.addPythonModules(self.slicer)
        self._makeWindow()
        self._module = None
        self.app.startupCompleted.emit()

    # Start

    def _useTemporarySettings(self, qt):
        for scope in (qt.QSettings.UserScope, qt.QSettings.SystemScope):
            qt.QSettings.setPath(qt.QSettings.IniFormat, scope, self.temporaryPath)
        qt.QSettings.setDefaultFormat(qt.QSettings.IniFormat)

    def _checkPySide(self, qt):
        """PySide6 6.12 loses a reference to None in each call on Python 3.11, and long runs crash."""
        action = qt.QAction()
        before = sys.getrefcount(None)
        for _ in range(200):
            action.setObjectName("x")
        if sys.getrefcount(None) < before - 100:
            import PySide6

            raise RuntimeError(
                f"PySide6 {PySide6.__version__} loses references on this Python: install PySide6-Essentials 6.8"
            )

    def _style(self):
        import qt

        qt.QApplication.setStyle("Fusion")

    def _addClasses(self):
        from . import application, dicom, layout_manager, main_window, modules, slice_views
        from .qmrml_widgets import widgetClasses

        for name, cls in widgetClasses.items():
            setattr(self.slicer, name, cls)
        for source in (application, dicom, layout_manager, main_window, modules, slice_views):
            for name, cls in vars(source).items():
                if name.startswith("qSlicer"):
                    setattr(self.slicer, name, cls)

    def _addModules(self):
        from .modules import qSlicerLoadableModule

        manager = self.app.moduleManager()
        for name, logic in self.logics.items():
            module = qSlicerLoadableModule(self, name, logic)
            manager._modules[name] = module
            setattr(self.slicer.modules, name.lower(), module)
            setattr(self.slicer.moduleNames, name, name)

    def _makeWindow(self):
        from .layout_manager import qSlicerLayoutManager
        from .main_window import qSlicerMainWindow

        self.layoutManager = qSlicerLayoutManager(self)
        self.mainWindow = qSlicerMainWindow(self)
        self.mainWindow.show()
        self.processEvents()

    # Modules

    def loadModule(self, path, show=True):
        """Load the scripted module file `path`; returns its <name>Widget object (the module object if show=False).

        Errors at import and in setup() are raised or recorded, never hidden.
        """
        from .modules import qSlicerScriptedLoadableModule

        module = qSlicerScriptedLoadableModule(self, os.path.abspath(path))
        if module.name in self.app.moduleManager()._modules:
            self.unloadModule(module.name)
        module._load()
        manager = self.app.moduleManager()
        manager._modules[module.name] = module
        manager.moduleLoaded.emit(module.name)
        self.app.startupCompleted.emit()
        self.app.startupCompleted.disconnect()  # it comes once for each module
        if not show:
            return module
        self._showModule(module.name)
        if module.widgetRepresentation() is None:
            raise RuntimeError(f"The panel of {module.name} could not be made; see the recorded problems")
        return module.widgetRepresentation().self()

    def _showModule(self, name):
        """What choosing a module in Slicer does: the old one exits, the new one is shown and entered."""
        module = self.app.moduleManager().module(name) if name else None
        if module is self._module:
            return
        if self._module is not None and self._module._widget is not None:
            self._module._widget.exit()
        self._module = module
        if module is None:
            self.mainWindow._setPanel(None)
            return
        representation = module.widgetRepresentation()
        if representation is None:
            return
        self.mainWindow._setPanel(representation)
        self.mainWindow.moduleSelector()._setSelected(name, module.title)
        representation.enter()
        self.processEvents()

    def leaveModule(self):
        """Show no module: the current one exits."""
        self._showModule("")

    def unloadModule(self, name):
        """Exit the module, clean it up and forget it and its package's entries in sys.modules."""
        module = self.app.moduleManager().module(name)
        if module is None:
            return
        if module is self._module:
            self.leaveModule()
        module._unload()
        self.processEvents()

    # Events

    def processEvents(self):
        """Run the event loop until nothing is left to do, deferred deletions included."""
        import qt

        for _ in range(3):
            qt.QApplication.processEvents()
            qt.QApplication.sendPostedEvents(None, qt.QEvent.DeferredDelete)

    def wait(self, seconds):
        """Let the event loop run for a while."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.processEvents()
            time.sleep(0.002)
        self.processEvents()  # on a busy machine, the loop above may have turned once only

    def waitUntil(self, condition, timeout=600.0, message=""):
        """Let the event loop run until `condition()` is true; AssertionError after `timeout` seconds.

        Whoever waits in vain waits long: a time that is short for the machine at hand fails on one with other work.
        """
        end = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f"Not within {timeout} s: {message or condition}")
            self.processEvents()
            time.sleep(0.005)

    # Views

    def sliceView(self, name="Red"):
        """The drawing widget of a slice view ("Red", "Yellow", "Green")."""
        return self.layoutManager.sliceWidget(name).sliceView()

    def slicePixels(self, name="Red"):
        """What a slice view shows: (rows, columns, 3) uint8 RGB, without the annotation texts; black if empty."""
        import numpy as np

        from .slice_views import sliceImage

        self.processEvents()
        pixels = sliceImage(self.sliceLogics[name])
        if pixels is None:
            return np.zeros((1, 1, 3), np.uint8)
        opaque = pixels[..., 3:].astype(np.float32) / 255
        return (pixels[..., :3] * opaque).astype(np.uint8)

    def screenshot(self, path, widget=None):
        """Render the main window (or one widget) to a PNG file; returns the path. OSError if it cannot be written."""
        self.processEvents()
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        if not (widget or self.mainWindow).grab().save(str(path), "PNG"):
            raise OSError(f"The screenshot could not be written: {path}")
        return str(path)

    def resizeWindow(self, width, height, panelWidth=None):
        """Set the size of the main window (pixels) and of its module panel."""
        self.mainWindow.resize(width, height)
        if panelWidth:
            self.mainWindow._splitter.setSizes([panelWidth, width - panelWidth])
        self.processEvents()

    # States

    def quit(self):
        """What modules see when Slicer ends: aboutToQuit, then each scripted module is unloaded."""
        self.app.aboutToQuit.emit()
        for name, module in list(self.app.moduleManager()._modules.items()):
            if hasattr(module, "_unload"):
                self.unloadModule(name)

    def closeScene(self):
        """File / Close Scene."""
        self.scene.Clear(False)
        self.processEvents()

    @contextmanager
    def withoutMainWindow(self):
        """In this block Slicer has neither main window nor layout manager (`Slicer --no-main-window`)."""
        window, manager = self.mainWindow, self.layoutManager
        self.leaveModule()
        window.hide()
        window.objectName = "no main window"
        self.mainWindow = self.layoutManager = None
        try:
            yield
        finally:
            self.mainWindow, self.layoutManager = window, manager
            window.objectName = "qSlicerMainWindow"
            window.show()

    @contextmanager
    def testingMode(self, enabled=True):
        """In this block slicer.app.testingEnabled() is `enabled`: slicer.util shows no dialogs."""
        before, self.testing = self.testing, enabled
        try:
            yield
        finally:
            self.testing = before

    @staticmethod
    def heldSlots():
        """What Qt objects keep alive by their connections, where gc can't see it; see qt_signals.heldSlots."""
        from .qt_signals import heldSlots

        return heldSlots()

    def expectDialog(self, pattern="", answer="ok"):
        """See Dialogs.expect."""
        return self.dialogs.expect(pattern, answer)

    def expectProblem(self, kind, pattern="", count=None):
        """See Problems.expected."""
        return self.problems.expected(kind, pattern, count)

    def reset(self):
        """Back to a freshly started Slicer: no scripted module, an empty scene, no settings; for between tests."""
        import qt

        for name, module in list(self.app.moduleManager()._modules.items()):
            if hasattr(module, "_unload"):
                self.unloadModule(name)
        self.closeScene()
        for node in self.slicer.util.getNodesByClass("vtkMRMLScriptedModuleNode"):
            self.scene.RemoveNode(node)
        self.layoutManager.setLayout(self.slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView)
        for widget in qt.QApplication.topLevelWidgets():
            if widget is not self.mainWindow and widget.isVisible():
                widget.close()
        while qt.QApplication.overrideCursor() is not None:
            qt.QApplication.restoreOverrideCursor()
        qt.QSettings().clear()
        self.app.aboutToQuit.disconnect()
        self.testing = False
        self.dialogs.reset()
        self.processEvents()
