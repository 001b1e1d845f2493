"""Builds the Case of an experiment: loads, crops, adds the noise. Slow simulations are kept in Runs/cache."""

import hashlib
import json
import os

import numpy as np
from scipy import ndimage

from Benchmark.case import Case
from Benchmark.configuration import CT_RANGE_HU, CT_TISSUE_HU, MR_TISSUE, SYNTHETIC
from Benchmark.data import bright, load, maximum
from Benchmark.metrics_disc import insert_discs
from Benchmark.metrics_leak import edge_strength
from Benchmark.metrics_roi import block_noise
from Benchmark.noise_cases import smooth_factor
from Benchmark.regions import body_mask, homogeneous_blocks
from Benchmark.simulate_lowdose import correlate_slices, simulate_low_dose
from Benchmark.simulate_mr import add_rician_noise, expected_magnitude
from Benchmark.synthetic import synthetic_head

FLAT_HU = 8.0  # per pixel: more is an edge of the phantom


def build(experiment, folders, cache):
    """The Case of an experiment. folders: from data.data_folders; cache: folder for simulated volumes."""
    return BUILDERS[experiment.kind](experiment, folders, cache)


def _base(experiment, folders, kind):
    if experiment.base == SYNTHETIC:
        pixel = experiment.options.get("pixel_mm", 1.0)
        return synthetic_head(experiment.options["shape"], kind), (pixel, pixel, pixel)
    return load(experiment.base, experiment.crop, folders, experiment.purpose)


def build_mr(experiment, folders, cache):
    """Clean volume plus Rician noise; range and tissue from the clean maximum; the ceiling is E[M].

    Options: level (of the peak) or sd (image units); peak: "bright" takes the 99.9 percentile for the maximum; own: SD
    of the noise that the base has itself, which stays in the reference; filtered: see add_rician_noise; varying: the
    shape of the whole volume, over which the noise's SD varies.
    """
    clean, spacing = _base(experiment, folders, "mr")
    options = experiment.options
    if experiment.base == SYNTHETIC:
        peak = float(clean.max())
    else:
        top = bright if options.get("peak") == "bright" else maximum
        peak = top(experiment.base, folders, experiment.purpose)
    level = options["sd"] / peak if "sd" in options else options["level"]
    spread = _varying(options["varying"], experiment.crop) if "varying" in options else None
    drawn = options.get("filtered", 0.0), spread
    noisy, added = add_rician_noise(clean, level, experiment.noise_seed, peak, *drawn)
    own = options.get("own", 0.0)
    sigma = float(np.hypot(added, own))

    def training(seed):
        name, crop = experiment.training
        other = load(name, crop, folders, experiment.purpose)[0]
        other *= np.percentile(clean, 99) / np.percentile(other, 99)  # as bright and as noisy as the test volume
        first, second = (add_rician_noise(other, level, [seed, draw], peak)[0] for draw in (101, 102))
        return other, first, second

    return Case(
        noisy,
        spacing,
        sigma,
        True,
        clean,
        expected_magnitude(clean, sigma if spread is None else sigma * spread),
        clean > MR_TISSUE * peak,
        peak,
        training if experiment.training else None,
        {"noise": _mr_noise(added, level, peak, options)},
        spread,
    )


def _varying(shape, crop):
    """The factor from 0.5 to 2 of a whole volume of that shape, cropped."""
    index = tuple(slice(None) if part is None else slice(*part) for part in crop)
    return np.ascontiguousarray(smooth_factor(shape)[index])


def _mr_noise(sigma, level, peak, options):
    top = "bright end" if options.get("peak") == "bright" else "maximum"
    text = f"Rician, SD {sigma:.4g} = {level:.0%} of the volume's {top} {peak:.4g}"
    if options.get("varying"):
        text += ", times a factor that varies smoothly over the whole volume, from 0.5 to 2"
    if options.get("filtered"):
        text += f", correlated in the plane (a Gaussian of SD {options['filtered']:g} pixels)"
    return text + _own_noise(options, peak)


def _own_noise(options, data_range):
    """What is to be known of a base that is noisy itself."""
    own = options.get("own")
    if not own:
        return ""
    limit = 20 * np.log10(data_range / own)
    return f"; the base's own noise, SD about {own:g}, counts as signal: nothing gets much above {limit:.1f} dB"


def build_lowdose(experiment, folders, cache):
    """Simulated low-dose CT in HU; sigma is the noise's RMS in tissue."""
    options = experiment.options
    clean, spacing = _base(experiment, folders, "ct")
    clean, spacing = _bin(clean, spacing, options.get("bin", 1))
    photons, views = options["photons"], options["views"]
    correlation = options.get("slice_correlation", 0.0)
    reference, noise = simulated(clean, spacing[1], photons, views, experiment.noise_seed, cache)
    keep = tuple(slice(*part) for part in options.get("keep", ((None, None), (None, None))))
    noisy = (reference + correlate_slices(noise, correlation))[:, keep[0], keep[1]]
    reference = reference[:, keep[0], keep[1]]
    mask = (reference > CT_TISSUE_HU[0]) & (reference < CT_TISSUE_HU[1])

    def training(seed):
        name, crop = experiment.training
        other, grid = load(name, crop, folders, experiment.purpose)
        pair = []
        for draw in (101, 102):
            target, grain = simulated(other, grid[1], photons, views, 1000 * (seed + 1) + draw, cache)
            pair.append(target + correlate_slices(grain, correlation))
        return target, *pair

    sigma = float(np.sqrt(np.mean(np.square((noisy - reference)[mask]))))
    return Case(
        noisy,
        spacing,
        sigma,
        False,
        reference,
        None,
        mask,
        CT_RANGE_HU,
        training if experiment.training else None,
        {
            "noise": f"{photons:g} photons per ray, {views} views: RMS {sigma:.3g} HU in tissue"
            + _own_noise(options, CT_RANGE_HU)
        },
    )


def simulated(clean, pixel_mm, photons, views, seed, cache):
    """(reference, noise) of simulate_low_dose, kept in the cache under a name made from all that goes in."""
    key = hashlib.sha256(clean.tobytes())
    key.update(json.dumps([clean.shape, pixel_mm, photons, views, seed, 1]).encode())
    path = cache / f"lowdose-{key.hexdigest()[:16]}.npz"
    if path.exists():
        with np.load(path) as stored:
            return stored["reference"], stored["noise"]
    result = simulate_low_dose(clean, pixel_mm, [photons], views, seed)
    cache.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.npz")
    np.savez(part, reference=result.reference, noise=result.noise[photons])
    part.replace(path)
    return result.reference, result.noise[photons]


def build_phantom(experiment, folders, cache):
    """The sharp reconstruction against its soft, nearly clean partner. They differ in resolution: judged twice.

    Whole image: after the Gaussian that brings the sharp edges to the soft ones (`Case.description["blur"]`, pixels).
    Tissue: unblurred, but only away from edges, where resolution does not matter.
    """
    noisy, spacing = load(experiment.base, experiment.crop, folders, experiment.purpose)
    reference, _ = load(experiment.options["partner"], experiment.crop, folders, experiment.purpose)
    blur = matching_blur(noisy, reference)
    flat = ndimage.maximum_filter(edge_strength(reference), (1, 7, 7)) < FLAT_HU
    mask = (reference > CT_TISSUE_HU[0]) & (reference < CT_TISSUE_HU[1]) & body_mask(reference) & flat
    sigma = block_noise(noisy, homogeneous_blocks(noisy, spacing=spacing))
    text = f"the scanner's, SD {sigma:.3g} HU; whole-image figures after a blur of {blur:.2f} pixels that evens out "
    text += f"the kernels, tissue figures without it, away from edges ({mask.mean():.0%} of the image)"
    return Case(noisy, spacing, sigma, False, reference, None, mask, CT_RANGE_HU, None, {"noise": text, "blur": blur})


def matching_blur(sharp, soft):
    """SD in pixels of the in-plane Gaussian that brings `sharp` nearest to `soft` at the strong edges, 0 to 2.5."""
    strength = edge_strength(soft)
    edges = strength >= np.percentile(strength, 97)
    widths = np.arange(0.0, 2.51, 0.05)
    errors = [np.mean(np.square((blurred(sharp, width) - soft)[edges])) for width in widths]
    return float(widths[int(np.argmin(errors))])


def blurred(volume, width):
    """In-plane Gaussian of SD `width` pixels."""
    return ndimage.gaussian_filter(volume, (0, width, width)) if width else volume


def build_real(experiment, folders, cache):
    """A volume with its own noise, some with inserted discs of low contrast."""
    volume, spacing = load(experiment.base, experiment.crop, folders, experiment.purpose)
    sigma = block_noise(volume, homogeneous_blocks(volume, spacing=spacing))
    description = {
        "noise": f"its own, SD {sigma:.3g} in homogeneous tissue",
        "pet": experiment.options.get("pet", False),
    }
    contrast = experiment.options.get("disc")
    if contrast:
        volume, description["discs"] = insert_discs(volume, contrast, spacing)
        description["noise"] += f"; {len(description['discs'].centers)} discs of ±{contrast:g} inserted"
    return Case(volume, spacing, sigma, experiment.options.get("rician", False), description=description)


def build_size(experiment, folders, cache):
    """A volume resampled to a given size with white noise of 5 % of its range: for times only."""
    volume, spacing = load(experiment.base, experiment.crop, folders, experiment.purpose)
    shape = experiment.options["shape"]
    factors = [n / m for n, m in zip(shape, volume.shape, strict=True)]
    volume = ndimage.zoom(volume, factors, order=1)[: shape[0], : shape[1], : shape[2]]
    sigma = 0.05 * float(np.ptp(volume))
    noisy = volume + np.random.default_rng(0).normal(0, sigma, volume.shape).astype(np.float32)
    grid = tuple(s / f for s, f in zip(spacing, factors, strict=True))
    return Case(noisy, grid, sigma, description={"noise": "white, 5 % of the range", "only_time": True})


def _bin(volume, spacing, factor):
    if factor == 1:
        return volume, spacing
    k, j, i = volume.shape[0], volume.shape[1] // factor, volume.shape[2] // factor
    cut = volume[:, : j * factor, : i * factor].reshape(k, j, factor, i, factor)
    return cut.mean(axis=(2, 4), dtype=np.float32), (spacing[0], spacing[1] * factor, spacing[2] * factor)


BUILDERS = {
    "mr": build_mr,
    "lowdose": build_lowdose,
    "phantom": build_phantom,
    "real": build_real,
    "size": build_size,
}
