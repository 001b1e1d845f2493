"""Which files can be read and written in parts, by their names."""

from dataclasses import replace
from pathlib import Path

from ...engine import InputError, SettingsError
from ..volume_io import image_suffix
from . import array_files, image_files
from .volume import StoredVolume

#: Endings of arrays; they are only ever written in parts.
ARRAYS = (".npy", ".tif", ".tiff", ".zarr")
READABLE = (*image_files.READABLE, *ARRAYS)
WRITABLE = (*image_files.WRITABLE, *ARRAYS)


def is_only_stored(path: Path) -> bool:
    """Whether an input is of a kind that is only ever read in parts."""
    if path.is_dir():
        return array_files.is_zarr(path) or bool(array_files.tiffs_in(path))
    return path.suffix.lower() == ".npy"


def open_stored(path: Path, mode: str = "r") -> StoredVolume:
    """Open a volume without reading its voxels; with mode "r+" one that `create_stored` made, to go on writing it.

    Raises:
        InputError: it does not exist, or can't be read in parts; the text says what can.
        SettingsError: a library is needed that is not installed.
    """
    if not path.exists():
        raise InputError(f"{path} does not exist")
    return replace(_open(path, mode), source=path)


def open_array(path: Path):
    """The voxels of a volume, without reading them; raises as `open_stored`."""
    return open_stored(path).array


def check_creatable(path: Path) -> None:
    """Raise SettingsError where a file of this name can't be written in parts."""
    if path.suffix.lower() not in WRITABLE:
        raise SettingsError(f"{path} can't be written in parts; these can: {', '.join(WRITABLE)}")


def create_stored(path: Path, volume: StoredVolume):
    """A new file or folder with the geometry of a volume, whose voxels are to be written in boxes.

    Raises:
        SettingsError: its kind can't be written in parts, or a library is needed that is not installed.
        InputError: this kind of file can't hold so large a volume.
    """
    check_creatable(path)
    create = {
        ".npy": array_files.create_numpy,
        ".tif": array_files.create_tiff,
        ".tiff": array_files.create_tiff,
        ".zarr": array_files.create_zarr,
    }
    return create.get(path.suffix.lower(), image_files.create_image)(path, volume)


def _open(path: Path, mode: str) -> StoredVolume:
    if array_files.is_zarr(path):
        return array_files.open_zarr(path, mode)
    if path.is_dir():
        if not array_files.tiffs_in(path):
            raise InputError(
                f"{path} is a folder of neither TIFF files nor zarr; a DICOM series can't be read in parts"
            )
        return array_files.open_tiff(path)
    kind = path.suffix.lower()
    if kind in (".tif", ".tiff"):
        return array_files.open_tiff(path)
    if kind == ".npy":
        return array_files.open_numpy(path)
    if image_suffix(path) in image_files.READABLE:
        return image_files.open_image(path)
    raise InputError(f"{path} can't be read in parts; these can: {', '.join(READABLE)}, without compression")
