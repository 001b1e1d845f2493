"""NumPy files, TIFF stacks and OME-Zarr; the latter two by tifffile and zarr (``pip install 'nsn2n[large]'``)."""

import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import numpy as np

from ...engine import InputError, SettingsError
from .raw_file import RawFile
from .volume import StoredVolume

#: A TIFF file that may grow beyond this is a BigTIFF.
BIG_TIFF = 2**32 - 2**25
#: Chunks of a new zarr array, at most.
CHUNKS = (64, 128, 128)
#: Millimeters of the units that OME-Zarr names.
MILLIMETERS = {"nanometer": 1e-6, "micrometer": 1e-3, "millimeter": 1.0, "centimeter": 10.0, "meter": 1000.0}


def open_numpy(path: Path) -> StoredVolume:
    """Open a .npy file.

    Raises:
        InputError: it is none, or its first index is not that of the slices.
    """
    try:
        mapped = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise InputError(f"{path} can't be read as an array of NumPy ({error})") from error
    if mapped.ndim != 3 or not mapped.flags.c_contiguous or not isinstance(mapped, np.memmap):
        raise InputError(f"{path} holds an array {mapped.shape}; one of (slices, rows, columns) in C order is needed")
    return StoredVolume(RawFile(path, mapped.offset, mapped.shape, mapped.dtype), None)


def create_numpy(path: Path, volume: StoredVolume) -> RawFile:
    """Write a .npy file of zeros."""
    dtype = np.dtype(volume.array.dtype).newbyteorder("=")
    offset = np.lib.format.open_memmap(path, "w+", dtype, volume.array.shape).offset
    return RawFile(path, offset, volume.array.shape, dtype)


class TiffSlices:
    """The pages of a TIFF file, or the files of a folder, one page each, as slices.

    Args:
        shape: of the whole.
        dtype: of all slices.
        read: gives the slice of a number.
    """

    def __init__(self, shape: tuple[int, int, int], dtype: np.dtype, read: Callable[[int], np.ndarray]) -> None:
        self.shape, self.dtype, self._read = shape, np.dtype(dtype).newbyteorder("="), read

    def __getitem__(self, box) -> np.ndarray:
        return np.stack([self._slice(number)[box[1:]] for number in range(*box[0].indices(self.shape[0]))])

    def _slice(self, number: int) -> np.ndarray:
        page = self._read(number)
        if page.shape != self.shape[1:] or page.dtype != self.dtype:
            raise InputError(f"slice {number} is {page.dtype} {page.shape}, and others {self.dtype} {self.shape[1:]}")
        return page


def open_tiff(path: Path) -> StoredVolume:
    """Open a TIFF file with a page for each slice, or a folder of files with one page, in the order of their numbers.

    Raises:
        InputError: it is none.
        SettingsError: tifffile is not installed.
    """
    tifffile = library("tifffile")
    files = [path]
    if path.is_dir():
        files = [Path(name) for name in tifffile.natural_sorted(map(str, tiffs_in(path)))]
    try:
        file = tifffile.TiffFile(files[0])
        series, tags = file.series[0], file.pages[0].tags
        names = {"XResolution": 282, "YResolution": 283, "ResolutionUnit": 296}
        more = {name: tags[tag].value for name, tag in names.items() if tag in tags}
        if path.is_dir():
            file.close()
            shape = (len(files), *series.shape)
            array = TiffSlices(shape, series.dtype, lambda number: tifffile.imread(files[number]))
        else:
            shape, offset, pages = series.shape, series.dataoffset, series.pages
            if offset is not None and len(shape) == 3:
                array = RawFile(path, offset, shape, series.dtype.newbyteorder(file.byteorder))
            else:
                array = TiffSlices(shape, series.dtype, lambda number: pages[number].asarray())
    except (tifffile.TiffFileError, IndexError, OSError) as error:
        raise InputError(f"{path} can't be read as a TIFF stack ({error})") from error
    if len(shape) != 3:
        raise InputError(f"{path} holds {series.axes} = {shape}; gray-scale slices of one volume are needed")
    return StoredVolume(array, None, more=more)


def create_tiff(path: Path, volume: StoredVolume) -> RawFile:
    """Write a TIFF file of zeros with a page for each slice, with the resolution of a volume that was one."""
    tifffile = library("tifffile")
    dtype, more = np.dtype(volume.array.dtype).newbyteorder("="), {}
    if {"XResolution", "YResolution"} <= volume.more.keys():
        more["resolution"] = tuple(
            volume.more[name][0] / volume.more[name][1] for name in ("XResolution", "YResolution")
        )
        more["resolutionunit"] = volume.more.get("ResolutionUnit", 2)
    big = volume.bytes > BIG_TIFF
    tifffile.imwrite(
        path, shape=volume.array.shape, dtype=dtype, bigtiff=big, photometric="minisblack", metadata=None, **more
    )
    with tifffile.TiffFile(path) as file:
        offset = file.pages[0].dataoffsets[0]
    return RawFile(path, offset, volume.array.shape, dtype)


def tiffs_in(folder: Path) -> list[Path]:
    """The TIFF files of a folder."""
    return [file for file in sorted(folder.iterdir()) if file.suffix.lower() in (".tif", ".tiff")]


class ZarrVolume:
    """The last three axes of a zarr array whose others have the length 1."""

    def __init__(self, array, path: Path) -> None:
        others, self.shape = array.shape[:-3], tuple(array.shape[-3:])
        if len(self.shape) != 3 or any(side != 1 for side in others):
            raise InputError(f"the array of {path} is {array.shape}; one volume (slices, rows, columns) is needed")
        self._array, self._others = array, (0,) * len(others)
        self.dtype, self.chunks = np.dtype(array.dtype), tuple(array.chunks[-3:])

    def __getitem__(self, box) -> np.ndarray:
        return np.asarray(self._array[(*self._others, *box)])

    def __setitem__(self, box, values: np.ndarray) -> None:
        self._array[(*self._others, *box)] = values


def open_zarr(path: Path, mode: str = "r") -> StoredVolume:
    """Open an OME-Zarr image at full resolution, or a zarr array.

    Raises:
        InputError: it is none.
        SettingsError: zarr is not installed.
    """
    zarr = library("zarr")
    try:
        node = zarr.open(str(path), mode=mode)
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{path} can't be read as zarr ({error})") from error
    if not hasattr(node, "attrs") or hasattr(node, "shape"):
        return StoredVolume(ZarrVolume(node, path), None)
    attributes = dict(node.attrs)
    images = attributes.get("ome", attributes).get("multiscales")
    if not images:
        raise InputError(f"{path} is a zarr group without OME image; give the path of an array in it")
    image = images[0]
    dataset = image["datasets"][0]
    array = ZarrVolume(node[dataset["path"]], path)
    spacing, origin = _placement(image, dataset)
    return StoredVolume(array, spacing, origin=origin)


def _placement(image: dict, dataset: dict) -> tuple[tuple | None, tuple | None]:
    """Spacing of a dataset of an OME image and place of its first voxel, (k, j, i) in mm; None: not said."""
    steps = [*dataset.get("coordinateTransformations", ()), *image.get("coordinateTransformations", ())]
    if not any("scale" in step for step in steps):
        return None, None
    spacing, origin = np.ones(3), np.zeros(3)
    for step in steps:  # the image's come after its dataset's
        scale = step.get("scale", (1.0,) * 3)[-3:]
        spacing, origin = spacing * scale, origin * scale + step.get("translation", (0.0,) * 3)[-3:]
    units = [axis.get("unit") if isinstance(axis, dict) else None for axis in image.get("axes", ())][-3:]
    factors = [MILLIMETERS.get(unit, 1.0) for unit in units] if len(units) == 3 else [1.0] * 3
    return tuple((spacing * factors).tolist()), tuple((origin * factors).tolist())


def create_zarr(path: Path, volume: StoredVolume) -> ZarrVolume:
    """Write an OME-Zarr (0.5) image of zeros with one resolution."""
    zarr = library("zarr")
    shape = tuple(map(int, volume.array.shape))
    chunks = tuple(min(side, most) for side, most in zip(shape, CHUNKS, strict=True))
    axes = [{"name": name, "type": "space"} for name in "zyx"]
    scale = [1.0, 1.0, 1.0]
    if volume.spacing is not None:
        axes = [{**axis, "unit": "millimeter"} for axis in axes]
        scale = [float(side) for side in volume.spacing]
    steps = [{"type": "scale", "scale": scale}]
    if volume.origin is not None:
        steps.append({"type": "translation", "translation": [float(place) for place in volume.origin]})
    dataset = {"path": "0", "coordinateTransformations": steps}
    ome = {"version": "0.5", "multiscales": [{"name": path.stem, "axes": axes, "datasets": [dataset]}]}
    group = zarr.open_group(str(path), mode="w", zarr_format=3, attributes={"ome": ome})
    dtype = np.dtype(volume.array.dtype).newbyteorder("=")
    return ZarrVolume(
        group.create_array("0", shape=shape, chunks=chunks, dtype=dtype, dimension_names=tuple("zyx")), path
    )


def library(name: str):
    """A module that not every installation has.

    Raises:
        SettingsError: this one has not; the text says how to get it.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise SettingsError(f"{name} is needed for this file: pip install 'nsn2n[large]'") from error


def is_zarr(path: Path) -> bool:
    """Whether a path is, or will be, a zarr folder."""
    return path.suffix.lower() == ".zarr" or any(
        os.path.exists(path / name) for name in ("zarr.json", ".zgroup", ".zarray")
    )
