"""*Export to DICOM* of a result as a derived series, which refers to its source: a plugin of Slicer's module DICOM."""

import os
import shutil
from pathlib import Path

import numpy as np
import slicer
from slicer.i18n import tr as _

from NSN2NDenoiseLib.dicom.names import LONGEST
from NSN2NDenoiseLib.engine import InputError

from . import results, volumes

#: The key of the plugin in `slicer.modules.dicomPlugins`.
PLUGIN = "NSN2NDerivedSeriesPlugin"
#: Of a result whose source is at hand; Slicer's own exporter of volumes says .5.
CONFIDENCE = 0.9
#: What the dialog shows of patient and study, by keyword, with the tag that the database knows it by.
SOURCES_OWN = {
    "PatientName": "0010,0010",
    "PatientID": "0010,0020",
    "PatientBirthDate": "0010,0030",
    "PatientSex": "0010,0040",
    "StudyInstanceUID": "0020,000D",
    "StudyID": "0020,0010",
    "StudyDate": "0008,0020",
    "StudyDescription": "0008,1030",
}
#: What Slicer shows where the files say nothing; and what it may show nothing of, whatever the files say.
PLACEHOLDERS, UNSHOWN = ("", "No name", "No study description"), ("StudyInstanceUID", "StudyID")
#: Most digits of a series number (IS).
DIGITS = 12
RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


def registerDicomExport() -> None:
    """Offer results in the dialog *Export to DICOM*, where Slicer was built with its module DICOM."""
    try:
        from DICOMLib import DICOMPlugin
    except ImportError:
        return

    class DerivedSeriesPlugin(DerivedSeries, DICOMPlugin):
        def __init__(self):
            DICOMPlugin.__init__(self)
            self.loadType = "NSN2N derived series"

    if not hasattr(slicer.modules, "dicomPlugins"):
        slicer.modules.dicomPlugins = {}
    slicer.modules.dicomPlugins[PLUGIN] = DerivedSeriesPlugin


class DerivedSeries:
    """What the dialog asks of a plugin; see Slicer's `DICOMPlugin`."""

    def examineForExport(self, subjectHierarchyItemID) -> list:
        """The series that can be made of an item: one of a result whose source is in the DICOM database, or none."""
        try:
            node = _resultOf(subjectHierarchyItemID)
            files = _sourceFiles(node)
            _slicesAndVoxels(node, files)
        except InputError:
            return []
        exportable = slicer.qSlicerDICOMExportable()
        exportable.name = _("NSN2N derived series")
        exportable.tooltip = _(
            "A new series in the source's study, file by file with the source's own headers: marked as derived, with "
            "references to the source's images and what was done. Patient, study and geometry stay the source's."
        )
        exportable.subjectHierarchyItemID = subjectHierarchyItemID
        exportable.pluginClass = PLUGIN
        exportable.confidence = CONFIDENCE
        item = volumes.attributesOfItem(node)
        exportable.setTag("SeriesDescription", item.get(volumes.SERIES_DESCRIPTION, ""))
        exportable.setTag("SeriesNumber", item.get(volumes.SERIES_NUMBER, ""))
        for keyword, value in _ownOf(files[0]).items():
            exportable.setTag(keyword, value)
        return [exportable]

    def export(self, exportables: list) -> str:
        """Write each series to a folder of its own in the folder that was chosen; what went wrong, or ""."""
        for exportable in exportables:
            try:
                _export(exportable)
            except (InputError, OSError) as error:
                return str(error)
        return ""


def _export(exportable) -> None:
    from NSN2NDenoiseLib.dicom.derived import write_derived

    node = _resultOf(exportable.subjectHierarchyItemID)
    files = _sourceFiles(node)
    about = _aboutOf(exportable, files[0])
    slices, voxels = _slicesAndVoxels(node, files)
    folder = _newFolder(Path(exportable.directory), f"NSN2N_{exportable.subjectHierarchyItemID}")
    try:
        write_derived(folder, slices, voxels, results.reportOf(node), about)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _resultOf(item: int):
    """The result that an item of the subject hierarchy is.

    Raises:
        InputError: it is none, or one that can't be told as a derived series.
    """
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    node = hierarchy.GetItemDataNode(item)
    if node is None or not node.IsA("vtkMRMLScalarVolumeNode") or node.GetImageData() is None:
        raise InputError(_("this is no volume"))
    report = results.reportOf(node)
    if not report or report.get("ended") == "first" or node.GetAttribute(results.FRAME) is not None:
        raise InputError(_("'{name}' is no result of NSN2N, or no volume of its own").format(name=node.GetName()))
    if report.get("strength", 1) == 1 and not results.isOurs(node):
        raise InputError(_("'{name}' was edited since NSN2N made it").format(name=node.GetName()))
    return node


def _sourceFiles(node) -> list[str]:
    """The files of the series that a result was made of.

    Raises:
        InputError: they are not in the DICOM database.
    """
    database = getattr(slicer, "dicomDatabase", None)
    uids = volumes.attributesOfItem(node).get(volumes.REFERENCED_INSTANCES, "").split()
    files = [database.fileForInstance(uid) for uid in uids] if database is not None else []
    if not files or not all(file and os.path.isfile(file) for file in files):
        raise InputError(
            _("the series that '{name}' was made of is not in the DICOM database").format(name=node.GetName())
        )
    return files


def _slicesAndVoxels(node, files: list[str]) -> tuple:
    """The slices of the source in order, and the result's voxels of each.

    Raises:
        InputError: the files are no volume that can be derived, or the result does not lie where their slices are.
    """
    from NSN2NDenoiseLib.dicom.derived import check_writable
    from NSN2NDenoiseLib.dicom.fit import as_slices
    from NSN2NDenoiseLib.dicom.geometry import place
    from NSN2NDenoiseLib.dicom.series import group_series, read_header

    paths = [Path(file) for file in dict.fromkeys(files)]
    headers = [(path, header) for path in paths if (header := read_header(path)) is not None]
    found = group_series(headers)
    if len(found) != 1:
        raise InputError(_("'{name}' was made of {count} series").format(name=node.GetName(), count=len(found)))
    placement = place(f"'{node.GetName()}'", found[0], None)
    check_writable(f"'{node.GetName()}'", placement.slices)
    return placement.slices, as_slices(volumes.arrayOf(node), RAS_TO_LPS @ volumes.ijkToRAS(node), placement)


def _ownOf(file: str) -> dict:
    """Patient and study of a file, as the database has them."""
    return {keyword: slicer.dicomDatabase.fileValue(file, tag) or "" for keyword, tag in SOURCES_OWN.items()}


def _aboutOf(exportable, file: str) -> dict:
    """What the dialog's table says of the series.

    Raises:
        InputError: it says something else of patient or study than the source does, or what DICOM does not allow.
    """
    for keyword, own in _ownOf(file).items():
        shown = exportable.tag(keyword) or ""
        isUnknown = own == "" and (shown in PLACEHOLDERS or shown.startswith("Patient-"))
        if shown != own and not isUnknown and not (shown == "" and keyword in UNSHOWN):
            raise InputError(
                _(
                    "{keyword} is '{own}' in the source, and a derived series stays in the source's study. Undo the "
                    "change of {keyword}, or export as 'Scalar Volume'."
                ).format(keyword=keyword, own=own)
            )
    description, number = (exportable.tag(name) or "" for name in ("SeriesDescription", "SeriesNumber"))
    if number and not (number.lstrip("-").isdigit() and len(number) <= DIGITS):
        raise InputError(_("SeriesNumber is '{number}'; a whole number is needed").format(number=number))
    if len(description) > LONGEST:
        raise InputError(_("SeriesDescription has more than {most} characters").format(most=LONGEST))
    about = {"SeriesDescription": description, "SeriesNumber": number}
    return {keyword: value for keyword, value in about.items() if value}


def _newFolder(directory: Path, name: str) -> Path:
    """A path in a folder that nothing is at."""
    folder, count = directory / name, 1
    while folder.exists():
        count += 1
        folder = directory / f"{name}-{count}"
    return folder
