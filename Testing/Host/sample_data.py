"""SampleData: keeps what modules register. Nothing is downloaded; file:// and local sources load."""

import logging
import os
import urllib.parse
import urllib.request
from typing import ClassVar

import slicer

__all__ = ["SampleDataLogic", "SampleDataSource", "downloadSample"]


class SampleDataSource:
    """One registered sample; the lists have one entry for each file."""

    def __init__(
        self,
        sampleName=None,
        uris=None,
        fileNames=None,
        nodeNames=None,
        thumbnailFileName=None,
    ):
        def listed(value):
            return list(value) if isinstance(value, (list, tuple)) else [value]

        self.sampleName = sampleName
        self.uris, self.fileNames, self.nodeNames = listed(uris), listed(fileNames), listed(nodeNames)
        self.thumbnailFileName = thumbnailFileName
        if not len(self.uris) == len(self.fileNames) == len(self.nodeNames):
            raise ValueError(f"SampleDataSource '{sampleName}': uris, fileNames and nodeNames differ in length")
        if thumbnailFileName is not None and not os.path.isfile(thumbnailFileName):
            logging.warning("SampleDataSource '%s': thumbnail not found: %s", sampleName, thumbnailFileName)


class SampleDataLogic:
    """The registry of samples (slicer.modules.sampleDataSources)."""

    _categoryTitles: ClassVar[dict] = {}

    @staticmethod
    def registerCustomSampleDataCategory(category, title):
        SampleDataLogic._categoryTitles[category] = title

    @staticmethod
    def registerCustomSampleDataSource(category="Custom", sampleName=None, **kwargs):
        sources = SampleDataLogic.sampleDataSourcesByCategory().setdefault(category, [])
        source = SampleDataSource(sampleName=sampleName, **kwargs)
        if all(other.sampleName != sampleName for other in sources):
            sources.append(source)

    @staticmethod
    def sampleDataSourcesByCategory(category=None):
        if not hasattr(slicer.modules, "sampleDataSources"):
            slicer.modules.sampleDataSources = {}
        sources = slicer.modules.sampleDataSources
        return sources if category is None else sources.get(category, [])

    @staticmethod
    def categoryTitle(category):
        return SampleDataLogic._categoryTitles.get(category, category)

    def downloadSample(self, sampleName):
        """Load a registered sample from a file:// address; its (first) node. RuntimeError for the network."""
        for sources in self.sampleDataSourcesByCategory().values():
            for source in sources:
                if source.sampleName == sampleName:
                    nodes = [self._load(uri, name) for uri, name in zip(source.uris, source.nodeNames, strict=True)]
                    return nodes[0]
        raise RuntimeError(f"No sample is registered as '{sampleName}'")

    def _load(self, uri, name):
        address = urllib.parse.urlparse(uri)
        if address.scheme not in ("", "file"):
            raise RuntimeError(f"The test host does not download: {uri}")
        return slicer.util.loadVolume(urllib.request.url2pathname(address.path), {"name": name})


def downloadSample(sampleName):
    return SampleDataLogic().downloadSample(sampleName)
