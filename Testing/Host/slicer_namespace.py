"""Prepares the package `slicer`: what slicer-core offers, minus what it leaks, plus the modules that it lacks."""

import importlib
import sys
import types

__all__ = ["prepare"]


def prepare():
    """Import slicer-core and make its package `slicer` look as in Slicer; returns the package.

    slicer-core copies all names of slicer.util into `slicer`, where Slicer does not have them: they are removed.
    """
    import slicer
    import slicer.util

    for name in dir(slicer.util):
        if not name.startswith("_") and not name.startswith("vtk"):
            slicer.__dict__.pop(name, None)
    slicer.util = sys.modules["slicer.util"]
    import slicer_core.MRMLCore

    sys.modules.setdefault("MRMLCorePython", slicer_core.MRMLCore)
    for name in ("modules", "moduleNames"):
        module = types.ModuleType(f"slicer.{name}", "The instantiated Slicer modules")
        sys.modules[f"slicer.{name}"] = module
        setattr(slicer, name, module)
    slicer.selfTests = {}
    return slicer


def addPythonModules(slicer):
    """Put the host's own versions of Slicer's Python modules at their places (`slicer.i18n` and others)."""
    package = __package__
    places = {
        "slicer.i18n": ".translation",
        "slicer.packaging": ".packages",
        "slicer.parameterNodeWrapper": ".parameter_node",
        "slicer.ScriptedLoadableModule": ".scripted_module",
        "SampleData": ".sample_data",
        "DICOMLib": ".dicom",
    }
    for name, source in places.items():
        module = importlib.import_module(source, package)
        sys.modules[name] = module
        if name.startswith("slicer."):
            setattr(slicer, name.partition(".")[2], module)
