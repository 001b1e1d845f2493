"""A small scripted module in the style of Slicer's template, written for the host's own tests."""

from typing import Annotated

import qt
import slicer
import vtk
from slicer import vtkMRMLScalarVolumeNode
from slicer.i18n import tr as _
from slicer.parameterNodeWrapper import Choice, WithinRange, parameterNodeWrapper
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)
from slicer.util import VTKObservationMixin

CHILD = "import sys; print('factor', float(sys.stdin.readline()) * 2, flush=True)"


@parameterNodeWrapper
class HostSampleParameterNode:
    inputVolume: vtkMRMLScalarVolumeNode
    outputVolume: vtkMRMLScalarVolumeNode
    factor: Annotated[float, WithinRange(0, 10)] = 1.5
    repeats: Annotated[int, WithinRange(1, 9)] = 2
    invert: bool = False
    mode: Annotated[str, Choice(["Scale", "Shift"])] = "Scale"
    axis: Annotated[str, Choice(["auto", "k", "j"])] = "auto"


class HostSample(ScriptedLoadableModule):
    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = _("Host Sample")
        parent.categories = ["Testing"]
        parent.helpText = _("A sample.")


class HostSampleWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.logic = None
        self._parameterNode = None
        self._guiTag = None
        self._process = None
        self.calls = []

    def setup(self):
        ScriptedLoadableModuleWidget.setup(self)
        uiWidget = slicer.util.loadUI(self.resourcePath("UI/HostSample.ui"))
        self.layout.addWidget(uiWidget)
        self.ui = slicer.util.childWidgetVariables(uiWidget)
        uiWidget.setMRMLScene(slicer.mrmlScene)
        self.logic = HostSampleLogic()
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndCloseEvent, self.onSceneEndClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndImportEvent, self.onSceneEndImport)
        self.ui.applyButton.connect("clicked(bool)", self.onApply)
        self.setParameterNode(self.logic.getParameterNode())

    def enter(self):
        self.calls.append("enter")
        self.setParameterNode(self.logic.getParameterNode())

    def exit(self):
        self.calls.append("exit")
        self.setParameterNode(None)

    def cleanup(self):
        self.calls.append("cleanup")
        self.setParameterNode(None)
        self.removeObservers()

    def onSceneStartClose(self, caller, event):
        self.setParameterNode(None)

    def onSceneEndClose(self, caller, event):
        if self.parent.isEntered:
            self.setParameterNode(self.logic.getParameterNode())

    def onSceneEndImport(self, caller, event):
        # The parameter node was modified before the nodes that it refers to came: read the references again.
        if self._parameterNode:
            self._parameterNode.Modified()

    def setParameterNode(self, parameterNode):
        if self._parameterNode:
            self._parameterNode.disconnectGui(self._guiTag)
            self.removeObserver(self._parameterNode, vtk.vtkCommand.ModifiedEvent, self.checkCanApply)
        self._parameterNode = parameterNode
        if parameterNode:
            self._guiTag = parameterNode.connectGui(self.ui)
            self.addObserver(parameterNode, vtk.vtkCommand.ModifiedEvent, self.checkCanApply)
            self.checkCanApply()

    def checkCanApply(self, caller=None, event=None):
        ready = self._parameterNode.inputVolume is not None
        self.ui.applyButton.enabled = ready
        self.ui.applyButton.toolTip = _("Run") if ready else _("Select an input volume")

    def onApply(self):
        """The factor comes back doubled from a child process; the result is made when it ends."""
        self._process = qt.QProcess()
        self._process.connect("readyReadStandardOutput()", self.onOutput)
        self._process.connect("finished(int,QProcess::ExitStatus)", self.onFinished)
        self._process.start(self.logic.pythonExecutable(), ["-c", CHILD])
        self._process.write(f"{self._parameterNode.factor}\n")
        self.ui.progressBar.setRange(0, 0)

    def onOutput(self):
        self._answer = self._process.readAllStandardOutput().data().decode().split()

    def onFinished(self, exitCode, exitStatus):
        self.ui.progressBar.setRange(0, 100)
        if exitCode == 0 and exitStatus == qt.QProcess.NormalExit:
            self._parameterNode.outputVolume = self.logic.process(
                self._parameterNode.inputVolume, float(self._answer[1])
            )
            self.ui.progressBar.value = 100


class HostSampleLogic(ScriptedLoadableModuleLogic):
    def getParameterNode(self):
        return HostSampleParameterNode(super().getParameterNode())

    def pythonExecutable(self):
        import sys

        return sys.executable

    def process(self, inputVolume, factor):
        """Multiply a volume; returns the new node."""
        array = slicer.util.arrayFromVolume(inputVolume)
        output = slicer.modules.volumes.logic().CloneVolume(inputVolume, inputVolume.GetName() + " scaled")
        slicer.util.updateVolumeFromArray(output, (array * factor).astype(array.dtype))
        return output


class HostSampleTest(ScriptedLoadableModuleTest):
    def setUp(self):
        slicer.mrmlScene.Clear()

    def test_process(self):
        import numpy as np

        volume = slicer.util.addVolumeFromArray(np.ones((3, 4, 5), np.int16))
        result = HostSampleLogic().process(volume, 3)
        self.assertTrue((slicer.util.arrayFromVolume(result) == 3).all())
