"""NSN2N Denoise: the module as 3D Slicer finds it. What it does is in NSN2NDenoiseLib."""

import os
import sys

import slicer
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)

# "Reload" in developer mode runs this file again; dropping the package makes it load the package anew, too.
for _name in [name for name in sys.modules if name.split(".")[0] == "NSN2NDenoiseLib"]:
    del sys.modules[_name]

from NSN2NDenoiseLib.logic.dicom_export import registerDicomExport  # noqa: E402
from NSN2NDenoiseLib.logic.module_logic import DenoisingLogic  # noqa: E402
from NSN2NDenoiseLib.logic.sample_data import registerSampleData  # noqa: E402

HOMEPAGE = "https://github.com/NSN2N/SlicerNSN2N"


class NSN2NDenoise(ScriptedLoadableModule):
    """Name, place and description of the module."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = _("NSN2N Denoise")
        parent.categories = [translate("qSlicerAbstractCoreModule", "Filtering.Denoising")]
        parent.dependencies = ["Volumes", "SubjectHierarchy", "Markups", "Segmentations", "Sequences"]
        parent.contributors = ["The NSN2N developers"]
        parent.helpText = _(
            "Denoise a CT, MR or PET volume from that volume alone. A small network learns from neighboring slices, "
            "only where they match: drag the threshold until the overlay covers what differs between slices, then "
            "click Apply. For research use only. "
        ) + _("See the {link}.").format(link=f'<a href="{HOMEPAGE}#readme">tutorial</a>')
        parent.acknowledgementText = _(
            "The method is by L. Zhou, Z. Zhou, X. Huang, H. Wang, X. Zhang and G. Li: Neighboring Slice Noise2Noise: "
            "Self-Supervised Medical Image Denoising from Single Noisy Image Volume (arXiv:2411.10831). This "
            "implementation is independent of the authors'."
        )
        slicer.app.connect("startupCompleted()", registerSampleData)
        slicer.app.connect("startupCompleted()", registerDicomExport)


class NSN2NDenoiseLogic(ScriptedLoadableModuleLogic, DenoisingLogic):
    """Denoising, mask and suggested threshold; see `DenoisingLogic` for what can be called."""

    def __init__(self):
        ScriptedLoadableModuleLogic.__init__(self)
        DenoisingLogic.__init__(self)

    def getParameterNode(self):
        """The parameters of the panel, kept in the scene."""
        from NSN2NDenoiseLib.logic.parameters import NSN2NDenoiseParameterNode

        return NSN2NDenoiseParameterNode(super().getParameterNode())


class NSN2NDenoiseWidget(ScriptedLoadableModuleWidget):
    """The panel's life in Slicer; what it shows and does is in NSN2NDenoiseLib.widget."""

    logic = None
    panel = None

    def setup(self):
        """The module is opened for the first time."""
        from NSN2NDenoiseLib.widget.panel import Panel

        super().setup()
        self.logic = NSN2NDenoiseLogic()
        self.panel = Panel(self.resourcePath("UI/NSN2NDenoise.ui"), self.logic)
        self.layout.addWidget(self.panel.widget)
        self._endCloseTag = slicer.mrmlScene.AddObserver(slicer.mrmlScene.EndCloseEvent, self.onSceneEndClose)
        self.panel.useSceneParameters()

    def enter(self):
        """The module is shown."""
        self.panel.useSceneParameters()

    def exit(self):
        """Another module is shown. A run goes on."""
        self.panel.disconnect()

    def onSceneEndClose(self, caller, event):
        """The scene is empty now; a panel that is shown needs parameters at once."""
        if self.parent.isEntered:
            self.panel.useSceneParameters()

    def cleanup(self):
        """The module is unloaded or reloaded, or the application closes."""
        if self.panel is not None:
            slicer.mrmlScene.RemoveObserver(self._endCloseTag)
            self.panel.cleanup()
            self.panel = None


class NSN2NDenoiseTest(ScriptedLoadableModuleTest):
    """Runs the tests of Testing/Python in this Slicer; fails when they are not there."""

    def runTest(self):
        """All of them; a failure raises."""
        folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "Testing", "Python")
        if folder not in sys.path:
            sys.path.insert(0, folder)
        import NSN2NDenoiseModuleTest

        NSN2NDenoiseModuleTest.runAll()
