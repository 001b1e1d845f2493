"""The scene behaves as in Slicer after startup, and the slice views show what MRML's slice logics blend."""

import numpy as np
import pytest


@pytest.fixture
def ramp(addVolume):
    """A volume of 8 x 16 x 32 voxels of 1 mm whose values are 0 to 255 along I, shown with window 256, level 128."""
    array = np.broadcast_to(np.linspace(0, 255, 32).astype(np.int16), (8, 16, 32)).copy()
    volume = addVolume(array, "ramp")
    volume.GetDisplayNode().AutoWindowLevelOff()
    volume.GetDisplayNode().SetWindowLevel(256, 128)
    return volume


def test_a_new_volume_has_display_color_and_hierarchy_item(host, ramp):
    import slicer

    assert ramp.GetDisplayNode().GetColorNode().GetName() == "Grey"
    hierarchy = host.scene.GetSubjectHierarchyNode()
    item = hierarchy.GetItemByDataNode(ramp)
    assert hierarchy.GetItemParent(item) == hierarchy.GetSceneItemID()
    label = slicer.modules.volumes.logic().CreateAndAddLabelVolume(host.scene, ramp, "label")
    assert hierarchy.GetItemByDataNode(label)
    assert label.GetDisplayNode().GetColorNode() is not None
    host.scene.RemoveNode(ramp)
    assert hierarchy.GetItemByDataNode(ramp) == 0
    hidden = host.scene.CreateNodeByClass("vtkMRMLScalarVolumeNode")
    hidden.UnRegister(None)
    hidden.HideFromEditorsOn()
    host.scene.AddNode(hidden)
    assert hierarchy.GetItemByDataNode(hidden) == 0


def test_views_show_window_and_level(host, ramp):
    pixels = host.slicePixels("Red")
    view = host.sliceView("Red")
    assert pixels.shape == (view.height, view.width, 3)
    center = pixels[pixels.shape[0] // 2, :, 0].astype(int)
    inside = center[center > 0]
    assert inside.max() >= 250 and inside.min() < 16
    assert abs(int(np.median(inside)) - 128) < 12
    ramp.GetDisplayNode().SetWindowLevel(2, 200)
    row = host.slicePixels("Red")[pixels.shape[0] // 2, :, 0]
    assert set(np.unique(row)) <= {0, 255, *range(100, 156)}
    assert 0.1 < (row == 255).mean() < 0.5


def test_label_layer_and_its_opacity(host, ramp):
    import slicer

    label = slicer.modules.volumes.logic().CreateAndAddLabelVolume(host.scene, ramp, "label")
    before = host.slicePixels("Red")
    slicer.util.arrayFromVolume(label)[:, :8] = 1
    slicer.util.arrayFromVolumeModified(label)
    slicer.util.setSliceViewerLayers(label=label, labelOpacity=1.0)
    opaque = host.slicePixels("Red")
    colored = (opaque[..., 0] != opaque[..., 1]).mean()
    assert (before[..., 0] == before[..., 1]).all()
    assert colored > 0.05
    slicer.util.setSliceViewerLayers(labelOpacity=0.5)
    half = host.slicePixels("Red").astype(int)
    expected = (before.astype(int) + opaque.astype(int)) / 2
    assert np.abs(half - expected).max() <= 2
    slicer.util.arrayFromVolume(label)[:] = 0
    slicer.util.arrayFromVolumeModified(label)
    assert (host.slicePixels("Red") == before).all()


def test_loading_a_volume_resets_the_label_layer(host, ramp):
    import slicer

    label = slicer.modules.volumes.logic().CreateAndAddLabelVolume(host.scene, ramp, "label")
    slicer.util.setSliceViewerLayers(label=label, labelOpacity=0.3)
    slicer.app.applicationLogic().PropagateVolumeSelection()
    composites = slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")
    assert {(node.GetLabelVolumeID(), node.GetLabelOpacity()) for node in composites} == {(None, 0.3)}


def test_a_node_enters_the_scene_before_its_voxels(host):
    import slicer

    seen = []
    observer = host.scene.AddObserver(
        host.scene.NodeAddedEvent,
        lambda *_: seen.append([node.GetImageData() for node in slicer.util.getNodesByClass("vtkMRMLVolumeNode")]),
    )
    slicer.util.addVolumeFromArray(np.zeros((3, 4, 5), np.int16))
    host.scene.RemoveObserver(observer)
    assert seen[0] == [None]


def test_foreground_fades(host, ramp, addVolume):
    import slicer

    other = slicer.util.addVolumeFromArray(np.full((8, 16, 32), 200, np.int16), name="other")
    other.GetDisplayNode().AutoWindowLevelOff()
    other.GetDisplayNode().SetWindowLevel(256, 128)
    before = host.slicePixels("Yellow").astype(int)
    slicer.util.setSliceViewerLayers(foreground=other, foregroundOpacity=1.0)
    full = host.slicePixels("Yellow").astype(int)
    slicer.util.setSliceViewerLayers(foregroundOpacity=0.25)
    mixed = host.slicePixels("Yellow").astype(int)
    assert np.abs(mixed - (0.75 * before + 0.25 * full)).max() <= 2


def test_a_layer_whose_volume_leaves_becomes_the_volume_before_it(host, ramp, addVolume):
    """As the real selectors of a view's layers do; a layer that was emptied before stays empty."""
    second, third = (addVolume(np.full((2, 3, 4), 1, np.uint8), name=name) for name in ("second", "third"))
    composite = host.layoutManager.sliceWidget("Red").mrmlSliceCompositeNode()
    host.slicer.util.setSliceViewerLayers(background=ramp, foreground=third)
    host.scene.RemoveNode(third)
    assert composite.GetForegroundVolumeID() == second.GetID()
    composite.SetForegroundVolumeID(None)
    host.scene.RemoveNode(second)
    assert composite.GetForegroundVolumeID() is None and composite.GetBackgroundVolumeID() == ramp.GetID()


def test_views_are_painted_again_after_each_change(host, ramp):
    view = host.sliceView("Green")
    host.processEvents()
    count = view._renders
    host.processEvents()
    assert view._renders == count
    ramp.GetDisplayNode().SetWindowLevel(50, 50)
    host.processEvents()
    assert view._renders > count
    host.app.pauseRender()
    count = view._renders
    ramp.GetDisplayNode().SetWindowLevel(60, 60)
    host.processEvents()
    assert view._renders == count
    host.app.resumeRender()
    host.processEvents()
    assert view._renders > count


def test_offset_slider_and_orientations(host, ramp):
    widgets = {name: host.layoutManager.sliceWidget(name) for name in host.layoutManager.sliceViewNames()}
    assert [widget.sliceOrientation for widget in widgets.values()] == ["Axial", "Sagittal", "Coronal"]
    red = widgets["Red"]
    red.sliceController().setSliceOffsetValue(3.0)
    assert red.sliceLogic().GetSliceOffset() == pytest.approx(3.0)
    red.setSliceOrientation("Coronal")
    assert red.mrmlSliceNode().GetOrientation() == "Coronal"
    red.setSliceOrientation("Axial")
    assert host.layoutManager.sliceWidget("Blue") is None


def test_layouts_show_their_views(host, ramp):
    import slicer

    manager = host.layoutManager
    manager.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutOneUpYellowSliceView)
    host.processEvents()
    visible = [name for name in manager.sliceViewNames() if manager.sliceWidget(name).visible]
    assert visible == ["Yellow"]
    manager.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView)
    host.processEvents()
    assert all(manager.sliceWidget(name).visible for name in manager.sliceViewNames())


@pytest.mark.parametrize("extension", ["nrrd", "nii.gz", "mha"])
def test_volumes_are_saved_and_loaded(host, tmp_path, extension):
    import slicer

    array = np.random.default_rng(1).integers(-1000, 2000, (5, 6, 7)).astype(np.int16)
    matrix = np.diag([0.7, 0.8, 2.5, 1.0])
    matrix[:3, 3] = 10, 20, 30
    volume = slicer.util.addVolumeFromArray(array, matrix, "written")
    path = tmp_path / f"written.{extension}"
    assert slicer.util.saveNode(volume, str(path))
    loaded = slicer.util.loadVolume(path, {"name": "again"})
    assert loaded.GetName() == "again"
    assert (slicer.util.arrayFromVolume(loaded) == array).all()
    assert loaded.GetSpacing() == pytest.approx((0.7, 0.8, 2.5), abs=1e-5)
    assert loaded.GetOrigin() == pytest.approx((10, 20, 30), abs=1e-4)
    composite = host.layoutManager.sliceWidget("Red").mrmlSliceCompositeNode()
    assert composite.GetBackgroundVolumeID() == loaded.GetID()


def test_loading_a_missing_file_raises(host):
    import slicer

    with pytest.raises(RuntimeError, match="Failed to load"):
        slicer.util.loadVolume("/no/such/file.nrrd")


def test_closing_the_scene_keeps_the_views(host, ramp):
    host.closeScene()
    assert host.scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == 0
    assert host.scene.GetNumberOfNodesByClass("vtkMRMLSliceNode") == 3
    assert host.scene.GetSubjectHierarchyNode() is not None
    assert host.slicePixels("Red").max() == 0


def test_node_selector(host, addVolume):
    import slicer

    selector = slicer.qMRMLNodeComboBox()
    selector.nodeTypes = ["vtkMRMLScalarVolumeNode"]
    assert not hasattr(selector, "setNodeTypes")
    selector.noneEnabled = True
    selector.setMRMLScene(host.scene)
    changes = []
    selector.connect("currentNodeChanged(vtkMRMLNode*)", lambda node: changes.append(node and node.GetName()))
    selector.connect("currentNodeChanged(bool)", changes.append)
    selector.connect("currentNodeIDChanged(QString)", changes.append)
    first = addVolume(np.zeros((2, 2, 2), np.uint8), "first")
    second = addVolume(np.zeros((2, 2, 2), np.uint8), "second")
    assert selector.currentNode() is None and selector.nodeCount() == 2
    selector.setCurrentNode(first)
    assert changes == ["first", True, first.GetID()]
    second.SetName("renamed")
    assert selector.children()[0].findText("renamed") >= 0
    selector.setCurrentNode(second)
    host.scene.RemoveNode(second)
    assert selector.currentNode() is first  # the row before, as in Slicer, and not None
    host.scene.RemoveNode(first)
    assert selector.currentNode() is None  # which is the row before
    created = selector.addNode()
    assert selector.currentNode() is created
    host.closeScene()
    assert selector.currentNode() is None and changes[-2:] == [False, ""]
    labels = slicer.qMRMLNodeComboBox()
    labels.nodeTypes = ["vtkMRMLScalarVolumeNode"]
    labels.addEnabled = labels.removeEnabled = False
    labels.showChildNodeTypes = False
    labels.setMRMLScene(host.scene)
    host.scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "label")
    assert labels.nodeCount() == 0 and labels.currentNode() is None
    only = host.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "only")
    assert labels.currentNode() is only  # without None and action items the first node is selected


def test_settings_start_empty(host):
    import qt
    import slicer

    assert slicer.util.settingsValue("Developer/DeveloperMode", False, converter=slicer.util.toBool) is False
    qt.QSettings().setValue("NSN2N/x", 5)
    assert slicer.util.settingsValue("NSN2N/x", 0, converter=int) == 5
    host.reset()
    assert slicer.util.settingsValue("NSN2N/x", 0, converter=int) == 0


def test_sample_data_is_registered_and_loaded_from_files(host, tmp_path):
    import SampleData
    import slicer

    volume = slicer.util.addVolumeFromArray(np.ones((3, 3, 3), np.int16))
    slicer.util.saveNode(volume, str(tmp_path / "sample.nrrd"))
    SampleData.SampleDataLogic.registerCustomSampleDataCategory("Host test", title="Host test")
    SampleData.SampleDataLogic.registerCustomSampleDataSource(
        category="Host test",
        sampleName="HostSample",
        uris=(tmp_path / "sample.nrrd").as_uri(),
        fileNames="sample.nrrd",
        nodeNames="HostSample",
    )
    assert SampleData.downloadSample("HostSample").GetName() == "HostSample"
    with pytest.raises(ValueError, match="differ in length"):
        SampleData.SampleDataSource("x", uris=["a", "b"], fileNames="a", nodeNames="a")
