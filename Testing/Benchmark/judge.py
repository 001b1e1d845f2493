"""The figures of one result: against the reference where there is one, else what can be measured without."""

import numpy as np

from Benchmark.cases import blurred
from Benchmark.metrics_disc import recovered_contrast
from Benchmark.metrics_edge import edge_places, edge_width
from Benchmark.metrics_leak import leak
from Benchmark.metrics_pet import suv_kept
from Benchmark.metrics_reference import compare, psnr
from Benchmark.metrics_roi import block_noise, mean_shift
from Benchmark.metrics_texture import mean_frequency, noise_power_spectrum, slice_flicker
from Benchmark.regions import body_mask, homogeneous_blocks
from Benchmark.simulate_mr import expected_magnitude

LEAK_LIMIT = 1.3


def figures(case, volume, slices, corrects_rician=False):
    """dict of JSON numbers. slices: list of the slices that were denoised."""
    if case.description.get("only_time"):
        return {}
    if case.reference is None:
        return real_figures(case, volume)
    return reference_figures(case, volume, slices, corrects_rician)


def reference_figures(case, volume, slices, corrects_rician):
    """compare() on the denoised slices; on MR also PSNR with the Rician mean inverted, unless the method did."""
    volume, clean, mask = volume[slices], case.reference[slices], case.mask[slices]
    result = compare(clean, volume, case.data_range, mask)
    if "blur" in case.description:  # see cases.build_phantom
        even = compare(clean, blurred(volume, case.description["blur"]), case.data_range, mask)
        result.update({key: value for key, value in even.items() if "Tissue" not in key})
    if case.rician:
        spread = 1.0 if case.spread is None else case.spread[slices]
        unbiased = volume if corrects_rician else spread * invert_expected_magnitude(volume / spread, case.sigma)
        result["psnrUnbiased"] = psnr(clean, unbiased, case.data_range)
        result["psnrUnbiasedTissue"] = psnr(clean, unbiased, case.data_range, mask)
    return result


def invert_expected_magnitude(volume, sigma):
    """The amplitude A with E[M](A, sigma) = volume, 0 below E[M](0) (Koay and Basser 2006 solve the same equation)."""
    amplitude = np.linspace(0.0, float(np.max(volume)) + 4 * sigma, 4096)
    magnitude = expected_magnitude(amplitude, sigma)
    return np.interp(volume, magnitude, amplitude, left=0.0).astype(np.float32)


def real_figures(case, volume):
    """Noise, shift, leak, edge width, spectrum, flicker, discs, SUV: before and after."""
    before = case.noisy
    blocks = homogeneous_blocks(before, spacing=case.spacing)
    side = blocks.shape[1]
    deep = homogeneous_blocks(before, shape=(4, side, side), spacing=case.spacing)
    wide = homogeneous_blocks(before, count=40, shape=(1, 2 * side, 2 * side), spacing=case.spacing)
    mask = body_mask(before)
    places, gradients = edge_places(before, mask)
    spectra = [noise_power_spectrum(v, wide, case.spacing) for v in (before, volume)]
    result = {
        "noiseBefore": block_noise(before, blocks),
        "noiseAfter": block_noise(volume, blocks),
        "meanShift": mean_shift(before, volume, blocks),
        "leak": leak(before, volume, mask) if not np.array_equal(before, volume) else None,
        "edgeWidthBefore": edge_width(before, places, gradients, case.spacing[1]),
        "edgeWidthAfter": edge_width(volume, places, gradients, case.spacing[1]),
        "frequency": spectra[0][0],
        "powerBefore": spectra[0][1],
        "powerAfter": spectra[1][1],
        "meanFrequencyBefore": mean_frequency(*spectra[0]),
        "meanFrequencyAfter": mean_frequency(*spectra[1]),
        "flickerBefore": slice_flicker(before, deep),
        "flickerAfter": slice_flicker(volume, deep),
    }
    if "discs" in case.description:
        result["discContrast"] = recovered_contrast(volume, case.description["discs"])
    if case.description.get("pet"):
        result.update(suv_kept(before, volume, case.spacing))
    return result


def best_variant(variants):
    """Index of the best of a sweep: the highest tissue PSNR (a choice that only the truth allows, so it favors rivals).

    On real volumes: the least noise among the variants with every leak band up to LEAK_LIMIT, else the least leak.
    """
    if "psnrTissue" in variants[0]["figures"]:
        return int(np.argmax([v["figures"]["psnrTissue"] for v in variants]))
    if "noiseAfter" not in variants[0]["figures"]:
        return 0
    worst = [np.inf if v["figures"]["leak"] is None else max(v["figures"]["leak"]) for v in variants]
    clean = [n for n, value in enumerate(worst) if value <= LEAK_LIMIT]
    if clean:
        return min(clean, key=lambda n: variants[n]["figures"]["noiseAfter"])
    return int(np.argmin(worst))
