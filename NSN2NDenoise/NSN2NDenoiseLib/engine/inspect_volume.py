"""What can be said about a volume before it is denoised."""

import numpy as np

from .matching import Matching
from .memory import predict_gpu_memory_mb, predict_memory_mb
from .report import plain
from .rician import find_rician
from .settings import Settings


def inspect_volume(
    volume: np.ndarray,
    spacing: tuple[float, float, float] | None = None,
    axis: str = "auto",
    positions: np.ndarray | None = None,
) -> dict:
    """Size, range, padding, noise, its correlation between slices, Rician sigma, threshold, memory, warnings.

    Args:
        volume: (K, J, I) integer or float array, image units.
        spacing: (k, j, i) in mm, or None.
        axis: slice axis, "auto", "k", "j" or "i".
        positions: of the slices, as for `denoise`.

    Returns:
        A dictionary ready for JSON; intensities in image units, thresholds in both units; "memoryMB" and "gpuMemoryMB"
        are what a run with preset "default" will take, the latter where there is a CUDA GPU.

    Raises:
        InputError: the volume can't be denoised.
        SettingsError: an axis that is not allowed.
    """
    matching = Matching(volume, axis=axis, spacing=spacing, positions=positions)
    threshold = matching.suggest_threshold()
    sigma = find_rician(volume, matching)
    return {
        "size": list(volume.shape),
        "type": str(volume.dtype),
        "range": [plain(volume.min(), 9), plain(volume.max(), 9)],
        "normalizedRange": [plain(matching.normalization.low), plain(matching.normalization.low + matching.scale)],
        "padding": None if matching.excluded is None else plain(matching.padding_value),
        "paddingFraction": 0.0 if matching.excluded is None else plain(matching.excluded.mean()),
        "axis": matching.axis,
        "slices": matching.slices,
        "gap": matching.gap,
        "noiseSD": plain(matching.noise_sd * matching.scale),
        "sliceCorrelation": [plain(c, 3) for c in matching.slice_correlation],
        "ricianSigma": None if sigma is None else plain(sigma),
        "suggestedThreshold": threshold,
        "suggestedThresholdImageUnits": plain(threshold * matching.scale),
        "memoryMB": round(predict_memory_mb(matching.stack.shape, volume.dtype, Settings())),
        "gpuMemoryMB": round(predict_gpu_memory_mb(matching.stack.shape, Settings())),
        "warnings": matching.warnings,
    }
