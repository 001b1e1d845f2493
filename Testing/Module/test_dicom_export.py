"""*Export to DICOM* of a result: a derived series beside its source, through Slicer's dialog as the host plays it."""

import numpy as np
import pydicom
import pytest
import vtk

from Testing.CommandLine.dicom_files import OBLIQUE, write_multiframe, write_series
from Testing.Module.support import SHORT, voxels

STORED = np.random.default_rng(0).normal(1064, 20, (6, 40, 48)).astype(np.int16)
IRREGULAR = np.array([0.0, 2.0, 4.1, 6.0, 9.0, 11.0])


def hierarchy():
    import slicer

    return slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)


def item(node) -> int:
    return hierarchy().GetItemByDataNode(node)


def export(node, folder, edited=None) -> str:
    from DICOMLib import exportToDICOM

    folder.mkdir(exist_ok=True)
    return exportToDICOM(item(node), folder, edited)


def load(files, spacing=(0.7, 0.7, 2.0), upwards=True):
    """A volume of a series as Slicer's module DICOM has it after loading, slices along the normal or against it."""
    import slicer
    from DICOMLib import DICOMDatabase

    slicer.dicomDatabase = DICOMDatabase(files[0].parent)
    datasets = [pydicom.dcmread(file) for file in files]
    normal = np.cross(OBLIQUE[:3], OBLIQUE[3:])
    datasets.sort(key=lambda one: np.dot(one.ImagePositionPatient, normal) * (1 if upwards else -1))
    array = np.stack([np.frombuffer(one.PixelData, "<i2").reshape(one.Rows, one.Columns) for one in datasets])
    node = slicer.util.addVolumeFromArray(array - 1024, name="3: Chest")
    columns = np.array([OBLIQUE[:3], OBLIQUE[3:], normal * (1 if upwards else -1)]).T * spacing
    matrix = vtk.vtkMatrix4x4()
    toRas = np.diag([-1.0, -1.0, 1.0])
    for row in range(3):
        matrix.SetElement(row, 3, (toRas @ np.array(datasets[0].ImagePositionPatient, float))[row])
        for column in range(3):
            matrix.SetElement(row, column, (toRas @ columns)[row, column])
    node.SetIJKToRASMatrix(matrix)
    _dress(node, datasets)
    return node, datasets


def _dress(node, datasets):
    tree, first = hierarchy(), datasets[0]
    node.SetAttribute("DICOM.instanceUIDs", " ".join(one.SOPInstanceUID for one in datasets))
    patient = tree.CreateSubjectItem(tree.GetSceneItemID(), "Doe")
    study = tree.CreateStudyItem(patient, "study")
    tree.SetItemParent(item(node), study)
    empty = {"PatientName": "No name", "StudyDescription": "No study description"}
    for level, keywords in (
        (patient, ("PatientName", "PatientID", "PatientSex", "PatientBirthDate")),
        (study, ("StudyInstanceUID", "StudyID", "StudyDescription", "StudyDate", "StudyTime")),
        (item(node), ("SeriesDescription", "SeriesNumber", "Modality")),
    ):
        for keyword in keywords:
            value = str(first.get(keyword) or "") or empty.get(keyword, "")
            # Slicer's loader keeps these two where its dialog does not look for them
            prefix = "" if keyword in ("StudyInstanceUID", "StudyID") else "DICOM."
            tree.SetItemAttribute(level, prefix + keyword, value)


@pytest.fixture
def denoise(logic, known):
    """logic.process with the short training."""
    return lambda volume, **kwargs: logic.process(volume, threshold=0.02, settings=SHORT, **kwargs)


@pytest.mark.parametrize("upwards", [True, False])
@pytest.mark.parametrize("positions", [2.0 * np.arange(6), IRREGULAR], ids=["regular", "irregular"])
def test_a_result_becomes_a_derived_series(host, denoise, tmp_path, upwards, positions):
    node, sources = load(write_series(tmp_path / "s", STORED, positions), upwards=upwards)
    result = denoise(node)
    assert export(result, tmp_path / "out") == ""
    (folder,) = (tmp_path / "out").iterdir()
    found = [pydicom.dcmread(file) for file in folder.iterdir()]
    derived = {one.SourceImageSequence[0].ReferencedSOPInstanceUID: one for one in found}
    assert len(derived) == 6 and len({one.SeriesInstanceUID for one in derived.values()}) == 1
    for source, plane in zip(sources, voxels(result), strict=True):
        one = derived[source.SOPInstanceUID]
        for keyword in ("PatientName", "StudyInstanceUID", "ImagePositionPatient", "RescaleIntercept", "Modality"):
            assert one[keyword].value == source[keyword].value
        assert (one.SeriesDescription, one.SeriesNumber) == ("Chest NSN2N denoised", 1003)
        assert one.ImageType[:2] == ["DERIVED", "SECONDARY"]
        assert "NS-N2N network" in one.DerivationDescription
        assert np.array_equal(one.pixel_array.astype(int) - 1024, plane)
        assert not np.array_equal(one.PixelData, source.PixelData)
    assert export(result, tmp_path / "out") == ""  # again: nothing is overwritten
    assert len(list((tmp_path / "out").iterdir())) == 2


def test_files_of_one_name_in_many_folders(host, denoise, tmp_path):
    """As on many a CD; the database has links to them."""
    from DICOMLib import DICOMDatabase

    files = write_series(tmp_path / "s", STORED, 2.0 * np.arange(6))
    node, _ = load(files)
    for number, file in enumerate(files):
        folder = tmp_path / "s" / f"S{number}"
        folder.mkdir()
        file.rename(folder / "IM0")
    host.slicer.dicomDatabase = DICOMDatabase(tmp_path / "s")
    assert export(denoise(node), tmp_path / "out") == ""
    assert sorted(file.name for file in (tmp_path / "out").glob("*/*")) == [f"0000{n}.dcm" for n in range(1, 7)]


def test_what_is_edited_in_the_dialog(host, denoise, tmp_path):
    node, _ = load(write_series(tmp_path / "s", STORED, 2.0 * np.arange(6)))
    result = denoise(node)
    names = {"SeriesDescription": "For Dr. Mueller", "SeriesNumber": "77"}
    assert export(result, tmp_path / "a", names) == ""
    one = pydicom.dcmread(next((tmp_path / "a").glob("*/*")))
    assert (one.SeriesDescription, one.SeriesNumber) == ("For Dr. Mueller", 77)
    for edited, words in (
        ({"PatientName": "Anonymous"}, "PatientName is 'Doe^Jane' in the source"),
        ({"PatientName": ""}, "Undo the change of PatientName, or export as 'Scalar Volume'"),
        ({"StudyDescription": "another"}, "StudyDescription is '' in the source"),
        ({"StudyID": "2"}, "StudyID is '1' in the source"),
        ({"SeriesNumber": "seven"}, "SeriesNumber is 'seven'; a whole number is needed"),
        ({"SeriesDescription": "x" * 65}, "more than 64 characters"),
    ):
        assert words in export(result, tmp_path / "b", edited)
        assert not list((tmp_path / "b").iterdir())


def test_it_is_offered_for_results_whose_source_is_at_hand_only(host, denoise, tmp_path):
    """Everything else is left to Slicer's own exporter of volumes."""
    import slicer

    files = write_series(tmp_path / "s", STORED, 2.0 * np.arange(6))
    node, _ = load(files)
    plugin = slicer.modules.dicomPlugins["NSN2NDerivedSeriesPlugin"]()
    assert plugin.examineForImport([[str(file) for file in files]]) == []

    def isOffered(volume) -> bool:
        return bool(plugin.examineForExport(item(volume)))

    result = denoise(node, noiseVolume=True)
    assert isOffered(result)
    assert not isOffered(node) and not isOffered(result.GetNodeReference("NSN2N.RemovedNoise"))
    plain = slicer.util.addVolumeFromArray(STORED, name="plain")
    assert not isOffered(plain) and not isOffered(denoise(plain))
    origin = result.GetOrigin()
    result.SetOrigin(origin[0] + 1, *origin[1:])
    assert not isOffered(result)  # its voxels are not where the source's are any more
    result.SetOrigin(origin)
    assert isOffered(result)
    slicer.mrmlScene.RemoveNode(node)
    assert isOffered(result)  # the source's files are what counts
    files[0].unlink()
    assert not isOffered(result)
    slicer.dicomDatabase = None
    assert not isOffered(result)


def test_an_edited_result_is_none(host, denoise, tmp_path):
    import slicer
    from DICOMLib import exportToDICOM

    node, _ = load(write_series(tmp_path / "s", STORED, 2.0 * np.arange(6)))
    result = denoise(node)
    slicer.util.updateVolumeFromArray(result, voxels(result) * 0)
    assert exportToDICOM(item(result), tmp_path) == "nothing to export"


def test_a_disk_without_room_leaves_nothing(host, denoise, tmp_path, monkeypatch):
    node, _ = load(write_series(tmp_path / "s", STORED, 2.0 * np.arange(6)))
    result = denoise(node)
    written = []

    def fail(*args, **kwargs):
        written.append(args)
        if len(written) > 2:
            raise OSError(28, "No space left on device")
        return write(*args, **kwargs)

    write = pydicom.dcmwrite
    monkeypatch.setattr(pydicom, "dcmwrite", fail)
    assert "No space left on device" in export(result, tmp_path / "out")
    assert len(written) == 3 and not list((tmp_path / "out").iterdir())


def test_a_multi_frame_file(host, denoise, tmp_path):
    import slicer
    from DICOMLib import DICOMDatabase

    (tmp_path / "s").mkdir()
    write_multiframe(tmp_path / "s" / "one.dcm", STORED.astype(np.uint16), 3.0 * np.arange(6), np.zeros(6))
    source = pydicom.dcmread(tmp_path / "s" / "one.dcm")
    slicer.dicomDatabase = DICOMDatabase(tmp_path / "s")
    node = slicer.util.addVolumeFromArray(STORED, name="MR")
    node.SetIJKToRASDirections(-1, 0, 0, 0, -1, 0, 0, 0, 1)
    node.SetSpacing(1.5, 1.5, 3)
    node.SetOrigin(5, 6, 0)
    _dress(node, [source])
    result = denoise(node)
    assert export(result, tmp_path / "out") == ""
    (file,) = (tmp_path / "out").glob("*/*")
    derived = pydicom.dcmread(file)
    assert np.array_equal(derived.pixel_array.astype(int), voxels(result))
    assert derived.ImageType[0] == "DERIVED" and derived.SourceImageEvidenceSequence
