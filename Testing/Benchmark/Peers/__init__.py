"""The methods, one file each.

A method is a module with
    LABEL     its name in the tables
    SOURCE    paper or software that it follows
    LICENSE   of the software that is called
    PACKAGE   import name of an optional package, or None
    RANDOM    True when its result depends on a seed
    SWEEP     list of parameter dicts to try (one empty dict: nothing to sweep)
    denoise(case, seed, progress, **parameters) -> float32 (K, J, I), or a pair (volume, list of the slices denoised)
and perhaps
    CORRECTS_RICIAN   True where the result estimates the amplitude and not E[M], or a function of the parameters
    NEEDS             what the noise must be like, where the method fails without it: said where it ends below the input
    denoise_sweep     several variants of the sweep in one go, see deep_image_prior.py
and raises CannotRun with the reason where it can't run. progress(fraction) may be called at will.
"""

import importlib
import importlib.util

from Benchmark.case import CannotRun

METHODS = {
    "noisy": "noisy",
    "slice-mean": "slice_mean",
    "nlm2d": "skimage_nlm_2d",
    "nlm3d": "skimage_nlm_3d",
    "tv": "skimage_tv",
    "diffusion": "sitk_diffusion",
    "median": "sitk_median",
    "dipy-nlm": "dipy_nlm",
    "ants": "ants_denoise",
    "nd-safir": "nd_safir",
    "bm3d": "bm3d_filter",
    "bm4d": "bm4d_filter",
    "n2v": "noise2void",
    "nb2nb": "neighbor2neighbor",
    "zs-n2n": "zero_shot_noise2noise",
    "dip": "deep_image_prior",
    "n2n": "noise2noise",
    "n2c": "noise2clean",
    "n2c-own": "noise2clean_own",
    "nsn2n": "nsn2n",
}


def load(key):
    """The module of a method. Raises KeyError for an unknown name."""
    return importlib.import_module(f"Benchmark.Peers.{METHODS[key]}")


def require(package):
    """Raise CannotRun unless the package is installed."""
    if package is not None and importlib.util.find_spec(package) is None:
        raise CannotRun(f"the package {package} is not installed (pip install -r Testing/Benchmark/requirements.txt)")
