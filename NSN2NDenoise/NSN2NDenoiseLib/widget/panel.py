"""The panel as a whole: its parts, its parameter node, and the life of scene and module around it."""

import slicer
import vtk
from slicer.util import VTKObservationMixin

from NSN2NDenoiseLib.logic import results
from NSN2NDenoiseLib.logic.strength import discard, ownFullOf

from .compare import CompareControl
from .folder import FolderControl
from .frames import FramesControl
from .input_watch import InputWatch
from .matching import MatchingSection
from .messages import Messages
from .network import NetworkControl
from .quality import QualityControl
from .result_preview import ResultPreviewControl
from .run_control import RunControl
from .strength import StrengthControl
from .tool_tips import setToolTips
from .within import WithinSection

#: The parameters that may name no node, and do so when theirs is removed.
OPTIONAL = ("outputVolume", "noiseVolume", "roi", "segmentation")


class Panel(VTKObservationMixin):
    """Loads the panel from its .ui file and connects its parts.

    Args:
        uiPath: of the .ui file.
        logic: the module's logic.

    Attributes:
        widget: the panel's top widget.
        ui: its widgets by name.
    """

    def __init__(self, uiPath: str, logic) -> None:
        VTKObservationMixin.__init__(self)
        self._logic = logic
        self.widget = slicer.util.loadUI(uiPath)
        self.ui = slicer.util.childWidgetVariables(self.widget)
        self.widget.setMRMLScene(slicer.mrmlScene)
        setToolTips(self.ui)
        self.messages = Messages(self.ui)
        self.matching = MatchingSection(self.ui, logic, self.messages)
        self.compare = CompareControl(self.ui, logic, self.messages)
        self.strength = StrengthControl(self.ui, self.compare, self.messages)
        self.quality = QualityControl(self.ui, logic, self.compare, self.messages)
        self.within = WithinSection(self.ui)
        self.network = NetworkControl(self.ui)
        self.preview = ResultPreviewControl(self.ui, logic, self.messages, self.network)
        self.frames = FramesControl(self.ui)
        self.folder = FolderControl(self.ui, logic, self.messages)
        self.run = RunControl(self.ui, logic, self.messages, self)
        self._parts = (
            self.within, self.matching, self.network, self.preview, self.compare, self.strength, self.quality,
            self.frames, self.run, self.folder,
        )  # fmt: skip
        self.matching.onCost = self.run.update
        logic.onStrengthChanged = self._onStrengthChanged
        self._inputWatch = InputWatch(self._update)
        self._parameterNode = None
        self._guiTag = None
        self._unseenResultID: str | None = None
        self._leaving: dict[str, str] = {}
        self._orphans: dict[str, str] = {}
        scene = slicer.mrmlScene
        self.addObserver(scene, scene.StartCloseEvent, self._onStartClose)
        self.addObserver(scene, scene.EndImportEvent, self._onEndImport)
        # before and after the node selectors, which take another volume for one that is removed
        self.addObserver(scene, scene.NodeAboutToBeRemovedEvent, self._onNodeAboutToBeRemoved, priority=100.0)
        self.addObserver(scene, scene.NodeRemovedEvent, self._onNodeRemoved, priority=-100.0)

    def useSceneParameters(self) -> None:
        """Connect the panel to the scene's parameters, with a volume chosen where none is."""
        self._setParameterNode(self._logic.getParameterNode())
        if self._parameterNode.inputVolume is None:
            self._parameterNode.inputVolume = _firstInput()
        unseenID, self._unseenResultID = self._unseenResultID, None
        unseen = slicer.mrmlScene.GetNodeByID(unseenID) if unseenID else None
        if unseen is not None:
            self.compare.show(unseen)

    def disconnect(self) -> None:
        """Stop following the parameters, and take the overlay away: another module is shown, or the scene closes."""
        self._setParameterNode(None)

    def cleanup(self) -> None:
        """The module is unloaded or reloaded, or the application closes: leave nothing behind."""
        self.disconnect()
        self.strength.stop()
        self.removeObservers()
        self._inputWatch.cleanup()
        self.matching.cleanup()
        self.preview.cleanup()
        self._logic.stopEverything()
        self._logic.silence()

    def _setParameterNode(self, parameterNode) -> None:
        if self._parameterNode is not None:
            self._parameterNode.disconnectGui(self._guiTag)
            self.removeObserver(self._parameterNode, vtk.vtkCommand.ModifiedEvent, self._onModified)
        self._parameterNode = parameterNode
        if parameterNode is not None:
            self._guiTag = parameterNode.connectGui(self.ui)
            self.addObserver(parameterNode, vtk.vtkCommand.ModifiedEvent, self._onModified)
        self._inputWatch.follow(parameterNode.inputVolume if parameterNode is not None else None)
        for part in self._parts:
            part.setParameterNode(parameterNode)

    def showFirstResult(self, output) -> None:
        """A run has put its first result in the scene."""
        if self._parameterNode is not None:
            self.preview.end()
            self.compare.showFirst(output)
            self.quality.update()

    def takeFirstResultBack(self) -> None:
        """A run has ended without result: what it may have put in the scene is gone."""
        self.compare.takeBack()
        self._update()

    def showResult(self, output, report: dict) -> None:
        """A run has ended well."""
        if self._parameterNode is None:  # another module is shown: the views are its, the comparison waits
            self._unseenResultID = output.GetID()
            self.compare.keepFirst()
            return
        self.preview.end()
        self.compare.show(output)
        self.strength.update()
        self.quality.update()
        if self._parameterNode.inputVolume is output.GetNodeReference(results.INPUT_REFERENCE):
            self.matching.showWarnings(report.get("warnings") or [], bool(report.get("alarm")))

    def _onStrengthChanged(self, output) -> None:
        if self._parameterNode is not None:
            self.compare.refresh()
            self.strength.update()
            self.quality.update()

    def _onModified(self, caller, event) -> None:
        self._inputWatch.follow(self._parameterNode.inputVolume)
        self._update()

    def _update(self) -> None:
        for part in self._parts:
            part.update()

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def _onNodeAboutToBeRemoved(self, caller, event, node) -> None:
        for name in OPTIONAL if self._parameterNode is not None else ():
            if node is not None and getattr(self._parameterNode, name) is node:
                self._leaving[name] = node.GetID()
        if slicer.mrmlScene.IsClosing() or node is None or not node.IsA("vtkMRMLScalarVolumeNode"):
            return
        if ownFullOf(node) is not None:
            self._orphans[node.GetID()] = ownFullOf(node).GetID()

    def _onNodeRemoved(self, caller, event) -> None:
        """An output that was removed is "Create new volume" again, a region none; its selector went on to another node.

        What it was mixed from goes with it, unless the user has changed that.
        """
        for name, nodeID in list(self._leaving.items()):
            if slicer.mrmlScene.GetNodeByID(nodeID) is None:
                del self._leaving[name]
                if self._parameterNode is not None:
                    setattr(self._parameterNode, name, None)
        for outputID, fullID in list(self._orphans.items()):
            if slicer.mrmlScene.GetNodeByID(outputID) is None:
                del self._orphans[outputID]
                full = slicer.mrmlScene.GetNodeByID(fullID)
                if full is not None:
                    discard(full)

    def _onEndImport(self, caller, event) -> None:
        """A scene was loaded: its parameters came before the volumes that they name, so they are read again."""
        if self._parameterNode is not None:
            self._parameterNode.Modified()

    def _onStartClose(self, caller, event) -> None:
        self.disconnect()
        self.strength.stop()
        self._logic.dropResidual()


def _firstInput():
    """The volume that the user most likely means: the active one, else the first that is no result of ours."""
    selection = slicer.app.applicationLogic().GetSelectionNode()
    candidates = [slicer.mrmlScene.GetNodeByID(selection.GetActiveVolumeID() or "")] if selection is not None else []
    candidates += slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
    for node in candidates:
        if node is None or node.GetClassName() != "vtkMRMLScalarVolumeNode" or node.GetHideFromEditors():
            continue
        if node.GetNodeReferenceID(results.INPUT_REFERENCE) is None and node.GetImageData() is not None:
            return node
    return None
