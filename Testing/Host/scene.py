"""The MRML scene with its logics, as Slicer has it after startup: colors, slice views, subject hierarchy."""

import colorsys
import os

import vtk

__all__ = ["HostScene"]

# C++ modules whose logics slicer-core has: name of slicer.modules.<lower case> -> class of the logic.
LOGICS = {
    "Colors": "vtkSlicerColorLogic",
    "Volumes": "vtkSlicerVolumesLogic",
    "Markups": "vtkSlicerMarkupsLogic",
    "Models": "vtkSlicerModelsLogic",
    "Transforms": "vtkSlicerTransformLogic",
    "Tables": "vtkSlicerTablesLogic",
    "Texts": "vtkSlicerTextsLogic",
    "Units": "vtkSlicerUnitsLogic",
    "SubjectHierarchy": "vtkSlicerSubjectHierarchyModuleLogic",
    "Segmentations": "vtkSlicerSegmentationsModuleLogic",
    "Sequences": "vtkSlicerSequencesLogic",
    "Plots": "vtkSlicerPlotsLogic",
    "CropVolume": "vtkSlicerCropVolumeLogic",
}

# Node classes for which Slicer's subject hierarchy plugins make items.
HIERARCHY_CLASSES = [
    "vtkMRMLVolumeNode",
    "vtkMRMLModelNode",
    "vtkMRMLMarkupsNode",
    "vtkMRMLSegmentationNode",
    "vtkMRMLTransformNode",
    "vtkMRMLTableNode",
    "vtkMRMLTextNode",
    "vtkMRMLSequenceNode",
    "vtkMRMLPlotChartNode",
    "vtkMRMLPlotSeriesNode",
    "vtkMRMLSequenceBrowserNode",
    "vtkMRMLSceneViewNode",
    "vtkMRMLCameraNode",
]

SLICE_VIEWS = {
    "Red": ("Axial", "R", (0.952941, 0.290196, 0.2)),
    "Yellow": ("Sagittal", "Y", (0.929412, 0.835294, 0.298039)),
    "Green": ("Coronal", "G", (0.431373, 0.690196, 0.294118)),
}


def _writeGenericColors(folder):
    """Slicer's default colors of label maps come from a file that slicer-core lacks; from 2 on they are others here."""
    os.makedirs(folder)
    with open(os.path.join(folder, "GenericColors.txt"), "w", encoding="ascii") as file:
        file.write("0 Background 0 0 0 0\n1 region_1 128 174 128 255\n")
        for label in range(2, 321):
            parts = colorsys.hsv_to_rgb(label * 0.618 % 1, 0.55 + label % 3 * 0.15, 0.95 - label % 4 * 0.12)
            file.write(f"{label} region_{label} {' '.join(str(round(255 * part)) for part in parts)} 255\n")


class HostScene:
    """Owns the scene, the application logic, the module logics and the slice logics (`sliceLogics`, by name)."""

    def __init__(self, slicer, temporaryPath):
        self._slicer = slicer
        self.scene = slicer.vtkMRMLScene()
        slicer.mrmlScene = self.scene
        self.applicationLogic = slicer.vtkSlicerApplicationLogic()
        self.applicationLogic.SetTemporaryPath(temporaryPath)
        self.applicationLogic.SetHomeDirectory(temporaryPath)
        self.applicationLogic.SetShareDirectory("share")
        _writeGenericColors(os.path.join(temporaryPath, "share", "ColorFiles"))
        self.scene.SetRootDirectory(temporaryPath)
        crosshair = slicer.vtkMRMLCrosshairNode()
        crosshair.SetCrosshairName("default")
        self.scene.AddNode(crosshair)
        self.applicationLogic.SetMRMLScene(self.scene)
        self.logics = {}
        self._startLogics()
        self._observeHierarchy()
        self.sliceLogics = {}
        self.sliceLogicCollection = vtk.vtkCollection()
        self.viewLogicCollection = vtk.vtkCollection()
        self._addSliceViews()

    def _startLogics(self):
        slicer = self._slicer
        for name, className in LOGICS.items():
            logic = getattr(slicer, className)()
            self.logics[name] = logic
            if name == "Colors":
                self.applicationLogic.SetColorLogic(logic)
            logic.SetMRMLApplicationLogic(self.applicationLogic)
            self.applicationLogic.SetModuleLogic(name, logic)
            logic.SetMRMLScene(self.scene)

    def _addSliceViews(self):
        slicer = self._slicer
        slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(self.scene)
        for name, (orientation, label, color) in SLICE_VIEWS.items():
            logic = slicer.vtkMRMLSliceLogic()
            logic.SetMRMLApplicationLogic(self.applicationLogic)
            logic.SetMRMLScene(self.scene)
            node = logic.AddSliceNode(name)
            node.SetLayoutLabel(label)
            node.SetLayoutColor(*color)
            node.SetOrientation(orientation)
            node.SetMappedInLayout(1)
            self.sliceLogics[name] = logic
            self.sliceLogicCollection.AddItem(logic)
        self.applicationLogic.SetSliceLogics(self.sliceLogicCollection)
        self.applicationLogic.SetViewLogics(self.viewLogicCollection)

    # Subject hierarchy

    def _observeHierarchy(self):
        scene = self.scene
        self._slicer.vtkMRMLSubjectHierarchyNode.ResolveSubjectHierarchy(scene)
        self._onNodeAdded.__func__.CallDataType = vtk.VTK_OBJECT
        self._onNodeAboutToBeRemoved.__func__.CallDataType = vtk.VTK_OBJECT
        scene.AddObserver(scene.NodeAddedEvent, self._onNodeAdded)
        scene.AddObserver(scene.NodeAboutToBeRemovedEvent, self._onNodeAboutToBeRemoved)
        scene.AddObserver(scene.EndCloseEvent, self._onHierarchyLost)
        scene.AddObserver(scene.EndImportEvent, self._onImported, 10.0)

    def _onNodeAdded(self, scene, event, node):
        if node is None or scene.IsImporting():
            return
        if node.IsA("vtkMRMLSubjectHierarchyNode"):
            self._slicer.vtkMRMLSubjectHierarchyNode.ResolveSubjectHierarchy(scene)
        else:
            self._addItem(node)

    def _addItem(self, node):
        if node.GetHideFromEditors() or not any(node.IsA(name) for name in HIERARCHY_CLASSES):
            return
        hierarchy = self.scene.GetSubjectHierarchyNode()
        if not hierarchy.GetItemByDataNode(node):
            hierarchy.CreateItem(hierarchy.GetSceneItemID(), node)

    def _onNodeAboutToBeRemoved(self, scene, event, node):
        if node is None or scene.IsClosing() or node.IsA("vtkMRMLSubjectHierarchyNode"):
            return
        hierarchy = scene.GetSubjectHierarchyNode()
        item = hierarchy.GetItemByDataNode(node) if hierarchy else 0
        if item:
            hierarchy.RemoveItem(item, False, False)

    def _onHierarchyLost(self, scene, event):
        self._slicer.vtkMRMLSubjectHierarchyNode.ResolveSubjectHierarchy(scene)

    def _onImported(self, scene, event):
        self._slicer.vtkMRMLSubjectHierarchyNode.ResolveSubjectHierarchy(scene)
        for index in range(scene.GetNumberOfNodes()):
            self._addItem(scene.GetNthNode(index))
