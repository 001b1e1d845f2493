"""DICOMLib: what the dialog *Export to DICOM* asks of a plugin, and a database of files. Nothing is imported."""

from pathlib import Path

import slicer

__all__ = ["DICOMDatabase", "DICOMPlugin", "exportToDICOM", "qSlicerDICOMExportable"]


class DICOMPlugin:
    """What all plugins have; the module DICOM asks each of them about every series that is imported."""

    def __init__(self):
        self.loadType = "Generic DICOM"
        self.loadableCache = {}
        self.tags = {"seriesDescription": "0008,103E", "seriesNumber": "0020,0011"}

    def examineForImport(self, fileList):
        return []

    def examineForExport(self, subjectHierarchyItemID):
        return []

    def export(self, exportable):
        return ""


class qSlicerDICOMExportable:
    """One series that a plugin offers; other attributes are refused, as by Qt properties."""

    __slots__ = ("_tags", "confidence", "directory", "name", "pluginClass", "subjectHierarchyItemID", "tooltip")

    def __init__(self):
        self.confidence, self.directory, self.name, self._tags = 0.0, "", "Unknown exporter", {}

    def setTag(self, name, value):
        if not isinstance(name, str) or not isinstance(value, str):
            raise ValueError(f"setTag takes two QStrings, not {name!r} and {value!r}")
        self._tags[name] = value

    def tag(self, name):
        return self._tags.get(name, "")


class DICOMDatabase:
    """slicer.dicomDatabase of the files in a folder and below it."""

    def __init__(self, folder):
        import pydicom

        files = [file for file in Path(folder).rglob("*") if file.is_file()]
        self._datasets = {str(file): pydicom.dcmread(file, stop_before_pixels=True) for file in files}

    def fileForInstance(self, uid):
        return next((file for file, one in self._datasets.items() if one.SOPInstanceUID == uid), "")

    def fileValue(self, file, tag):
        group, element = (int(part, 16) for part in tag.split(","))
        found = self._datasets[file].get((group, element))
        return "" if found is None or found.value is None else str(found.value)


def exportToDICOM(item, directory, edited=None):
    """What the dialog does from an item of the subject hierarchy to files; the error that it shows, or "".

    The offer of most confidence is taken. The table of tags has what the items of patient, study and series say
    instead of what the plugin says; `edited` is what a user types into it.
    """
    plugins = slicer.modules.dicomPlugins
    offers = [offer for plugin in plugins.values() for offer in plugin().examineForExport(item)]
    if not offers:
        return "nothing to export"
    offer = max(offers, key=lambda one: one.confidence)
    constants = slicer.vtkMRMLSubjectHierarchyConstants
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    study = hierarchy.GetItemParent(item)
    patient = hierarchy.GetItemParent(study)
    above = {patient: constants.GetDICOMPatientTagNames(), study: constants.GetDICOMStudyTagNames()}
    for level, names in above.items():
        for name in names:
            offer.setTag(name, hierarchy.GetItemAttribute(level, f"DICOM.{name}"))
    for name in [name for name in offer._tags if not any(name in names for names in above.values())]:
        if hierarchy.HasItemAttribute(item, f"DICOM.{name}"):
            offer.setTag(name, hierarchy.GetItemAttribute(item, f"DICOM.{name}"))
    for name, value in (edited or {}).items():
        offer.setTag(name, value)
    offer.directory = str(directory)
    return plugins[offer.pluginClass]().export([offer])
