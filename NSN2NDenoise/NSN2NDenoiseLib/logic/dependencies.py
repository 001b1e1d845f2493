"""Python packages that Slicer does not bring, torch, numba, safetensors: asked for when needed, never at import."""

import importlib.metadata
import importlib.util
import logging

import slicer
from slicer.i18n import tr as _

REQUESTER = "NSN2N Denoise"
#: Oldest torch that works.
TORCH = ">=2.2"
#: The filters' compiled kernels; without it they take ten times as long on a CPU.
NUMBA = "numba>=0.59"
#: Holds networks that are kept; without it none is.
SAFETENSORS = "safetensors>=0.4"
#: Runs the processes that denoise a folder.
DASK = "dask[distributed]>=2024.8"


class DependencyError(RuntimeError):
    """A Python package is missing, or the user declined to install it; the text says what to do."""


def ensureForRun() -> None:
    """Make sure that the network can be trained: torch, through the PyTorch extension, which asks before installing.

    Raises:
        DependencyError: it can't.
    """
    if not _haveTorch():
        _installTorch()
    importlib.invalidate_caches()
    if not _haveTorch():
        raise DependencyError(
            _(
                "NSN2N needs PyTorch (torch {version}), which was not installed. Click Apply again to install it, or "
                "install it in the module PyTorch Utils."
            ).format(version=TORCH)
        )
    _wantOthers()


def ensureForFolder() -> None:
    """Make sure that a folder can be denoised: torch, and Dask, which is asked for.

    Raises:
        DependencyError: it can't.
    """
    ensureForRun()
    if importlib.util.find_spec("distributed") is not None:
        return
    try:
        import slicer.packaging  # since Slicer 5.12

        slicer.packaging.pip_ensure([DASK], requester=REQUESTER)
    except Exception as error:  # declined, no network
        raise DependencyError(
            _("Denoising a folder needs the Python package dask, which was not installed: {why}").format(why=error)
        ) from error


def _wantOthers() -> None:
    """Offer to install numba and safetensors; a run goes on without them."""
    missing = [package for package in (NUMBA, SAFETENSORS) if importlib.util.find_spec(package.split(">")[0]) is None]
    if not missing:
        return
    try:
        import slicer.packaging  # since Slicer 5.12

        slicer.packaging.pip_ensure(missing, requester=REQUESTER)
    except Exception as error:  # declined, no network, no wheel for this system
        logging.warning("NSN2N goes on without %s, filters more slowly or keeps no network: %s", missing, error)


def _haveTorch() -> bool:
    """Whether a torch that is new enough is installed; doesn't import it into Slicer."""
    from packaging.specifiers import SpecifierSet

    if importlib.util.find_spec("torch") is None:
        return False
    try:
        version = importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        return False
    return SpecifierSet(TORCH).contains(version.split("+")[0], prereleases=True)


def _installTorch() -> None:
    try:
        import PyTorchUtils
    except ImportError:
        _offerPyTorchExtension()
        return
    logic = PyTorchUtils.PyTorchUtilsLogic()
    try:
        try:
            logic.installTorch(askConfirmation=True, torchVersionRequirement=TORCH)
        except TypeError:  # older versions of the extension know fewer arguments
            logic.installTorch(askConfirmation=True)
    except Exception as error:  # no network, no room, pip failed
        raise DependencyError(
            _("PyTorch could not be installed: {why}. Try again in the module PyTorch Utils.").format(why=error)
        ) from error


def _offerPyTorchExtension() -> None:
    message = _(
        "NSN2N trains a small network and needs the PyTorch extension for it. Install it in the Extensions Manager, "
        "then restart Slicer."
    )
    manager = getattr(slicer.app, "extensionsManagerModel", lambda: None)()
    question = _("NSN2N trains a small network and needs the PyTorch extension. Install it now and restart Slicer?")
    canAsk = manager is not None and not slicer.app.testingEnabled()
    if canAsk and slicer.util.confirmOkCancelDisplay(question, REQUESTER):
        manager.installExtensionFromServer("PyTorch")
    raise DependencyError(message)
