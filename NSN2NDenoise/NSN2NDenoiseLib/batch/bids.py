"""BIDS datasets: which images of a raw dataset are denoised, and the derivative dataset that they become."""

import json
from pathlib import Path, PurePosixPath

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
#: Files that belong to an image as its voxels do, by its suffix: their suffix and type. Diffusion weights and
#: directions; what each volume of a perfusion series is.
BESIDE = {
    "dwi": (("dwi", ".bval"), ("dwi", ".bvec")),
    "sbref": (("sbref", ".bval"), ("sbref", ".bvec")),
    "asl": (("aslcontext", ".tsv"),),
}
#: Begins the address of a file in the same dataset, and in the raw one.
HERE, RAW = "bids::", "bids:raw:"


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
        name = file.relative_to(root)
        output = _derivative(name)
        if datatype == CT:
            items.append(Item(str(name), file, name.with_name(output_name(file))))
        elif output is not None:
            metadata = {**_metadata(root, file), "Sources": [f"{RAW}{name.as_posix()}"]}
            metadata.setdefault("SkullStripped", False)
            if "IntendedFor" in metadata:
                metadata["IntendedFor"] = _intended(root, name.parts[0], metadata["IntendedFor"])
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


def files_beside(source: Path, output: Path) -> list[tuple[Path, Path]]:
    """The files that belong to an image of a dataset (`BESIDE`), each with its place beside the result."""
    root = next(folder for folder in source.parents if (folder / DESCRIPTION).is_file())
    stem, suffix = _split(output.name)
    pairs = []
    for of, kind in BESIDE.get(suffix, ()):
        pairs += [(file, output.with_name(f"{stem}_{of}{kind}")) for file in _inherited(root, source, of, kind)[-1:]]
    return pairs


def sidecar(output: Path) -> Path:
    """Where the JSON file of an image is."""
    return _with_type(output, ".json")


def _derivative(name: Path) -> Path | None:
    """The result of an image, both inside their datasets; None of one that is left out."""
    stem, suffix = _split(name.name)
    if suffix not in SUFFIXES.get(name.parent.name, ()) or "part-phase" in stem or not name.name.endswith(TYPES):
        return None
    return name.with_name(f"{stem}_desc-denoised_{name.name[len(stem) + 1 :]}")


def _intended(root: Path, subject: str, targets: str | list[str]) -> str | list[str]:
    """``IntendedFor`` of a derivative: the derivatives of what the raw image is intended for, or else that itself.

    Args:
        root: of the raw dataset.
        subject: folder of the image, which paths without "bids:" are relative to.
        targets: as in the raw dataset.
    """
    if isinstance(targets, list):
        return [_intended(root, subject, target) for target in targets]
    is_elsewhere = str(targets).startswith("bids:") and not str(targets).startswith(HERE)
    if is_elsewhere or not isinstance(targets, str):
        return targets
    inside = PurePosixPath(targets[len(HERE) :] if targets.startswith(HERE) else f"{subject}/{targets}")
    output = _derivative(Path(inside)) if (root / inside).is_file() else None
    return f"{RAW}{inside}" if output is None else f"{HERE}{output.as_posix()}"


def _metadata(root: Path, file: Path) -> dict:
    """What the JSON files of the dataset say of an image: deeper ones, and those that name more of it, count more."""
    metadata: dict = {}
    for candidate in _inherited(root, file, _split(file.name)[1], ".json"):
        metadata.update(_read(candidate))
    return metadata


def _inherited(root: Path, file: Path, of: str, kind: str) -> list[Path]:
    """The files of a suffix and type that hold for an image: those that are deeper, or name more of it, come later."""
    entities = set(_split(file.name)[0].split("_"))
    folders = [folder for folder in file.parents if folder == root or root in folder.parents]
    found = []
    for folder in reversed(folders):
        fitting = []
        for candidate in folder.glob(f"*{of}{kind}"):
            above, suffix = _split(candidate.name)
            if suffix == of and set(filter(None, above.split("_"))) <= entities:
                fitting.append((len(above), candidate))
        found += [candidate for _, candidate in sorted(fitting)]
    return found


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
