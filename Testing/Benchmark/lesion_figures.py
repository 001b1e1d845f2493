"""All figures of one method in a lesion study."""

import numpy as np
from NSN2NDenoiseLib.engine.judge.shift import shift_by_tissue

from Benchmark.metrics_lesion import contrast_by_cell, detection_by_cell
from Benchmark.metrics_roi import block_noise
from Benchmark.metrics_texture import mean_frequency, noise_power_spectrum
from Benchmark.regions import homogeneous_blocks


def figures(noisy, clean, without, pairs, lesions, spacing):
    """dict of JSON numbers.

    noisy, without: the volume before and after, no lesions in it; clean: what the tissue classes are read from;
    pairs: list of (with lesions, without), denoised; lesions: Lesions of each pair.
    """
    blocks = homogeneous_blocks(noisy, spacing=spacing)
    wide = homogeneous_blocks(noisy, count=40, shape=(1, 2 * blocks.shape[1], 2 * blocks.shape[1]), spacing=spacing)
    spectra = [noise_power_spectrum(volume, wide, spacing) for volume in (noisy, without)]
    return {
        "contrast": contrast_by_cell(pairs, lesions),
        "detection": detection_by_cell(pairs, lesions),
        "noiseBefore": block_noise(noisy, blocks),
        "noiseAfter": block_noise(without, blocks),
        "shift": shift_by_tissue(noisy, without),
        "frequency": spectra[0][0],
        "powerBefore": spectra[0][1],
        "powerAfter": spectra[1][1],
        "meanFrequencyBefore": mean_frequency(*spectra[0]),
        "meanFrequencyAfter": mean_frequency(*spectra[1]),
        "rmse": float(np.sqrt(np.mean(np.square(without.astype(np.float64) - clean)))) if noisy is not clean else None,
    }
