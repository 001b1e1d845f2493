"""BIDS datasets: which images of a raw dataset are denoised, and the derivative dataset that they become."""

import json
from pathlib import Path

from .. import __version__
from ..engine import InputError
from .items import Item, output_name

#: Of the specification that the derivative dataset follows.
VERSION = "1.9.0"
DESCRIPTION = "dataset_description.json"
#: Images of intensities by datatype; maps, masks, field maps and phases are none that a denoiser should touch.
SUFFIXES = {
    "anat": {"T1w", "T2w", "PDw", "T2starw", "FLAIR", "PDT2", "inplaneT1", "inplaneT2", "angio", "UNIT1"},
    "func": {"bold", "cbv", "sbref"},
    "dwi": {"dwi", "sbref"},
    "perf": {"asl", "m0scan"},
    "pet": {"pet"},
}
#: CT has no datatype in BIDS: what is in such folders is kept as it is named, and the validator is told to ignore it.
CT = "ct"
IGNORED = (f"{CT}/", "/nsn2n-batch.csv", "/nsn2n-batch.html")
TYPES = (".nii.gz", ".nii")
#: Diffusion directions and weights belong to an image as its voxels do.
GRADIENTS = (".bval", ".bvec")


def is_bids(folder: Path) -> bool:
    """Whether a folder is a raw BIDS dataset."""
    if not (folder / DESCRIPTION).is_file() or not any(folder.glob("sub-*")):
        return False
    return _read(folder / DESCRIPTION).get("DatasetType", "raw") == "raw"


def find_bids(root: Path, results: Path) -> list[Item]:
    """The images of a raw dataset, each with the name and the sidecar of its derivative.

    Args:
        root: of the dataset.
        results: folder of the derivative dataset, which may lie in ``derivatives``.

    Raises:
        InputError: a JSON file of the dataset is damaged.
    """
    items = []
    for file in sorted(root.glob("sub-*/**/*.nii*")):
        datatype = file.parent.name
        if not file.name.endswith(TYPES) or results.resolve() in file.resolve().parents:
            continue
        stem, suffix = _split(file.name)
        inside = file.parent.relative_to(root)
        name = inside / file.name
        if datatype == CT:
            items.append(Item(str(name), file, inside / output_name(file)))
        elif suffix in SUFFIXES.get(datatype, ()) and "part-phase" not in stem:
            output = inside / f"{stem}_desc-denoised_{file.name[len(stem) + 1 :]}"
            metadata = {**_metadata(root, file), "Sources": [f"bids:raw:{name.as_posix()}"]}
            metadata.setdefault("SkullStripped", False)
            items.append(Item(str(name), file, output, metadata=metadata))
    return items


def describe_dataset(root: Path) -> dict[str, str]:
    """The files at the top of the derivative dataset of a raw one: name -> text."""
    source = _read(root / DESCRIPTION)
    description = {
        "Name": f"{source.get('Name', root.name)}, denoised",
        "BIDSVersion": VERSION,
        "DatasetType": "derivative",
        "GeneratedBy": [
            {
                "Name": "NSN2N",
                "Version": __version__,
                "Description": "Neighboring Slice Noise2Noise, arXiv:2411.10831: each image is denoised from itself.",
            }
        ],
        "SourceDatasets": [{"URL": root.as_uri()}],
        "DatasetLinks": {"raw": root.as_uri()},
    }
    if "License" in source:
        description["License"] = source["License"]
    return {DESCRIPTION: json.dumps(description, indent=2) + "\n", ".bidsignore": "\n".join(IGNORED) + "\n"}


def gradient_files(source: Path, output: Path) -> list[tuple[Path, Path]]:
    """The files with a diffusion image's gradients, each with its place beside the result."""
    pairs = [(_with_type(source, suffix), _with_type(output, suffix)) for suffix in GRADIENTS]
    return [(before, after) for before, after in pairs if before.is_file()]


def sidecar(output: Path) -> Path:
    """Where the JSON file of an image is."""
    return _with_type(output, ".json")


def _metadata(root: Path, file: Path) -> dict:
    """What the JSON files of the dataset say of an image: deeper ones, and those that name more of it, count more."""
    stem, suffix = _split(file.name)
    entities = set(stem.split("_"))
    folders = [folder for folder in file.parents if folder == root or root in folder.parents]
    metadata: dict = {}
    for folder in reversed(folders):
        fitting = []
        for candidate in folder.glob(f"*{suffix}.json"):
            above, of = _split(candidate.name)
            if of == suffix and set(filter(None, above.split("_"))) <= entities:
                fitting.append((len(above), candidate))
        for _, candidate in sorted(fitting):
            metadata.update(_read(candidate))
    return metadata


def _split(name: str) -> tuple[str, str]:
    """``sub-1_run-2_T1w.nii.gz`` -> ``sub-1_run-2``, ``T1w``."""
    stem, _, suffix = name.split(".")[0].rpartition("_")
    return stem, suffix


def _with_type(file: Path, suffix: str) -> Path:
    return file.with_name(file.name.split(".")[0] + suffix)


def _read(file: Path) -> dict:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{file} can't be read as JSON ({error})") from error
    if not isinstance(content, dict):
        raise InputError(f"{file} is no JSON object")
    return content
