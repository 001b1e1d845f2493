"""Every volume of files, folders, DICOM trees and BIDS datasets, each with the name of its result."""

import os
from pathlib import Path

from ..cli.volume_io import image_suffix
from ..dicom.series import group_series, read_header
from ..engine import InputError, SettingsError
from .bids import find_bids, is_bids
from .items import Item, output_name, series_name

#: Types that are read, but not written.
ONLY_READ = (".gipl", ".mnc", ".vtk", ".hdr")
#: Files that may be DICOM by their names; DICOM files often have none but a UID, whose end looks like a suffix.
DICOM_SUFFIXES = ("", ".dcm", ".ima", ".dicom")


def find_items(inputs: list[Path], folder: Path, as_dicom: bool) -> list[Item]:
    """The volumes of a batch, in the order of the inputs and of their names.

    Args:
        inputs: files and folders.
        folder: where the results go; never searched.
        as_dicom: write derived DICOM series.

    Raises:
        InputError: an input does not exist, or there is nothing to denoise.
        SettingsError: inputs that can't go into one folder.
    """
    for one in inputs:
        if not one.exists():
            raise InputError(f"{one} does not exist")
        if one.resolve() == folder.resolve():
            raise SettingsError(f"{one} is the folder for the results, too; choose another one")
    datasets = [one for one in inputs if is_bids(one)]
    if datasets and len(inputs) > 1:
        raise SettingsError(f"{datasets[0]} is a BIDS dataset, whose result is a dataset, too; give it alone")
    items = find_bids(datasets[0].resolve(), folder) if datasets else []
    for one in inputs if not datasets else ():
        items += _of_file(one, as_dicom) if one.is_file() else _of_folder(one, folder.resolve(), as_dicom)
    if as_dicom:
        items = [item for item in items if item.series is not None or item.problem]
    if not items:
        kind = "DICOM series" if as_dicom else "volume"
        raise InputError(f"no {kind} was found in {', '.join(map(str, inputs))}")
    return _with_names_of_their_own(items)


def _of_file(file: Path, as_dicom: bool) -> list[Item]:
    if _may_be_dicom(file):
        return _of_dicom([file], Path(), file.name, as_dicom)
    return [Item(str(file), file.resolve(), Path(output_name(file)))]


def _of_folder(top: Path, results: Path, as_dicom: bool) -> list[Item]:
    items = []
    for place, folders, names in os.walk(top):
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and Path(place, name).resolve() != results
        )
        files = [Path(place, name) for name in sorted(names) if not name.startswith(".")]
        inside = Path(place).relative_to(top)
        for file in files:
            if image_suffix(file) is not None or file.suffix.lower() in ONLY_READ:
                items.append(Item(str(file), file.resolve(), inside / output_name(file)))
        items += _of_dicom([file for file in files if _may_be_dicom(file)], inside, place, as_dicom)
    return items


def _of_dicom(files: list[Path], inside: Path, shown: str, as_dicom: bool) -> list[Item]:
    """The series of files in one folder; files that are no DICOM images are left out."""
    headers, items = [], []
    for file in files:
        try:
            dataset = read_header(file.resolve())
        except InputError as error:
            items.append(Item(str(file), file.resolve(), inside / output_name(file), problem=str(error)))
        else:
            if dataset is not None:
                headers.append((file.resolve(), dataset))
    try:
        found = group_series(headers)
    except InputError as error:
        return [*items, Item(str(shown), headers[0][0].parent, inside / "dicom", problem=str(error))]
    for series in found:
        name = series_name(series, as_dicom)
        title = f"{shown}: {series.number} {series.description or series.modality} ...{series.uid[-8:]}"
        source = series.slices[0].file if len(files) == 1 else series.slices[0].file.parent
        items.append(Item(title, source, inside / name, series))
    return items


def _may_be_dicom(file: Path) -> bool:
    suffix = file.suffix.lower()
    return suffix in DICOM_SUFFIXES or suffix[1:].isdigit()


def _with_names_of_their_own(items: list[Item]) -> list[Item]:
    """The items, numbered where the results of several would have the same name."""
    taken: set[Path] = set()
    named = []
    for item in items:
        output, number = item.output, 1
        while _key(output) in taken:
            number += 1
            suffix = image_suffix(item.output) or ""
            stem = item.output.name[: len(item.output.name) - len(suffix)]
            output = item.output.with_name(f"{stem}_{number}{suffix}")
        taken.add(_key(output))
        named.append(Item(item.name, item.source, output, item.series, item.metadata, item.problem))
    return named


def _key(output: Path) -> Path:
    """What two outputs must not share: the name without its type, as headers have data files beside them."""
    suffix = image_suffix(output) or ""
    return output.with_name(output.name[: len(output.name) - len(suffix)].lower())
