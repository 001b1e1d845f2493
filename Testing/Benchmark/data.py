"""Where the volumes come from: the data folder, the repository's sample, or the synthetic head."""

import os
from pathlib import Path

import numpy as np

from Benchmark import REPOSITORY
from Benchmark.configuration import SYNTHETIC
from Benchmark.volume_io import read_volume

SAMPLES = REPOSITORY / "NSN2NDenoise" / "Resources" / "SampleData"
VARIABLE = "NSN2N_DATA"


def data_folders(folder=None):
    """The folders that are searched: the given one (or $NSN2N_DATA), then the repository's sample."""
    chosen = folder or os.environ.get(VARIABLE)
    return [Path(p) for p in (chosen, SAMPLES) if p and Path(p).is_dir()]


def find(name, folders):
    """Path of a volume, or None."""
    return next((folder / name for folder in folders if (folder / name).exists()), None)


def load(name, crop, folders, purpose="development"):
    """(float32 (K, J, I), spacing (k, j, i) in mm) of a volume cropped to ((first, last) or None per axis).

    The slices may also be several ranges, a tuple of (first, last): they are put together. purpose: see volumes.py.
    """
    volume, spacing = read_volume(find(name, folders), purpose)
    slices, *plane = crop
    if slices is not None:
        ranges = slices if isinstance(slices[0], (tuple, list)) else (slices,)
        volume = np.concatenate([volume[first:last] for first, last in ranges])
    index = tuple(slice(None) if part is None else slice(*part) for part in plane)
    return np.ascontiguousarray(volume[(slice(None), *index)], dtype=np.float32), spacing


def maximum(name, folders, purpose="development"):
    """The largest value of a whole volume, whatever the crop."""
    return float(read_volume(find(name, folders), purpose)[0].max())


def bright(name, folders, purpose="development", percentile=99.9):
    """The value below which so many percent of a whole volume lie: its maximum without outliers."""
    return float(np.percentile(read_volume(find(name, folders), purpose)[0], percentile))


def missing(experiment, folders):
    """Names of the volumes that an experiment needs and that are not there."""
    needed = [experiment.base, experiment.options.get("partner")]
    if experiment.training is not None:
        needed.append(experiment.training[0])
    return sorted({n for n in needed if n and n != SYNTHETIC and find(n, folders) is None})


def sample_volumes():
    """The volumes of the repository's own sample folder."""
    if not SAMPLES.is_dir():
        return []
    return sorted(p for p in SAMPLES.iterdir() if p.name.endswith((".nrrd", ".nii", ".nii.gz", ".mha")))
