"""slicer.app.coreIOManager(): reads and writes volumes, other storable nodes and scenes with MRML's own code."""

import os
import shutil
import tempfile

import vtk
from PySide6.QtCore import QObject, Signal

from .qt_classes import standIn

__all__ = ["qSlicerCoreIOManager"]

#: Reader (file type) by extension; others are taken for volumes.
READERS = {".mrml": "SceneFile", ".mrb": "SceneFile"}


@standIn
class qSlicerCoreIOManager(QObject):
    newFileLoaded = Signal(object)
    fileSaved = Signal(object)

    def __init__(self, host):
        super().__init__()
        self._host = host

    def fileType(self, file):
        return READERS.get(os.path.splitext(str(file))[1].lower(), "VolumeFile")

    def fileWriterFileType(self, node, extension=""):
        return "VolumeFile" if node.IsA("vtkMRMLVolumeNode") else "NodeFile"

    def loadNodes(self, fileType, properties, loadedNodes=None, userMessages=None):
        """True if `properties["fileName"]` was read; its nodes are appended to the vtkCollection `loadedNodes`."""
        if not isinstance(properties["fileName"], str):
            raise TypeError(f"fileName must be a string, not {properties['fileName']!r}")
        load = {"VolumeFile": self._loadVolume, "SceneFile": self._loadScene}.get(fileType)
        if load is None:
            raise NotImplementedError(f"The host cannot read the file type {fileType}")
        success, node = load(properties, userMessages)
        if node is not None and loadedNodes is not None:
            loadedNodes.AddItem(node)
        if success:
            self.newFileLoaded.emit(dict(properties))
        return success

    def saveNodes(self, fileType, properties, userMessages=None):
        """True if the node `properties["nodeID"]` (or the scene) was written to `properties["fileName"]`."""
        if fileType == "SceneFile":
            return self._saveScene(properties["fileName"], userMessages)
        node = self._host.scene.GetNodeByID(properties["nodeID"])
        storage = node.GetStorageNode()
        if storage is None:
            node.AddDefaultStorageNode(properties["fileName"])
            storage = node.GetStorageNode()
        storage.SetFileName(properties["fileName"])
        storage.SetURI(None)
        if "useCompression" in properties:
            storage.SetUseCompression(int(properties["useCompression"]))
        success = bool(storage.WriteData(node))
        if userMessages is not None:
            userMessages.AddMessages(storage.GetUserMessages())
        return success

    def _loadVolume(self, properties, userMessages):
        fileName = properties["fileName"]
        name = properties.get("name") or os.path.basename(fileName).split(".")[0]
        options = sum(
            flag
            for key, flag in (("labelmap", 1), ("center", 2), ("singleFile", 4), ("autoWindowLevel", 8))
            if properties.get(key)
        )
        options |= 16 if properties.get("discardOrientation") else 0
        volumes = self._host.logics["Volumes"]
        if not os.path.exists(fileName):
            if userMessages is not None:
                userMessages.AddMessage(vtk.vtkCommand.ErrorEvent, f"File not found: {fileName}")
            return False, None
        node = volumes.AddArchetypeVolume(fileName, name, options)
        if node is None:
            return False, None
        if properties.get("colorNodeID") and node.GetVolumeDisplayNode():
            node.GetVolumeDisplayNode().SetAndObserveColorNodeID(properties["colorNodeID"])
        if properties.get("show", True):
            selection = self._host.applicationLogic.GetSelectionNode()
            if node.IsA("vtkMRMLLabelMapVolumeNode"):
                selection.SetActiveLabelVolumeID(node.GetID())
            else:
                selection.SetActiveVolumeID(node.GetID())
            self._host.applicationLogic.PropagateVolumeSelection()
        return True, node

    def _loadScene(self, properties, userMessages):
        scene, fileName = self._host.scene, properties["fileName"]
        if not os.path.exists(fileName):
            return False, None
        if properties.get("clear"):
            scene.Clear(False)
        if fileName.lower().endswith(".mrb"):
            folder = tempfile.mkdtemp(dir=self._host.temporaryPath)
            return bool(self._host.applicationLogic.OpenSlicerDataBundle(fileName, folder)), None
        scene.SetURL(fileName)
        return bool(scene.Import()), None

    def _saveScene(self, fileName, userMessages):
        scene = self._host.scene
        if fileName.lower().endswith(".mrml"):
            scene.SetURL(fileName)
            scene.SetRootDirectory(os.path.dirname(fileName))
            return bool(scene.Commit(fileName))
        if not fileName.lower().endswith(".mrb"):
            os.makedirs(fileName, exist_ok=True)
            return bool(self._host.applicationLogic.SaveSceneToSlicerDataBundleDirectory(fileName))
        folder = os.path.join(tempfile.mkdtemp(dir=self._host.temporaryPath), os.path.basename(fileName)[:-4])
        try:
            os.makedirs(folder)
            logic = self._host.applicationLogic
            saved = logic.SaveSceneToSlicerDataBundleDirectory(folder)
            return bool(saved and logic.Zip(fileName, folder))
        finally:
            shutil.rmtree(os.path.dirname(folder), ignore_errors=True)
