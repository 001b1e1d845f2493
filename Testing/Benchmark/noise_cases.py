"""Anatomies with noise of known SD, color and place-dependence: the truth for `check_noise`."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from Benchmark.volume_io import read_volume

#: Slices, rows and columns of a crop from the middle, at most.
CROP = (32, 128, 128)
#: Correlation of the slice-correlated noise at lag 1: x_i + MIX x_i-1.
MIX = 0.3
Z_CORRELATION = MIX / (1 + MIX**2)
#: Kinds of noise.
KINDS = ("white", "ct", "smooth", "z", "place", "rician")


@dataclass(frozen=True)
class Anatomy:
    """A volume to add noise to.

    Attributes:
        name, file: see the data folder.
        air: image value without signal.
        own: SD of the noise that is in it, from elsewhere (README, repeats, k-space), image units.
        magnitude: whether it is an MR magnitude image.
    """

    name: str
    file: str
    air: float
    own: float
    magnitude: bool


ANATOMIES = (
    Anatomy("T1, 1.3 mm", "mr_studyforrest_t1_bin2_cleanref.nii.gz", 0, 11, True),  # 4.5 % at .7 mm, correlated .3
    Anatomy("T1, mean of 27", "mr_colin27_t1_1mm.nii.gz", 0, 0.8, True),
    Anatomy("thigh CT", "ct_ibsi_sts013_lownoise.nii.gz", -1000, 8.7, False),
    Anatomy("head phantom, soft kernel", "ct_headphantom_1mm_smooth.nii.gz", -1024, 1.9, False),
    Anatomy("EPI, mean of 69", "fcmri_mean_of_later69.nii.gz", 0, 2.2, True),
    # its own noise: a plateau of 14 in half of k-space
    Anatomy("T2 FLAIR, 5.5 mm", "odd/oblique_aniso_t2flair_0p75x0p75x5p5.nii.gz", 0, 10, True),
    Anatomy("T2, slices in turns", "odd/dicom_t2w_missing_slice", 0, 20, True),  # filtered: at most, flattest blocks
    Anatomy("PET", "pet_ibsi_sts013_suv.nii.gz", 0, 0.16, False),
    Anatomy("micro-CT", "microct_bone_200.nrrd", 0, 11, False),
    Anatomy("lung CT, overlapping", "ct_lungfcp_overlap_1mm.nii.gz", -1024, 17, False),
    Anatomy("diffusion, mean of 12", "odd/dti_b1000_12vol_4d.nii.gz", 0, 7.3, True),
)


def load(path, crop=CROP):
    """The middle of a volume, (K, J, I) float32; a 4-D one is averaged over time."""
    volume = read_any(path)
    if volume.ndim == 4:
        volume = volume.mean(axis=0)
    first = [max(0, (n - size) // 2) for n, size in zip(volume.shape, crop, strict=True)]
    return np.ascontiguousarray(volume[tuple(slice(f, f + c) for f, c in zip(first, crop, strict=True))])


def read_any(path):
    """Array of a volume of 3 or 4 dimensions, float32, time first."""
    return np.asarray(read_volume(path)[0], np.float32)


def tissue_mean(volume, air):
    """Mean above air of what is brighter than a quarter of the bright values."""
    tissue = volume > air + 0.25 * (np.percentile(volume, 99) - air)
    return float(volume[tissue].mean() - air)


def add_noise(clean, sd, kind, seed=0):
    """(noisy float32, factor on sd at each voxel): `clean` with noise of a kind."""
    random = np.random.default_rng(seed)
    if sd == 0:
        return clean, 1.0
    if kind == "rician":
        real, imaginary = (sd * colored(clean.shape, "white", random) for _ in range(2))
        return np.hypot(clean + real, imaginary).astype(np.float32), 1.0
    factor = smooth_factor(clean.shape) if kind == "place" else 1.0
    return (clean + sd * factor * colored(clean.shape, kind, random)).astype(np.float32), factor


def colored(shape, kind, random):
    """Noise of SD 1: white; "ct" as filtered back projection makes it; "smooth" low-passed; "z" between slices."""
    noise = random.standard_normal(shape, dtype=np.float32)
    if kind == "ct":
        radius = np.hypot(np.fft.fftfreq(shape[1])[:, None], np.fft.rfftfreq(shape[2])[None])
        spectrum = (radius + 0.03) * np.exp(-((radius / 0.22) ** 2))
        noise = np.fft.irfft2(np.fft.rfft2(noise) * np.sqrt(spectrum), s=shape[1:]).astype(np.float32)
    elif kind == "smooth":
        noise = ndimage.gaussian_filter(noise, (0, 0.6, 0.6), mode="wrap")
    elif kind == "z":
        noise = noise + MIX * np.roll(noise, 1, axis=0)
    return noise / noise.std()


def smooth_factor(shape):
    """A smooth factor from 0.5 to 2."""
    z, y, x = np.meshgrid(*[np.linspace(0, 1, n) for n in shape], indexing="ij", sparse=True)
    return (2 ** (np.sin(2 * np.pi * (0.9 * y + 0.35 * z)) * np.cos(2 * np.pi * 0.8 * x))).astype(np.float32)
